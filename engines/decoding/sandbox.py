"""A sandbox: one fork server (the warm parent) and the confined children it forks, seen from the
process that needs an answer.

The warm parent is started at the first request, once per process, and again when it is found dead.
It gets an empty environment and no descriptor but its socket, so no secret of ours is in its memory
to be stolen.
"""

from __future__ import annotations

import json
import os
import select
import signal
import socket
import stat
import subprocess
import sys
import threading
import time
import weakref
from contextlib import ExitStack, suppress
from dataclasses import asdict, dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from engines.decoding import ipc
from engines.decoding.confinement import Limits

_PROJECT = Path(__file__).resolve().parents[2]
_START_SECONDS = 30.0
# One thread each; one arena, because the allocator otherwise reserves 128 MiB of the limit for
# every thread. Huge pages, because the pixels of a large photo are 150 MB in all: a third of a
# child's time was the kernel handing them out 4 KiB at a time.
_ENVIRONMENT = {
    "PATH": os.defpath,
    "LANG": "C.UTF-8",
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "MALLOC_ARENA_MAX": "1",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}

Source = Path | int | bytes


class SandboxUnavailableError(Exception):
    """The warm parent could not be started, or there was no place for a child in time. Says nothing
    about the source."""


@dataclass(frozen=True, slots=True)
class ResourceUse:
    """What one child cost: the most memory it held (KiB, what it shares with the warm parent
    included) and processor time (ms)."""

    peak_kib: int = 0
    cpu_ms: int = 0


@dataclass(frozen=True, slots=True)
class Answer:
    """What the child said, every length checked and nothing else: still untrusted. What it used is
    the kernel's."""

    header: dict[str, Any]
    parts: list[bytes]
    used: ResourceUse = field(default=ResourceUse(), compare=False)


@dataclass(frozen=True, slots=True)
class AbnormalEnd:
    """The child ended without a usable answer. `reason` is "late", "memory", "crashed" or
    "too_large" (the source is)."""

    reason: str
    detail: str = ""
    used: ResourceUse = field(default=ResourceUse(), compare=False)


class _ParentGoneError(Exception):
    """The warm parent at the other end of `control` died before it reported the child's end."""

    def __init__(self, control: socket.socket) -> None:
        super().__init__()
        self.control = control


