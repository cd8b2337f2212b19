"""How long a company has to answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verdicts.reply_window import deadline
from verdicts.working_days import is_working_day

moments = st.integers(0, 8 * 366 * 86400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
days = st.integers(1, 60)
places = st.sampled_from([(), ("CN",), ("DE",), ("CN", "DE"), ("SA",), ("US",)])
EAST = ZoneInfo("Asia/Shanghai")


@given(moments, days)
def test_exactly_so_many_working_days_lie_between(sent: datetime, working: int) -> None:
    ends = deadline(sent, working_days=working, countries=["CN"]).at.astimezone(EAST)
    first = sent.astimezone(EAST).date()
    between = [first + timedelta(days=n + 1) for n in range((ends.date() - first).days)]
    assert sum(is_working_day(day, ["CN"]) for day in between) == working
    assert is_working_day(ends.date(), ["CN"])
    assert f"{ends:%H:%M:%S}" == "23:59:59"


@given(moments, days, places)
def test_one_day_more_never_ends_earlier(
    sent: datetime, working: int, countries: tuple[str, ...]
) -> None:
    ends = deadline(sent, working_days=working, countries=countries).at
    assert deadline(sent, working_days=working + 1, countries=countries).at > ends
    assert ends - sent > timedelta(days=working) - timedelta(days=1)


@given(moments, days, places, places)
def test_the_holidays_of_one_more_country_never_end_it_earlier(
    sent: datetime, working: int, countries: tuple[str, ...], more: tuple[str, ...]
) -> None:
    if countries and more:
        ends = deadline(sent, working_days=working, countries=countries).at
        both = sorted({*countries, *more})
        assert deadline(sent, working_days=working, countries=both).at >= ends


@given(moments, moments, days, places)
def test_who_was_asked_later_never_has_to_answer_earlier(
    first: datetime, second: datetime, working: int, countries: tuple[str, ...]
) -> None:
    early, late = sorted([first, second])
    ends = deadline(early, working_days=working, countries=countries).at
    assert ends <= deadline(late, working_days=working, countries=countries).at


@pytest.mark.parametrize(
    ("sent", "working", "countries", "ends", "provisional"),
    [
        # no country: Saturdays and Sundays, in UTC
        ("2025-03-03T09:30", 10, [], "2025-03-17T23:59:59", False),  # a Monday
        ("2025-03-07T17:00", 1, [], "2025-03-10T23:59:59", False),  # a Friday
        ("2025-03-08T08:00", 1, [], "2025-03-10T23:59:59", False),  # a Saturday
        ("2024-02-28T12:00", 2, [], "2024-03-01T23:59:59", False),  # over a leap day
        # Chinese New Year 2026: off from 15 to 23 February, worked on the 14th and the 28th
        ("2026-02-10T02:00", 10, ["CN"], "2026-03-02T15:59:59", False),
        # National Day 2026: worked on 20 September and 10 October, off from 25 to 27 September
        # (Mid-Autumn) and from 1 to 7 October
        ("2026-09-18T02:00", 10, ["CN"], "2026-10-09T15:59:59", False),
        ("2026-09-22T02:00", 10, ["CN"], "2026-10-13T15:59:59", False),
        # 23:30 in Beijing is still that day; half an hour later it is the next
        ("2026-11-02T15:30", 1, ["CN"], "2026-11-03T15:59:59", False),
        ("2026-11-02T16:30", 1, ["CN"], "2026-11-04T15:59:59", False),
        # Germany: over the end of summer time, and over Christmas
        ("2026-10-23T10:00", 1, ["DE"], "2026-10-26T22:59:59", False),
        ("2026-12-23T10:00", 2, ["DE"], "2026-12-28T22:59:59", False),
        # of several zones the one whose day ends last: Hawaii
        ("2026-11-03T18:00", 1, ["US"], "2026-11-05T09:59:59", False),
        # 2028 is not arranged yet: from 28 September to 9 October may be off
        ("2028-09-25T02:00", 5, ["CN"], "2028-10-12T15:59:59", True),
        ("2028-06-20T02:00", 5, ["CN"], "2028-06-27T15:59:59", True),
    ],
)
def test_known_windows(
    sent: str, working: int, countries: list[str], ends: str, provisional: bool
) -> None:
    end = deadline(
        datetime.fromisoformat(f"{sent}+00:00"), working_days=working, countries=countries
    )
    assert end.at == datetime.fromisoformat(f"{ends}+00:00")
    assert end.provisional is provisional


@pytest.mark.parametrize("working", [0, -1])
def test_a_period_without_a_working_day_is_none(working: int) -> None:
    with pytest.raises(ValueError, match="at least one working day"):
        deadline(datetime(2026, 1, 1, tzinfo=UTC), working_days=working)
