"""Our own periodic work: heartbeats, which prove that jobs pass through every queue, and cleaning
up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models.functions import Now

from jobs.dispatching import delete_expired
from jobs.models import Heartbeat
from jobs.registry import periodic
from jobs.states import Queue

HEARTBEAT_EVERY = timedelta(seconds=15)


def heartbeat(queue: Queue) -> Callable[[], None]:
    """A job that does nothing but record a heartbeat: database, dispatcher, broker and a worker of
    `queue` were all needed for it."""

    def record_heartbeat() -> None:
        Heartbeat.objects.update_or_create(queue=queue, defaults={"at": Now()})

    return record_heartbeat


for _queue in Queue:
    periodic(f"jobs.heartbeat.{_queue}", every=HEARTBEAT_EVERY, queue=_queue)(heartbeat(_queue))


@periodic("jobs.clean", every=timedelta(minutes=10))
def delete_expired_jobs() -> None:
    """Forget jobs done long ago."""
    delete_expired()
