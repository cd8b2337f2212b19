"""A worker that receives no messages any more ends itself, so that its supervisor starts another.

When the broker dies while a task is being worked on, the acknowledgement of its message fails;
Celery logs that and goes on, but the transport still counts the message as being worked on. With a
prefetch of one the worker then never asks for another message, and because it asks for nothing it
never notices that the connection is dead: it is up, and receives nothing for ever. Nothing is lost
by ending it, since the truth is in rows.

Celery's trackers know the symptom (https://github.com/celery/celery/issues/8091 and, in 2026,
https://github.com/celery/celery/issues/10205, both closed); this cause is in none of them.
"""

from __future__ import annotations

import logging
from typing import Any

from celery import bootsteps
from celery.worker import state

log = logging.getLogger(__name__)

PERIOD = 2.0
# A message is counted a moment before and after its task is:
# only what stays for so many looks is lost.
CHECKS = 3
EXIT_CODE = 70


class WorkerWatchdog(bootsteps.StartStopStep):
    """Looks every PERIOD seconds whether the transport holds messages that no task is being done
    for."""

    requires = ("celery.worker.consumer.tasks:Tasks",)

    def __init__(self, parent: Any, **options: Any) -> None:
        self.timer: Any = None
        self.failed_checks = 0
        super().__init__(parent, **options)

    def start(self, parent: Any) -> None:
        """Called at the start and after every reconnection."""
        self.failed_checks = 0
        self.timer = parent.timer.call_repeatedly(PERIOD, self.check, (parent,))

    def stop(self, parent: Any) -> None:
        if self.timer is not None:
            self.timer.cancel()
            self.timer = None

    def check(self, parent: Any) -> None:
        """Count; after LOOKS bad ones in a row, ask the worker to end."""
        qos = parent.task_consumer.channel.qos
        counted = len(qos._delivered) - len(qos._dirty)
        self.failed_checks = self.failed_checks + 1 if counted > len(state.reserved_requests) else 0
        if self.failed_checks >= CHECKS:
            log.error(
                "This worker holds %d messages that it does not work on, so it hears no others: "
                "it ends.",
                counted,
            )
            state.should_stop = EXIT_CODE  # type: ignore[assignment]  # the stubs know only its first value
