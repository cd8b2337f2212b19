"""On which days a country works. The days of China are those of the State Council's notices."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from verdicts import working_days
from verdicts.working_days import AFTER, BEFORE, end_of_day, is_settled, is_working_day, zones

CHINA = ["CN"]


def days(first: str, last: str) -> list[date]:
    begin, end = date.fromisoformat(first), date.fromisoformat(last)
    return [begin + timedelta(days=n) for n in range((end - begin).days + 1)]


@pytest.mark.parametrize(
    ("first", "last"),
    [
        ("2024-02-10", "2024-02-17"),  # Chinese New Year
        ("2024-10-01", "2024-10-07"),  # National Day
        ("2025-01-28", "2025-02-04"),
        ("2025-10-01", "2025-10-08"),  # National Day and Mid-Autumn in one
        ("2026-02-15", "2026-02-23"),
        ("2026-10-01", "2026-10-07"),
        ("2018-12-30", "2019-01-01"),  # a New Year's holiday that begins in the old year
    ],
)
def test_china_does_not_work_on_these_days(first: str, last: str) -> None:
    assert not any(is_working_day(day, CHINA) for day in days(first, last))
    assert all(is_settled(day, CHINA) for day in days(first, last))


@pytest.mark.parametrize(
    "day",
    [
        "2024-02-04", "2024-02-18", "2024-09-29", "2024-10-12", "2025-01-26", "2025-02-08",
        "2025-09-28", "2025-10-11", "2026-02-14", "2026-02-28", "2026-09-20", "2026-10-10",
    ],
)  # fmt: skip
def test_china_works_on_weekend_days_that_were_shifted(day: str) -> None:
    shifted = date.fromisoformat(day)
    assert shifted.weekday() >= 5
    assert is_working_day(shifted, CHINA)
    assert not is_working_day(shifted + timedelta(days=7), CHINA)


def test_no_chinese_day_off_ever_lay_farther_from_a_statutory_holiday_than_is_counted() -> None:
    for year in range(2008, 2027):
        statutory = {
            day
            for of_year in (year - 1, year, year + 1)
            for day, name in working_days._calendar("CN", of_year).items()
            if "observed" not in name and "Day off" not in name
        }
        reach = [n * timedelta(days=1) for n in range(-AFTER.days, BEFORE.days + 1)]
        for day in days(f"{year}-01-01", f"{year}-12-31"):
            if day.weekday() < 5 and not is_working_day(day, CHINA):
                assert any(day + step in statutory for step in reach), day


def test_a_year_that_is_not_arranged_yet_counts_whatever_may_be_a_day_off(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    known = {day: is_working_day(day, CHINA) for day in days("2026-01-01", "2026-12-31")}
    monkeypatch.setattr(working_days, "_is_arranged", lambda year: year < 2026)
    working_days._country_year.cache_clear()
    try:
        weekdays = [day for day in known if day.weekday() < 5]
        assert all(known[day] for day in weekdays if is_working_day(day, CHINA))
        assert not is_settled(date(2026, 6, 1), CHINA)
        assert not is_working_day(date(2025, 12, 31), CHINA)
        assert not is_settled(date(2025, 12, 31), CHINA)
        assert is_settled(date(2025, 12, 15), CHINA)
    finally:
        working_days._country_year.cache_clear()


def test_a_holiday_that_follows_the_moon_may_move_by_a_day() -> None:
    estimated = next(
        day for day, name in working_days._calendar("IR", 2027).items() if "(estimated)" in name
    )
    beside = [estimated + timedelta(days=step) for step in (-1, 0, 1)]
    assert not any(is_working_day(day, ["IR"]) for day in beside)


def test_of_several_countries_each_must_work() -> None:
    american, chinese = date(2026, 7, 3), date(2026, 10, 2)  # Independence Day as observed
    assert not is_working_day(american, ["CN", "US"])
    assert not is_working_day(chinese, ["CN", "US"])
    assert is_working_day(american, CHINA)
    assert is_working_day(chinese, ["US"])


@pytest.mark.parametrize("countries", [[], ["XX"], ["ZZ"]])
def test_a_country_that_nobody_knows_has_its_weekends(countries: list[str]) -> None:
    week = days("2026-10-05", "2026-10-11")
    assert [is_working_day(day, countries) for day in week] == [True] * 5 + [False] * 2
    assert zones(countries) == [ZoneInfo("UTC")]


def test_weekends_are_those_of_the_country() -> None:
    friday, sunday = date(2026, 11, 27), date(2026, 11, 29)
    assert not is_working_day(friday, ["SA"])
    assert is_working_day(sunday, ["SA"])


def test_china_has_one_time() -> None:
    assert zones(CHINA) == [ZoneInfo("Asia/Shanghai")]
    assert ZoneInfo("Pacific/Honolulu") in zones(["US"])


@pytest.mark.parametrize(
    ("day", "zone", "end"),
    [
        ("2026-10-13", "Asia/Shanghai", "2026-10-13T15:59:59"),
        ("2026-03-28", "Europe/Berlin", "2026-03-28T22:59:59"),  # the night before summer time
        ("2026-03-29", "Europe/Berlin", "2026-03-29T21:59:59"),
        ("2026-10-25", "Europe/Berlin", "2026-10-25T22:59:59"),
        ("2026-10-31", "America/Havana", "2026-11-01T03:59:59"),
        ("2018-02-17", "America/Sao_Paulo", "2018-02-18T02:59:59"),  # 23:59:59 came twice
    ],
)
def test_the_end_of_a_day_where_the_company_is(day: str, zone: str, end: str) -> None:
    expected = datetime.fromisoformat(end).replace(tzinfo=UTC)
    assert end_of_day(date.fromisoformat(day), ZoneInfo(zone)) == expected
