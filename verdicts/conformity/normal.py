"""The normal distribution in Decimal, and the factor that few repetitions need."""

from __future__ import annotations

from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

PLACES: Final = Decimal("0.000001")
#: Digits of every intermediate result; what is kept has the 28 of the default context.
PRECISION: Final = 50
_ROOT_OF_TWO_PI: Final = Decimal("2.50662827463100050241576528481104525300698674060993")
#: Student's t for a coverage of 95.45 %, by degrees of freedom (JCGM 100:2008, Table G.2). Between
#: two rows the one of fewer degrees holds, which is the larger factor.
_STUDENT: Final = {
    1: "13.97", 2: "4.53", 3: "3.31", 4: "2.87", 5: "2.65", 6: "2.52", 7: "2.43", 8: "2.37",
    9: "2.32", 10: "2.28", 11: "2.25", 12: "2.23", 13: "2.21", 14: "2.20", 15: "2.18", 16: "2.17",
    17: "2.16", 18: "2.15", 19: "2.14", 20: "2.13", 25: "2.11", 30: "2.09", 35: "2.07",
    40: "2.06", 45: "2.06", 50: "2.05", 100: "2.025",
}  # fmt: skip


def cumulative(z: Decimal) -> Decimal:
    """Φ(z) to 40 places, by the series 1/2 + φ(z)·(z + z³/3 + z⁵/15 + …) (Abramowitz & Stegun
    26.2.11). Beyond ±9 it is 0 or 1 to far more than six places."""
    if abs(z) > 9:
        return Decimal(1) if z > 0 else Decimal(0)
    with localcontext(prec=PRECISION):
        term = total = z
        n = 1
        while abs(term) > Decimal(10) ** -40:
            n += 2
            term = term * z * z / n
            total += term
        density = (-(z * z) / 2).exp() / _ROOT_OF_TWO_PI
        return Decimal("0.5") + density * total


def to_six_places(probability: Decimal) -> Decimal:
    """A probability as it is kept: between 0 and 1, to six places."""
    return min(Decimal(1), max(Decimal(0), probability)).quantize(PLACES, ROUND_HALF_EVEN)


def normal_distribution(z: Decimal) -> Decimal:
    """Φ(z) to six places."""
    return to_six_places(cumulative(z))


def student_factor(degrees: int) -> Decimal:
    """The coverage factor of 95.45 % for so many degrees of freedom (JCGM 100:2008, Table G.2).
    Raises ValueError for none."""
    if degrees < 1:
        raise ValueError("a single value has no degrees of freedom")
    return Decimal(_STUDENT[max(row for row in _STUDENT if row <= degrees)])
