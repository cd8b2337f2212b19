"""Celery beat by the monotonic clock.

Celery's own scheduler counts by the wall clock, so a clock set back an hour stops it for an hour,
and it keeps sending while nobody listens, so a day without workers leaves 86,400 messages. This one
counts by the monotonic clock and sends only while the tick queue is short. It remembers nothing
between runs: schedules are rows (`jobs.registry.periodic`).

Of clocks that change: https://github.com/celery/celery/issues/6742 (open).
"""

from __future__ import annotations

import logging
import time
from typing import Any

from celery.beat import ScheduleEntry, Scheduler, SchedulingError

from jobs import messaging

log = logging.getLogger(__name__)

# Ticks are all alike, so a few waiting ones are as good as thousands.
MAX_WAITING = 5


class MonotonicBeat(Scheduler):
    """Sends every entry of `beat_schedule` at its interval in seconds."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        self._next: dict[str, float] = {}
        super().__init__(*args, **kwargs)

    def tick(self, *args: Any, **kwargs: Any) -> float:
        """Send what is due. Returns the seconds until the next call."""
        now = time.monotonic()
        for name, entry in self.schedule.items():
            if self._next.get(name, now) <= now:
                self._next[name] = now + float(self.app.conf.beat_schedule[name]["schedule"])
                self._notify(entry)
        return max(0.01, min(self._next.values(), default=now + 1) - time.monotonic())

    def _notify(self, entry: ScheduleEntry) -> None:
        assert entry.options is not None
        depth = messaging.queue_depth(entry.options["queue"])
        if depth is None or depth >= MAX_WAITING:
            return
        try:
            self.apply_async(entry, producer=self.producer, advance=False)
        except SchedulingError as error:
            # The broker went away between the two calls. The next beat tries again.
            log.warning(
                "No message for %s: %s", entry.name, type(error.__cause__ or error).__name__
            )
