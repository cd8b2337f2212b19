"""How far laboratories are apart that measured the same item.

Nothing here decides: it shows what an average would hide.

    E_n = (x₁ − x₂) / √(U₁² + U₂²)        with expanded uncertainties (ISO 13528:2015, 9.7)

|E_n| ≤ 1 is what the stated uncertainties lead one to expect; beyond it, at least one laboratory
understates its own. The variances are those of ISO 5725-2:1994, 7.4.5, for one level:

    s_r²  = Σ (nᵢ − 1) sᵢ² / Σ (nᵢ − 1)                           repeatability
    s_d²  = Σ nᵢ (ȳᵢ − m)² / (p − 1),  m = Σ nᵢ ȳᵢ / Σ nᵢ         of the laboratories' means
    n̄     = (Σ nᵢ − Σ nᵢ² / Σ nᵢ) / (p − 1)
    s_L²  = (s_d² − s_r²) / n̄,  0 if negative                     between laboratories
    s_R²  = s_r² + s_L²                                           reproducibility

Where no laboratory repeated its measurement there is no s_r, and s_L is the standard deviation of
their values, repeatability included.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal, localcontext
from itertools import combinations

from verdicts.conformity.normal import PRECISION
from verdicts.conformity.repetitions import Mean


@dataclass(frozen=True)
class Scatter:
    """General mean, standard deviation between laboratories, repeatability (None if nothing was
    repeated) and reproducibility."""

    parties: int
    mean: Decimal
    between: Decimal
    repeatability: Decimal | None
    reproducibility: Decimal


def en_number(first: Mean, second: Mean) -> Decimal:
    """E_n of two results (ISO 13528:2015, 9.7), to four places. Raises ValueError where neither has
    an uncertainty."""
    with localcontext(prec=PRECISION):
        doubt = (first.expanded**2 + second.expanded**2).sqrt()
        if not doubt:
            raise ValueError("E_n needs uncertainties")
        return ((first.value - second.value) / doubt).quantize(Decimal("0.0001"))


def en_numbers(means: Sequence[Mean]) -> dict[tuple[int, int], Decimal]:
    """E_n of every pair, by their places in `means`, counted from 0."""
    return {
        (first, second): en_number(means[first], means[second])
        for first, second in combinations(range(len(means)), 2)
    }


def scatter_of(means: Sequence[Mean]) -> Scatter:
    """How the means of at least two laboratories scatter (ISO 5725-2). Raises ValueError for
    fewer."""
    if len(means) < 2:
        raise ValueError("scatter needs two laboratories")
    p, total = len(means), sum(mean.repetitions for mean in means)
    with localcontext(prec=PRECISION):
        general = sum(sorted(mean.value * mean.repetitions for mean in means), Decimal(0)) / total
        of_means = sum(
            sorted(mean.repetitions * (mean.value - general) ** 2 for mean in means), Decimal(0)
        ) / (p - 1)
        within: Decimal = sum(
            sorted((mean.repetitions - 1) * (mean.deviation or Decimal(0)) ** 2 for mean in means),
            Decimal(0),
        )
        repeated = total - p
        s_r = within / repeated if repeated else Decimal(0)
        squares = sum(mean.repetitions * mean.repetitions for mean in means)
        each = (total - Decimal(squares) / total) / (p - 1)
        s_l = max(Decimal(0), (of_means - s_r) / each)
        between, reproducibility = s_l.sqrt(), (s_l + s_r).sqrt()
        repeatability = s_r.sqrt() if repeated else None
    return Scatter(
        p, +general, +between, None if repeatability is None else +repeatability, +reproducibility
    )
