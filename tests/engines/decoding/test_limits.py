"""The confined child: what it cannot do, how its end is told, and that its caller survives
everything."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from engines.decoding import Limits, Sandbox, SandboxUnavailableError
from engines.decoding.sandbox import AbnormalEnd, Answer

PROJECT = Path(__file__).resolve().parents[3]
TASK = "tests.engines.decoding.confined_tasks:act"


@pytest.fixture(scope="module")
def sandbox() -> Iterator[Sandbox]:
    with Sandbox(TASK, Limits(cpu_seconds=1, wall_seconds=3)) as one:
        yield one


@pytest.fixture(scope="module")
def unguarded() -> Iterator[Sandbox]:
    """The negative control: the same tasks with the guards off."""
    with Sandbox(TASK, Limits(memory=None, filter_calls=False, isolate_network=False)) as one:
        yield one


def do(
    sandbox: Sandbox, what: str, given: object = None, source: Path | int | bytes = b""
) -> Answer | AbnormalEnd:
    return sandbox.run(source, {"do": what, "with": given})


def done(answer: Answer | AbnormalEnd) -> bool:
    assert isinstance(answer, Answer), answer
    return bool(answer.header["done"])


def children_of(pid: int) -> list[int]:
    return [int(number) for number in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def wait_for(what: object, seconds: float = 5.0) -> None:
    assert callable(what)
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, "waited in vain"
        time.sleep(0.01)


def alive(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except (FileNotFoundError, ProcessLookupError):
        return False


# -- the ordinary way
# --------------------------------------------------------------------------------------------------


def test_bytes_paths_and_descriptors_are_read(sandbox: Sandbox, tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"hood")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for source in (b"hood", path, descriptor, descriptor):
            assert do(sandbox, "read", source=source) == Answer({"read": "hood"}, [b"x" * 10])
    finally:
        os.close(descriptor)


def test_only_a_regular_file_is_a_source(sandbox: Sandbox, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="regular file"):
            do(sandbox, "read", source=source)
    with pytest.raises(FileNotFoundError):
        do(sandbox, "read", source=tmp_path / "nothing")


def test_a_source_that_is_too_large_is_not_even_sent() -> None:
    with Sandbox(TASK, Limits(source_bytes=10)) as small:
        assert do(small, "read", source=b"x" * 11) == AbnormalEnd("too_large")
        assert small.parent_pid is None


# -- what the child cannot do, each with its control
# ---------------------------------------------------------------------


def test_this_machine_gives_the_guards_or_says_so(sandbox: Sandbox) -> None:
    sandbox.start()
    assert set(sandbox.capabilities) == {"network", "filter"}
    if not all(sandbox.capabilities.values()):
        pytest.skip(f"the kernel here gives only {sandbox.capabilities}")


def test_more_than_a_gibibyte_is_not_to_be_had(sandbox: Sandbox, unguarded: Sandbox) -> None:
    much = 1200 << 20
    assert do(sandbox, "allocate", much) == Answer(
        {"done": False, "why": "Cannot allocate memory"}, []
    )
    assert do(sandbox, "allocate_in_python", much) == AbnormalEnd("memory")
    assert done(do(sandbox, "allocate", 600 << 20))
    assert done(do(unguarded, "allocate", much))


def test_a_limit_cannot_be_raised_again(sandbox: Sandbox) -> None:
    answer = do(sandbox, "raise_limits")
    assert isinstance(answer, AbnormalEnd)
    assert answer.reason == "crashed"


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_there_is_no_network(sandbox: Sandbox, unguarded: Sandbox, listener: int) -> None:
    assert not done(do(sandbox, "connect", listener))
    assert done(do(unguarded, "connect", listener))


def test_each_wall_before_the_network_stands_alone(listener: int) -> None:
    for limits in (Limits(filter_calls=False), Limits(isolate_network=False)):
        with Sandbox(TASK, limits) as half:
            half.start()
            if any(half.capabilities.values()):
                assert not done(do(half, "connect", listener))


def test_no_file_can_be_opened(sandbox: Sandbox, unguarded: Sandbox, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("secret")
    secret.chmod(0o644)
    assert do(sandbox, "open", str(secret)) == Answer(
        {"done": False, "why": "Operation not permitted"}, []
    )
    assert do(unguarded, "open", str(secret)) == Answer({"done": True, "text": "secret"}, [])


def test_no_file_can_be_written_even_without_the_filter(
    unguarded: Sandbox, sandbox: Sandbox, tmp_path: Path
) -> None:
    assert not done(do(sandbox, "write", str(tmp_path / "new")))
    answer = do(unguarded, "write", str(tmp_path / "new"))
    assert answer == AbnormalEnd("crashed", f"exit 0, signal {int(signal.SIGXFSZ)}") or not done(
        answer
    )
    assert not (tmp_path / "new").exists() or (tmp_path / "new").stat().st_size == 0


def test_no_process_can_be_started(sandbox: Sandbox) -> None:
    for what in ("fork", "execute"):
        assert not done(do(sandbox, what))
    assert done(do(sandbox, "thread"))  # A decoder of ours needs one.


def test_nobody_can_be_killed(sandbox: Sandbox, unguarded: Sandbox) -> None:
    for target, expected in ((sandbox, False), (unguarded, True)):
        victim = subprocess.Popen(["sleep", "60"])
        try:
            assert done(do(target, "kill", victim.pid)) is expected
            assert (victim.poll() is None) or expected
        finally:
            victim.kill()
            assert victim.wait() == -9


def test_the_child_holds_its_own_descriptors_only_and_no_environment(sandbox: Sandbox) -> None:
    answer = do(sandbox, "descriptors")
    assert isinstance(answer, Answer)
    assert answer.header["open"] == [0, 1, 2, 3, 4]
    answer = do(sandbox, "environment")
    assert isinstance(answer, Answer)
    assert set(answer.header["environment"]) <= {
        "PATH",
        "LANG",
        "LC_CTYPE",
        "OPENBLAS_NUM_THREADS",
        "OMP_NUM_THREADS",
        "MALLOC_ARENA_MAX",
        "GLIBC_TUNABLES",
    }


def test_a_child_has_no_new_privileges_and_no_capabilities(sandbox: Sandbox) -> None:
    thread = threading.Thread(target=lambda: do(sandbox, "sleep", 1))
    thread.start()
    assert sandbox.parent_pid is not None
    wait_for(lambda: children_of(sandbox.parent_pid or 0))
    [child] = children_of(sandbox.parent_pid)
    wait_for(
        lambda: (
            "Seccomp:\t2" in Path(f"/proc/{child}/status").read_text()
            or not sandbox.capabilities["filter"]
        )
    )
    status = dict(
        line.split(":\t", 1)
        for line in Path(f"/proc/{child}/status").read_text().splitlines()
        if ":\t" in line
    )
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    thread.join()


# -- how it ends
# --------------------------------------------------------------------------------------------------


def test_a_child_that_computes_for_ever_is_stopped(sandbox: Sandbox) -> None:
    assert do(sandbox, "spin") == AbnormalEnd("late")


def test_a_child_that_waits_for_ever_is_stopped() -> None:
    with Sandbox(TASK, Limits(wall_seconds=0.3)) as hasty:
        start = time.monotonic()
        assert do(hasty, "sleep", 60) == AbnormalEnd("late")
        assert time.monotonic() - start < 3
        assert done(do(hasty, "sleep", 0))


@pytest.mark.parametrize("what", ["fault", "abort", "raise"])
def test_a_child_that_crashes_is_a_typed_end_and_the_next_works(
    sandbox: Sandbox, what: str
) -> None:
    answer = do(sandbox, what)
    assert isinstance(answer, AbnormalEnd)
    assert answer.reason == "crashed"
    assert done(do(sandbox, "nothing"))


@pytest.mark.parametrize("what", ["leave", "garbage"])
def test_a_child_that_says_nothing_or_nonsense_has_crashed(sandbox: Sandbox, what: str) -> None:
    for words in (
        "",
        "ACD1",
        "ACD1\0\0\0\x02{}",
        "ACD1\0\0\0\x02[]",
        "ACD1\x7f\0\0\0{}",
        'ACD1\0\0\0\x0c{"parts":[1]}',
    ):
        answer = do(sandbox, what, words)
        assert isinstance(answer, AbnormalEnd)
        assert answer.reason == "crashed"


def test_a_child_that_never_stops_talking_is_cut_off() -> None:
    with Sandbox(TASK, Limits(answer_bytes=4 << 20)) as short:
        assert do(short, "flood", 3) == Answer({"done": True}, [bytes(1 << 20)] * 3)
        assert do(short, "flood", 8) == AbnormalEnd("crashed", "it said more than it may")
        assert done(do(short, "nothing"))


def test_a_child_killed_from_outside_has_crashed_and_the_next_works(sandbox: Sandbox) -> None:
    ends: list[Answer | AbnormalEnd] = []
    thread = threading.Thread(target=lambda: ends.append(do(sandbox, "sleep", 2)))
    thread.start()
    wait_for(lambda: sandbox.parent_pid and children_of(sandbox.parent_pid))
    assert sandbox.parent_pid is not None
    os.kill(children_of(sandbox.parent_pid)[0], signal.SIGKILL)
    thread.join()
    assert ends == [AbnormalEnd("crashed", "exit 0, signal 9")]
    assert done(do(sandbox, "nothing"))


def test_a_dead_warm_parent_is_replaced(sandbox: Sandbox) -> None:
    sandbox.start()
    for _ in range(2):
        before = sandbox.parent_pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        assert done(do(sandbox, "nothing"))
        assert sandbox.parent_pid not in (None, before)


def test_a_warm_parent_that_dies_during_a_request_is_replaced_and_asked_again() -> None:
    with Sandbox(TASK, Limits(at_once=4)) as one:
        one.start()
        ends: list[Answer | AbnormalEnd] = []
        threads = [
            threading.Thread(target=lambda: ends.append(do(one, "sleep", 0.5))) for _ in range(3)
        ]
        for thread in threads:
            thread.start()
        first = one.parent_pid
        assert first is not None
        wait_for(lambda: len(children_of(first)) == 3)
        orphans = children_of(first)
        os.kill(first, signal.SIGKILL)
        for thread in threads:
            thread.join()
        assert ends == [Answer({"done": True}, [])] * 3
        assert not any(alive(orphan) for orphan in orphans)


def test_a_warm_parent_that_cannot_start_is_an_error_of_ours() -> None:
    with (
        Sandbox("tests.engines.decoding.no_such_module:act") as broken,
        pytest.raises(SandboxUnavailableError),
    ):
        do(broken, "nothing")


def test_forty_requests_at_once_are_all_answered_two_at_a_time(sandbox: Sandbox) -> None:
    most = 0
    ends: list[Answer | AbnormalEnd] = []
    sandbox.start()

    def ask(number: int) -> None:
        ends.append(do(sandbox, "read", source=f"file {number}".encode()))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(children_of(sandbox.parent_pid or 0)))
        time.sleep(0.002)
    assert sorted(end.header["read"] for end in ends if isinstance(end, Answer)) == sorted(
        f"file {n}" for n in range(40)
    )
    assert most <= 2


def test_a_queue_that_does_not_move_is_an_error_of_ours() -> None:
    with Sandbox(TASK, Limits(at_once=1, patience=0.5)) as busy:
        busy.start()

        def wait_in_vain() -> None:
            with suppress(SandboxUnavailableError):
                do(busy, "sleep", 3)

        thread = threading.Thread(target=wait_in_vain)
        thread.start()
        wait_for(lambda: children_of(busy.parent_pid or 0))
        with pytest.raises(SandboxUnavailableError):
            do(busy, "nothing")
        thread.join()


# -- nobody outlives anybody
# ---------------------------------------------------------------------------------------------

STARTED = """
import sys, threading, time
from engines.decoding import Sandbox
sandbox = Sandbox("tests.engines.decoding.confined_tasks:act")
sandbox.start()
threading.Thread(target=lambda: sandbox.run(b"", {"do": "sleep", "with": 60}), daemon=True).start()
print(sandbox.parent_pid, flush=True)
time.sleep(60)
"""


def test_warm_parent_and_child_die_with_their_caller() -> None:
    caller = subprocess.Popen(
        [sys.executable, "-c", STARTED], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    try:
        assert caller.stdout is not None
        parent = int(caller.stdout.readline())
        wait_for(lambda: children_of(parent))
        child = children_of(parent)[0]
    finally:
        caller.kill()
        caller.wait()
        assert caller.stdout is not None
        caller.stdout.close()
    wait_for(lambda: not alive(parent) and not alive(child))


def test_a_warm_parent_survives_the_thread_that_started_it() -> None:
    with Sandbox(TASK) as one:
        thread = threading.Thread(target=one.start)
        thread.start()
        thread.join()
        time.sleep(0.1)
        before = one.parent_pid
        assert done(do(one, "nothing"))
        assert one.parent_pid == before


def test_a_forked_process_gets_a_warm_parent_of_its_own(sandbox: Sandbox) -> None:
    code = (
        "import os, sys\n"
        "from engines.decoding import Sandbox\n"
        f"one = Sandbox({TASK!r})\n"
        "one.start(); mine = one.parent_pid\n"
        "pid = os.fork()\n"
        "if pid == 0:\n"
        "    assert one.parent_pid is None\n"
        "    good = one.run(b'', {'do': 'nothing'}).header['done'] and one.parent_pid != mine\n"
        "    one.close(); os._exit(0 if good else 1)\n"
        "assert os.waitpid(pid, 0)[1] == 0\n"
        "assert one.run(b'', {'do': 'nothing'}).header['done'] and one.parent_pid == mine\n"
        "one.close(); print('good')\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (run.stdout, run.stderr) == ("good\n", "")
