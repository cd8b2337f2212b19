"""Cases with an answer that was known before this code: printed in a standard, handbook or paper,
or worked out by hand.

`PUBLISHED` cases name where data and answer are printed; they were typed in by people who know
these documents, and an answer is compared to as many digits as are printed there. `BY_HAND` cases
show their arithmetic, were computed without this code, and claim no other source.
"""

from __future__ import annotations

from datetime import date
from decimal import ROUND_HALF_EVEN, ROUND_HALF_UP, Decimal
from statistics import NormalDist

import pytest

from verdicts.conformity import Decision, MeasuredValue, Threshold, assess, judge
from verdicts.conformity.amounts import compare_count, compare_price
from verdicts.conformity.dates import Punctuality, lateness
from verdicts.conformity.normal import student_factor
from verdicts.conformity.proportions import share_of_items, wilson
from verdicts.conformity.repetitions import Mean, mean_of
from verdicts.conformity.scatter import en_number, scatter_of

PUBLISHED, BY_HAND = "published", "by hand"


def threshold(text: str, unit: str = "m") -> Threshold:
    """`>= 5`, `<= 5`, `6 to 8`, `20 +- 1`."""
    words = text.split()
    if words[0] == ">=":
        return Threshold("at_least", Decimal(words[1]), unit)
    if words[0] == "<=":
        return Threshold("at_most", Decimal(words[1]), unit)
    if words[1] == "to":
        return Threshold("between", Decimal(words[0]), unit, value_to=Decimal(words[2]))
    return Threshold("about", Decimal(words[0]), unit, Decimal(words[2]))


def value(number: str, doubt: str = "1", item: str = "A", by: str = "lab 1") -> MeasuredValue:
    return MeasuredValue(Decimal(number), Decimal(doubt), "m", item, "owner", by)


def rounded(number: Decimal, like: str) -> str:
    """To as many places as the printed answer has."""
    return str(number.quantize(Decimal(like), ROUND_HALF_UP))


# --- probability of conformance -------------------------------------------------------------------

C, F, U = Decision.CONFORMS, Decision.DOES_NOT_CONFORM, Decision.UNDECIDED
PROBABILITIES = [
    # source, threshold, y, u, p as printed, decision with w = 2u
    (PUBLISHED, "JCGM 106:2012, 7.3, Zener diode", "<= -5.40", "-5.47", "0.05", "0.92", U),
    (PUBLISHED, "JCGM 106:2012, 7.3, metal container", ">= 490", "507.1", "8.6", "0.98", U),
    (PUBLISHED, "JCGM 106:2012, 7.4, motor oil", "12.5 to 16.3", "13.6", "1.8", "0.66", U),
    # Φ from the table of the normal distribution
    (BY_HAND, "z = 2.50", ">= 1.5", "1.75", "0.1", "0.993790", C),
    (BY_HAND, "z = −2.50", ">= 1.5", "1.25", "0.1", "0.006210", F),
    (BY_HAND, "z = 2 exactly is on the guard band", ">= 10", "12", "1", "0.977250", U),
    (BY_HAND, "z = −2 exactly", ">= 10", "8", "1", "0.022750", U),
    (BY_HAND, "z = 1 below an upper limit", "<= 10", "9", "1", "0.841345", U),
    (BY_HAND, "z = 3 below an upper limit", "<= 10", "7", "1", "0.998650", C),
    (BY_HAND, "middle of ±3u: 2Φ(3) − 1", "7 to 13", "10", "1", "0.997300", C),
    (BY_HAND, "middle of ±2u: 2Φ(2) − 1", "8 to 12", "10", "1", "0.954500", U),
    (BY_HAND, "middle of ±1u: 2Φ(1) − 1", "20 +- 1", "20", "1", "0.682689", U),
    (BY_HAND, "on the upper end: Φ(0) − Φ(−4)", "6 to 10", "10", "1", "0.499968", U),
    (BY_HAND, "3u above: Φ(−3) − Φ(−7)", "6 to 10", "13", "1", "0.001350", F),
    (BY_HAND, "3u below", "6 to 10", "3", "1", "0.001350", F),
]  # fmt: skip


