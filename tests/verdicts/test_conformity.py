"""Measured against promised: JCGM 106 with a guard band, whatever the units, the order and the
numbers."""

from __future__ import annotations

import json
import math
import time
from decimal import Decimal
from statistics import NormalDist

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from claims.units import UnitMismatchError, check_unit, convert
from ledger.canonical import canonical
from ui.numbers import plain
from verdicts.conformity import (
    COVERAGE,
    Decision,
    MeasuredValue,
    Threshold,
    assess,
    judge,
    normal_distribution,
)

numbers = st.decimals(
    Decimal("-10000"), Decimal("10000"), places=4, allow_nan=False, allow_infinity=False
)
doubts = st.decimals(
    Decimal("0.0001"), Decimal("1000"), places=4, allow_nan=False, allow_infinity=False
)
comparators = st.sampled_from(["at_least", "at_most"])


def measured(value: Decimal, doubt: Decimal, unit: str = "m/s", **more: str) -> MeasuredValue:
    return MeasuredValue(
        **{
            "value": value,
            "standard_uncertainty": doubt,
            "unit": unit,
            "physical_unit": "Car 1",
            "contributor": "a",
            **more,
        }
    )


# --- Φ --------------------------------------------------------------------------------------------


@given(st.decimals(Decimal("-12"), Decimal("12"), places=6))
def test_the_normal_distribution_is_that_of_the_standard_library(z: Decimal) -> None:
    assert abs(float(normal_distribution(z)) - NormalDist().cdf(float(z))) < 1e-6


@given(
    st.decimals(Decimal("-12"), Decimal("12"), places=3),
    st.decimals(Decimal("0"), Decimal("3"), places=3),
)
def test_it_rises_and_is_symmetric(z: Decimal, step: Decimal) -> None:
    assert normal_distribution(z) <= normal_distribution(z + step)
    assert abs(normal_distribution(z) + normal_distribution(-z) - 1) <= Decimal("0.000001")


@pytest.mark.parametrize(
    ("z", "p"),
    [
        ("0", "0.500000"),
        ("1", "0.841345"),
        ("-1.96", "0.024998"),
        ("2", "0.977250"),
        ("99", "1"),
        ("-99", "0"),
    ],
)
def test_known_values(z: str, p: str) -> None:
    assert normal_distribution(Decimal(z)) == Decimal(p)


# --- one measurement ------------------------------------------------------------------------------


@given(comparators, numbers, numbers, doubts)
def test_the_decision_is_that_of_the_guard_band(
    comparator: str, limit: Decimal, value: Decimal, doubt: Decimal
) -> None:
    one = judge(Threshold(comparator, limit, "m/s"), measured(value, doubt))
    guard = COVERAGE * doubt
    sign = 1 if comparator == "at_least" else -1
    margin = sign * (value - limit)
    expected = (
        Decision.CONFORMS
        if margin > guard
        else Decision.DOES_NOT_CONFORM
        if margin < -guard
        else Decision.UNDECIDED
    )
    assert (one.decision, one.guard_band) == (expected, guard)
    assert (one.acceptance_limit, one.rejection_limit) == (
        limit + sign * guard,
        limit - sign * guard,
    )
    if one.decision == Decision.CONFORMS:
        assert one.probability >= Decimal("0.977249")
    if one.decision == Decision.DOES_NOT_CONFORM:
        assert one.probability <= Decimal("0.022751")
    if one.decision == Decision.UNDECIDED:
        assert Decimal("0.022749") <= one.probability <= Decimal("0.977251")


@given(comparators, numbers, numbers, doubts)
def test_the_probability_is_that_of_the_formula(
    comparator: str, limit: Decimal, value: Decimal, doubt: Decimal
) -> None:
    one = judge(Threshold(comparator, limit, "m/s"), measured(value, doubt))
    z = float(value - limit) / float(doubt) * (1 if comparator == "at_least" else -1)
    assert math.isclose(float(one.probability), NormalDist().cdf(z), abs_tol=2e-6)


