"""A promised day against the days between which something happened. Whole days; nothing is known
of hours.

    on time      the last day on which it can have happened is no later than the promised one
    late         the first day on which it can have happened is later; by at least their difference
    undecided    the promised day lies between

The same shape as JCGM 106:2012, 8.3, with an interval that is sure in the place of one that is
probable.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from enum import StrEnum


class Punctuality(StrEnum):
    ON_TIME = "on_time"
    LATE = "late"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class Lateness:
    """The decision, and by how many days it is late: at least, and at most (None while it has not
    happened)."""

    decision: Punctuality
    at_least: int
    at_most: int | None


def lateness(promised: date, earliest: date, latest: date | None) -> Lateness:
    """`earliest` and `latest` are the first and the last day on which it can have happened; without
    `latest` it has not happened yet, and `earliest` is the first day still open. Raises ValueError
    if they are the wrong way round."""
    if latest is not None and latest < earliest:
        raise ValueError("the last day is before the first")
    at_least = max(0, (earliest - promised).days)
    at_most = None if latest is None else max(0, (latest - promised).days)
    if at_most == 0:
        return Lateness(Punctuality.ON_TIME, 0, 0)
    decision = Punctuality.LATE if at_least else Punctuality.UNDECIDED
    return Lateness(decision, at_least, at_most)
