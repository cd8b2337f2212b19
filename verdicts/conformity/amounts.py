"""Prices and counts: what is read off exactly, without an uncertainty. Compared as it is written,
within the threshold's own tolerance.

An amount of money is compared with one of the same currency alone: a rate of exchange is of a day
and a bank, and would put an uncertainty where the bill has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal

from verdicts.conformity.judging import Decision
from verdicts.conformity.thresholds import Threshold


class CurrencyMismatchError(ValueError):
    """Two amounts of different currencies, which are not compared."""

    def __init__(self, currency: str, other: str) -> None:
        super().__init__(f"{currency} and {other} are different currencies")
        self.currency, self.other = currency, other


@dataclass(frozen=True)
class Comparison:
    """The decision, and how far beyond the nearer limit it is (0 inside)."""

    decision: Decision
    beyond: Decimal


def _exactly(threshold: Threshold, value: Decimal) -> Comparison:
    margin = threshold.margin(value)
    if margin >= 0:
        return Comparison(Decision.CONFORMS, Decimal(0))
    return Comparison(Decision.DOES_NOT_CONFORM, -margin)


def compare_price(threshold: Threshold, amount: Decimal, currency: str) -> Comparison:
    """A price paid or asked against that of the threshold; the threshold's unit is its currency
    (ISO 4217). Raises CurrencyMismatchError."""
    if currency != threshold.unit:
        raise CurrencyMismatchError(currency, threshold.unit)
    return _exactly(threshold, amount)


def compare_count(threshold: Threshold, count: int) -> Comparison:
    """What was counted against the threshold. Raises ValueError for a negative count."""
    if count < 0:
        raise ValueError("nothing is counted below 0")
    return _exactly(threshold, Decimal(count))