@given(
    comparators, numbers, numbers, st.decimals(Decimal("0.0001"), Decimal("100"), places=4), doubts
)
def test_a_better_value_never_makes_conformity_less_probable(
    comparator: str, limit: Decimal, value: Decimal, better: Decimal, doubt: Decimal
) -> None:
    order = [Decision.DOES_NOT_CONFORM, Decision.UNDECIDED, Decision.CONFORMS]
    promise = Threshold(comparator, limit, "m/s")
    worse = judge(promise, measured(value, doubt))
    improved = judge(
        promise, measured(value + (better if comparator == "at_least" else -better), doubt)
    )
    assert improved.probability >= worse.probability
    assert order.index(improved.decision) >= order.index(worse.decision)


@given(comparators, numbers, numbers, doubts, doubts)
def test_more_doubt_never_turns_a_doubt_into_a_decision(
    comparator: str, limit: Decimal, value: Decimal, doubt: Decimal, more: Decimal
) -> None:
    promise = Threshold(comparator, limit, "m/s")
    if judge(promise, measured(value, doubt)).decision == Decision.UNDECIDED:
        assert judge(promise, measured(value, doubt + more)).decision == Decision.UNDECIDED


@given(comparators, numbers, st.decimals(Decimal(0), Decimal(100), places=3), numbers, doubts)
def test_a_tolerance_only_helps_who_promised(
    comparator: str, limit: Decimal, tolerance: Decimal, value: Decimal, doubt: Decimal
) -> None:
    strict = judge(Threshold(comparator, limit, "m/s"), measured(value, doubt))
    loose = judge(Threshold(comparator, limit, "m/s", tolerance), measured(value, doubt))
    assert loose.probability >= strict.probability
    assert not (strict.decision == Decision.CONFORMS and loose.decision != Decision.CONFORMS)


FACTORS = {
    "m/s": Decimal(1),
    "km/h": Decimal("3.6"),
    "cm/s": Decimal(100),
    "mm/s": Decimal(1000),
    "m/min": Decimal(60),
}


@given(comparators, st.decimals(0, 100, places=2), st.decimals(0, 100, places=2),
    st.decimals("0.01", "10", places=2),
       st.sampled_from(sorted(FACTORS)), st.sampled_from(sorted(FACTORS)))  # fmt: skip
def test_the_unit_in_which_something_is_said_or_read_changes_nothing(
    comparator: str, limit: Decimal, value: Decimal, doubt: Decimal, promised: str, read: str
) -> None:
    plainly = judge(Threshold(comparator, limit, "m/s"), measured(value, doubt))
    assume(
        abs(abs(value - limit) - COVERAGE * doubt) > Decimal("0.000001")
    )  # on the very edge the last digit of a conversion decides
    other = judge(
        Threshold(comparator, limit * FACTORS[promised], promised),
        measured(value * FACTORS[read], doubt * FACTORS[read], read),
    )
    assert other.decision == plainly.decision
    assert abs(other.probability - plainly.probability) <= Decimal("0.000002")


@given(comparators, numbers, numbers, doubts)
def test_equal_inputs_give_equal_digits_without_a_float(
    comparator: str, limit: Decimal, value: Decimal, doubt: Decimal
) -> None:
    promise, one = Threshold(comparator, limit, "km/h"), measured(value, doubt)
    stored = assess(promise, [one]).to_json()
    assert canonical(stored) == canonical(assess(promise, [one]).to_json())
    assert not any(isinstance(leaf, float) for leaf in json.loads(json.dumps(stored)) if leaf)
    again = assess(
        Threshold(stored["comparator"], Decimal(stored["limit"]), stored["unit"]),
        [
            measured(
                Decimal(row["value"]),
                Decimal(row["standard_uncertainty"]),
                stored["unit"],
                physical_unit=row["unit"],
            )
            for row in stored["measurements"]
        ],
    )  # whoever holds the published numbers computes the same
    assert again.to_json()["measurements"] == stored["measurements"]


@pytest.mark.parametrize("doubt", ["0", "-0.1"])
def test_a_measurement_without_uncertainty_cannot_be_weighed(doubt: str) -> None:
    with pytest.raises(ValueError, match="positive"):
        judge(Threshold("at_least", Decimal(1), "m/s"), measured(Decimal(1), Decimal(doubt)))


# --- several --------------------------------------------------------------------------------------


