"""One measured value against a threshold, by JCGM 106:2012 ("The role of measurement uncertainty in
conformity assessment").

A measured value `y` with standard uncertainty `u` is taken as a Gaussian belief about the true
value (JCGM 106, 7.2). Its conformance probability is

    p = Φ((y − L) / u)                    for a lower limit L,
    p = Φ((H − y) / u)                    for an upper limit H      (JCGM 106, 7.3)
    p = Φ((H − y) / u) − Φ((L − y) / u)   for both                  (JCGM 106, 7.4)

Decisions use a guard band `w = r · U` with `U = 2u` and r = 1 (JCGM 106, 8.3; ISO 14253-1 uses the
same idea), both ways: we say *conforms* only when y is inside every limit by more than w, *does not
conform* only when it is outside one by more than w, and else *undecided*. With r = 1 either
statement is wrong with at most 2.3 % probability; inside two limits that are nearly as close as the
guard bands allow, "conforms" with at most 4.6 %, 2.3 % for each. The doubt always goes to nobody's
favour.

Numbers are Decimal throughout; units are converted by pint with Decimal arithmetic, so equal inputs
give equal digits anywhere.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal, localcontext
from enum import StrEnum
from typing import Final

from claims.units import convert
from verdicts.conformity.normal import PRECISION, cumulative, to_six_places
from verdicts.conformity.thresholds import Threshold

COVERAGE: Final = Decimal(2)
INDEPENDENT: Final = "independent"


class Decision(StrEnum):
    CONFORMS = "conforms"
    DOES_NOT_CONFORM = "does_not_conform"
    UNDECIDED = "undecided"
    DISAGREE = "disagree"  # of several measurements: some conform, some do not


@dataclass(frozen=True)
class MeasuredValue:
    """One measured value with its standard uncertainty (k = 1), and who and what stands behind it.

    `contributor` and `filing` are never told: nobody may learn which submissions are by one owner
    or of one item. `physical_unit` is what the unit is called; `unit_identity`, where given, tells
    units apart that are called the same, and joins those that are called differently. What is not
    `independent` is from the side of `affiliation`: it is judged and shown, and counts as nothing.
    """

    value: Decimal
    standard_uncertainty: Decimal
    unit: str
    physical_unit: str
    contributor: str
    laboratory: str | None = None
    unit_identity: str = ""
    affiliation: str = INDEPENDENT
    filing: str = ""

    @property
    def item(self) -> str:
        """Which physical unit it is of."""
        return self.unit_identity or self.physical_unit

    @property
    def measured_by(self) -> tuple[str, str]:
        """Whose measurement it is: the laboratory's where one measured, otherwise that of one
        filing of a contributor. Two filings are two even where one owner sent both: a result that
        joined them would tell of whom they are."""
        return (
            ("laboratory", self.laboratory)
            if self.laboratory
            else ("contributor", f"{self.contributor} {self.filing}")
        )


@dataclass(frozen=True)
class JudgedValue:
    """One measurement against the threshold, every number in the threshold's unit.

    With two limits, acceptance and rejection limits are None: a guard band inside and outside each.
    """

    value: Decimal
    standard_uncertainty: Decimal
    guard_band: Decimal
    acceptance_limit: Decimal | None
    rejection_limit: Decimal | None
    probability: Decimal
    decision: Decision
    side: str
    physical_unit: str
    affiliation: str = INDEPENDENT


def decide(threshold: Threshold, value: Decimal, guard: Decimal) -> Decision:
    """What a value means for the threshold when it may be off by `guard` (JCGM 106, 8.3)."""
    margin = threshold.margin(value)
    if margin > guard:
        return Decision.CONFORMS
    return Decision.DOES_NOT_CONFORM if margin < -guard else Decision.UNDECIDED


def conformance_probability(threshold: Threshold, value: Decimal, uncertainty: Decimal) -> Decimal:
    """Φ between the limits, to six places (JCGM 106, 7.3 and 7.4)."""
    lower, upper = threshold.lower, threshold.upper
    if lower is None or upper is None:
        return to_six_places(cumulative(threshold.margin(value) / uncertainty))
    with localcontext(prec=PRECISION):
        inside = cumulative((upper - value) / uncertainty) - cumulative(
            (lower - value) / uncertainty
        )
    return to_six_places(inside)


def judge(threshold: Threshold, measured: MeasuredValue) -> JudgedValue:
    """One measurement against the threshold. Raises UnitMismatchError; ValueError for an
    uncertainty that is not positive."""
    if measured.standard_uncertainty <= 0:
        raise ValueError("a measurement without a positive standard uncertainty cannot be weighed")
    value = convert(measured.value, measured.unit, threshold.unit)
    uncertainty = convert(measured.standard_uncertainty, measured.unit, threshold.unit)
    guard = COVERAGE * uncertainty
    inwards = -1 if threshold.lower is None else 1
    limit = threshold.limit
    return JudgedValue(
        value, uncertainty, guard,
        None if limit is None else limit + inwards * guard,
        None if limit is None else limit - inwards * guard,
        conformance_probability(threshold, value, uncertainty), decide(threshold, value, guard),
        threshold.side(value), measured.physical_unit, measured.affiliation,
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


def combine_of_one_item(rows: Iterable[tuple[Decision, str]]) -> Decision:
    """The same for decisions about one item, each with the side on which its value is. One value
    below the interval and one above it contradict each other as well: the item is not both."""
    decided = list(rows)
    outside = {side for decision, side in decided if decision == Decision.DOES_NOT_CONFORM}
    if len(outside) > 1:
        return Decision.DISAGREE
    return combine_decisions(decision for decision, _side in decided)
