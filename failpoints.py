"""Places where a test makes the program fail: an exception between two steps, or the end of the
process.

Every app may name one. Nothing outside the tests arms any, and there is no setting or variable that
does.
"""

from __future__ import annotations

from collections.abc import Callable

_armed: dict[str, Callable[[], None]] = {}
passed: list[str] = []


def failpoint(name: str) -> None:
    """A named place between two steps."""
    if _armed:
        passed.append(name)
        if action := _armed.get(name):
            action()


def arm(name: str, action: Callable[[], None]) -> None:
    """Run `action` when the place is reached."""
    _armed[name] = action


def disarm() -> None:
    _armed.clear()
    passed.clear()
