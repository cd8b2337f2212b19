"""What these tests stand on: a broker of their own, committed rows, and no other app's work."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
import redis
from celery import current_app
from django.db import connection

import config.celery  # noqa: F401  makes ours the current Celery app
from demo.embedded import Valkey, die_with_parent
from jobs import messaging, registry
from jobs.models import Job
from jobs.states import Queue
from tests.jobs import scene

ROOT = Path(__file__).resolve().parent.parent.parent


def wait_until(happened: Callable[[], bool], seconds: float = 60) -> None:
    """Return as soon as `happened()`; fail after `seconds`."""
    until = time.monotonic() + seconds
    while not happened():
        if time.monotonic() > until:
            raise AssertionError(f"did not happen within {seconds} seconds")
        time.sleep(0.05)


@pytest.fixture(scope="module")
def valkey(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Valkey]:
    with Valkey(tmp_path_factory.mktemp("broker") / "valkey", durable=False) as engine:
        yield engine


@pytest.fixture
def broker(valkey: Valkey) -> Iterator[Valkey]:
    """An empty broker that this process sends to."""
    before = current_app.conf.broker_url
    current_app.conf.broker_url = valkey.url.replace("unix://", "redis+socket://", 1)
    messaging.disconnect()
    messaging._client().flushall()
    yield valkey
    messaging.disconnect()
    current_app.conf.broker_url = before


# Rows are really committed, so that messages are sent, threads race and other processes see. Only
# this app is there, so that emptying the tables after a test touches no other app's.
committed = pytest.mark.django_db(transaction=True, available_apps=["jobs"])


@pytest.fixture
def rows(transactional_db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The handlers of the scene, nobody else's, and an empty table of effects."""
    monkeypatch.setattr(registry, "_discovered", True)
    monkeypatch.setattr(registry, "_handlers", {})
    monkeypatch.setattr(registry, "_periodics", {})
    scene.register()
    scene.prepare()


class Worker:
    """A real Celery process on the test's database and broker."""

    def __init__(self, engine: Valkey, log: Path, *arguments: str) -> None:
        self.log = log
        self.arguments = arguments
        database = connection.settings_dict
        environment = {
            **os.environ,
            "DJANGO_SETTINGS_MODULE": "tests.jobs.worker_settings",
            "DATABASE_URL": (
                f"postgresql://{database['USER']}@/{database['NAME']}?host={database['HOST']}"
            ),
            "REDIS_URL": engine.url,
            "CELERY_SKIP_CHECKS": "1",
            "PYTHONPATH": str(ROOT),
        }
        with log.open("ab") as out:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "celery", "-A", "config", *arguments],
                cwd=ROOT,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
                preexec_fn=lambda: die_with_parent(signal.SIGKILL),
            )

    def kill(self) -> None:
        """SIGKILL for the process and its children; nothing is tidied up."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()


class Crew:
    """The workers of one test module. Starting one takes seconds, so one that lived through a test
    serves the next."""

    def __init__(self, engine: Valkey, logs: Path) -> None:
        self.engine = engine
        self.logs = logs
        self.started: list[Worker] = []

    def start(self, *arguments: str) -> Worker:
        self.started.append(Worker(self.engine, self.logs / f"{len(self.started)}.log", *arguments))
        return self.started[-1]

    def worker(self) -> Worker:
        """A worker for all queues: the one that lives, or a new one."""
        for worker in self.started:
            if "worker" in worker.arguments and worker.process.poll() is None:
                return worker
        return self.another()

    def another(self, *, processes: int = 2, include: str = "tests.jobs.scene") -> Worker:
        """A new worker for all queues."""
        options = [
            "--without-mingle",
            "--without-gossip",
            "-O",
            "fair",
            "-c",
            str(processes),
            "-I",
            include,
        ]
        return self.start("worker", "-Q", ",".join(Queue.values), *options)

    def dismiss(self) -> None:
        """Kill all that still live, and wait until the broker knows: it would give the next message
        to one that was listening."""
        for worker in self.started:
            worker.kill()
        with (
            contextlib.suppress(redis.ConnectionError),
            redis.Redis.from_url(self.engine.url) as broker,
        ):
            wait_until(lambda: broker.info("clients")["blocked_clients"] == 0)


@pytest.fixture(scope="module")
def crew(valkey: Valkey, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Crew]:
    crew = Crew(valkey, tmp_path_factory.mktemp("crew"))
    yield crew
    crew.dismiss()
    for worker in crew.started:
        sys.stdout.write(worker.log.read_text(errors="replace")[-3000:])


def state_of(job_id: UUID) -> str:
    return str(Job.objects.values_list("state", flat=True).get(pk=job_id))
