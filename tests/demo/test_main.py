"""The demo chooses its engines, ports and programs, and shares its data with no other demo."""

from __future__ import annotations

import json
import os
import re
import signal
import socket
import subprocess
import sys
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from demo import __main__ as demo
from tests.browser import demonstration
from tests.system.processes import ROOT, carrying, eventually


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which nobody has chosen anything; what the demo puts into it is taken out
    again."""
    for name in ("DATABASE_URL", "REDIS_URL", "SITE_URL", "FETCH_LOCAL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr("django.conf.settings.DATA_DIR", tmp_path)
    return monkeypatch


def test_data_of_an_older_form_is_refused_and_new_data_is_not(tmp_path: Path) -> None:
    demo.check_form(tmp_path)  # nothing is there yet
    (tmp_path / "postgres").mkdir()
    demo.check_form(tmp_path)
    form = (tmp_path / "data-form").read_text()
    for note in (form.replace("log 2", "log 1"), form.replace("tables 2", "tables 1"), None):
        (tmp_path / "data-form").unlink()
        if note is not None:
            (tmp_path / "data-form").write_text(note)
        with pytest.raises(demo.ProgramFailedError, match="make clean"):
            demo.check_form(tmp_path)
        (tmp_path / "data-form").write_text(form)
    demo.check_form(tmp_path)


def test_without_addresses_both_engines_are_embedded(
    environment: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    chosen = demo.Demo(once=True, port=8000)
    assert [engine.name for engine in chosen.engines] == ["postgres", "valkey"]
    assert os.environ["DATABASE_URL"] == chosen.engines[0].url
    assert os.environ["REDIS_URL"] == chosen.engines[1].url


def test_with_addresses_nothing_is_embedded(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://app@db.example/record")
    environment.setenv("REDIS_URL", "redis://broker.example/0")
    assert demo.Demo(once=True, port=8000).engines == []
    assert os.environ["DATABASE_URL"] == "postgresql://app@db.example/record"


def test_the_company_is_reached_by_its_name_and_only_on_loopback(
    environment: pytest.MonkeyPatch,
) -> None:
    chosen = demo.Demo(once=True, port=8000)
    name, _, address = os.environ["FETCH_LOCAL"].partition("=")
    assert name == demo.COMPANY_HOST
    assert address == f"127.0.0.1:{chosen.company_port}"
    assert chosen.company_port != chosen.port


def test_a_port_in_use_is_passed_over() -> None:
    with socket.socket() as busy:
        busy.bind(("127.0.0.1", 0))
        busy.listen()
        port = busy.getsockname()[1]
        assert demo.free_port(port, {port + 1}) > port + 1


def test_a_second_demo_in_the_same_place_says_who_is_there(tmp_path: Path) -> None:
    handle = demo.lock(tmp_path / "demo.lock")
    os.write(handle, b"process 7, http://127.0.0.1:8000")
    code = """
import sys
from pathlib import Path
from demo.__main__ import ProgramFailedError, lock
try:
    lock(Path(sys.argv[1]))
except ProgramFailedError as error:
    print(error)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "demo.lock")]
    try:
        said = subprocess.run(
            command,
            cwd=ROOT,
            capture_output=True,
            text=True,
            env={**os.environ, "DATA_DIR": str(tmp_path)},
        ).stdout
    finally:
        os.close(handle)
    assert "another demo is running here: process 7, http://127.0.0.1:8000" in said


def test_every_queue_has_a_group_of_workers_and_the_case_comes_last() -> None:
    from jobs.states import Queue

    table = demo.programs(8100, Path("company"))
    listened = {
        queue
        for program in table
        for queue in program.command[-1].split(",")
        if "worker" in program.command
    }
    assert listened == set(Queue.values)
    assert [program.name for program in table if program.once] == ["case"]
    assert table[-1].name == "case"


@pytest.mark.parametrize(
    ("code", "result", "right"),
    [(0, '{"versions": 3}', True), (1, '{"versions": 3}', False), (0, "", False), (-9, "{", False)],
)
def test_the_case_is_judged_by_its_end_and_its_result(code: int, result: str, right: bool) -> None:
    assert (demo.judge(code, result) == "") is right


@dataclass
class RunningSystem:
    """A whole demo in a folder of its own."""

    folder: Path
    process: subprocess.Popen[bytes] = field(init=False)

    def __post_init__(self) -> None:
        self.start()

    def start(self) -> None:
        """The first time in an empty folder, later with what is there."""
        unset = {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE", "SITE_URL", "FETCH_LOCAL"}
        environment = {name: value for name, value in os.environ.items() if name not in unset}
        with (self.folder / "said").open("w") as said:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "demo", "--port", "8400"],
                cwd=ROOT, env={**environment, "DATA_DIR": str(self.folder / "var")},
                stdout=subprocess.DEVNULL, stderr=said,
            )  # fmt: skip

    @property
    def said(self) -> str:
        return (self.folder / "said").read_text()

    def hears(self, words: str, seconds: float = 90) -> None:
        """Wait until it says so."""
        eventually(lambda: words in self.said or self.process.poll() is not None, seconds)
        assert words in self.said, self.said
        assert self.process.poll() is None, self.said

    def ready(self) -> bool:
        """What /readyz answers."""
        address = re.search(r"http://127\.0\.0\.1:\d+", self.said)
        assert address is not None
        try:
            with urllib.request.urlopen(f"{address.group()}/readyz", timeout=5) as answer:
                return bool(json.load(answer)["ready"])
        except OSError:
            return False

    def left(self) -> list[str]:
        """Processes that belong to it."""
        return carrying(str(self.folder))

    def of(self, engine: str) -> int:
        """The process id of an engine's server."""
        children = (
            Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        )
        return next(
            int(pid)
            for pid in children
            if Path(f"/proc/{pid}/cwd").readlink() == self.folder / "var" / engine
        )


@pytest.fixture
def system(tmp_path: Path) -> Iterator[RunningSystem]:
    made = RunningSystem(tmp_path)
    yield made
    made.process.kill()
    made.process.wait()


@pytest.mark.slow
@pytest.mark.xdist_group("demo")
def test_a_demo_plays_its_case_and_ends_on_ctrl_c(system: RunningSystem) -> None:
    """From a fresh folder: engines, tables, web server, workers, beat, and the case by all of them;
    then nothing of it is left."""
    system.hears("the case is complete", 400)
    assert eventually(system.ready, 60), system.said
    outcome = json.loads((system.folder / "var/demo/out/outcome.json").read_text())
    assert [one["rating"] for one in outcome["verdicts"]] == ["not_delivered", "delivered"]
    assert outcome["flags"] == ["company_silent", "deleted", "edited_after_publication"]
    system.process.send_signal(signal.SIGINT)
    assert system.process.wait(40) == 0
    assert system.left() == []
    demonstration.played_already.append(
        system.folder / "var"
    )  # the browser tests look at the pages of this very case
