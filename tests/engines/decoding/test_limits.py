"""The confined child: what it cannot do, how its end is told, and that its caller survives everything."""

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

from engines.decoding import Chamber, Limits, SandboxUnavailableError
from engines.decoding.chamber import Answer, Ended

PROJECT = Path(__file__).resolve().parents[3]
TASK = "tests.engines.decoding.confined_tasks:act"


@pytest.fixture(scope="module")
def chamber() -> Iterator[Chamber]:
    with Chamber(TASK, Limits(cpu_seconds=1, wall_seconds=3)) as one:
        yield one


@pytest.fixture(scope="module")
def unguarded() -> Iterator[Chamber]:
    """The negative control: the same tasks with the guards off."""
    with Chamber(TASK, Limits(memory=None, filter_calls=False, isolate_network=False)) as one:
        yield one


def do(chamber: Chamber, what: str, given: object = None, source: Path | int | bytes = b"") -> Answer | Ended:
    return chamber.run(source, {"do": what, "with": given})


def done(answer: Answer | Ended) -> bool:
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


# -- the ordinary way ----------------------------------------------------------------------------------------------------


def test_bytes_paths_and_descriptors_are_read(chamber: Chamber, tmp_path: Path) -> None:
    path = tmp_path / "source"
    path.write_bytes(b"hood")
    descriptor = os.open(path, os.O_RDONLY)
    try:
        for source in (b"hood", path, descriptor, descriptor):
            assert do(chamber, "read", source=source) == Answer({"read": "hood"}, [b"x" * 10])
    finally:
        os.close(descriptor)


