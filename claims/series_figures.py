"""Figures of a dated series: which stand on a day, and how far two days are apart. Conflicting
figures stay side by side.

Where two sources give two figures for one day, every statement about that day has two answers, and
both are given. Nothing is averaged, rounded or picked: exact decimals in, exact decimals out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from decimal import Decimal


@dataclass(frozen=True)
class FigurePoint:
    """One figure as one source gives it."""

    on: date
    value: Decimal
    source: str = ""


@dataclass(frozen=True)
class Difference:
    """From one figure to another: `value` is how far they are apart, `fell` which way it went."""

    start: FigurePoint
    end: FigurePoint

    @property
    def value(self) -> Decimal:
        return abs(self.end.value - self.start.value)

    @property
    def fell(self) -> bool:
        return self.end.value < self.start.value


def on_day(points: Sequence[FigurePoint], day: date) -> list[FigurePoint]:
    """The figures for a day, as they came."""
    return [point for point in points if point.on == day]


def differences(points: Sequence[FigurePoint], start: date, end: date) -> list[Difference]:
    """Every figure of the first day against every figure of the last; empty when one of the days
    has none.

    >>> first, last = date(2025, 9, 25), date(2025, 11, 19)
    >>> figures = [FigurePoint(first, Decimal("1548.2")), FigurePoint(last, Decimal("981.8"))]
    >>> [str(one.value) for one in differences(figures, first, last)]
    ['566.4']
    """
    return [
        Difference(point, other) for point in on_day(points, start) for other in on_day(points, end)
    ]


def conflicting(points: Sequence[FigurePoint]) -> list[date]:
    """The days on which sources disagree, in order."""
    days: dict[date, set[Decimal]] = {}
    for point in points:
        days.setdefault(point.on, set()).add(point.value)
    return sorted(day for day, values in days.items() if len(values) > 1)
