"""Waits for the end of the process that started it, then ends everything that carries that one's
mark.

    python -m demo.sweeper MARK

A mark is an environment variable, so every descendant has it, whatever process group or session it
has moved to. This runs beside the supervisor for the one case that the supervisor cannot handle
itself: being killed outright.
"""

from __future__ import annotations

import os
import signal
import sys
import time
from collections.abc import Iterator
from pathlib import Path

MARK = "ASCLAIMED_DEMO_MARK"


def marked(mark: str) -> Iterator[int]:
    """Process ids of those that carry the mark; not this process itself."""
    needle = f"{MARK}={mark}".encode()
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit() or int(directory.name) == os.getpid():
            continue
        try:
            if (
                needle in (directory / "environ").read_bytes().split(b"\0")
                and b") Z " not in (directory / "stat").read_bytes()
            ):
                yield int(directory.name)
        except OSError:
            continue  # It ended meanwhile, or belongs to someone else.


def sweep(mark: str, seconds: float = 5.0) -> list[int]:
    """Kill every process with the mark, until none is left or `seconds` are over. Returns those it
    killed.

    Again and again, because one that is being killed may have started another in between.
    """
    killed: list[int] = []
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        pids = list(marked(mark))
        if not pids:
            break
        for pid in pids:
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.append(pid)
        time.sleep(0.02)
    return killed


def main(mark: str) -> None:
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    sys.stdin.buffer.read()
    sweep(mark)


if __name__ == "__main__":
    main(sys.argv[1])
