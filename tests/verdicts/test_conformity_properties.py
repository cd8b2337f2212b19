"""What holds of every set of measurements, whatever the threshold: units, doubt, one more item,
order, disagreement."""

from __future__ import annotations

from dataclasses import replace
from decimal import Decimal

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ledger.canonical import canonical
from verdicts.conformity import (
    COVERAGE,
    Conformity,
    Decision,
    MeasuredValue,
    Threshold,
    assess,
)
from verdicts.conformity.proportions import share_of_items, wilson
from verdicts.conformity.repetitions import mean_of
from verdicts.conformity.scatter import en_number, scatter_of
from verdicts.outcome import outcome

numbers = st.decimals(Decimal(0), Decimal(30), places=2)
doubts = st.decimals(Decimal("0.01"), Decimal(5), places=2)
NO_VERDICT = {Decision.UNDECIDED, Decision.DISAGREE}
#: A claim is no better judged by a doubt than by a contradiction, and the reverse.
RANK = {
    Decision.DOES_NOT_CONFORM: 0, Decision.UNDECIDED: 1, Decision.DISAGREE: 1,
    Decision.CONFORMS: 2,
}  # fmt: skip


@st.composite
def thresholds(draw: st.DrawFn) -> Threshold:
    comparator = draw(st.sampled_from(["at_least", "at_most", "between", "exactly", "about"]))
    low = draw(st.decimals(Decimal(5), Decimal(20), places=1))
    width = draw(st.decimals(Decimal("0.1"), Decimal(9), places=1))
    if comparator == "between":
        return Threshold(comparator, low, "m/s", value_to=low + width)
    return Threshold(comparator, low, "m/s", width if comparator in {"exactly", "about"} else
        draw(st.sampled_from([Decimal(0), Decimal("0.5")])))  # fmt: skip


measured = st.builds(
    MeasuredValue,
    value=numbers,
    standard_uncertainty=doubts,
    unit=st.just("m/s"),
    physical_unit=st.sampled_from("ABC"),
    contributor=st.sampled_from("pq"),
    laboratory=st.sampled_from(["x", "y", None]),
)
several = st.lists(measured, min_size=1, max_size=7)


@given(thresholds(), several, st.randoms(use_true_random=False))
def test_the_order_of_measurements_never_matters(
    threshold: Threshold, values: list[MeasuredValue], random: object
) -> None:
    shuffled = list(values)
    random.shuffle(shuffled)  # type: ignore[attr-defined]  # a random.Random
    one, other = (assess(threshold, rows).to_json() for rows in (values, shuffled))
    for conformity in (one, other):
        conformity["measurements"].sort(key=lambda row: canonical(row))
    assert canonical(one) == canonical(other), "to the last digit"


FACTORS = {"m/s": Decimal(1), "km/h": Decimal("3.6"), "mm/s": Decimal(1000), "m/min": Decimal(60)}
units = st.sampled_from(sorted(FACTORS))


def in_unit(value: MeasuredValue, unit: str) -> MeasuredValue:
    factor = FACTORS[unit]
    return replace(
        value, value=value.value * factor, unit=unit,
        standard_uncertainty=value.standard_uncertainty * factor,
    )  # fmt: skip


def on_an_edge(conformity: Conformity) -> bool:
    """Whether a last digit decides: a value on a limit, or as far from it as its guard band."""
    near = Decimal("0.000001")
    threshold = conformity.threshold
    rows = [(row.value, row.guard_band) for row in conformity.judged]
    rows += [(row.mean.value, row.mean.expanded) for row in conformity.results]
    return any(
        abs(threshold.margin(value)) < near or abs(abs(threshold.margin(value)) - guard) < near
        for value, guard in rows
    )


@given(thresholds(), several, units, st.lists(units, min_size=7, max_size=7))
def test_a_change_of_units_never_changes_a_decision(
    threshold: Threshold, values: list[MeasuredValue], asked: str, read: list[str]
) -> None:
    plainly = assess(threshold, values)
    assume(not on_an_edge(plainly))
    other = assess(
        threshold.scaled(lambda number: number * FACTORS[asked], asked),
        [in_unit(value, unit) for value, unit in zip(values, read, strict=False)],
    )
    assert (other.decision, other.items) == (plainly.decision, plainly.items)
    assert [row.decision for row in other.results] == [row.decision for row in plainly.results]


@given(thresholds(), several, st.lists(st.decimals(0, 5, places=2), min_size=7, max_size=7))
@example(
    # Nine repetitions inside and one outside: a mean that says nothing of the tenth.
    Threshold("at_least", Decimal(10), "m/s"),
    [
        MeasuredValue(Decimal(number), Decimal("0.1"), "m/s", "A", "p", "x")
        for number in ("20", "20", "20", "20", "20", "20", "9.79")
    ],
    [Decimal(0)] * 6 + [Decimal("0.1")],
)
def test_more_uncertainty_never_turns_what_is_open_into_a_verdict(
    threshold: Threshold, values: list[MeasuredValue], more: list[Decimal]
) -> None:
    before = assess(threshold, values)
    after = assess(
        threshold,
        [
            replace(value, standard_uncertainty=value.standard_uncertainty + extra)
            for value, extra in zip(values, more, strict=False)
        ],
    )
    if before.decision in NO_VERDICT:
        assert after.decision in NO_VERDICT
    assert after.decision in {before.decision} | NO_VERDICT, "nor one verdict into the other"
    for one, other in zip(before.results, after.results, strict=True):
        assert one.decision not in NO_VERDICT or other.decision in NO_VERDICT


