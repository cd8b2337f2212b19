"""The row is the truth; the message in the broker is a wake-up that may be lost, doubled or late.

Every time in these rows is the database's: leases and schedules mean the same on every machine,
whatever its clock says.
"""

from __future__ import annotations

from datetime import timedelta
from typing import Self
from uuid import UUID

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from jobs.states import CLOSED, OPEN, Queue, State

MAX_ATTEMPTS = 3
# How often a job may say "not yet" (jobs.Retry with a time) before it counts as failing: waiting is
# no fault, waiting forever is.
MAX_WAITS = 1000
# How many jobs of a kind that allows it are claimed at once, after one notification.
MAX_BATCH = 200


class JobQuerySet(models.QuerySet["Job"]):
    def claimable(self) -> Self:
        """Jobs that a worker may take now: due, or left behind by a worker whose lease ran out."""
        return self.filter(
            Q(state=State.QUEUED, run_after__lte=Now())
            | Q(state=State.RUNNING, lease_until__lt=Now()),
            attempts__lt=MAX_ATTEMPTS,
        )

    def among(self, ids: list[UUID]) -> Self:
        """Those with one of many ids: one array in place of a hundred parameters, which Django
        would look at one by one."""
        some: Self = self.extra(where=["id = ANY(%s)"], params=[ids])  # type: ignore[assignment]  # the stubs forget whose it is
        return some

    def open_of(self, kind: str) -> Self:
        """Jobs of a kind that are neither done nor given up nor set aside."""
        return self.filter(kind=kind, state__in=sorted(OPEN))

    def unattempted(self, kind: str, queue: str) -> Self:
        """Jobs of one kind that are due and that no worker has taken yet."""
        return self.filter(
            state=State.QUEUED, queue=queue, kind=kind, run_after__lte=Now(), attempts=0
        )

    def undispatched(self) -> Self:
        """Claimable jobs nobody was told about lately: no message was sent, it was lost, or the
        worker died since."""
        lately = Now() - settings.JOBS_RESEND
        return self.claimable().filter(
            Q(sent_at=None)
            | Q(sent_at__lt=lately)
            | Q(state=State.RUNNING, sent_at__lt=F("lease_until"))
        )

    def exhausted(self) -> Self:
        """Jobs whose last permitted attempt was never finished: they kill or freeze their
        workers."""
        return self.filter(state=State.RUNNING, lease_until__lt=Now(), attempts__gte=MAX_ATTEMPTS)

    def expired(self, after: timedelta) -> Self:
        """Jobs that ended well, or were cancelled, more than `after` ago."""
        return self.filter(state__in=[State.DONE, State.CANCELLED], finished_at__lt=Now() - after)


class Job(models.Model):
    """One piece of work. `payload` holds ids only: what the work needs is read from the rows they
    name."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=80)
    queue = models.CharField(max_length=16, choices=Queue.choices)
    dedupe_key = models.CharField(max_length=200)
    payload = models.JSONField(default=dict)
    state = models.CharField(max_length=12, choices=State.choices, default=State.QUEUED)
    attempts = models.PositiveSmallIntegerField(default=0)
    waits = models.PositiveSmallIntegerField(default=0)
    token = models.UUIDField(null=True, editable=False)
    lease_until = models.DateTimeField(null=True)
    run_after = models.DateTimeField(db_default=Now())
    sent_at = models.DateTimeField(null=True)
    last_error = models.TextField(blank=True, default="")
    progress = models.JSONField(default=dict)
    created_at = models.DateTimeField(db_default=Now())
    finished_at = models.DateTimeField(null=True)

    objects = JobQuerySet.as_manager()

    class Meta:
        constraints = [
            # A constraint and not unique=True, which would add a second index for LIKE.
            models.UniqueConstraint(fields=["dedupe_key"], name="job_key_once"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="job_state_known"),
            models.CheckConstraint(condition=Q(queue__in=Queue.values), name="job_queue_known"),
            models.CheckConstraint(
                condition=Q(
                    state=State.RUNNING,
                    token__isnull=False,
                    lease_until__isnull=False,
                    attempts__gte=1,
                )
                | (~Q(state=State.RUNNING) & Q(token=None, lease_until=None)),
                name="job_lease_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(state__in=sorted(CLOSED), finished_at__isnull=False)
                | Q(state__in=sorted(OPEN), finished_at=None),
                name="job_finished_when_closed",
            ),
            models.CheckConstraint(
                condition=~Q(state=State.FAILED) | ~Q(last_error=""), name="job_failed_with_reason"
            ),
            models.CheckConstraint(condition=~Q(dedupe_key="") & ~Q(kind=""), name="job_named"),
        ]
        indexes = [
            models.Index(
                fields=["queue", "run_after"], condition=Q(state="queued"), name="job_due"
            ),
            models.Index(fields=["lease_until"], condition=Q(state="running"), name="job_leased"),
            models.Index(
                fields=["kind"], condition=Q(state__in=["queued", "running"]), name="job_open"
            ),
            models.Index(F("finished_at").desc(), condition=Q(state="failed"), name="job_failed"),
            models.Index(
                fields=["finished_at"],
                condition=Q(state__in=["done", "cancelled"]),
                name="job_expired",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.id}"


class Heartbeat(models.Model):
    """When a heartbeat job last ran, per queue. One row each; it outlives the job rows."""

    queue = models.CharField(primary_key=True, max_length=16, choices=Queue.choices)
    at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(queue__in=Queue.values), name="heartbeat_queue_known"
            )
        ]

    def __str__(self) -> str:
        return f"{self.queue} {self.at}"
