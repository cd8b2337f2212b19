"""Days, prices, counts and what several people saw: decided as written, said with the right
numerals."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verdicts.conformity import Decision, Threshold
from verdicts.conformity.amounts import CurrencyMismatchError, compare_count, compare_price
from verdicts.conformity.dates import Punctuality, lateness
from verdicts.conformity.observers import agreement
from verdicts.outcome.facts import (
    agreement_text,
    count_text,
    lateness_text,
    price_text,
)

DAY = date(2026, 3, 31)
days = st.dates(date(2020, 1, 1), date(2030, 1, 1))


@pytest.mark.parametrize(
    ("earliest", "latest", "english", "chinese"),
    [
        (DAY, DAY, "On time.", "按期。"),
        (DAY - timedelta(3), DAY, "On time.", "按期。"),
        (DAY + timedelta(1), DAY + timedelta(1), "Late by 1 day.", "晚1天。"),
        (DAY + timedelta(2), DAY + timedelta(2), "Late by 2 days.", "晚2天。"),
        (
            DAY - timedelta(1),
            DAY + timedelta(1),
            "Inconclusive: on time, or late by up to 1 day.",
            "无法判定：可能按期，也可能晚至多1天。",
        ),
        (
            DAY + timedelta(1),
            DAY + timedelta(5),
            "Late by at least 1 and at most 5 days.",
            "至少晚1天，至多晚5天。",
        ),
        (DAY + timedelta(1), None, "Late by at least 1 day.", "至少晚1天。"),
        (DAY + timedelta(30), None, "Late by at least 30 days.", "至少晚30天。"),
        (DAY, None, "Not due yet.", "未到承诺日期。"),
    ],
)
def test_a_day_is_on_time_or_late_by_as_much_as_is_known(
    earliest: date, latest: date | None, english: str, chinese: str
) -> None:
    known = lateness(DAY, earliest, latest)
    assert (lateness_text(known, "en"), lateness_text(known, "zh-Hans")) == (english, chinese)


def test_the_last_day_is_not_before_the_first() -> None:
    with pytest.raises(ValueError, match="before"):
        lateness(DAY, DAY, DAY - timedelta(1))


@given(days, days, st.integers(0, 400), st.integers(0, 30), st.integers(0, 30))
def test_a_wider_interval_never_turns_a_doubt_about_a_day_into_a_decision(
    promised: date, earliest: date, span: int, before: int, after: int
) -> None:
    latest = earliest + timedelta(span)
    known = lateness(promised, earliest, latest)
    wider = lateness(promised, earliest - timedelta(before), latest + timedelta(after))
    if known.decision == Punctuality.UNDECIDED:
        assert wider.decision == Punctuality.UNDECIDED
    assert wider.decision in (known.decision, Punctuality.UNDECIDED)
    assert wider.at_least <= known.at_least <= (known.at_most or 0)


def test_a_price_is_compared_exactly_and_in_its_own_currency() -> None:
    promised = Threshold("at_most", Decimal(42000), "CNY")
    same = compare_price(promised, Decimal("42000.00"), "CNY")
    dearer = compare_price(promised, Decimal("43500"), "CNY")
    assert (same.decision, dearer.decision) == (Decision.CONFORMS, Decision.DOES_NOT_CONFORM)
    assert price_text(dearer, Decimal("43500"), "CNY", "en") == (
        "The price of CNY 43,500 is beyond the threshold by CNY 1,500."
    )
    assert price_text(same, Decimal("42000.00"), "CNY", "zh-Hans") == "价格42,000 CNY，在限值之内。"
    with pytest.raises(CurrencyMismatchError) as refused:
        compare_price(promised, Decimal(42000), "HKD")
    assert (refused.value.currency, refused.value.other) == ("HKD", "CNY")


def test_a_count_meets_its_threshold_exactly_or_misses_it() -> None:
    four = Threshold("exactly", Decimal(4), "")
    assert compare_count(four, 4).decision == Decision.CONFORMS
    assert count_text(compare_count(four, 4), 4, "zh-Hans") == "计数4，达到限值。"
    assert count_text(compare_count(four, 3), 3, "en") == (
        "Counted: 3, which misses the threshold by 1."
    )
    with pytest.raises(ValueError, match="below 0"):
        compare_count(four, -1)


def test_observers_that_contradict_each_other_disagree_and_it_is_said() -> None:
    seen = agreement([("a", True), ("b", False), ("c", True), ("d", None)])
    assert (seen.decision, seen.works, seen.fails, seen.cannot_tell) == (
        Decision.DISAGREE, 2, 1, 1,
    )  # fmt: skip
    assert agreement_text(seen, "en").startswith(
        "2 of 4 observers saw it work, 1 saw it fail, 1 could not tell. They disagree."
    )
    assert "4人中2人见到功能有效，1人见到功能无效，1人无法判断。所见不一致。" in agreement_text(
        seen, "zh-Hans"
    )
    assert "1 of 1 observer saw it work." in agreement_text(agreement([("a", True)]), "en")


def test_who_saw_both_is_one_observer_who_cannot_tell() -> None:
    seen = agreement([("a", True), ("a", False), ("b", True)])
    assert (seen.decision, seen.observers, seen.works, seen.cannot_tell) == (
        Decision.DISAGREE, 2, 1, 1,
    )  # fmt: skip
    with pytest.raises(ValueError, match="nobody"):
        agreement([])


@given(st.lists(st.tuples(st.sampled_from("abcdef"), st.sampled_from([True, False, None])),
       min_size=1, max_size=12), st.randoms(use_true_random=False))  # fmt: skip
def test_the_order_of_observations_never_matters_and_disagreement_is_never_hidden(
    observations: list[tuple[str, bool | None]], random: object
) -> None:
    seen = agreement(observations)
    shuffled = list(observations)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    assert agreement(shuffled) == seen
    if {True, False} <= {works for _who, works in observations}:
        assert seen.decision == Decision.DISAGREE
        assert "They disagree." in agreement_text(seen, "en")
    more = agreement([*observations, ("somebody else", True)])
    order = {Decision.DOES_NOT_CONFORM: 0, Decision.UNDECIDED: 1, Decision.DISAGREE: 1,
        Decision.CONFORMS: 2}  # fmt: skip
    assert order[more.decision] >= order[seen.decision]
