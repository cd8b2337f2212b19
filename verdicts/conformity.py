"""Measured values against a threshold, by JCGM 106:2012 ("The role of measurement uncertainty in
conformity assessment"). Pure.

A criterion is one-sided: at least, or at most, a limit `T` (less a tolerance given with the
promise). A measured value `y` with standard uncertainty `u` is taken as a Gaussian belief about the
true value (JCGM 106, 7.2). Its conformance probability is

    p = Φ((y − T) / u)      for "at least",
    p = Φ((T − y) / u)      for "at most"        (JCGM 106, 7.3)

Decisions use a guard band `w = r · U` with `U = 2u` and r = 1 (JCGM 106, 8.3; ISO 14253-1 uses the
same idea), both ways: we say *conforms* only when y is inside the limit by more than w, *does not
conform* only when it is outside by more than w, and else *undecided*. With r = 1 either statement
is wrong with at most 2.3 % probability. The doubt always goes to nobody's favour. Where one unit,
or one laboratory, conforms and another does not, the whole is none of these: they *disagree*.

Numbers are Decimal throughout; units are converted by pint with Decimal arithmetic, so equal inputs
give equal digits anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from enum import StrEnum
from typing import Any, Final

from claims.units import UnitMismatchError, convert
from ui.numbers import plain

COVERAGE: Final = Decimal(2)
PLACES: Final = Decimal("0.000001")
INDEPENDENT: Final = "independent"


class Decision(StrEnum):
    CONFORMS = "conforms"
    DOES_NOT_CONFORM = "does_not_conform"
    UNDECIDED = "undecided"
    DISAGREE = "disagree"  # of several measurements: some conform, some do not


@dataclass(frozen=True)
class Promise:
    """A one-sided limit: `comparator` is `at_least` or `at_most`; `tolerance` loosens the limit, in
    the same unit."""

    comparator: str
    value: Decimal
    unit: str
    tolerance: Decimal = Decimal(0)

    @property
    def limit(self) -> Decimal:
        """The limit after the tolerance, in `unit`."""
        return (
            self.value - self.tolerance
            if self.comparator == "at_least"
            else self.value + self.tolerance
        )


@dataclass(frozen=True)
class MeasuredValue:
    """One measured value with its standard uncertainty (k = 1), and who and what stands behind it.

    `physical_unit` is what the unit is called; `unit_identity`, where given, tells units apart that
    are called the same, and joins those that are called differently. What is not `independent` is
    from the side of `affiliation`: it is judged and shown, and counts as nothing.
    """

    value: Decimal
    standard_uncertainty: Decimal
    unit: str
    physical_unit: str
    contributor: str
    laboratory: str | None = None
    unit_identity: str = ""
    affiliation: str = INDEPENDENT


@dataclass(frozen=True)
class JudgedValue:
    """One measurement against the threshold, every number in the threshold's unit."""

    value: Decimal
    standard_uncertainty: Decimal
    guard_band: Decimal
    acceptance_limit: Decimal
    rejection_limit: Decimal
    probability: Decimal
    decision: Decision
    physical_unit: str
    affiliation: str = INDEPENDENT


@dataclass(frozen=True)
class ExcludedValue:
    """A stored measurement that cannot be set against the limit, and why: a fault of claims.units,
    or `number`."""

    physical_unit: str
    value: Decimal
    unit: str
    fault: str


@dataclass(frozen=True)
class Conformity:
    """All measurements of one aspect, decided unit by unit (`items`: how many units have which
    decision) and as a whole."""

    decision: Decision
    limit: Decimal
    unit: str
    comparator: str
    judged: tuple[JudgedValue, ...]
    units: int
    contributors: int
    laboratories: int
    items: dict[str, int]
    laboratories_disagree: bool
    left_out: tuple[ExcludedValue, ...] = ()

    def to_json(self) -> dict[str, Any]:
        """Without floats: every number a decimal string. Recomputing from `measurements` gives the
        same digits."""
        return {
            "standard": "JCGM 106:2012",
            "coverage": str(COVERAGE),
            "comparator": self.comparator,
            "limit": plain(self.limit),
            "unit": self.unit,
            "decision": str(self.decision),
            "units": self.units,
            "contributors": self.contributors,
            "laboratories": self.laboratories,
            "items": self.items,
            "laboratories_disagree": self.laboratories_disagree,
            "left_out": len(self.left_out),
            "measurements": [
                {
                    "unit": value.physical_unit,
                    "value": plain(value.value),
                    "standard_uncertainty": plain(value.standard_uncertainty),
                    "guard_band": plain(value.guard_band),
                    "acceptance_limit": plain(value.acceptance_limit),
                    "rejection_limit": plain(value.rejection_limit),
                    "conformance_probability": plain(value.probability),
                    "decision": str(value.decision),
                    "affiliation": value.affiliation,
                }
                for value in self.judged
            ],
        }


