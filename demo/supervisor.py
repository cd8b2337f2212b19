"""Keeps a table of processes alive, and leaves none behind however it ends itself.

- A child that dies is started again, later each time it dies young. A child marked `once` is not:
  its end is reported.
- Each child leads a process group of its own, so that Ctrl-C in the terminal reaches the supervisor
  alone, which then stops them in the reverse order of starting: a request to end, patience, then
  the end of the whole group.
- Should the supervisor be killed outright, the kernel ends every child (PR_SET_PDEATHSIG), and
  `demo.sweeper`, which waits for that moment, ends what the children had started: it knows them by
  a mark in their environment, which all descendants inherit.

Everything a child writes goes to its own log file; what a person should see also goes to standard
error, with its name in front.
"""

from __future__ import annotations

import os
import secrets
import selectors
import signal
import subprocess
import sys
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import IO, Any, Self

from demo.embedded import die_with_parent
from demo.sweeper import MARK, sweep

_PATIENCE = 10.0
_LONGEST_WAIT = 30.0
_SETTLED = 20.0


@dataclass(frozen=True)
class Program:
    """One line of the table: what to start and how to treat it."""

    name: str
    command: Sequence[str]
    environment: Mapping[str, str] = field(default_factory=dict)
    once: bool = False  # ends by itself, and its standard output is its result
    shown: bool = True  # whether its lines go to the terminal too


class _Child:
    """A program, the process it is now, and the end of what it said."""

    def __init__(self, program: Program, log: Path) -> None:
        self.program = program
        self.log = log
        self.process: subprocess.Popen[bytes] | None = None
        self.started = 0.0
        self.start_at = 0.0
        self.young_deaths = 0
        self.ended: int | None = None
        self.tail: deque[str] = deque(maxlen=30)
        self.partial = b""
        self.output: list[bytes] = []  # standard output of a `once` program

    @property
    def running(self) -> bool:
        return self.process is not None and self.process.poll() is None


