"""What k of n items tell of all items like them: Wilson's score interval.

    (p̂ + z²/2n ± z · √(p̂(1 − p̂)/n + z²/4n²)) / (1 + z²/n)

(E. B. Wilson, "Probable inference, the law of succession, and statistical inference", Journal of
the American Statistical Association 22, 1927; method 3 of R. G. Newcombe, "Two-sided confidence
intervals for the single proportion", Statistics in Medicine 17, 1998.) It presumes that the items
were not chosen for what they show; where they were, it says too much.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

from verdicts.conformity.normal import PLACES, PRECISION

#: The two-sided quantiles of the normal distribution.
QUANTILES: Final = {
    95: Decimal("1.959963984540054235524594430520551527955550"),
    99: Decimal("2.575829303548900760966356486150882069806949"),
}


@dataclass(frozen=True)
class Share:
    """Between which shares that of all items is believed to be, to six places."""

    low: Decimal
    high: Decimal
    confidence: int = 95

    @property
    def percents(self) -> tuple[str, str]:
        """Both ends as whole percents, rounded outwards: never narrower than computed."""
        low = (self.low * 100).to_integral_value(ROUND_FLOOR)
        high = (self.high * 100).to_integral_value(ROUND_CEILING)
        return str(int(low)), str(int(high))


def wilson(k: int, n: int, confidence: int = 95) -> Share:
    """The interval for k of n. Raises ValueError unless 0 ≤ k ≤ n and n > 0, KeyError for a
    confidence other than 95 and 99."""
    if not 0 <= k <= n or n < 1:
        raise ValueError(f"{k} of {n} is no share")
    z = QUANTILES[confidence]
    with localcontext(prec=PRECISION):
        share = Decimal(k) / n
        middle = share + z * z / (2 * n)
        spread = z * (share * (1 - share) / n + z * z / (4 * n * n)).sqrt()
        scale = 1 + z * z / n
        low = Decimal(0) if k == 0 else (middle - spread) / scale
        high = Decimal(1) if k == n else (middle + spread) / scale
    return Share(
        low.quantize(PLACES, ROUND_HALF_EVEN), high.quantize(PLACES, ROUND_HALF_EVEN), confidence
    )


def share_of_items(meet: int, fail: int, total: int, confidence: int = 95) -> Share:
    """The share of items that meet a threshold where some of `total` are inconclusive: as low as if
    none of those met it, as high as if all did."""
    if min(meet, fail) < 0 or meet + fail > total:
        raise ValueError(f"{meet} and {fail} are more than {total}")
    return Share(
        wilson(meet, total, confidence).low, wilson(total - fail, total, confidence).high,
        confidence,
    )  # fmt: skip
