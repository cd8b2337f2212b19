"""How the work is going, for /readyz, /metrics and the operators' page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Extract, Now
from django.utils.functional import Promise

from jobs import bell, registry
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


@dataclass(frozen=True)
class Alarm:
    """Something that other rooms count and that operators must know of when it is not 0: its metric, and a sentence with its count."""

    name: str
    help: str
    sentence: str | Promise
    count: Callable[[], int]


_alarms: dict[str, Alarm] = {}


def alarm(name: str, help_text: str, sentence: str | Promise) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Show what the decorated function counts as the metric `name`, and on the operators' page as `sentence` when it is not 0.

    `sentence` has the place %(count)s. The function may ask the database a few queries; it is called for each scrape and page.
    """

    def register(function: Callable[[], int]) -> Callable[[], int]:
        _alarms[name] = Alarm(name, help_text, sentence, function)
        return function

    return register


def alarms() -> list[tuple[Alarm, int]]:
    """Each alarm with its count now."""
    registry.discover()
    return [(_alarms[name], _alarms[name].count()) for name in sorted(_alarms)]


def metrics() -> list[Sample]:
    """The same as numbers for Prometheus. Absent rather than wrong: what is not known is not in the list."""
    now = health()
    samples = [
        *(Sample(one.name, one.help, {}, count) for one, count in alarms()),
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
