"""The demonstration hurt: each part of it killed once while it plays its case, and while it stays.

The real system on engines of its own; that it plays its case and ends is shown by
tests/demo/test_main.py.
"""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from demo.embedded import Postgres
from tests.demo.test_main import RunningSystem as Staying
from tests.demo.test_main import system as staying
from tests.system.processes import ROOT, carrying, eventually

__all__ = ["staying"]  # a fixture
LIMIT = 240
UNSET = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SITE_URL", "FETCH_LOCAL"}


class RunningSystem:
    """A demo in a folder of its own, and ways to hurt it."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "var"
        self.said = folder / "said"
        self.result = folder / "result"
        self.environment = {
            name: value for name, value in os.environ.items() if name not in UNSET
        } | {"DATA_DIR": str(self.data)}
        with self.said.open("w") as said, self.result.open("w") as result:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo", "--once", "--port", "8400"],
                cwd=ROOT, env=self.environment, stdout=result, stderr=said,
            )  # fmt: skip

    def hears(self, words: str) -> None:
        """Wait until it says so."""
        until = time.monotonic() + LIMIT
        while words not in self.said.read_text():
            assert self.process.poll() is None, self.said.read_text()
            assert time.monotonic() < until, f"it never said {words!r}:\n{self.said.read_text()}"
            time.sleep(0.02)

    def ask(self, query: str) -> object:
        """The first value of a row of its database."""
        with psycopg.connect(Postgres(self.data / "postgres").url) as connection:
            row = connection.execute(query).fetchone()
        return row[0] if row else None

    def kill(self, mark: str) -> None:
        """Kill -9 every process of it whose command line holds `mark`."""
        found = [int(line.partition(":")[0]) for line in carrying(str(self.data)) if mark in line]
        assert found, f"there is no {mark}"
        for pid in found:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue  # it ended with its parent


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    made = RunningSystem(tmp_path)
    yield made
    if made.process.poll() is None:
        made.process.terminate()
        made.process.wait(30)


@pytest.mark.promise(
    "The case ends as it should though a dispatcher, a worker in the middle of a photo and the "
    "broker are killed"
)
def test_the_case_survives_the_death_of_a_dispatcher_a_worker_and_the_broker(
    system: RunningSystem, figure: Callable[[str], None]
) -> None:
    system.hears("3/12 ")
    system.kill("tick@demo")
    began = time.monotonic()
    while not system.ask(
        "SELECT id FROM jobs_job WHERE queue = 'decode' AND kind = 'evidence.read_exhibit' AND "
        "state = 'running'"
    ):
        assert time.monotonic() - began < LIMIT, system.said.read_text()
        time.sleep(0.005)
    system.kill("decode@demo")
    system.hears("7/12 ")
    assert (
        system.ask("SELECT max(attempts) FROM jobs_job WHERE kind = 'evidence.read_exhibit'") == 2
    ), "it was killed in the middle of a photo"
    system.hears("9/12 ")
    # The data go first, so that it cannot come back with them.
    shutil.rmtree(system.data / "valkey")
    system.kill("valkey-server")
    system.process.wait(LIMIT)

    said = system.said.read_text()
    assert system.process.returncode == 0, said
    for victim in (
        "tick ended (by signal SIGKILL)",
        "decode ended (by signal SIGKILL)",
        "valkey ended",
    ):
        assert victim in said, said
    outcome = json.loads(system.result.read_text())
    assert [one["rating"] for one in outcome["verdicts"]] == ["not_delivered", "delivered"]
    assert outcome["flags"] == ["company_silent", "deleted", "edited_after_publication"]
    for path in (
        outcome["snapshot"],
        outcome["report"]["json"],
        outcome["report"]["html"],
        *outcome["report"]["pdf"].values(),
    ):
        assert (ROOT / path).stat().st_size > 1000
    command = [
        sys.executable,
        "-m",
        "ledger.verify",
        "--key",
        outcome["key"],
        *outcome["bundles"],
        outcome["log"],
    ]
    checked = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout + checked.stderr
    assert eventually(lambda: not carrying(str(system.data)), 15), carrying(str(system.data))
    nothing_is_there_twice_and_the_record_is_whole(system)
    figure("tick, decode and Valkey with its data, one kill each")


def nothing_is_there_twice_and_the_record_is_whole(system: RunningSystem) -> None:
    """The database once more, without anyone at work on it."""
    postgres = Postgres(system.data / "postgres")
    postgres.start()
    try:
        counted = {
            "evidence_submission": 7,
            "evidence_exhibit": 19,
            "verdicts_verdict": 3,
            "verdicts_finding": 4,
            "claims_claim": 3,
            "evidence_custodyevent WHERE kind = 'read'": 19,
            "evidence_version": 13,
            "jobs_job WHERE state = 'failed'": 0,
        }
        assert {what: system.ask(f"SELECT count(*) FROM {what}") for what in counted} == counted
        environment = system.environment | {
            "DATABASE_URL": postgres.url,
            "DJANGO_SETTINGS_MODULE": "config.settings.demo",
        }
        command = [sys.executable, "-W", "ignore", "-m", "django", "verify_record"]
        verified = subprocess.run(
            command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False
        )
        assert verified.returncode == 0, verified.stdout + verified.stderr
    finally:
        postgres.stop()


@pytest.mark.promise("A demonstration outlives its engines, and leaves nothing when it is killed")
def test_a_demo_outlives_its_engines_and_leaves_nothing_when_killed(
    staying: Staying, figure: Callable[[str], None]
) -> None:
    """The broker is killed and its data wiped, then the database is killed; work goes round again
    each time. Ended by Ctrl-C and started again with its data, it is killed outright."""
    staying.hears("the site is up")
    assert eventually(staying.ready, 60), staying.said
    broker = staying.of("valkey")
    shutil.rmtree(staying.folder / "var" / "valkey")
    os.kill(broker, signal.SIGKILL)
    staying.hears("valkey ended; starting it again")
    os.kill(staying.of("postgres"), signal.SIGKILL)
    staying.hears("postgres ended; starting it again")
    assert eventually(staying.ready, 60), staying.said
    staying.process.send_signal(signal.SIGINT)
    assert staying.process.wait(40) == 0
    assert staying.left() == []

    staying.start()
    staying.hears("the site is up")
    assert eventually(lambda: len(staying.left()) >= 10, 30), staying.left()
    staying.process.kill()
    staying.process.wait()
    assert eventually(lambda: not staying.left(), 15), staying.left()
    figure("Valkey with its data, PostgreSQL and the demonstration itself, one kill each")
