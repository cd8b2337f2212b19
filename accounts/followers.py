"""What apps above have done after an action, in its transaction."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

M = TypeVar("M")


class Followers(Generic[M]):
    """Calls, in the order in which they were added. The same one twice is once.

    >>> followers, seen = Followers[str](), []
    >>> followers.add(seen.append)
    >>> followers.add(seen.append)
    >>> followers.call("a claim")
    >>> seen
    ['a claim']
    """

    def __init__(self) -> None:
        self._calls: list[Callable[[M], None]] = []

    def add(self, call: Callable[[M], None]) -> None:
        if call not in self._calls:
            self._calls.append(call)

    def call(self, row: M) -> None:
        for call in self._calls:
            call(row)
