"""How the work is going, for /readyz, /metrics and the operators' page."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, NamedTuple

from django.conf import settings
from django.db.models import Count, F, Min, Q
from django.db.models.functions import Extract, Now
from django.utils.functional import Promise

from jobs import messaging, registry
from jobs.models import Heartbeat, Job
from jobs.states import OPEN, Queue, State


@dataclass(frozen=True)
class QueueHealth:
    """One queue: rows waiting (due or not), rows being worked on, age of the longest-due row in
    seconds, messages at the broker (None: it does not answer), seconds since a heartbeat was
    recorded (None: never)."""

    queue: str
    queued: int
    running: int
    oldest: float
    messages: int | None
    heartbeat_age: float | None


@dataclass(frozen=True)
class Health:
    broker: bool
    failed: int
    queues: list[QueueHealth]

    @property
    def heartbeat_age(self) -> float | None:
        """Seconds since the most overdue heartbeat was recorded; None when one never was."""
        ages = [q.heartbeat_age for q in self.queues]
        return None if None in ages else max(age for age in ages if age is not None)

    @property
    def ready(self) -> bool:
        """Whether work goes round: the broker answers, and in every queue a heartbeat was recorded
        lately."""
        return (
            self.broker
            and self.heartbeat_age is not None
            and self.heartbeat_age < settings.JOBS_HEARTBEAT_LATE.total_seconds()
        )


class Sample(NamedTuple):
    """One number for Prometheus, a gauge."""

    name: str
    help: str
    labels: dict[str, str]
    value: float


def _seconds(seconds: object) -> float:
    return max(0.0, float(seconds))  # type: ignore[arg-type]  # a number out of the database


def read_health() -> Health:
    """The state of work now: three queries and a question to the broker. Raises Django's database
    errors."""
    counts: dict[str, dict[str, Any]] = {
        row["queue"]: dict(row)
        for row in Job.objects.filter(state__in=sorted(OPEN))
        .values("queue")
        .annotate(
            queued=Count("id", filter=Q(state=State.QUEUED)),
            running=Count("id", filter=Q(state=State.RUNNING)),
            oldest=Extract(
                Now() - Min("run_after", filter=Q(state=State.QUEUED, run_after__lte=Now())),
                "epoch",
            ),
        )
    }
    heartbeats = dict(
        Heartbeat.objects.annotate(age=Extract(Now() - F("at"), "epoch")).values_list(
            "queue", "age"
        )
    )
    broker = messaging.broker_reachable()
    queues = []
    for queue in Queue.values:
        row = counts.get(queue, {})
        queues.append(
            QueueHealth(
                queue=queue,
                queued=row.get("queued", 0),
                running=row.get("running", 0),
                oldest=_seconds(row.get("oldest") or 0),
                messages=messaging.queue_depth(queue) if broker else None,
                heartbeat_age=_seconds(heartbeats[queue]) if queue in heartbeats else None,
            )
        )
    return Health(
        broker=broker, failed=Job.objects.filter(state=State.FAILED).count(), queues=queues
    )


@dataclass(frozen=True)
class Alarm:
    """Something that other apps count and that operators must know of when it is not 0: its metric,
    and a sentence with its count."""

    name: str
    help: str
    sentence: str | Promise
    count: Callable[[], int]


_alarms: dict[str, Alarm] = {}


def alarm(
    name: str, help_text: str, sentence: str | Promise
) -> Callable[[Callable[[], int]], Callable[[], int]]:
    """Show what the decorated function counts as the metric `name`, and on the operators' page as
    `sentence` when it is not 0.

    `sentence` has the place %(count)s. The function may ask the database a few queries; it is
    called for each scrape and page.
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
    """The same as numbers for Prometheus. Absent rather than wrong: what is not known is not in the
    list."""
    now = read_health()
    samples = [
        *(Sample(alarm.name, alarm.help, {}, count) for alarm, count in alarms()),
        Sample("asclaimed_broker_up", "Whether the broker answers", {}, float(now.broker)),
        Sample("asclaimed_jobs_failed", "Jobs set aside for an operator", {}, now.failed),
    ]
    for q in now.queues:
        labels = {"queue": q.queue}
        samples += [
            Sample("asclaimed_jobs_queued", "Jobs waiting", labels, q.queued),
            Sample("asclaimed_jobs_running", "Jobs being worked on", labels, q.running),
            Sample(
                "asclaimed_jobs_oldest_seconds",
                "How long the longest-due job has waited",
                labels,
                q.oldest,
            ),
        ]
        if q.messages is not None:
            samples.append(
                Sample(
                    "asclaimed_broker_messages",
                    "Messages waiting at the broker",
                    labels,
                    q.messages,
                )
            )
        if q.heartbeat_age is not None:
            samples.append(
                Sample(
                    "asclaimed_jobs_heartbeat_seconds",
                    "Seconds since a heartbeat was recorded",
                    labels,
                    q.heartbeat_age,
                )
            )
    return samples
