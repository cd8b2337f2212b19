"""The demo chooses its engines, ports and programs, and shares its data with no other demo."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from config.demo import __main__ as demo
from tests.house.processes import ROOT, carrying, eventually


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> pytest.MonkeyPatch:
    """An environment in which nobody has chosen anything; what the demo puts into it is taken out again."""
    for name in ("DATABASE_URL", "REDIS_URL", "SITE_URL", "FETCH_LOCAL"):
        monkeypatch.setenv(name, "")
        monkeypatch.delenv(name)
    monkeypatch.setattr(demo, "DATA_DIR", tmp_path)
    return monkeypatch


def test_without_addresses_both_engines_are_embedded(environment: pytest.MonkeyPatch, tmp_path: Path) -> None:
    chosen = demo.Demo(once=True, port=8000)
    assert [engine.name for engine in chosen.engines] == ["postgres", "valkey"]
    assert os.environ["DATABASE_URL"] == chosen.engines[0].url
    assert os.environ["REDIS_URL"] == chosen.engines[1].url


def test_with_addresses_nothing_is_embedded(environment: pytest.MonkeyPatch) -> None:
    environment.setenv("DATABASE_URL", "postgresql://app@db.example/record")
    environment.setenv("REDIS_URL", "redis://broker.example/0")
    assert demo.Demo(once=True, port=8000).engines == []
    assert os.environ["DATABASE_URL"] == "postgresql://app@db.example/record"


def test_the_company_is_reached_by_its_name_and_only_on_loopback(environment: pytest.MonkeyPatch) -> None:
    chosen = demo.Demo(once=True, port=8000)
    name, _, address = os.environ["FETCH_LOCAL"].partition("=")
    assert name == demo.DEMO_COMPANY
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
from config.demo.__main__ import Failed, lock
try:
    lock(Path(sys.argv[1]))
except Failed as error:
    print(error)
"""
    command = [sys.executable, "-c", code, str(tmp_path / "demo.lock")]
    try:
        said = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, env={**os.environ, "DATA_DIR": str(tmp_path)}).stdout
    finally:
        os.close(handle)
    assert "another demo is running here: process 7, http://127.0.0.1:8000" in said


def test_every_queue_has_a_group_of_workers_and_the_case_comes_last() -> None:
    from jobs.states import Queue

    table = demo.programs(8100, Path("company"))
    listened = {queue for program in table for queue in program.command[-1].split(",") if "worker" in program.command}
    assert listened == set(Queue.values)
    assert [program.name for program in table if program.once] == ["case"]
    assert table[-1].name == "case"


@pytest.mark.parametrize(
    ("code", "result", "right"), [(0, '{"versions": 3}', True), (1, '{"versions": 3}', False), (0, "", False), (-9, "{", False)]
)
def test_the_case_is_judged_by_its_end_and_its_result(code: int, result: str, right: bool) -> None:
    assert (demo.judge(code, result) == "") is right


@pytest.mark.xdist_group("demo")
def test_a_demo_killed_outright_leaves_neither_programs_nor_engines(tmp_path: Path) -> None:
    """The whole house, from a fresh folder: engines, tables, web server, workers, beat; then kill -9."""
    environment = {name: value for name, value in os.environ.items() if name not in {"DATABASE_URL", "REDIS_URL", "DJANGO_SETTINGS_MODULE"}}
    with (tmp_path / "said").open("w") as said:
        house = subprocess.Popen(
            [sys.executable, "-m", "config.demo", "--port", "8300"],
            cwd=ROOT, env={**environment, "DATA_DIR": str(tmp_path / "var")}, stdout=subprocess.DEVNULL, stderr=said,
        )  # fmt: skip
    try:
        up = eventually(lambda: "the site is up" in (tmp_path / "said").read_text() or house.poll() is not None, 90)
        assert up, (tmp_path / "said").read_text()
        assert house.poll() is None, (tmp_path / "said").read_text()
        assert eventually(lambda: len(carrying(str(tmp_path))) >= 10, 30), carrying(str(tmp_path))
    finally:
        house.kill()
        house.wait()
    assert eventually(lambda: not carrying(str(tmp_path)), 15), carrying(str(tmp_path))
