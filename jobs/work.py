"""Doing a job: claim it, hold the lease, finish it or give it back.

A worker may be killed, frozen or cut off at any line of this file. The recovery is always the same: the lease runs out, the
row is claimable again with a new token, and whatever the old worker still tries fails on its old token and is rolled back.
"""

from __future__ import annotations

import errno
import logging
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any
from uuid import UUID, uuid4

from django.conf import settings
from django.db import DatabaseError, InterfaceError, OperationalError, connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from failpoints import failpoint
from jobs import registry
from jobs.models import MAX_ATTEMPTS, MAX_WAITS, Job, JobQuerySet
from jobs.states import State

log = logging.getLogger(__name__)

FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS})
ROOM_AGAIN = timedelta(seconds=30)


class LeaseLost(Exception):
    """The job was given to another worker meanwhile: everything this one did for it is thrown away."""


class Work:
    """One attempt at one job, as its handler sees it: `payload`, `attempt` (1 is the first), `kind`, `id`."""

    def __init__(self, job: Job) -> None:
        assert job.token is not None
        self.id: UUID = job.id
        self.kind: str = job.kind
        self.payload: dict[str, Any] = job.payload
        self.attempt: int = job.attempts
        self.finished = False
        self._token: UUID = job.token

    def _mine(self) -> JobQuerySet:
        """The row while it is ours. The token is the fence: it changes with every claim and is gone from a row at rest."""
        return Job.objects.filter(pk=self.id, token=self._token)

    def progress(self, done: int, total: int, code: str = "") -> None:
        """Show `done` of `total` and the code of a message on pages, and hold the lease for another term. Raises LeaseLost."""
        shown = {"done": done, "total": total, "code": code}
        if self._mine().update(progress=shown, lease_until=Now() + settings.JOBS_LEASE) != 1:
            raise LeaseLost(str(self.id))

    def renew(self) -> bool:
        """Hold the lease for another term; False when it is no longer ours."""
        return self._mine().update(lease_until=Now() + settings.JOBS_LEASE) == 1

    @contextmanager
    def finish(self) -> Iterator[None]:
        """The job's effects and its being done, in one transaction. Raises LeaseLost, with the effects rolled back."""
        with transaction.atomic(durable=True):
            yield
            done = self._mine().update(state=State.DONE, token=None, lease_until=None, finished_at=Now(), last_error="")
            if done != 1:
                raise LeaseLost(str(self.id))
            failpoint("job.commit")
        failpoint("job.done")
        self.finished = True

    def _wait(self, after: timedelta, reason: str) -> bool:
        """Give the job back without using up the attempt; False when it has waited too often for that, or is not ours."""
        rested = self._mine().filter(waits__lt=MAX_WAITS)
        given_back = rested.update(
            state=State.QUEUED,
            token=None,
            lease_until=None,
            run_after=Now() + after,
            sent_at=None,
            last_error=describe(registry.Retry(reason)),
            attempts=F("attempts") - 1,
            waits=F("waits") + 1,
        )
        return given_back == 1

    def fail(self, error: BaseException) -> None:
        """Give the job back, to be tried again later, or set it aside after the last attempt. Silent when it is not ours."""
        if isinstance(error, registry.Retry) and error.after is not None and self._wait(error.after, str(error)):
            return
        if no_room(error) and self._wait(ROOM_AGAIN, describe(error)):
            log.error("Job %s (%s) waits: %s", self.id, self.kind, describe(error))
            return
        if self.attempt >= MAX_ATTEMPTS:
            self._mine().update(state=State.QUARANTINED, token=None, lease_until=None, finished_at=Now(), last_error=describe(error))
            log.error("Job %s (%s) was set aside after %d attempts: %s", self.id, self.kind, self.attempt, describe(error))
            return
        wait = settings.JOBS_BACKOFF * 4 ** (self.attempt - 1)
        self._mine().update(
            state=State.QUEUED, token=None, lease_until=None, run_after=Now() + wait, sent_at=None, last_error=describe(error)
        )
        log.warning("Job %s (%s) failed at attempt %d: %s", self.id, self.kind, self.attempt, describe(error))


