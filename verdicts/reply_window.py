"""How long a company has to answer. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime

from verdicts.working_days import DAY, end_of_day, is_settled, is_working_day, zones


@dataclass(frozen=True)
class Deadline:
    """The end of a reply period: `at`, the last second of its last working day, in UTC.

    `provisional`: days off that are not published yet lie within it, and were counted as days off.
    """

    at: datetime
    provisional: bool


def deadline(sent_at: datetime, *, working_days: int, countries: Sequence[str] = ()) -> Deadline:
    """The end of the `working_days`th working day after the day of sending, where the company is.

    A day counts if every one of `countries` (ISO 3166-1 alpha-2) works on it; of several time
    zones, the one whose day ends last. The day of sending does not count. Raises ValueError for
    fewer working days than one.
    """
    if working_days < 1:
        raise ValueError("a reply period has at least one working day")
    places = zones(countries)
    first_days = {sent_at.astimezone(zone).date() for zone in places}
    last_days = {first: _count(first, working_days, countries) for first in first_days}
    return Deadline(
        max(end_of_day(last_days[sent_at.astimezone(zone).date()], zone) for zone in places),
        provisional=any(
            not is_settled(day, countries)
            for day in _days(min(first_days), max(last_days.values()))
        ),
    )


def _count(first: date, working_days: int, countries: Sequence[str]) -> date:
    """The last of so many working days after `first`."""
    day, left = first, working_days
    while left:
        day += DAY
        left -= is_working_day(day, countries)
    return day


def _days(after: date, until: date) -> Iterator[date]:
    return (after + DAY * n for n in range(1, (until - after).days + 1))
