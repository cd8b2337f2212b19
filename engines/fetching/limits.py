"""What one fetch may cost."""

from __future__ import annotations

import time
from dataclasses import dataclass

from engines.fetching.failures import FetchError

KIB = 1024
MIB = 1024 * KIB


@dataclass(frozen=True, slots=True)
class Limits:
    """Ceilings for one fetch, redirects included. Sizes in bytes, times in seconds."""

    header_bytes: int = 64 * KIB
    wire_bytes: int = 25 * MIB  # all that one connection may send: headers, framing, body
    decoded_bytes: int = 50 * MIB
    # decoded over encoded; counted from `ratio_from_bytes` on,
    # because a short page of blanks is no bomb
    ratio: int = 100
    ratio_from_bytes: int = 64 * KIB
    pieces: int = (
        100_000  # chunks of a body; each costs some 10 µs to read, however little it holds
    )
    redirects: int = 5
    connect_seconds: float = 10.0  # for one address to accept, and for a name to resolve
    idle_seconds: float = 10.0
    total_seconds: float = 60.0


class Deadline:
    """The moment by which the whole fetch must be over, on a clock that nobody can set."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds
        self._end = time.monotonic() + seconds

    def left(self) -> float:
        """Return the seconds left, always more than zero; raise FetchError("timeout") when there
        are none."""
        left = self._end - time.monotonic()
        if left <= 0:
            raise FetchError(
                "timeout", f"The whole fetch took longer than {self._seconds:g} seconds."
            )
        return left