@given(thresholds(), several)
def test_one_more_item_that_conforms_never_makes_it_worse(
    threshold: Threshold, values: list[MeasuredValue]
) -> None:
    lower = threshold.lower if threshold.lower is not None else threshold.upper
    upper = threshold.upper if threshold.upper is not None else threshold.lower
    assert lower is not None
    assert upper is not None
    inside = (lower + upper) / 2 + (0 if lower != upper else 1 if threshold.upper is None else -1)
    good = MeasuredValue(inside, Decimal("0.001"), "m/s", "one more", "p", "x")
    assert assess(threshold, [good]).decision == Decision.CONFORMS
    before, after = assess(threshold, values), assess(threshold, [*values, good])
    assert RANK[after.decision] >= RANK[before.decision]
    assert after.items["conforms"] == before.items["conforms"] + 1
    assert before.share is not None
    assert after.share is not None
    assert after.share.low >= before.share.low


@given(thresholds(), several)
def test_disagreement_is_never_hidden(threshold: Threshold, values: list[MeasuredValue]) -> None:
    whole = assess(threshold, values)
    alone = {row.decision for row in whole.judged}
    verdicts = {Decision.CONFORMS, Decision.DOES_NOT_CONFORM}
    if alone >= verdicts:
        assert whole.decision in NO_VERDICT
    if whole.decision in verdicts:
        opposite = (verdicts - {whole.decision}).pop()
        assert opposite not in alone
    by_item = {row.physical_unit for row in whole.judged}
    for item in by_item:
        of_item = {row.decision for row in whole.judged if row.physical_unit == item}
        if of_item >= verdicts:
            results = [row for row in whole.results if row.physical_unit == item]
            assert {row.decision for row in results} - verdicts or len(
                {row.decision for row in results}
            ) > 1
    said = outcome(whole.to_json(), "en")
    if whole.decision == Decision.DISAGREE:
        assert "disagree" in said or "contradict" in said
    if any(abs(en) > 1 for item in whole.scatter for _one, _other, en in item.pairs):
        assert "differ by more than their uncertainties explain" in said


@given(thresholds(), several)
def test_only_one_laboratory_on_one_item_is_averaged_and_every_measurement_is_kept(
    threshold: Threshold, values: list[MeasuredValue]
) -> None:
    whole = assess(threshold, values)
    assert len(whole.judged) == len(values)
    assert sum(row.mean.repetitions for row in whole.results) == len(values)
    assert len(whole.results) == len({(value.item, value.measured_by) for value in values})
    for place, row in enumerate(whole.results, start=1):
        own = [
            judged
            for judged, result in zip(whole.judged, whole.result_of, strict=True)
            if result == place
        ]
        assert {each.physical_unit for each in own} == {row.physical_unit}
        assert min(each.value for each in own) <= row.mean.value <= max(each.value for each in own)
        least = sum(each.guard_band for each in own) / len(own)
        assert row.mean.expanded >= least - Decimal("1e-20"), "repeating takes no stated doubt away"
        if row.decision == Decision.CONFORMS:
            assert row.probability >= Decimal("0.954499"), "two limits share 4.55 % at most"
        if row.decision == Decision.DOES_NOT_CONFORM:
            assert row.probability <= Decimal("0.022751")
        if row.mean.repetitions == 1:
            assert row.mean.expanded == own[0].guard_band == COVERAGE * own[0].standard_uncertainty
            assert row.decision == own[0].decision


@given(st.lists(st.tuples(numbers, doubts), min_size=2, max_size=5))
def test_scatter_is_never_negative_and_e_n_is_antisymmetric(
    values: list[tuple[Decimal, Decimal]],
) -> None:
    means = [mean_of([each]) for each in values]
    scatter = scatter_of(means)
    assert scatter.between >= 0
    assert scatter.reproducibility >= scatter.between
    assert en_number(means[0], means[1]) == -en_number(means[1], means[0])


@given(st.integers(0, 60), st.integers(0, 60), st.integers(0, 60))
def test_wilsons_interval_holds_the_share_and_narrows_with_what_is_known(
    meet: int, fail: int, open_: int
) -> None:
    total = meet + fail + open_
    assume(total > 0)
    share = share_of_items(meet, fail, total)
    assert 0 <= share.low <= Decimal(meet) / total + Decimal("0.000001")
    assert Decimal(total - fail) / total - Decimal("0.000001") <= share.high <= 1
    assert wilson(meet, total, 99).low <= wilson(meet, total).low
    mirrored = wilson(total - meet, total)
    assert abs(1 - wilson(meet, total).low - mirrored.high) <= Decimal("0.000001")
    if open_:
        known = share_of_items(meet + open_, fail, total)
        assert share.low <= known.low <= known.high <= share.high
