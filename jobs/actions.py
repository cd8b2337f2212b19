"""What operators may do to a job. Not part of the record: a job holds no fact, only ids of
facts."""

from __future__ import annotations

import logging
from typing import Protocol
from uuid import UUID

from django.db import transaction
from django.db.models.functions import Now

from jobs import messaging
from jobs.models import Job
from jobs.states import State

log = logging.getLogger(__name__)


class Person(Protocol):
    """Whoever acts, as far as this app needs to know."""

    @property
    def pk(self) -> object: ...


class NotInStateError(Exception):
    """The job is not, or no longer, in a state from which this can be done; carries the state it
    was expected in."""

    def __init__(self, job_id: UUID, expected: tuple[State, ...]) -> None:
        super().__init__(f"job {job_id} is not {' or '.join(expected)}")
        self.job_id = job_id
        self.expected = expected


def retry(*, job_id: UUID, by: Person | None) -> None:
    """Give a job that was set aside three fresh attempts. `by` is None at the command line. Raises
    NotInStateError."""
    with transaction.atomic():
        changed = Job.objects.filter(pk=job_id, state=State.FAILED).update(
            state=State.QUEUED,
            attempts=0,
            waits=0,
            run_after=Now(),
            sent_at=None,
            finished_at=None,
            progress={},
        )
        if changed != 1:
            raise NotInStateError(job_id, (State.FAILED,))
        queue = Job.objects.values_list("queue", flat=True).get(pk=job_id)
        transaction.on_commit(lambda: messaging.notify(job_id, queue))
    log.info("Job %s is tried again, asked by %s.", job_id, by.pk if by else "the command line")


def cancel(*, job_id: UUID, by: Person | None) -> None:
    """Give up a job that waits or was set aside. A running one is not interrupted. Raises
    NotInStateError."""
    changed = Job.objects.filter(pk=job_id, state__in=[State.QUEUED, State.FAILED]).update(
        state=State.CANCELLED, finished_at=Now()
    )
    if changed != 1:
        raise NotInStateError(job_id, (State.QUEUED, State.FAILED))
    log.info("Job %s is cancelled, asked by %s.", job_id, by.pk if by else "the command line")