@pytest.mark.parametrize(
    ("kind", "source", "asked", "number", "doubt", "probability", "decision"), PROBABILITIES
)
def test_the_probability_of_conformance_is_the_known_one(
    kind: str, source: str, asked: str, number: str, doubt: str, probability: str,
    decision: Decision,
) -> None:  # fmt: skip
    judged = judge(threshold(asked), value(number, doubt))
    places = "0.01" if kind == PUBLISHED else "0.000001"
    assert str(judged.probability.quantize(Decimal(places), ROUND_HALF_EVEN)) == probability, source
    assert judged.decision == decision
    interval = threshold(asked)
    normal = NormalDist(float(number), float(doubt))
    upper = 1.0 if interval.upper is None else normal.cdf(float(interval.upper))
    lower = 0.0 if interval.lower is None else normal.cdf(float(interval.lower))
    assert abs(float(judged.probability) - (upper - lower)) < 2e-6


# --- repetitions ----------------------------------------------------------------------------------

#: Table 1 of JCGM 100:2008, 4.4.3: twenty temperatures.
TEMPERATURES = (
    "96.90 98.18 98.25 98.61 99.03 99.49 99.56 99.74 99.89 100.07 "
    "100.33 100.42 100.68 100.95 101.11 101.20 101.57 101.84 102.36 102.72"
)
#: Table H.9: the daily means of a Zener reference, in volts.
ZENER = (
    "10.000172 10.000116 10.000013 10.000144 10.000106 "
    "10.000031 10.000060 10.000125 10.000163 10.000041"
)
REPETITIONS = [
    # source, values, mean, s, s/√n
    (PUBLISHED, "JCGM 100:2008, 4.4.3", TEMPERATURES, "100.145", "1.489", "0.333"),
    (PUBLISHED, "JCGM 100:2008, H.2, V", "5.007 4.994 5.005 4.990 4.999", "4.9990", "", "0.0032"),
    (PUBLISHED, "JCGM 100:2008, H.2, I", "19.663 19.639 19.640 19.685 19.678",
        "19.6610", "", "0.0095"),
    (PUBLISHED, "JCGM 100:2008, H.2, φ", "1.0456 1.0438 1.0468 1.0428 1.0433",
        "1.04446", "", "0.00075"),
    (PUBLISHED, "JCGM 100:2008, H.5", ZENER, "10.000097", "0.000057", "0.000018"),
    (PUBLISHED, "NIST StRD, NumAcc1", "10000001 10000003 10000002", "10000002", "1", ""),
    (PUBLISHED, "NIST StRD, NumAcc2", "1.2" + " 1.1 1.3" * 500, "1.2", "0.1", ""),
    (PUBLISHED, "NIST StRD, NumAcc3", "1000000.2" + " 1000000.1 1000000.3" * 500,
        "1000000.2", "0.1", ""),
    (PUBLISHED, "NIST StRD, NumAcc4", "10000000.2" + " 10000000.1 10000000.3" * 500,
        "10000000.2", "0.1", ""),
    (BY_HAND, "(2² + 0 + 2²) / 2 = 4", "8 10 12", "10", "2", "1.1547"),
    (BY_HAND, "two values d apart: s = d/√2, s/√2 = d/2", "3 4", "3.5", "0.7071", "0.5000"),
    (BY_HAND, "equal values scatter nothing", "7 7 7 7", "7", "0", "0"),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "source", "values", "mean", "deviation", "of_mean"), REPETITIONS)
def test_the_mean_and_its_type_a_uncertainty_are_the_known_ones(
    kind: str, source: str, values: str, mean: str, deviation: str, of_mean: str
) -> None:
    computed = mean_of([(Decimal(number), Decimal("0.001")) for number in values.split()])
    assert rounded(computed.value, mean) == mean, (kind, source)
    if deviation:
        assert rounded(computed.deviation or Decimal(0), deviation) == deviation
    if of_mean:
        assert rounded(computed.type_a, of_mean) == of_mean


def test_type_a_and_type_b_are_combined_and_expanded_as_worked_by_hand() -> None:
    # By hand. s/√3 = 1.1547; u_B = 0.5; u = √(1.3333 + 0.25) = 1.25831; t(2) = 4.53:
    # U = √((4.53 · 1.1547)² + 1²) = √(27.3612 + 1) = 5.32552
    mean = mean_of([(Decimal(number), Decimal("0.5")) for number in (8, 10, 12)])
    assert rounded(mean.standard_uncertainty, "0.00001") == "1.25831"
    assert rounded(mean.expanded, "0.00001") == "5.32552"


@pytest.mark.parametrize(
    ("degrees", "factor"),
    [(1, "13.97"), (2, "4.53"), (5, "2.65"), (9, "2.32"), (22, "2.13"), (60, "2.05"),
     (5000, "2.025")],
)  # fmt: skip
def test_few_repetitions_are_expanded_by_table_g2_of_the_gum(degrees: int, factor: str) -> None:
    # JCGM 100:2008, Table G.2, 95.45 %; between two rows the larger factor.
    assert student_factor(degrees) == Decimal(factor)


