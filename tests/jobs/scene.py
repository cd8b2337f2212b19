"""Handlers and a table of effects, for these tests and for the real workers they start."""

from __future__ import annotations

import os
import signal
import time
from datetime import timedelta
from pathlib import Path

from django.db import connection, transaction

import jobs
from jobs import registry


def prepare() -> None:
    """An empty table in which each effect of a job leaves a row."""
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE IF NOT EXISTS jobs_test_effect (job uuid NOT NULL, attempt int NOT NULL)"
        )
        cursor.execute("TRUNCATE jobs_test_effect")


def leave_effect(work: jobs.Work) -> None:
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO jobs_test_effect VALUES (%s, %s)", [work.id, work.attempt])


def leave_plain(key: str) -> None:
    """The effect of work without a job row; `key` is any UUID."""
    with connection.cursor() as cursor:
        cursor.execute("INSERT INTO jobs_test_effect VALUES (%s, 0)", [key])


def effects(job_id: object = None) -> int:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT count(*) FROM jobs_test_effect WHERE %s::uuid IS NULL OR job = %s::uuid",
            [job_id, job_id],
        )
        return int(cursor.fetchone()[0])


def simple(work: jobs.Work) -> None:
    """One effect."""
    with work.finish():
        leave_effect(work)


def hanging(work: jobs.Work) -> None:
    """Writes its process id to the file `pid`, then works until the file `gate` is there; a second
    attempt works at once."""
    Path(work.payload["pid"]).write_text(str(os.getpid()))
    while work.attempt == 1 and not Path(work.payload["gate"]).exists():
        time.sleep(0.02)
    with work.finish():
        leave_effect(work)


def broken(work: jobs.Work) -> None:
    """Fails inside its transaction until somebody repairs it."""
    with work.finish():
        leave_effect(work)
        if not work.payload.get("repaired"):
            raise RuntimeError("the paper is stuck\nDETAIL: Key (email)=(someone@example.org)")


def later(work: jobs.Work) -> None:
    raise jobs.Retry("the source asked us to come back")


def together(work: jobs.Work) -> None:
    """One effect each, many in a transaction; its payload may make it fail, wait, kill its process
    or wait for the file `gate`."""
    with work.finish():
        leave_effect(work)
        if "broken" in work.payload:
            raise RuntimeError("the paper is stuck")
        if "later" in work.payload:
            raise jobs.Retry("not yet", after=timedelta(hours=1))
        if "deadly" in work.payload:
            os.kill(os.getpid(), signal.SIGKILL)
        while "gate" in work.payload and not Path(work.payload["gate"]).exists():
            Path(work.payload["pid"]).write_text(str(os.getpid()))
            time.sleep(0.05)


def register() -> None:
    for function in (simple, hanging, broken, later):
        registry.handler(f"test.{function.__name__}", queue="watch")(function)
    registry.handler("test.together", queue="watch", together=True)(together)


def file(kind: str = "test.simple", *, key: str, **payload: str) -> jobs.Job:
    """Enqueue in a transaction of its own."""
    with transaction.atomic():
        return jobs.enqueue(kind, payload, key=key)


if os.environ.get("DJANGO_SETTINGS_MODULE") == "tests.jobs.worker_settings":
    register()
