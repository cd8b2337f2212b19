"""What a job can be, and what it can become."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class State(models.TextChoices):
    QUEUED = "queued", _("waiting")
    RUNNING = "running", _("running")
    DONE = "done", _("done")
    FAILED = "failed", _("failed")
    CANCELLED = "cancelled", _("cancelled")


TRANSITIONS: dict[State, frozenset[State]] = {
    # A running job goes back to running when its lease expired and another worker took it over.
    State.QUEUED: frozenset({State.RUNNING, State.CANCELLED}),
    State.RUNNING: frozenset({State.RUNNING, State.DONE, State.QUEUED, State.FAILED}),
    State.FAILED: frozenset({State.QUEUED, State.CANCELLED}),
    State.DONE: frozenset(),
    State.CANCELLED: frozenset(),
}
OPEN = frozenset({State.QUEUED, State.RUNNING})
CLOSED = frozenset({State.DONE, State.FAILED, State.CANCELLED})


class Queue(models.TextChoices):
    """The queues, one worker group each: a slow report never holds up a look at a source."""

    WATCH = "watch", _("source checks")
    DECODE = "decode", _("file processing")
    REPORT = "report", _("reports")
    DELIVER = "deliver", _("deliveries")
    TICK = "tick", _("schedule")