# --- laboratories ---------------------------------------------------------------------------------


def result(number: str, expanded: str, n: int = 1) -> Mean:
    half = Decimal(expanded) / 2
    return Mean(n, Decimal(number), Decimal(0), half, half, Decimal(expanded), None)


@pytest.mark.parametrize(
    ("source", "one", "other", "en"),
    [
        # By hand, by the formula of ISO 13528:2015, 9.7: (x₁ − x₂) / √(U₁² + U₂²).
        ("2 / √(3² + 4²) = 2/5", ("102", "3"), ("100", "4"), "0.4000"),
        ("5 / 5: on the edge", ("105", "3"), ("100", "4"), "1.0000"),
        ("−13 / √(5² + 12²) = −13/13", ("87", "5"), ("100", "12"), "-1.0000"),
        ("30 / √(8² + 15²) = 30/17", ("130", "8"), ("100", "15"), "1.7647"),
        ("equal values", ("7", "1"), ("7", "2"), "0.0000"),
        ("850 / √(80² + 80²)", ("8150", "80"), ("7300", "80"), "7.5130"),
    ],
)
def test_e_n_numbers_are_the_ones_worked_by_hand(
    source: str, one: tuple[str, str], other: tuple[str, str], en: str
) -> None:
    assert str(en_number(result(*one), result(*other))) == en, source


#: ISO 5725-2:1994, B.1, level 1: sulphur in coal, percent by mass, eight laboratories.
COAL = (
    "0.71 0.71 0.70 0.71", "0.69 0.67 0.68", "0.66 0.65 0.69", "0.67 0.65 0.66",
    "0.70 0.69 0.66 0.71 0.69", "0.73 0.74 0.73", "0.71 0.71 0.69", "0.70 0.65 0.68",
)  # fmt: skip


def test_laboratories_scatter_as_printed_for_sulphur_in_coal() -> None:
    means = [mean_of([(Decimal(each), Decimal("0.01")) for each in row.split()]) for row in COAL]
    scatter = scatter_of(means)
    assert scatter.repeatability is not None
    assert (
        rounded(scatter.mean, "0.001"),
        rounded(scatter.repeatability, "0.001"),
        rounded(scatter.reproducibility, "0.001"),
    ) == ("0.690", "0.015", "0.026")


def test_laboratories_that_repeated_nothing_scatter_by_the_deviation_of_their_values() -> None:
    # By hand: mean 10, (1 + 0 + 1) / 2 = 1.
    scatter = scatter_of([result(number, "1") for number in ("9", "10", "11")])
    assert (scatter.mean, scatter.between, scatter.repeatability, scatter.reproducibility) == (
        10, 1, None, 1,
    )  # fmt: skip


def test_laboratories_closer_than_their_repeatability_have_none_between_them() -> None:
    # By hand: s_r² = (2 + 2) / 2 = 2, s_d² = 0, s_L² = (0 − 2) / 2 < 0, taken as 0.
    means = [mean_of([(Decimal(9), Decimal(1)), (Decimal(11), Decimal(1))]) for _lab in range(2)]
    scatter = scatter_of(means)
    assert (scatter.between, scatter.reproducibility) == (0, scatter.repeatability)
    assert rounded(scatter.reproducibility, "0.0001") == "1.4142"


# --- k of n ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("kind", "source", "k", "n", "low", "high"),
    [
        (PUBLISHED, "Newcombe 1998, Table I, method 3", 81, 263, "0.2553", "0.3662"),
        (PUBLISHED, "Newcombe 1998, Table I, method 3", 15, 148, "0.0624", "0.1605"),
        (PUBLISHED, "Newcombe 1998, Table I, method 3", 0, 20, "0.0000", "0.1611"),
        (PUBLISHED, "Newcombe 1998, Table I, method 3", 1, 29, "0.0061", "0.1718"),
        # z² = 3.841459. None of n: (0, z²/(n + z²)); all of n: (n/(n + z²), 1).
        (BY_HAND, "z²/(1 + z²)", 0, 1, "0.0000", "0.7935"),
        (BY_HAND, "1/(1 + z²)", 1, 1, "0.2065", "1.0000"),
        (BY_HAND, "3/(3 + z²)", 3, 3, "0.4385", "1.0000"),
        (BY_HAND, "10/(10 + z²)", 10, 10, "0.7225", "1.0000"),
        # Half of n: 1/2 ± z / (2·√(n + z²)).
        (BY_HAND, "1/2 ± 1.959964 / (2·√5.841459)", 1, 2, "0.0945", "0.9055"),
        (BY_HAND, "1/2 ± 1.959964 / (2·√103.841459)", 50, 100, "0.4038", "0.5962"),
    ],
)
def test_wilsons_interval_is_the_known_one(
    kind: str, source: str, k: int, n: int, low: str, high: str
) -> None:
    share = wilson(k, n)
    assert (rounded(share.low, low), rounded(share.high, high)) == (low, high), (kind, source)


