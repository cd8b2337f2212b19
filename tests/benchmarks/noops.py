"""Work that does nothing, for us and for a Celery of its own with the defaults that one starts
with."""

from __future__ import annotations

import os
from pathlib import Path

from celery import Celery

import jobs

app = Celery("peer", broker=os.environ.get("PEER_URL", "memory://"))
app.conf.update(task_ignore_result=True, task_default_queue="peer")


@app.task
def nothing() -> None:
    pass


@app.task
def mark(path: str) -> None:
    """Sent last: whoever does this has done the others."""
    Path(path).touch()


def register() -> None:
    jobs.handler("bench.nothing", queue="watch", together=True)(lambda work: None)
    jobs.handler("bench.nothing_alone", queue="watch")(lambda work: None)


if os.environ.get("DJANGO_SETTINGS_MODULE") == "tests.jobs.worker_settings":
    register()
