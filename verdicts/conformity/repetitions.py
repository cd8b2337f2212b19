"""The mean of what one laboratory measured several times on one item (GUM, JCGM 100:2008).

    mean            ȳ = Σ yᵢ / n                                  (4.2.1)
    type A          s² = Σ (yᵢ − ȳ)² / (n − 1),  u_A = s / √n     (4.2.2, 4.2.3)
    type B          u_B = Σ uᵢ / n                                (5.2.2, note 1)
    combined        u = √(u_A² + u_B²)                            (5.1.2)
    expanded        U = √((t · u_A)² + (2 · u_B)²)

The stated uncertainties belong to one instrument and method, so they are taken as fully correlated:
repeating does not make them smaller. What they may already hold of the repeatability is counted a
second time rather than left out. `t` is Student's factor for n − 1 degrees of freedom and the same
95.45 % that k = 2 stands for (Table G.2), because few repetitions say little of their own scatter.
It enlarges the type A part alone. (Effective degrees of freedom, G.4, would make U *smaller* where
u_B grows; more uncertainty must never lead to a decision.)
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext

from verdicts.conformity.judging import (
    COVERAGE,
    Decision,
    JudgedValue,
    combine_of_one_item,
    conformance_probability,
    decide,
)
from verdicts.conformity.normal import PRECISION, student_factor
from verdicts.conformity.thresholds import Threshold


@dataclass(frozen=True)
class Mean:
    """The mean of `repetitions` values, its uncertainty by its parts, and expanded."""

    repetitions: int
    value: Decimal
    type_a: Decimal
    type_b: Decimal
    standard_uncertainty: Decimal
    expanded: Decimal
    #: Of the single values around the mean; None of a single value.
    deviation: Decimal | None


def mean_of(values: Sequence[tuple[Decimal, Decimal]]) -> Mean:
    """The mean of values with their standard uncertainties, whatever their order. Raises ValueError
    without any."""
    if not values:
        raise ValueError("there is no mean of nothing")
    if len(values) == 1:
        value, uncertainty = values[0]
        return Mean(
            1, value, Decimal(0), uncertainty, uncertainty, COVERAGE * uncertainty, None
        )  # fmt: skip
    n = len(values)
    with localcontext(prec=PRECISION):
        mean = sum(sorted(value for value, _u in values), Decimal(0)) / n
        squares = sum(sorted((value - mean) ** 2 for value, _u in values), Decimal(0))
        deviation = (squares / (n - 1)).sqrt()
        type_a = (squares / (n - 1) / n).sqrt()
        type_b = sum(sorted(uncertainty for _value, uncertainty in values), Decimal(0)) / n
        combined = (type_a**2 + type_b**2).sqrt()
        expanded = ((student_factor(n - 1) * type_a) ** 2 + (COVERAGE * type_b) ** 2).sqrt()
    # A unary plus rounds to the 28 digits of the default context.
    return Mean(n, +mean, +type_a, +type_b, +combined, +expanded, +deviation)


def decide_repetitions(threshold: Threshold, judged: Sequence[JudgedValue], mean: Mean) -> Decision:
    """What the repetitions of one laboratory on one item come to.

    Where each alone decides the same way, that. Where two contradict each other, they disagree.
    Else the mean decides by its expanded uncertainty, but never against a single value: a mean
    inside the limits with one value outside is undecided, and the reverse.
    """
    alone = _alone(judged)
    if alone != Decision.UNDECIDED:
        return alone
    decision = decide(threshold, mean.value, mean.expanded)
    sides = {each.side for each in judged} | {threshold.side(mean.value)}
    return decision if len(sides) == 1 else Decision.UNDECIDED


def probability_of_repetitions(
    threshold: Threshold, judged: Sequence[JudgedValue], mean: Mean
) -> Decimal:
    """The probability of conforming that goes with the decision: that of the least certain value
    where each alone decides the same way, otherwise that of the mean, as uncertain as expanded."""
    alone = _alone(judged)
    if alone == Decision.CONFORMS:
        return min(each.probability for each in judged)
    if alone == Decision.DOES_NOT_CONFORM:
        return max(each.probability for each in judged)
    return conformance_probability(threshold, mean.value, mean.expanded / COVERAGE)


def _alone(judged: Sequence[JudgedValue]) -> Decision:
    return combine_of_one_item((each.decision, each.side) for each in judged)
