"""The warm parent: it has the decoders loaded, and forks one confined child per request.

    python -m engines.decoding.fork_server DESCRIPTOR PARENT_PID MODULE:FUNCTION LIMITS_JSON

Loading Pillow and numpy takes half a second, forking takes milliseconds. The function is fixed when
this process is started and never named by a request. It is called in the child as
`function(descriptor, request) -> (header, parts)`; the module may offer `prepare() -> dict`, called
once here, whose answer goes to the caller with the greeting.

This process reads no byte of any source. It ends when its caller does: the control socket then
closes, and the kernel sends SIGTERM (which it also sends when only the *thread* that started us
ended; hence the look at the parent's number).
"""

from __future__ import annotations

import fcntl
import gc
import importlib
import json
import os
import resource
import selectors
import signal
import socket
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

from engines.decoding import confinement, ipc

OPEN_FILES = 256

Task = Callable[[int, dict[str, Any]], tuple[dict[str, Any], list[bytes]]]


@dataclass(frozen=True)
class _Confinement:
    """What surrounds every child of this process."""

    limits: confinement.Limits
    program: bytes | None
    alone: bool
    parent: int


def _be_child(task: Task, fds: list[int], text: bytes, walls: _Confinement) -> None:
    """Everything between fork and the child's end. Never returns; the exit status is the only word
    on a failure."""
    status = ipc.FAILED
    try:
        confinement.die_with_parent(signal.SIGKILL)
        if os.getppid() != walls.parent:
            return  # It ended before the line above: then no signal will come.
        null = os.open(os.devnull, os.O_RDWR)
        # Descriptors of other requests and the control socket are closed: a child that is taken
        # over can reach no neighbour.
        wanted = (null, null, null, *fds[:2])
        for target, fd in enumerate([fcntl.fcntl(fd, fcntl.F_DUPFD, len(wanted)) for fd in wanted]):
            os.dup2(fd, target)
        os.closerange(len(wanted), OPEN_FILES)
        confinement.confine(walls.limits, walls.program, alone=walls.alone)
        header, parts = task(3, json.loads(text))
        ipc.write_all(4, ipc.pack(header, parts))
        status = 0
    except MemoryError:
        status = ipc.OUT_OF_MEMORY
    finally:
        os._exit(status)


class _RunningChild:
    """One child and whom to tell about its end."""

    def __init__(self, outcome: int, until: float) -> None:
        self.outcome = outcome
        self.until = until
        self.late = False


def _tell(descriptor: int, outcome: dict[str, Any]) -> None:
    with suppress(OSError):  # The caller may have given up; that is its own affair.
        os.write(descriptor, json.dumps(outcome).encode())
    os.close(descriptor)


def _serve(control: socket.socket, task: Task, walls: _Confinement) -> None:  # noqa: C901 — one loop holds every event of the control socket
    """Fork for each request while places are free, kill what is late, report every end. Returns
    when the caller is gone."""
    running: dict[int, _RunningChild] = {}
    wake, waker = os.pipe2(os.O_NONBLOCK | os.O_CLOEXEC)
    signal.signal(signal.SIGCHLD, lambda *_: None)
    signal.set_wakeup_fd(waker, warn_on_full_buffer=False)

    while True:
        with selectors.DefaultSelector() as selector:
            selector.register(wake, selectors.EVENT_READ)
            if len(running) < walls.limits.at_once:
                selector.register(control, selectors.EVENT_READ)
            soonest = min(
                (child.until for child in running.values() if not child.late), default=None
            )
            ready = {
                key.fd
                for key, _ in selector.select(
                    None if soonest is None else max(0.0, soonest - time.monotonic())
                )
            }

        if wake in ready:
            with suppress(BlockingIOError):
                os.read(wake, 4096)
        for pid, child in running.items():
            if not child.late and time.monotonic() >= child.until:
                child.late = True
                os.kill(pid, signal.SIGKILL)
        while running:
            pid, status, usage = os.wait4(-1, os.WNOHANG)
            if pid == 0:
                break
            ended = running.pop(pid)
            _tell(
                ended.outcome,
                {
                    "exit": os.WEXITSTATUS(status) if os.WIFEXITED(status) else 0,
                    "signal": os.WTERMSIG(status) if os.WIFSIGNALED(status) else 0,
                    "late": ended.late,
                    "rss_kib": usage.ru_maxrss,
                    "cpu_ms": int((usage.ru_utime + usage.ru_stime) * 1000),
                },
            )

        if control.fileno() not in ready:
            continue
        text, fds, _, _ = socket.recv_fds(control, ipc.REQUEST_BYTES, 3)
        if not text:
            for pid in running:
                os.kill(pid, signal.SIGKILL)
            return
        if len(fds) != 3:
            for fd in fds:
                os.close(fd)
            continue
        try:
            pid = os.fork()
        except OSError:
            _tell(fds.pop(), {"unavailable": True})
        else:
            if pid == 0:
                _be_child(task, fds, text, walls)
            running[pid] = _RunningChild(fds.pop(), time.monotonic() + walls.limits.wall_seconds)
        for fd in fds:
            os.close(fd)


def main(arguments: list[str]) -> None:
    descriptor, parent, name, limits_text = arguments
    control = socket.socket(fileno=int(descriptor))
    limits = confinement.Limits(**json.loads(limits_text))

    def orphaned(*_: object) -> None:
        if os.getppid() != int(parent):
            os._exit(0)

    signal.signal(signal.SIGTERM, orphaned)
    alone = limits.isolate_network and confinement.leave_network()
    confinement.die_with_parent(signal.SIGTERM)
    orphaned()
    confinement.die_first()
    resource.setrlimit(resource.RLIMIT_NOFILE, (OPEN_FILES, OPEN_FILES))

    module_name, _, function = name.partition(":")
    module = importlib.import_module(module_name)
    prepare: Callable[[], dict[str, Any]] | None = getattr(module, "prepare", None)
    facts = prepare() if prepare is not None else {}
    program = confinement.build_filter()
    if not confinement.filter_allowed(program):
        program = None
    control.send(
        json.dumps(
            {
                "facts": facts,
                "pid": os.getpid(),
                "capabilities": {
                    "network": alone,
                    "filter": program is not None and limits.filter_calls,
                },
            }
        ).encode()
    )
    gc.freeze()  # Children then never write to the pages of what is already loaded.
    _serve(control, getattr(module, function), _Confinement(limits, program, alone, os.getpid()))


if __name__ == "__main__":
    main(sys.argv[1:])
