"""Children are kept alive, and none outlives the supervisor, however it ends."""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from demo.supervisor import Program, Supervisor
from tests.system.processes import ROOT, carrying, eventually

# A child with a grandchild in a session of its own: what a worker with a pool, or a decoder, looks
# like from outside.
FAMILY = """
import subprocess, sys, time
subprocess.Popen([sys.executable, "-c", "import time; time.sleep(300)"], start_new_session=True)
time.sleep(300)
"""
STUBBORN = (
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('up', "
    "flush=True); time.sleep(300)"
)

NANNY = """
import sys
from pathlib import Path
from demo.supervisor import Program, Supervisor
with Supervisor(Path(sys.argv[1]), patience=2) as supervisor:
    for number in range(2):
        supervisor.add(Program(f"family{number}", [sys.executable, "-c", sys.argv[2]]))
    supervisor.say("ready")
    while not supervisor.stopping:
        supervisor.turn()
"""


def python(code: str) -> list[str]:
    return [sys.executable, "-c", code]


@pytest.fixture
def nanny(tmp_path: Path) -> Callable[[str], tuple[subprocess.Popen[bytes], str]]:
    """Starts a supervisor with two families in a process of its own; gives it and the token that
    all of them carry."""

    def start(child: str) -> tuple[subprocess.Popen[bytes], str]:
        token = secrets.token_hex(8)
        process = subprocess.Popen(
            [sys.executable, "-c", NANNY, str(tmp_path / "log"), child],
            cwd=ROOT,
            env={**os.environ, "FAMILY_TOKEN": token},
            stderr=subprocess.DEVNULL,
        )
        assert eventually(lambda: len(carrying(token)) >= 6), (
            "a supervisor, its sweeper, two children, two grandchildren"
        )
        return process, token

    return start


def turn_until(supervisor: Supervisor, condition: Callable[[], bool]) -> bool:
    def once() -> bool:
        supervisor.turn(0.02)
        return condition()

    return eventually(once)


def test_a_child_that_dies_is_started_again(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        supervisor.add(Program("short", python("print('hello')")))
        assert turn_until(
            supervisor, lambda: (tmp_path / "short.log").read_text().count("hello") >= 3
        )


def test_a_child_that_keeps_dying_young_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("demo.supervisor._LONGEST_WAIT", 0.01)
    with Supervisor(tmp_path) as supervisor:
        supervisor.add(Program("well", python("import time; time.sleep(300)")))
        supervisor.add(Program("ill", python("import sys; sys.exit('no such table')")))
        assert turn_until(supervisor, lambda: supervisor.sickly() is not None)
        assert supervisor.sickly() == "ill"
        assert "no such table" in supervisor.tail("ill")


def test_what_a_dead_child_had_started_is_ended_with_it(tmp_path: Path) -> None:
    token = secrets.token_hex(8)
    code = (
        f"import subprocess, sys; subprocess.Popen([sys.executable, '-c', 'import time; "
        f"time.sleep(300)', '{token}'])"
    )
    with Supervisor(tmp_path) as supervisor:
        supervisor.add(Program("parent", python(code + "; sys.exit(0)"), once=True))
        assert turn_until(supervisor, lambda: supervisor.ended("parent") == 0)
        assert eventually(lambda: not carrying(token))


def test_a_program_that_runs_once_gives_its_result_and_its_end(tmp_path: Path) -> None:
    with Supervisor(tmp_path) as supervisor:
        code = "import sys; print('working', file=sys.stderr); print('{\"n\": 1}'); sys.exit(3)"
        supervisor.add(Program("case", python(code), once=True))
        assert supervisor.ended("case") is None
        assert turn_until(supervisor, lambda: supervisor.ended("case") is not None)
        assert supervisor.ended("case") == 3
        assert json.loads(supervisor.output("case")) == {"n": 1}
        assert supervisor.tail("case") == "working"


def test_lines_keep_their_name_and_their_characters(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with Supervisor(tmp_path) as supervisor:
        halves = (
            "import os, time; b='两个风道\\n'.encode(); os.write(2, b[:4]); time.sleep(0.2); "
            "os.write(2, b[4:])"
        )
        supervisor.add(Program("case", python(halves), once=True))
        assert turn_until(supervisor, lambda: supervisor.ended("case") == 0)
    assert "    case | 两个风道\n" in capsys.readouterr().err


def test_a_child_that_will_not_go_is_ended_after_some_patience(tmp_path: Path) -> None:
    token = secrets.token_hex(8)
    with Supervisor(tmp_path, patience=0.3) as supervisor:
        supervisor.add(Program("stubborn", [*python(STUBBORN), token]))
        assert turn_until(supervisor, lambda: "up" in supervisor.tail("stubborn"))
    assert not carrying(token)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_supervisor_asked_to_stop_leaves_no_process(
    nanny: Callable[[str], tuple[subprocess.Popen[bytes], str]], number: int
) -> None:
    process, token = nanny(FAMILY)
    process.send_signal(number)
    assert process.wait(10) == 0
    assert carrying(token) == []


def test_a_supervisor_killed_outright_leaves_no_process(
    nanny: Callable[[str], tuple[subprocess.Popen[bytes], str]],
) -> None:
    process, token = nanny(FAMILY)
    process.kill()
    process.wait()
    assert eventually(lambda: not carrying(token), 5), carrying(token)


def test_without_the_sweeper_a_killed_supervisor_would_leave_grandchildren(
    nanny: Callable[[str], tuple[subprocess.Popen[bytes], str]],
) -> None:
    process, token = nanny(FAMILY)
    sweeper = next(line for line in carrying(token) if "demo.sweeper" in line)
    os.kill(int(sweeper.partition(":")[0]), signal.SIGKILL)
    process.kill()
    process.wait()
    assert eventually(lambda: len(carrying(token)) <= 2, 5), (
        "the kernel ends the children all the same"
    )
    left = carrying(token)
    for line in left:
        os.kill(int(line.partition(":")[0]), signal.SIGKILL)
    assert len(left) == 2, "the control: this is what the sweeper is for"


def test_a_supervisor_whose_starter_is_gone_stops(tmp_path: Path) -> None:
    token = secrets.token_hex(8)
    starter = subprocess.Popen(
        ["sh", "-c", '"$0" "$@" & wait', sys.executable, "-c", NANNY, str(tmp_path / "log"),
        FAMILY],
        cwd=ROOT, env={**os.environ, "FAMILY_TOKEN": token}, stderr=subprocess.DEVNULL,
    )  # fmt: skip
    assert eventually(lambda: len(carrying(token)) >= 7)
    starter.kill()
    starter.wait()
    assert eventually(lambda: not carrying(token)), carrying(token)
