"""All measurements of one point against its threshold: repetitions first, then items, then the
whole.

What one laboratory measured several times on one item is one result, its mean
(`verdicts.conformity.repetitions`). The results of one item decide that item; the items decide the
whole. Only what is within one laboratory and one item is averaged: where one item, or one
laboratory, conforms and another does not, the whole is none of these, and they *disagree*.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from claims.units import UnitMismatchError
from ui.numbers import plain
from verdicts.conformity.judging import (
    COVERAGE,
    INDEPENDENT,
    Decision,
    JudgedValue,
    MeasuredValue,
    combine_decisions,
    combine_of_one_item,
    judge,
)
from verdicts.conformity.proportions import Share, share_of_items
from verdicts.conformity.repetitions import (
    Mean,
    decide_repetitions,
    mean_of,
    probability_of_repetitions,
)
from verdicts.conformity.scatter import Scatter, en_numbers, scatter_of
from verdicts.conformity.thresholds import Threshold


@dataclass(frozen=True)
class ExcludedValue:
    """A stored measurement that cannot be set against the limit, and why: a fault of claims.units,
    or `number`."""

    physical_unit: str
    value: Decimal
    unit: str
    fault: str


@dataclass(frozen=True)
class ItemResult:
    """What one laboratory, or one contributor in one filing, measured on one item: the mean of its
    repetitions, every number in the threshold's unit.

    `item` is never told. `number` counts the items that laboratories measured, `laboratory` the
    laboratories of the point, from 1; a contributor's result has neither, since a number that comes
    twice would join what one owner filed.
    """

    item: str
    physical_unit: str
    kind: str
    mean: Mean
    probability: Decimal
    decision: Decision
    side: str
    number: int | None = None
    laboratory: int | None = None

    def to_json(self) -> dict[str, Any]:
        return {
            "item": self.number,
            "unit": self.physical_unit,
            "measured_by": {"kind": self.kind, "number": self.laboratory},
            "repetitions": self.mean.repetitions,
            "mean": plain(self.mean.value),
            "type_a": plain(self.mean.type_a),
            "type_b": plain(self.mean.type_b),
            "standard_uncertainty": plain(self.mean.standard_uncertainty),
            "expanded_uncertainty": plain(self.mean.expanded),
            "conformance_probability": plain(self.probability),
            "decision": str(self.decision),
        }


@dataclass(frozen=True)
class ItemScatter:
    """How far the laboratories that measured one item are apart: ISO 5725-2, and E_n of each pair
    of results (their places in `Conformity.results`, from 1)."""

    number: int | None
    physical_unit: str
    scatter: Scatter
    pairs: tuple[tuple[int, int, Decimal], ...]

    def to_json(self) -> dict[str, Any]:
        repeatability = self.scatter.repeatability
        return {
            "item": self.number,
            "unit": self.physical_unit,
            "results": self.scatter.parties,
            "mean": plain(self.scatter.mean),
            "between": plain(self.scatter.between),
            "repeatability": None if repeatability is None else plain(repeatability),
            "reproducibility": plain(self.scatter.reproducibility),
            "pairs": [
                {"results": [first, second], "en": plain(en)} for first, second, en in self.pairs
            ],
        }


@dataclass(frozen=True)
class Conformity:
    """All measurements of one aspect, decided unit by unit (`items`: how many units have which
    decision) and as a whole. `result_of` has for each of `judged` its place in `results`, from 1,
    or None if it does not count."""

    decision: Decision
    threshold: Threshold
    judged: tuple[JudgedValue, ...]
    units: int
    contributors: int
    laboratories: int
    items: dict[str, int]
    laboratories_disagree: bool
    results: tuple[ItemResult, ...]
    result_of: tuple[int | None, ...]
    scatter: tuple[ItemScatter, ...]
    share: Share | None
    left_out: tuple[ExcludedValue, ...] = ()

    @property
    def unit(self) -> str:
        return self.threshold.unit

    def to_json(self) -> dict[str, Any]:
        """Without floats: every number a decimal string. Recomputing from `measurements` gives the
        same digits."""
        return {
            "standard": "JCGM 106:2012",
            "coverage": str(COVERAGE),
            "comparator": self.threshold.comparator,
            "limit": _plain(self.threshold.limit),
            "lower_limit": _plain(self.threshold.lower),
            "upper_limit": _plain(self.threshold.upper),
            "unit": self.unit,
            "decision": str(self.decision),
            "units": self.units,
            "contributors": self.contributors,
            "laboratories": self.laboratories,
            "items": self.items,
            "share": {
                "method": "Wilson 1927",
                "confidence": str(self.share.confidence),
                "low": plain(self.share.low),
                "high": plain(self.share.high),
            }
            if self.share
            else None,
            "laboratories_disagree": self.laboratories_disagree,
            "left_out": len(self.left_out),
            "results": [result.to_json() for result in self.results],
            "scatter": [scatter.to_json() for scatter in self.scatter],
            "measurements": [
                {
                    "unit": value.physical_unit,
                    "value": plain(value.value),
                    "standard_uncertainty": plain(value.standard_uncertainty),
                    "guard_band": plain(value.guard_band),
                    "acceptance_limit": _plain(value.acceptance_limit),
                    "rejection_limit": _plain(value.rejection_limit),
                    "conformance_probability": plain(value.probability),
                    "decision": str(value.decision),
                    "affiliation": value.affiliation,
                    "result": result,
                }
                for value, result in zip(self.judged, self.result_of, strict=True)
            ],
        }


def _plain(number: Decimal | None) -> str | None:
    return None if number is None else plain(number)


@dataclass(frozen=True)
class _Counted:
    """A measurement that counts, judged, and its place among all that were judged."""

    measured: MeasuredValue
    judged: JudgedValue
    place: int


def assess(threshold: Threshold, measurements: Sequence[MeasuredValue]) -> Conformity:
    """All measurements against the threshold.

    The whole decides only if every item decides the same way: three cars that fail and one that
    passes disagree, which is a finding to explain, not an average.

    What is from a company's side is judged, but decides and counts nothing: nobody is a witness in
    their own case.

    A stored measurement that cannot be set against the threshold is left out, and counted as that:
    nothing here raises.
    """
    judged: list[JudgedValue] = []
    counted: list[_Counted] = []
    left_out: list[ExcludedValue] = []
    for measurement in measurements:
        try:
            result = judge(threshold, measurement)
        except (ValueError, ArithmeticError) as error:
            fault = error.fault if isinstance(error, UnitMismatchError) else "number"
            left_out.append(
                ExcludedValue(measurement.physical_unit, measurement.value, measurement.unit, fault)
            )
            continue
        if measurement.affiliation == INDEPENDENT:
            counted.append(_Counted(measurement, result, len(judged)))
        judged.append(result)
    results, places = _results(threshold, counted)
    by_item: dict[str, list[ItemResult]] = {}
    for row in results:
        by_item.setdefault(row.item, []).append(row)
    of_items = [
        combine_of_one_item((row.decision, row.side) for row in rows) for rows in by_item.values()
    ]
    meet, fail = of_items.count(Decision.CONFORMS), of_items.count(Decision.DOES_NOT_CONFORM)
    return Conformity(
        decision=combine_decisions(of_items),
        threshold=threshold,
        judged=tuple(judged),
        units=len(by_item),
        contributors=len({each.measured.contributor for each in counted}),
        laboratories=len({each.measured.laboratory for each in counted} - {None, ""}),
        items={str(decision): of_items.count(decision) for decision in Decision},
        laboratories_disagree=any(_laboratories_disagree(rows) for rows in by_item.values()),
        results=tuple(results),
        result_of=tuple(places.get(place) for place in range(len(judged))),
        scatter=tuple(_scatters(by_item.values(), results)),
        share=share_of_items(meet, fail, len(of_items)) if of_items else None,
        left_out=tuple(left_out),
    )


def _results(
    threshold: Threshold, counted: Sequence[_Counted]
) -> tuple[list[ItemResult], Mapping[int, int]]:
    """One row for each item and who measured it; and for each measurement its row, from 1. The
    order and the numbers come from what is public of a row alone, never from who filed it."""
    groups: dict[tuple[str, tuple[str, str]], list[_Counted]] = {}
    for each in counted:
        groups.setdefault((each.measured.item, each.measured.measured_by), []).append(each)
    rows = []
    for (item, (kind, who)), group in groups.items():
        judged = [each.judged for each in group]
        values = sorted((each.value, each.standard_uncertainty) for each in judged)
        mean = mean_of(values)
        result = ItemResult(
            item=item,
            physical_unit=min(each.physical_unit for each in judged),
            kind=kind,
            mean=mean,
            probability=probability_of_repetitions(threshold, judged, mean),
            decision=decide_repetitions(threshold, judged, mean),
            side=threshold.side(mean.value),
        )
        laboratory = who if kind == "laboratory" else ""
        rows.append(((result.physical_unit, kind, laboratory, values), result, group))
    rows.sort(key=lambda row: row[0])
    items: dict[str, int] = {}
    laboratories: dict[str, int] = {}
    results = []
    for (_unit, _kind, laboratory, _values), result, _group in rows:
        if laboratory:
            result = replace(
                result,
                number=items.setdefault(result.item, len(items) + 1),
                laboratory=laboratories.setdefault(laboratory, len(laboratories) + 1),
            )
        results.append(result)
    places = {
        each.place: place for place, (*_row, group) in enumerate(rows, start=1) for each in group
    }
    return results, places


def _scatters(
    items: Iterable[Sequence[ItemResult]], results: Sequence[ItemResult]
) -> Iterator[ItemScatter]:
    """How far laboratories are apart on each item that several of them measured."""
    for rows in items:
        laboratories = [row for row in rows if row.laboratory]
        if len(laboratories) > 1:
            means = [row.mean for row in laboratories]
            places = [results.index(row) + 1 for row in laboratories]
            yield ItemScatter(
                laboratories[0].number,
                laboratories[0].physical_unit,
                scatter_of(means),
                tuple(
                    (places[first], places[second], en)
                    for (first, second), en in en_numbers(means).items()
                ),
            )


def _laboratories_disagree(rows: Sequence[ItemResult]) -> bool:
    """Whether two laboratories measured one item to opposite ends."""
    decided = {
        (row.decision, row.side)
        for row in rows
        if row.kind == "laboratory"
        and row.decision in (Decision.CONFORMS, Decision.DOES_NOT_CONFORM)
    }
    return len(decided) > 1
