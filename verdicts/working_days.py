"""On which days a country works. Pure.

Weekends, public holidays and the weekend days on which a country works instead come from the
`holidays` package; for China these are the yearly notices of the State Council. Only what holds for
the whole country is counted: a province's own holiday is not.

Where a day off is not settled yet, the day counts as off, so that a deadline never ends earlier
than the calendar that is published later would have it:

* China publishes its shifted days for one year at a time. Until then every day from three days
  before to five days after a public holiday is off, and no weekend day is worked. (From 2008 to
  2026 no weekday off lay farther from one; `tests/verdicts/test_working_days.py` compares them.)
* A holiday that follows the moon and is marked as estimated may move by a day: the days beside it
  are off too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from typing import Any, Final
from zoneinfo import ZoneInfo

import holidays

CHINA: Final = "CN"
#: Statutory holidays were arranged as blocks, with weekend days worked instead, since this year.
ARRANGED_SINCE: Final = 2007
BEFORE, AFTER = timedelta(days=3), timedelta(days=5)
DAY: Final = timedelta(days=1)
#: A country that the package does not know has these days off, and no others.
WEEKEND: Final = frozenset({5, 6})
#: China has one time, whatever the zones of its west are called.
ONE_TIME: Final = {CHINA: "Asia/Shanghai"}


@dataclass(frozen=True)
class CountryYear:
    """One year of one country. `settled` is whether its days off are known for certain;
    `may_be_off` are the days off that are not."""

    weekend: frozenset[int]
    off: frozenset[date]
    worked: frozenset[date]
    may_be_off: frozenset[date]
    settled: bool

    def works(self, day: date) -> bool:
        """Whether it works on that day, as far as anyone can know."""
        if day in self.worked:
            return True
        return day.weekday() not in self.weekend and day not in self.off | self.may_be_off


def is_working_day(day: date, countries: Sequence[str]) -> bool:
    """Whether every one of these countries (ISO 3166-1 alpha-2) works on that day. Without any,
    whether it is none of Saturday and Sunday."""
    if not countries:
        return day.weekday() not in WEEKEND
    return all(_country_year(country, day.year).works(day) for country in countries)


def is_settled(day: date, countries: Sequence[str]) -> bool:
    """Whether it is known for certain on which side of `is_working_day` that day is."""
    return all(
        year.settled and day not in year.may_be_off
        for year in (_country_year(country, day.year) for country in countries)
    )


def is_known(country: str) -> bool:
    """Whether the public holidays of that country are known here."""
    return country in holidays.list_supported_countries(include_aliases=False)


def zones(countries: Sequence[str]) -> list[ZoneInfo]:
    """The time zones of these countries; UTC where there is none."""
    names = sorted({name for country in countries for name in _zone_names().get(country, ())})
    return [ZoneInfo(name) for name in names or ["UTC"]]


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last second of that day there, as an instant in UTC. Where clocks go back over midnight,
    the later of the two."""
    return datetime(day.year, day.month, day.day, 23, 59, 59, tzinfo=zone, fold=1).astimezone(UTC)


@lru_cache(maxsize=1)
def _zone_names() -> dict[str, tuple[str, ...]]:
    """Country → its zones, from the table of the time zone database."""
    names: dict[str, list[str]] = {}
    table = files("tzdata").joinpath("zoneinfo", "zone.tab").read_text(encoding="utf-8")
    for line in table.splitlines():
        if line and not line.startswith("#"):
            country, _place, name = line.split("\t")[:3]
            names.setdefault(country, []).append(name)
    only = {country: [name] for country, name in ONE_TIME.items()}
    return {country: tuple(zone) for country, zone in {**names, **only}.items()}


@lru_cache(maxsize=512)
def _country_year(country: str, year: int) -> CountryYear:
    if not is_known(country):
        return CountryYear(WEEKEND, frozenset(), frozenset(), frozenset(), settled=True)
    calendar = _calendar(country, year)
    worked = frozenset(day for day in calendar.weekend_workdays if day.year == year)
    off = frozenset(day for day in calendar if day.year == year)
    may_be_off = frozenset(_beside_estimated(country, year))
    settled = country != CHINA or _is_arranged(year)
    if country == CHINA:
        may_be_off |= frozenset(_around_statutory(year))
    return CountryYear(frozenset(calendar.weekend), off, worked, may_be_off - off, settled)


def _calendar(country: str, year: int) -> Any:
    return holidays.country_holidays(country, years=year, expand=False, language="en_US")


def _is_arranged(year: int) -> bool:
    """Whether the State Council's arrangement of that year is in the package: each since 2007 has
    weekend days that are worked."""
    return year < ARRANGED_SINCE or any(
        day.year == year for day in _calendar(CHINA, year).weekend_workdays
    )


def _around_statutory(year: int) -> Iterator[date]:
    """The days of a Chinese year that an arrangement not published yet may make days off."""
    for of_year in (year, year + 1):  # New Year's holiday begins in the year before
        if _is_arranged(of_year):
            continue
        for day in _calendar(CHINA, of_year):
            reach = (day - BEFORE + n * DAY for n in range((BEFORE + AFTER).days + 1))
            yield from (near for near in reach if near.year == year)


def _beside_estimated(country: str, year: int) -> Iterator[date]:
    """The days beside a holiday whose day is an estimate, that holiday among them."""
    for of_year in (year - 1, year, year + 1):
        for day, name in _calendar(country, of_year).items():
            if "(estimated)" in name:
                yield from (near for near in (day - DAY, day, day + DAY) if near.year == year)
