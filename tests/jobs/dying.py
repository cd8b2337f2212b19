"""For a worker that is to be killed between the broker's pop of a message and its filing as
unacknowledged: `-I tests.jobs.dying`.

The transport pops, then files; nothing in Celery's settings closes that gap. Killed once, where the
file in DIES_ONCE is not there yet.
"""

from __future__ import annotations

import os
import signal
from pathlib import Path
from typing import Any

from celery import shared_task
from kombu.transport.virtual.base import Transport

from tests.jobs import scene

_deliver = Transport._deliver


def once() -> bool:
    """True the first time, in whatever process."""
    mark = Path(os.environ["DIES_ONCE"])
    if mark.exists():
        return False
    mark.touch()
    return True


def deliver(self: Transport, message: Any, queue: str) -> None:
    if os.environ["DIES_AT"] == "pop" and queue == "watch" and once():
        os.killpg(os.getpgrp(), signal.SIGKILL)
    _deliver(self, message, queue)


Transport._deliver = deliver


def plain(key: str) -> None:
    """Work that only a message knows of, as without the jobs table. Its process is killed in the
    middle of it, once."""
    if os.environ["DIES_AT"] == "work" and once():
        os.kill(os.getpid(), signal.SIGKILL)
    scene.leave_plain(key)


acknowledged_late = shared_task(name="test.plain.late", acks_late=True, reject_on_worker_lost=True)(
    plain
)
acknowledged_early = shared_task(name="test.plain.early", acks_late=False)(plain)