def no_room(error: BaseException) -> bool:
    """Whether a disk is full or read-only, ours or the database's: no fault of the job, and it passes."""
    if isinstance(error, OSError):
        return error.errno in FULL
    # SQLSTATE class 53: insufficient resources (PostgreSQL, appendix A).
    return isinstance(error, OperationalError) and str(getattr(error.__cause__, "sqlstate", "")).startswith("53")


def describe(error: BaseException) -> str:
    """The error in one line for operators: its type and the first line of its words, control characters escaped.

    Only the first line, because a database's DETAIL lines quote the values of rows.
    """
    words = (str(error).strip().splitlines() or [""])[0][:300]
    words = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in words)
    return f"{type(error).__name__}: {words}" if words else type(error).__name__


def claim(job_id: UUID) -> Work | None:
    """Take the job, if it is there to be taken: one UPDATE, so that of two workers one gets it. A new token each time."""
    token = uuid4()
    taken = (
        Job.objects.claimable()
        .filter(pk=job_id)
        .update(state=State.RUNNING, token=token, attempts=F("attempts") + 1, lease_until=Now() + settings.JOBS_LEASE, progress={})
    )
    if not taken:
        return None
    job = Job.objects.filter(pk=job_id, token=token).first()
    return Work(job) if job is not None else None


@contextmanager
def _held(work: Work) -> Iterator[None]:
    """Renew the lease from a thread while the handler runs.

    So a lease can be short, and the job of a worker that was killed is soon taken up again, however long jobs may take.
    A handler that hangs is ended by Celery's time limits, not by its lease.
    """
    stop = threading.Event()

    def renew() -> None:
        try:
            while not stop.wait(settings.JOBS_LEASE.total_seconds() / 3):
                if not work.renew():
                    return
        except (DatabaseError, InterfaceError) as error:
            # The lease then runs out and someone else takes over, which is what a cut-off worker deserves.
            log.warning("The lease of job %s could not be renewed: %s", work.id, describe(error))
        finally:
            connection.close()

    thread = threading.Thread(target=renew, name=f"lease {work.id}", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join(5)


def run(job_id: UUID) -> bool:
    """Claim the job and run its handler once. True when it was done by this call.

    Raises nothing a handler raised: its failure is written into the row. Raises OperationalError or InterfaceError when
    the database is away; the lease then runs out by itself.
    """
    work = claim(job_id)
    if work is None:
        return False
    failpoint("job.claimed")
    try:
        handler = registry.find(work.kind)
        with _held(work):
            handler.function(work)
            if not work.finished:
                with work.finish():
                    pass
    except LeaseLost:
        log.warning("Job %s (%s) was taken over by another worker; this attempt is thrown away.", work.id, work.kind)
    except Exception as error:  # Whatever a handler raises, the row must say so; only what ends the process passes.
        if isinstance(error, (OperationalError, InterfaceError)) and not connection.in_atomic_block:
            connection.close()  # It may be broken; the next statement opens a new one or says that the database is away.
        if not work.finished:
            work.fail(error)
        else:
            log.exception("Job %s (%s) is done, but its handler failed afterwards.", work.id, work.kind)
    return work.finished


def drain(queues: Iterable[str] | None = None, *, limit: int = 1000) -> int:
    """Run what is due in this process, oldest first, until nothing is; for tests and commands. Returns how many were done."""
    done = 0
    for _ in range(limit):
        due = Job.objects.claimable() if queues is None else Job.objects.claimable().filter(queue__in=list(queues))
        job_id = due.order_by("run_after", "id").values_list("id", flat=True).first()
        if job_id is None:
            break
        done += run(job_id)
    return done
