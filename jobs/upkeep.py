"""The room's own periodic work: canaries that prove the whole way round works, and cleaning up."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from django.db.models.functions import Now

from jobs.dispatching import clean
from jobs.models import Heartbeat
from jobs.registry import periodic
from jobs.states import Queue

CANARY_EVERY = timedelta(seconds=15)


def canary(queue: Queue) -> Callable[[], None]:
    """A job that does nothing but come home: database, dispatcher, broker and a worker of `queue` were all needed for it."""

    def come_home() -> None:
        Heartbeat.objects.update_or_create(queue=queue, defaults={"at": Now()})

    return come_home


for _queue in Queue:
    periodic(f"jobs.canary.{_queue}", every=CANARY_EVERY, queue=_queue)(canary(_queue))


@periodic("jobs.clean", every=timedelta(minutes=10))
def clean_done() -> None:
    """Forget jobs done long ago."""
    clean()
