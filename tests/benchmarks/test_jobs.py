"""What work in the background costs: jobs that do nothing against Celery tasks that do nothing,
from the filing to the last one done."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import count
from pathlib import Path

import pytest
from django.db import transaction

import jobs
from demo.embedded import Valkey
from jobs.models import Job
from jobs.states import OPEN, State
from tests.benchmarks import noops
from tests.benchmarks.measure import compare
from tests.jobs.conftest import ROOT, Crew, broker, committed, crew, rows, valkey  # noqa: F401  fixtures

pytestmark = [committed, pytest.mark.usefixtures("rows", "broker")]
TASKS = 5_000
ALONE = 500
turns = count()


def until(happened: Callable[[], bool]) -> None:
    """Looks every 5 ms, so that looking costs nothing that counts."""
    deadline = time.monotonic() + 60
    while not happened():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def peer(broker: Valkey, tmp_path: Path) -> Iterator[Callable[[int], None]]:  # noqa: F811
    """Send so many tasks to a Celery worker with one process, and wait until the last is done."""
    url = broker.url.replace("unix://", "redis+socket://", 1)
    options = [
        "worker",
        "-c",
        "1",
        "-Q",
        "peer",
        "-O",
        "fair",
        "--without-mingle",
        "--without-gossip",
        "-l",
        "ERROR",
    ]
    process = subprocess.Popen(
        [sys.executable, "-m", "celery", "-A", "tests.benchmarks.noops", *options], cwd=ROOT,
        env={**os.environ, "PEER_URL": url},
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    noops.app.conf.broker_url = url

    def send(tasks: int) -> None:
        last = tmp_path / f"mark{next(turns)}"
        for _ in range(tasks - 1):
            noops.nothing.delay()
        noops.mark.delay(str(last))
        until(last.exists)

    try:
        send(100)
        yield send
    finally:
        process.terminate()
        process.wait(20)


def test_jobs_against_celery_tasks(crew: Crew, peer: Callable[[int], None]) -> None:  # noqa: F811
    noops.register()
    crew.another(processes=1, include="tests.benchmarks.noops")

    def done() -> None:
        until(lambda: not Job.objects.filter(state__in=sorted(OPEN)).exists())

    def together() -> None:
        turn = next(turns)
        with transaction.atomic():
            jobs.enqueue_many(
                "bench.nothing", {f"{turn}:{number}": {"number": number} for number in range(TASKS)}
            )
        done()

    def alone() -> None:
        turn = next(turns)
        for number in range(ALONE):
            with transaction.atomic():
                jobs.enqueue("bench.nothing_alone", {"number": number}, key=f"{turn}:{number}")
        done()

    how = (
        "doing nothing, from the first one filed to the last one done, one worker process each, "
        "fsync off"
    )
    together()
    compare(
        f"{TASKS} jobs done together / Celery tasks", ours=together, peer=lambda: peer(TASKS),
        floor=1 / 3, goal=1 / 10,
        how=f"{TASKS} jobs filed in one transaction against as many sent one by one, {how}",
    )  # fmt: skip
    compare(
        f"{ALONE} jobs one by one / Celery tasks", ours=alone, peer=lambda: peer(ALONE), floor=15,
        goal=5,
        how=f"each filed in a transaction of its own, claimed, leased and finished by itself, "
            f"{how}",
    )  # fmt: skip
    assert not Job.objects.exclude(state=State.DONE).exists()