class Supervisor:
    """Runs programs until `stop`. Everything happens in `turn`, which the caller calls in a loop
    from the main thread."""

    def __init__(self, logs: Path, *, patience: float = _PATIENCE) -> None:
        self.logs = logs
        self.patience = patience
        self.stopping = False
        self._mark = secrets.token_hex(16)
        self._children: list[_Child] = []
        self._selector = selectors.DefaultSelector()
        self._parent = os.getppid()
        self._handlers: dict[int, Any] = {}
        self._sweeper: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        self.logs.mkdir(parents=True, exist_ok=True)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            self._handlers[number] = signal.signal(number, self._asked_to_stop)
        # It learns of our end, of whatever kind, by the end of its standard input.
        self._sweeper = subprocess.Popen(
            [sys.executable, "-m", "demo.sweeper", self._mark],
            stdin=subprocess.PIPE,
            start_new_session=True,
        )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        if self._sweeper is not None and self._sweeper.stdin is not None:
            self._sweeper.stdin.close()
            self._sweeper.wait()
        for number, handler in self._handlers.items():
            signal.signal(number, handler)

    def _asked_to_stop(self, number: int, frame: object) -> None:
        if self.stopping:
            self.patience = 0.0  # Asked twice: no more waiting.
        self.stopping = True

    # Starting

    def add(self, program: Program) -> None:
        """Start a program and keep it running."""
        child = _Child(program, self.logs / f"{program.name}.log")
        child.log.write_bytes(b"")
        self._children.append(child)
        self._start(child)

    def _start(self, child: _Child) -> None:
        supervisor = os.getpid()

        def prepare() -> None:
            os.setpgid(0, 0)
            die_with_parent(signal.SIGKILL, parent=supervisor)

        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.program.command,
            env={
                **os.environ,
                **child.program.environment,
                MARK: self._mark,
                "PYTHONUNBUFFERED": "1",
            },
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE if child.program.once else subprocess.STDOUT,
            preexec_fn=prepare,
        )
        assert child.process.stdout is not None
        if child.process.stderr is not None:
            self._listen(child.process.stdout, child.output.append)
            self._listen(child.process.stderr, lambda data: self._heard(child, data))
        else:
            self._listen(child.process.stdout, lambda data: self._heard(child, data))

    # Listening

    def _listen(self, stream: IO[bytes], hear: Callable[[bytes], None]) -> None:
        os.set_blocking(stream.fileno(), False)
        self._selector.register(stream, selectors.EVENT_READ, hear)

    def _heard(self, child: _Child, data: bytes) -> None:
        with child.log.open("ab") as log:
            log.write(data)
        *lines, child.partial = (child.partial + data).split(b"\n")
        for line in (raw.decode(errors="replace") for raw in lines):
            child.tail.append(line)
            if child.program.shown and not self.stopping:  # Farewells are in the log file.
                self.say(line, name=child.program.name)

    def say(self, line: str, *, name: str = "demo") -> None:
        """One line to standard error."""
        sys.stderr.write(f"{name:>8} | {line}\n")
        sys.stderr.flush()

    def _read(self, seconds: float) -> None:
        for key, _ in self._selector.select(seconds):
            stream: IO[bytes] = key.fileobj  # type: ignore[assignment]  # registered by _listen
            data = os.read(stream.fileno(), 65536)
            if data:
                key.data(data)
            else:
                self._selector.unregister(stream)
                stream.close()

    # Watching

    def turn(self, seconds: float = 0.2) -> None:
        """Pass on what was said within `seconds`, and start again what has died."""
        self._read(seconds)
        if os.getppid() != self._parent:
            self.stopping = True  # Whoever started us is gone; nobody would stop us later.
        now = time.monotonic()
        for child in self._children:
            if child.process is not None and child.process.poll() is not None:
                self._died(child, now)
            elif (
                child.process is None
                and child.ended is None
                and now >= child.start_at
                and not self.stopping
            ):
                self._start(child)

    def _died(self, child: _Child, now: float) -> None:
        assert child.process is not None
        code, group, child.process = child.process.returncode, child.process.pid, None
        self._read(0)
        _end_group(group)  # What it had started would go on without anyone to tell it to stop.
        if child.program.once:
            child.ended = code
            return
        child.young_deaths = 0 if now - child.started > _SETTLED else child.young_deaths + 1
        wait = min(_LONGEST_WAIT, 0.25 * 2**child.young_deaths)
        child.start_at = now + wait
        if not self.stopping:
            self.say(f"{child.program.name} ended ({_how(code)}); starting it again in {wait:g} s")

    def ended(self, name: str) -> int | None:
        """The exit code of a `once` program, None while it runs (negative: the number of the signal
        that ended it)."""
        return self._child(name).ended

    def output(self, name: str) -> str:
        """What a `once` program wrote to its standard output so far."""
        return b"".join(self._child(name).output).decode(errors="replace")

    def tail(self, name: str) -> str:
        """The last lines of a program."""
        return "\n".join(self._child(name).tail)

    def sickly(self) -> str | None:
        """The name of a program that died young five times running: something is wrong with it that
        waiting will not mend."""
        return next(
            (child.program.name for child in self._children if child.young_deaths >= 5), None
        )

    def _child(self, name: str) -> _Child:
        return next(child for child in self._children if child.program.name == name)

    # Stopping

    def stop(self) -> None:
        """End every child, the last started first, and whatever they had started. Harmless when
        none runs."""
        self.stopping = True
        for child in reversed(self._children):
            if child.running and child.process is not None:
                child.process.terminate()
        until = time.monotonic() + self.patience
        while any(child.running for child in self._children) and time.monotonic() < min(
            until, time.monotonic() + self.patience
        ):
            self._read(0.05)
        for child in reversed(self._children):
            if child.process is not None:
                _end_group(child.process.pid)
                child.process.wait()
                child.process = None
        sweep(self._mark)
        for key in list(self._selector.get_map().values()):
            self._selector.unregister(key.fileobj)
            key.fileobj.close()  # type: ignore[union-attr]  # registered by _listen


def _end_group(group: int) -> None:
    try:
        os.killpg(group, signal.SIGKILL)
    except ProcessLookupError:
        return


def _how(code: int) -> str:
    return f"exit code {code}" if code >= 0 else f"by signal {signal.Signals(-code).name}"
