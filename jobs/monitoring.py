"""How the work is going, for /readyz, /metrics and the operators' page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Extract, Now

from jobs import bell
from jobs.models import Heartbeat, Job
from jobs.states import OPEN, Queue, State


@dataclass(frozen=True)
class QueueHealth:
    """One queue: rows waiting (due or not), rows being worked on, age of the longest-due row in seconds, messages at the
    broker (None: it does not answer), seconds since a canary came home (None: never)."""

    queue: str
    queued: int
    running: int
    oldest: float
    messages: int | None
    canary: float | None


@dataclass(frozen=True)
class Health:
    broker: bool
    quarantined: int
    queues: list[QueueHealth]

    @property
    def canary(self) -> float | None:
        """Seconds since the most overdue canary came home; None when one of them never has."""
        ages = [q.canary for q in self.queues]
        return None if None in ages else max(age for age in ages if age is not None)

    @property
    def ready(self) -> bool:
        """Whether work goes round: the broker answers, and in every queue a canary came home lately."""
        return self.broker and self.canary is not None and self.canary < settings.JOBS_CANARY_LATE.total_seconds()


class Sample(NamedTuple):
    """One number for Prometheus, a gauge."""

    name: str
    help: str
    labels: dict[str, str]
    value: float


def _age(seconds: object) -> float:
    return max(0.0, float(seconds))  # type: ignore[arg-type]  # a number out of the database


def health() -> Health:
    """The state of work now: three queries and a question to the broker. Raises Django's database errors."""
    counts: dict[str, dict[str, Any]] = {
        row["queue"]: dict(row)
        for row in Job.objects.filter(state__in=sorted(OPEN))
        .values("queue")
        .annotate(
            queued=Count("id", filter=Q(state=State.QUEUED)),
            running=Count("id", filter=Q(state=State.RUNNING)),
            oldest=Extract(Now() - Min("run_after", filter=Q(state=State.QUEUED, run_after__lte=Now())), "epoch"),
        )
    }
    canaries = dict(Heartbeat.objects.annotate(age=Extract(Now() - F("at"), "epoch")).values_list("queue", "age"))
    broker = bell.answers()
    queues = []
    for queue in Queue.values:
        row = counts.get(queue, {})
        queues.append(
            QueueHealth(
                queue=queue,
                queued=row.get("queued", 0),
                running=row.get("running", 0),
                oldest=_age(row.get("oldest") or 0),
                messages=bell.depth(queue) if broker else None,
                canary=_age(canaries[queue]) if queue in canaries else None,
            )
        )
    return Health(broker=broker, quarantined=Job.objects.filter(state=State.QUARANTINED).count(), queues=queues)


def metrics() -> list[Sample]:
    """The same as numbers for Prometheus. Absent rather than wrong: what is not known is not in the list."""
    now = health()
    samples = [
        Sample("asclaimed_broker_up", "Whether the broker answers", {}, float(now.broker)),
        Sample("asclaimed_jobs_quarantined", "Jobs set aside for an operator", {}, now.quarantined),
    ]
    for q in now.queues:
        labels = {"queue": q.queue}
        samples += [
            Sample("asclaimed_jobs_queued", "Jobs waiting", labels, q.queued),
            Sample("asclaimed_jobs_running", "Jobs being worked on", labels, q.running),
            Sample("asclaimed_jobs_oldest_seconds", "How long the longest-due job has waited", labels, q.oldest),
        ]
        if q.messages is not None:
            samples.append(Sample("asclaimed_broker_messages", "Messages waiting at the broker", labels, q.messages))
        if q.canary is not None:
            samples.append(Sample("asclaimed_jobs_canary_seconds", "Seconds since a canary came home", labels, q.canary))
    return samples