@given(
    st.lists(st.tuples(numbers, doubts), min_size=1, max_size=6), st.randoms(use_true_random=False)
)
def test_the_whole_decides_only_if_every_measurement_does_and_order_does_not_matter(
    rows: list[tuple[Decimal, Decimal]], random: object
) -> None:
    promise = Threshold("at_least", Decimal(10), "m/s")
    values = [
        measured(value, doubt, physical_unit=f"Car {n}", contributor=str(n // 2))
        for n, (value, doubt) in enumerate(rows)
    ]
    whole = assess(promise, values)
    each = {judge(promise, one).decision for one in values}
    apart = {Decision.CONFORMS, Decision.DOES_NOT_CONFORM} <= each
    assert whole.decision == (
        each.pop() if len(each) == 1 else Decision.DISAGREE if apart else Decision.UNDECIDED
    )
    assert sum(whole.items.values()) == whole.units
    assert (whole.units, whole.contributors, whole.laboratories) == (
        len(rows),
        (len(rows) + 1) // 2,
        0,
    )
    random.shuffle(values)  # type: ignore[attr-defined]  # a random.Random
    shuffled = assess(promise, values)
    assert (shuffled.decision, shuffled.units, shuffled.contributors) == (
        whole.decision,
        whole.units,
        whole.contributors,
    )


def test_several_measurements_of_one_unit_are_one_unit() -> None:
    values = [
        measured(Decimal(n), Decimal(1), physical_unit="Car 1", contributor=f"owner {n}")
        for n in (1, 2)
    ]
    whole = assess(Threshold("at_least", Decimal(50), "m/s"), values)
    assert (whole.units, whole.contributors, len(whole.judged), whole.decision) == (
        1,
        2,
        2,
        Decision.DOES_NOT_CONFORM,
    )


def test_three_cars_that_fail_and_one_that_passes_are_no_average() -> None:
    values = [
        measured(Decimal(value), Decimal("0.1"), physical_unit=f"Car {value}")
        for value in (1, 2, 3, 99)
    ]
    whole = assess(Threshold("at_least", Decimal(50), "m/s"), values)
    assert (whole.decision, whole.items) == (
        Decision.DISAGREE,
        {"conforms": 1, "does_not_conform": 3, "undecided": 0, "disagree": 0},
    )


# --- units ----------------------------------------------------------------------------------------

HOSTILE = [
    "9**9**9**9", "m**9999999", "m^99999", "1e999999", "(" * 39, "__import__('os').system('id')",
    "m;drop", "lambda: 0", "m**-99", "m\0s",
    "m" * 41, "м/с", "m//s", "m/ /s", "*m", "m**2**2", "[m]", "{m}", "m\nm", "m" + "*m" * 19 + "x",
    "yottayottametre", "degC", "degF",
    "nan", "inf", "m + s", "2 m", "m@s", "=m",
]  # fmt: skip


@pytest.mark.parametrize("unit", HOSTILE)
def test_a_hostile_unit_is_refused_quickly(unit: str) -> None:
    started = time.monotonic()
    with pytest.raises(UnitMismatchError):
        check_unit(unit)
    assert time.monotonic() - started < 2


@given(st.text(max_size=60))
@settings(max_examples=60, deadline=2000)
def test_no_text_given_as_a_unit_does_anything_but_be_refused(unit: str) -> None:
    try:
        check_unit(unit)
    except UnitMismatchError:
        return
    assert convert(Decimal(1), unit, unit) == 1


@pytest.mark.parametrize(
    "unit",
    [
        "m/s",
        "km/h",
        "kW",
        "percent",
        "",
        "N*m",
        "m^2",
        "m**3 / s",
        "µm",
        "kg*m/s**2",
        "kelvin",
        "delta_degC",
    ],
)
def test_ordinary_units_are_known(unit: str) -> None:
    check_unit(unit)


@pytest.mark.parametrize(("one", "other"), [("m/s", "kW"), ("percent", "m"), ("", "second")])
def test_what_measures_another_thing_is_refused(one: str, other: str) -> None:
    with pytest.raises(UnitMismatchError, match="different things"):
        convert(Decimal(1), one, other)


@given(numbers)
def test_a_plain_number_has_no_exponent_and_reads_back(number: Decimal) -> None:
    text = plain(number)
    assert Decimal(text) == number
    assert "E" not in text.upper()
    assert text == "0" or not text.startswith("-0.0000000")
    assert "." not in text or not text.endswith("0")
