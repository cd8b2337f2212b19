"""How long a company has to answer."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verdicts.reply_window import deadline

moments = st.integers(0, 20 * 366 * 86400).map(
    lambda seconds: datetime(2020, 1, 1, tzinfo=UTC) + timedelta(seconds=seconds)
)
days = st.integers(0, 60)


@given(moments, days)
def test_exactly_so_many_working_days_lie_between(sent: datetime, working: int) -> None:
    ends = deadline(sent, working_days=working)
    between = [sent + timedelta(days=n) for n in range(1, (ends - sent).days + 1)]
    assert sum(day.weekday() < 5 for day in between) == working
    assert ends.time() == sent.time()
    assert working == 0 or ends.weekday() < 5


@given(moments, days, days)
def test_more_days_never_end_earlier_and_days_add_up(
    sent: datetime, first: int, second: int
) -> None:
    whole = deadline(sent, working_days=first + second)
    assert whole >= deadline(sent, working_days=first)
    assert whole == deadline(deadline(sent, working_days=first), working_days=second)


@given(moments, moments, days)
def test_who_was_asked_later_never_has_to_answer_earlier(
    one: datetime, other: datetime, working: int
) -> None:
    early, late = sorted([one, other])
    if early.time() <= late.time() or early.date() == late.date():
        assert deadline(early, working_days=working) <= deadline(late, working_days=working)


@pytest.mark.parametrize(
    ("sent", "working", "ends"),
    [
        ("2025-03-03T09:30", 10, "2025-03-17T09:30"),  # a Monday
        ("2025-03-07T17:00", 1, "2025-03-10T17:00"),  # a Friday
        ("2025-03-08T08:00", 1, "2025-03-10T08:00"),  # a Saturday
        ("2025-03-09T08:00", 5, "2025-03-14T08:00"),  # a Sunday
        ("2025-12-31T23:59", 2, "2026-01-02T23:59"),  # over New Year
        ("2024-02-28T12:00", 2, "2024-03-01T12:00"),  # over a leap day
        ("2025-03-03T09:30", 0, "2025-03-03T09:30"),
    ],
)
def test_known_windows(sent: str, working: int, ends: str) -> None:
    assert deadline(
        datetime.fromisoformat(f"{sent}+00:00"), working_days=working
    ) == datetime.fromisoformat(f"{ends}+00:00")