def test_inconclusive_items_widen_the_interval_both_ways() -> None:
    # By hand: 1 meets, 1 misses, 1 is open of 3: from the low end of 1/3 to the high end of 2/3.
    share = share_of_items(1, 1, 3)
    assert (share.low, share.high) == (wilson(1, 3).low, wilson(2, 3).high)
    assert share.percents == ("6", "94")


# --- items and laboratories together --------------------------------------------------------------

WHOLES = [
    # by hand: threshold, measurements (value, u, item, laboratory), decision
    ("each repetition alone meets it", ">= 10",
        [("13", "1", "A", "x"), ("20", "1", "A", "x")], C),
    ("the mean meets it: 12 ± √((4.53·0.0577)² + 1.6²) = 1.62", ">= 10",
        [("11.9", "0.8", "A", "x"), ("12.0", "0.8", "A", "x"), ("12.1", "0.8", "A", "x")], C),
    ("without the third the same mean: 12 ± √((13.97·0.1)² + 1.9²) = 2.36", ">= 10",
        [("11.9", "0.96", "A", "x"), ("12.1", "0.96", "A", "x")], U),
    ("a mean far inside, one repetition outside", ">= 10",
        [(str(n), "0.1", "A", "x") for n in (9.95, 14, 14, 14, 14, 14, 14, 14)], U),
    ("one laboratory contradicts itself", ">= 10",
        [("5", "1", "A", "x"), ("15", "1", "A", "x")], Decision.DISAGREE),
    ("two laboratories, one item, opposite ends", ">= 10",
        [("5", "1", "A", "x"), ("15", "1", "A", "y")], Decision.DISAGREE),
    ("below for one laboratory, above for the other", "8 to 12",
        [("5", "1", "A", "x"), ("15", "1", "A", "y")], Decision.DISAGREE),
    ("one item below, another above: neither is inside", "8 to 12",
        [("5", "1", "A", "x"), ("15", "1", "B", "x")], F),
    ("two items inside", "8 to 12", [("10", "0.5", "A", "x"), ("10.5", "0.5", "B", "y")], C),
    ("one item inside, one on the edge", "8 to 12",
        [("10", "0.5", "A", "x"), ("12", "0.5", "B", "y")], U),
]  # fmt: skip


@pytest.mark.parametrize(("source", "asked", "rows", "decision"), WHOLES)
def test_items_and_laboratories_come_to_what_was_worked_by_hand(
    source: str, asked: str, rows: list[tuple[str, str, str, str]], decision: Decision
) -> None:
    assert assess(threshold(asked), [value(*row) for row in rows]).decision == decision, source


# --- exact things ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("promised", "earliest", "latest", "decision", "least", "most"),
    [
        # By hand, by the calendar.
        ("2024-02-28", "2024-03-01", "2024-03-01", Punctuality.LATE, 2, 2),  # a leap year
        ("2023-02-28", "2023-03-01", "2023-03-01", Punctuality.LATE, 1, 1),
        ("2025-12-31", "2025-12-20", "2025-12-31", Punctuality.ON_TIME, 0, 0),
        ("2025-12-31", "2025-12-20", "2026-01-02", Punctuality.UNDECIDED, 0, 2),
        ("2025-12-31", "2026-03-31", None, Punctuality.LATE, 90, None),
    ],
)
def test_days_late_are_those_of_the_calendar(
    promised: str, earliest: str, latest: str | None, decision: Punctuality, least: int,
    most: int | None,
) -> None:  # fmt: skip
    known = lateness(
        date.fromisoformat(promised),
        date.fromisoformat(earliest),
        date.fromisoformat(latest) if latest else None,
    )
    assert (known.decision, known.at_least, known.at_most) == (decision, least, most)


def test_prices_and_counts_are_compared_to_the_last_cent_and_piece() -> None:
    # By hand.
    price = Threshold("exactly", Decimal("42000"), "CNY", Decimal("0.00"))
    assert compare_price(price, Decimal("42000.01"), "CNY").beyond == Decimal("0.01")
    assert compare_count(threshold("<= 36"), 37).decision == F
    assert compare_count(threshold("2 to 4"), 4).decision == C