class Sandbox:
    """Runs `task` ("module:function", see engines.decoding.fork_server) on sources, each in a
    confined child of its own.

    Safe to share between threads, and across a fork: the forked process starts a warm parent of its
    own.
    """

    def __init__(self, task: str, limits: Limits | None = None) -> None:
        self.task = task
        self.limits = limits or Limits()
        self.facts: dict[str, Any] = {}
        self.capabilities: dict[str, bool] = {}
        self._reset()
        _sandboxes.add(self)

    def _reset(self) -> None:
        self._lock = threading.Lock()
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def parent_pid(self) -> int | None:
        """Process number of the warm parent, None while there is none."""
        return self._process.pid if self._process is not None else None

    def close(self) -> None:
        """End the warm parent and its children. The next request starts another."""
        with self._lock:
            self._end()

    def start(self) -> None:
        """Start the warm parent now instead of at the first request. Raises
        SandboxUnavailableError."""
        with self._lock:
            self._started()

    def _end(self) -> None:
        if self._control is not None:
            self._control.close()
            self._control = None
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def _drop(self, control: socket.socket) -> None:
        """Make sure that a dead warm parent is not asked again, unless another thread has replaced
        it already."""
        with self._lock:
            if self._control is control:
                self._end()

    def _forget(self) -> None:
        """In a freshly forked process: the warm parent belongs to the process we came from."""
        if self._control is not None:
            # As long as we held a copy, the parent would not notice that its caller ended.
            self._control.close()
        if self._process is not None:
            self._process.returncode = (
                0  # Not our child; without this the interpreter would wait for it.
            )
        self._reset()

    def _started(self) -> socket.socket:
        if self._process is not None and self._process.poll() is not None:
            self._end()
        if self._control is not None:
            return self._control
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            with theirs:
                self._process = subprocess.Popen(
                    [
                        sys.executable,
                        "-m",
                        "engines.decoding.fork_server",
                        str(theirs.fileno()),
                        str(os.getpid()),
                        self.task,
                        json.dumps(asdict(self.limits)),
                    ],
                    stdin=subprocess.DEVNULL,
                    stdout=subprocess.DEVNULL,
                    pass_fds=(theirs.fileno(),),
                    cwd=_PROJECT,
                    # Ctrl-C in a terminal is for the caller, which still wants its answers.
                    start_new_session=True,
                    env=_ENVIRONMENT,
                )
            ours.settimeout(_START_SECONDS)
            greeting = json.loads(ours.recv(65536) or b"null")
        except (OSError, ValueError) as error:
            ours.close()
            self._end()
            raise SandboxUnavailableError("the warm parent did not start") from error
        if greeting is None:
            ours.close()
            self._end()
            raise SandboxUnavailableError("the warm parent ended before it was ready")
        self.facts, self.capabilities = greeting["facts"], greeting["capabilities"]
        self._control = ours
        return ours

    def run(self, source: Source, request: dict[str, Any]) -> Answer | AbnormalEnd:
        """Run the task on one source in a child of its own, and wait for its end.

        `source` is the path of a regular file, an open descriptor of one (its offset is moved), or
        bytes. If the warm parent dies underneath us the request is made once more: it has no effect
        but its answer. Raises SandboxUnavailableError, and OSError if the path cannot be opened.
        """
        until = time.monotonic() + self.limits.patience
        with ExitStack() as stack:
            descriptor = _readable(source, stack)
            status = os.fstat(descriptor)
            if not stat.S_ISREG(status.st_mode):
                raise OSError("a source must be a regular file")
            if status.st_size > self.limits.source_bytes:
                return AbnormalEnd("too_large")
            for last in (False, True):
                os.lseek(descriptor, 0, os.SEEK_SET)
                try:
                    return self._ask(descriptor, request, until)
                except _ParentGoneError as error:
                    self._drop(error.control)
                    if last:
                        raise SandboxUnavailableError("the warm parent died twice") from error
        raise AssertionError("unreachable")

    def _ask(self, descriptor: int, request: dict[str, Any], until: float) -> Answer | AbnormalEnd:
        with self._lock:
            control = self._started()
        answer_read, answer_write = os.pipe2(os.O_CLOEXEC)
        outcome_read, outcome_write = os.pipe2(os.O_CLOEXEC)
        try:
            try:
                socket.send_fds(
                    control,
                    [json.dumps(request).encode()],
                    [descriptor, answer_write, outcome_write],
                )
            except TimeoutError as error:
                raise SandboxUnavailableError("the queue of requests is full") from error
            except OSError as error:
                raise _ParentGoneError(control) from error
            finally:
                os.close(answer_write)
                os.close(outcome_write)
            answer = _read_to_end(answer_read, self.limits.answer_bytes, until)
            text = (
                _read_to_end(outcome_read, ipc.OUTCOME_BYTES, until)
                if answer is not None
                else b"{}"
            )
        finally:
            os.close(answer_read)
            os.close(outcome_read)
        if answer is None or text is None:
            return AbnormalEnd("crashed", "it said more than it may")
        if not text:
            raise _ParentGoneError(control)
        outcome = json.loads(text)
        if outcome.get("unavailable"):
            raise SandboxUnavailableError("no child could be forked")
        used = ResourceUse(outcome["rss_kib"], outcome["cpu_ms"])
        if outcome["late"] or outcome["signal"] == signal.SIGXCPU:
            return AbnormalEnd("late", used=used)
        if outcome["exit"] == ipc.OUT_OF_MEMORY:
            return AbnormalEnd("memory", used=used)
        if outcome["signal"] or outcome["exit"]:
            return AbnormalEnd(
                "crashed", f"exit {outcome['exit']}, signal {outcome['signal']}", used
            )
        try:
            return Answer(*ipc.unpack(answer), used)
        except ipc.MalformedMessageError as error:
            return AbnormalEnd("crashed", str(error), used)


def _readable(source: Source, stack: ExitStack) -> int:
    if isinstance(source, int):
        return source
    if isinstance(source, bytes):
        descriptor = os.memfd_create("source", os.MFD_CLOEXEC)
        stack.callback(os.close, descriptor)
        ipc.write_all(descriptor, [source])
        return descriptor
    # O_NONBLOCK: a pipe somebody put in the file's place must not hold us until it has a writer.
    descriptor = os.open(source, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK)
    stack.callback(os.close, descriptor)
    return descriptor


def _read_to_end(descriptor: int, limit: int, until: float) -> bytes | None:
    """All bytes until the writer closes, None if there are more than `limit`. Raises
    SandboxUnavailableError after `until`."""
    pieces: list[bytes] = []
    size = 0
    poll = select.poll()
    poll.register(descriptor, select.POLLIN)
    while True:
        if not poll.poll(max(0.0, until - time.monotonic()) * 1000):
            raise SandboxUnavailableError("no answer in time; too many requests wait")
        piece = os.read(descriptor, 1 << 20)
        if not piece:
            return b"".join(pieces)
        size += len(piece)
        if size > limit:
            return None
        pieces.append(piece)


_sandboxes: weakref.WeakSet[Sandbox] = weakref.WeakSet()


def _forget_all() -> None:
    for sandbox in list(_sandboxes):
        with suppress(OSError):
            sandbox._forget()


os.register_at_fork(after_in_child=_forget_all)
