"""Looking at processes from outside: which ones descend from a test, and are they gone."""

from __future__ import annotations

import os
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from django.db import connections

ROOT = Path(__file__).resolve().parent.parent.parent


def carrying(token: str) -> list[str]:
    """Command lines of every living process with `token` in its environment, arguments or working
    directory; this one apart.

    The directory too, because a server may write its title over its arguments and its environment.
    """
    found = []
    for directory in Path("/proc").iterdir():
        if not directory.name.isdigit() or int(directory.name) == os.getpid():
            continue
        try:
            alive = b") Z " not in (directory / "stat").read_bytes()
            arguments = (directory / "cmdline").read_bytes()
            traces = (
                (directory / "environ").read_bytes()
                + arguments
                + os.fsencode((directory / "cwd").readlink())
            )
            if alive and token.encode() in traces:
                found.append(
                    f"{directory.name}: "
                    f"{arguments.replace(bytes(1), b' ').decode(errors='replace')}"
                )
        except OSError:
            continue
    return found


def in_a_child(action: Callable[[], object]) -> int:
    """Run `action` in a forked process that may be killed in it: its exit code, negative for a
    signal.

    1 if it raised. The database connections of this process stay untouched; those of the child are
      its own.
    """
    child = os.fork()
    if child == 0:
        try:
            for connection in connections.all():
                connection.connection = (
                    None  # closing the inherited one would end the parent's session
                )
            action()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def eventually(condition: Callable[[], bool], seconds: float = 10.0) -> bool:
    """Whether `condition` came true within `seconds`."""
    until = time.monotonic() + seconds
    while time.monotonic() < until:
        if condition():
            return True
        time.sleep(0.05)
    return condition()
