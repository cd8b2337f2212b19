"""Figures of a series: conflicting ones stay side by side, and nothing is averaged."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from claims.series_figures import FigurePoint, conflicting, differences, on_day

START, END = date(2025, 9, 25), date(2025, 11, 19)
days = st.integers(0, 4).map(lambda n: START + timedelta(days=n))
points = st.lists(
    st.builds(FigurePoint, days, st.decimals(0, 5000, places=4), st.sampled_from(["a", "b", "c"])),
    max_size=12,
)


def test_the_founding_case_has_both_figures() -> None:
    (one,) = differences(
        [FigurePoint(START, Decimal("1548.2")), FigurePoint(END, Decimal("981.8"))], START, END
    )
    assert (one.value, one.fell) == (Decimal("566.4"), True)


def test_two_sources_that_disagree_give_two_differences_and_no_mean() -> None:
    figures = [
        FigurePoint(START, Decimal(100), "a"),
        FigurePoint(START, Decimal(110), "b"),
        FigurePoint(END, Decimal(50), "a"),
    ]
    assert [one.value for one in differences(figures, START, END)] == [50, 60]
    assert conflicting(figures) == [START]


@given(points, days, days)
def test_every_figure_meets_every_other_and_no_value_is_made_up(
    figures: list[FigurePoint], start: date, end: date
) -> None:
    found = differences(figures, start, end)
    assert len(found) == len(on_day(figures, start)) * len(on_day(figures, end))
    assert all(one.start in figures and one.end in figures for one in found)
    assert all(
        one.value == abs(one.start.value - one.end.value)
        and one.fell == (one.end.value < one.start.value)
        for one in found
    )
    back = differences(figures, end, start)
    assert sorted(one.value for one in back) == sorted(one.value for one in found)


@given(points)
def test_a_day_conflicts_exactly_if_its_figures_differ(figures: list[FigurePoint]) -> None:
    days = conflicting(figures)
    assert days == sorted(days)
    for day in {one.on for one in figures}:
        assert (day in days) == (len({one.value for one in on_day(figures, day)}) > 1)