def normal_distribution(z: Decimal) -> Decimal:
    """Φ(z) to six places, by the series 1/2 + φ(z)·(z + z³/3 + z⁵/15 + …) (Abramowitz & Stegun
    26.2.11), in Decimal.

    Beyond ±9 the answer is 0 or 1 to far more than six places.
    """
    if abs(z) > 9:
        return Decimal(1) if z > 0 else Decimal(0)
    with localcontext() as context:
        context.prec = 50
        term = total = z
        n = 1
        while abs(term) > Decimal(10) ** -40:
            n += 2
            term = term * z * z / n
            total += term
        density = (-(z * z) / 2).exp() / Decimal(
            "2.50662827463100050241576528481104525300698674060993"
        )
        result = Decimal("0.5") + density * total
    return min(Decimal(1), max(Decimal(0), result)).quantize(PLACES, ROUND_HALF_EVEN)


def judge(promise: Promise, measured: MeasuredValue) -> JudgedValue:
    """One measurement against the threshold. Raises UnitMismatchError; ValueError for an
    uncertainty that is not positive."""
    if measured.standard_uncertainty <= 0:
        raise ValueError("a measurement without a positive standard uncertainty cannot be weighed")
    value = convert(measured.value, measured.unit, promise.unit)
    uncertainty = convert(measured.standard_uncertainty, measured.unit, promise.unit)
    sign = 1 if promise.comparator == "at_least" else -1
    margin = sign * (value - promise.limit)
    guard = COVERAGE * uncertainty
    if margin > guard:
        decision = Decision.CONFORMS
    elif margin < -guard:
        decision = Decision.DOES_NOT_CONFORM
    else:
        decision = Decision.UNDECIDED
    return JudgedValue(
        value, uncertainty, guard, promise.limit + sign * guard, promise.limit - sign * guard,
        normal_distribution(margin / uncertainty), decision, measured.physical_unit,
        measured.affiliation,
    )  # fmt: skip


def combine_decisions(decisions: Iterable[Decision]) -> Decision:
    """What several decisions come to: their own if they are one; `disagree` where they contradict
    each other; else `undecided`."""
    outcomes = set(decisions)
    if len(outcomes) == 1:
        return outcomes.pop()
    contradict = (
        Decision.DISAGREE in outcomes or {Decision.CONFORMS, Decision.DOES_NOT_CONFORM} <= outcomes
    )
    return Decision.DISAGREE if contradict else Decision.UNDECIDED


def assess(promise: Promise, measurements: Sequence[MeasuredValue]) -> Conformity:
    """All measurements against the threshold.

    Several measurements of one physical unit are all kept, but count as one unit. The whole decides
    only if every measurement decides the same way: three cars that fail and one that passes
    disagree, which is a finding to explain, not an average.

    What is from a company's side is judged, but decides and counts nothing: nobody is a witness in
    their own case.

    A stored measurement that cannot be set against the threshold is left out, and counted as that:
    nothing here raises.
    """
    judged: list[JudgedValue] = []
    weighed: list[MeasuredValue] = []
    left_out: list[ExcludedValue] = []
    by_unit: dict[str, list[tuple[MeasuredValue, Decision]]] = {}
    for measurement in measurements:
        try:
            result = judge(promise, measurement)
        except (ValueError, ArithmeticError) as error:
            fault = error.fault if isinstance(error, UnitMismatchError) else "number"
            left_out.append(
                ExcludedValue(measurement.physical_unit, measurement.value, measurement.unit, fault)
            )
            continue
        judged.append(result)
        if measurement.affiliation != INDEPENDENT:
            continue
        weighed.append(measurement)
        by_unit.setdefault(measurement.unit_identity or measurement.physical_unit, []).append(
            (measurement, result.decision)
        )
    of_units = [combine_decisions(decision for _one, decision in rows) for rows in by_unit.values()]
    return Conformity(
        decision=combine_decisions(of_units),
        limit=promise.limit,
        unit=promise.unit,
        comparator=promise.comparator,
        judged=tuple(judged),
        units=len(by_unit),
        contributors=len({measurement.contributor for measurement in weighed}),
        laboratories=len(
            {measurement.laboratory for measurement in weighed if measurement.laboratory}
        ),
        items={str(decision): of_units.count(decision) for decision in Decision},
        laboratories_disagree=any(_laboratories_disagree(rows) for rows in by_unit.values()),
        left_out=tuple(left_out),
    )


def _laboratories_disagree(rows: Sequence[tuple[MeasuredValue, Decision]]) -> bool:
    """Whether two laboratories measured one unit to opposite ends."""
    for_it = {
        measurement.laboratory
        for measurement, decision in rows
        if decision == Decision.CONFORMS and measurement.laboratory
    }
    against = {
        measurement.laboratory
        for measurement, decision in rows
        if decision == Decision.DOES_NOT_CONFORM and measurement.laboratory
    }
    return bool(for_it and against) and len(for_it | against) > 1