def test_only_a_regular_file_is_a_source(chamber: Chamber, tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for source in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(OSError, match="regular file"):
            do(chamber, "read", source=source)
    with pytest.raises(FileNotFoundError):
        do(chamber, "read", source=tmp_path / "nothing")


def test_a_source_that_is_too_large_is_not_even_sent() -> None:
    with Chamber(TASK, Limits(source_bytes=10)) as small:
        assert do(small, "read", source=b"x" * 11) == Ended("too_large")
        assert small.parent_pid is None


# -- what the child cannot do, each with its control ---------------------------------------------------------------------


def test_this_machine_gives_the_guards_or_says_so(chamber: Chamber) -> None:
    chamber.start()
    assert set(chamber.capabilities) == {"network", "filter"}
    if not all(chamber.capabilities.values()):
        pytest.skip(f"the kernel here gives only {chamber.capabilities}")


def test_more_than_a_gibibyte_is_not_to_be_had(chamber: Chamber, unguarded: Chamber) -> None:
    much = 1200 << 20
    assert do(chamber, "allocate", much) == Answer({"done": False, "why": "Cannot allocate memory"}, [])
    assert do(chamber, "allocate_in_python", much) == Ended("memory")
    assert done(do(chamber, "allocate", 600 << 20))
    assert done(do(unguarded, "allocate", much))


def test_a_limit_cannot_be_raised_again(chamber: Chamber) -> None:
    answer = do(chamber, "raise_limits")
    assert isinstance(answer, Ended)
    assert answer.reason == "crashed"


@pytest.fixture
def listener() -> Iterator[int]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_there_is_no_network(chamber: Chamber, unguarded: Chamber, listener: int) -> None:
    assert not done(do(chamber, "connect", listener))
    assert done(do(unguarded, "connect", listener))


def test_each_wall_before_the_network_stands_alone(listener: int) -> None:
    for limits in (Limits(filter_calls=False), Limits(isolate_network=False)):
        with Chamber(TASK, limits) as half:
            half.start()
            if any(half.capabilities.values()):
                assert not done(do(half, "connect", listener))


def test_no_file_can_be_opened(chamber: Chamber, unguarded: Chamber, tmp_path: Path) -> None:
    secret = tmp_path / "key"
    secret.write_text("secret")
    secret.chmod(0o644)
    assert do(chamber, "open", str(secret)) == Answer({"done": False, "why": "Operation not permitted"}, [])
    assert do(unguarded, "open", str(secret)) == Answer({"done": True, "text": "secret"}, [])


def test_no_file_can_be_written_even_without_the_filter(unguarded: Chamber, chamber: Chamber, tmp_path: Path) -> None:
    assert not done(do(chamber, "write", str(tmp_path / "new")))
    answer = do(unguarded, "write", str(tmp_path / "new"))
    assert answer == Ended("crashed", f"exit 0, signal {int(signal.SIGXFSZ)}") or not done(answer)
    assert not (tmp_path / "new").exists() or (tmp_path / "new").stat().st_size == 0


def test_no_process_can_be_started(chamber: Chamber) -> None:
    for what in ("fork", "execute"):
        assert not done(do(chamber, what))
    assert done(do(chamber, "thread"))  # A decoder of ours needs one.


def test_nobody_can_be_killed(chamber: Chamber, unguarded: Chamber) -> None:
    for target, expected in ((chamber, False), (unguarded, True)):
        victim = subprocess.Popen(["sleep", "60"])
        try:
            assert done(do(target, "kill", victim.pid)) is expected
            assert (victim.poll() is None) or expected
        finally:
            victim.kill()
            assert victim.wait() == -9


def test_the_child_holds_its_own_descriptors_only_and_no_environment(chamber: Chamber) -> None:
    answer = do(chamber, "descriptors")
    assert isinstance(answer, Answer)
    assert answer.header["open"] == [0, 1, 2, 3, 4]
    answer = do(chamber, "environment")
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


def test_a_child_has_no_new_privileges_and_no_capabilities(chamber: Chamber) -> None:
    thread = threading.Thread(target=lambda: do(chamber, "sleep", 1))
    thread.start()
    assert chamber.parent_pid is not None
    wait_for(lambda: children_of(chamber.parent_pid or 0))
    [child] = children_of(chamber.parent_pid)
    wait_for(lambda: "Seccomp:\t2" in Path(f"/proc/{child}/status").read_text() or not chamber.capabilities["filter"])
    status = dict(line.split(":\t", 1) for line in Path(f"/proc/{child}/status").read_text().splitlines() if ":\t" in line)
    assert status["NoNewPrivs"] == "1"
    assert int(status["CapEff"], 16) == int(status["CapPrm"], 16) == 0
    thread.join()


# -- how it ends ---------------------------------------------------------------------------------------------------------


def test_a_child_that_computes_for_ever_is_stopped(chamber: Chamber) -> None:
    assert do(chamber, "spin") == Ended("late")


def test_a_child_that_waits_for_ever_is_stopped() -> None:
    with Chamber(TASK, Limits(wall_seconds=0.3)) as hasty:
        start = time.monotonic()
        assert do(hasty, "sleep", 60) == Ended("late")
        assert time.monotonic() - start < 3
        assert done(do(hasty, "sleep", 0))


@pytest.mark.parametrize("what", ["fault", "abort", "raise"])
def test_a_child_that_crashes_is_a_typed_end_and_the_next_works(chamber: Chamber, what: str) -> None:
    answer = do(chamber, what)
    assert isinstance(answer, Ended)
    assert answer.reason == "crashed"
    assert done(do(chamber, "nothing"))


@pytest.mark.parametrize("what", ["leave", "garbage"])
def test_a_child_that_says_nothing_or_nonsense_has_crashed(chamber: Chamber, what: str) -> None:
    for words in ("", "ACD1", "ACD1\0\0\0\x02{}", "ACD1\0\0\0\x02[]", "ACD1\x7f\0\0\0{}", 'ACD1\0\0\0\x0c{"parts":[1]}'):
        answer = do(chamber, what, words)
        assert isinstance(answer, Ended)
        assert answer.reason == "crashed"


def test_a_child_that_never_stops_talking_is_cut_off() -> None:
    with Chamber(TASK, Limits(answer_bytes=4 << 20)) as short:
        assert do(short, "flood", 3) == Answer({"done": True}, [bytes(1 << 20)] * 3)
        assert do(short, "flood", 8) == Ended("crashed", "it said more than it may")
        assert done(do(short, "nothing"))


def test_a_child_killed_from_outside_has_crashed_and_the_next_works(chamber: Chamber) -> None:
    ends: list[Answer | Ended] = []
    thread = threading.Thread(target=lambda: ends.append(do(chamber, "sleep", 2)))
    thread.start()
    wait_for(lambda: chamber.parent_pid and children_of(chamber.parent_pid))
    assert chamber.parent_pid is not None
    os.kill(children_of(chamber.parent_pid)[0], signal.SIGKILL)
    thread.join()
    assert ends == [Ended("crashed", "exit 0, signal 9")]
    assert done(do(chamber, "nothing"))


def test_a_dead_warm_parent_is_replaced(chamber: Chamber) -> None:
    chamber.start()
    for _ in range(2):
        before = chamber.parent_pid
        assert before is not None
        os.kill(before, signal.SIGKILL)
        assert done(do(chamber, "nothing"))
        assert chamber.parent_pid not in (None, before)


def test_a_warm_parent_that_dies_during_a_request_is_replaced_and_asked_again() -> None:
    with Chamber(TASK, Limits(at_once=4)) as one:
        one.start()
        ends: list[Answer | Ended] = []
        threads = [threading.Thread(target=lambda: ends.append(do(one, "sleep", 0.5))) for _ in range(3)]
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
    with Chamber("tests.engines.decoding.no_such_module:act") as broken, pytest.raises(SandboxUnavailableError):
        do(broken, "nothing")


def test_forty_requests_at_once_are_all_answered_two_at_a_time(chamber: Chamber) -> None:
    most = 0
    ends: list[Answer | Ended] = []
    chamber.start()

    def ask(number: int) -> None:
        ends.append(do(chamber, "read", source=f"file {number}".encode()))

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        most = max(most, len(children_of(chamber.parent_pid or 0)))
        time.sleep(0.002)
    assert sorted(end.header["read"] for end in ends if isinstance(end, Answer)) == sorted(f"file {n}" for n in range(40))
    assert most <= 2


def test_a_queue_that_does_not_move_is_an_error_of_ours() -> None:
    with Chamber(TASK, Limits(at_once=1, patience=0.5)) as busy:
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


# -- nobody outlives anybody ---------------------------------------------------------------------------------------------

STARTED = """
import sys, threading, time
from engines.decoding import Chamber
chamber = Chamber("tests.engines.decoding.confined_tasks:act")
chamber.start()
threading.Thread(target=lambda: chamber.run(b"", {"do": "sleep", "with": 60}), daemon=True).start()
print(chamber.parent_pid, flush=True)
time.sleep(60)
"""


def test_warm_parent_and_child_die_with_their_caller() -> None:
    caller = subprocess.Popen([sys.executable, "-c", STARTED], cwd=PROJECT, stdout=subprocess.PIPE, text=True)
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
    with Chamber(TASK) as one:
        thread = threading.Thread(target=one.start)
        thread.start()
        thread.join()
        time.sleep(0.1)
        before = one.parent_pid
        assert done(do(one, "nothing"))
        assert one.parent_pid == before


def test_a_forked_process_gets_a_warm_parent_of_its_own(chamber: Chamber) -> None:
    code = (
        "import os, sys\n"
        "from engines.decoding import Chamber\n"
        f"one = Chamber({TASK!r})\n"
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
    run = subprocess.run([sys.executable, "-W", "error", "-c", code], cwd=PROJECT, capture_output=True, text=True, check=False)
    assert (run.stdout, run.stderr) == ("good\n", "")
