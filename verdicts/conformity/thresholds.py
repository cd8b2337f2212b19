"""What a point asks of a quantity: a limit, or an interval."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Final

#: How many of the two limits each comparator has. `exactly` and `about` are `value ± tolerance`;
#: they differ in what the company said, not in how they are decided.
ONE_SIDED: Final = frozenset({"at_least", "at_most"})
TWO_SIDED: Final = frozenset({"between", "exactly", "about"})


@dataclass(frozen=True)
class Threshold:
    """The interval in which a quantity meets a threshold (JCGM 106:2012, 3.3.3 and 7.2).

    `value_to` is the upper end of `between`. `tolerance` loosens every limit, in the same unit; of
    `exactly` and `about` it is all that there is.
    """

    comparator: str
    value: Decimal
    unit: str
    tolerance: Decimal = Decimal(0)
    value_to: Decimal | None = None

    def __post_init__(self) -> None:
        """Raises ValueError for what is no interval."""
        if self.comparator not in ONE_SIDED | TWO_SIDED:
            raise ValueError(f"{self.comparator!r} is no comparator")
        if self.tolerance < 0:
            raise ValueError("a tolerance is not negative")
        if (self.value_to is not None) != (self.comparator == "between"):
            raise ValueError("two values belong to `between`, and to nothing else")
        if self.value_to is not None and self.value_to <= self.value:
            raise ValueError("the second value is the larger")

    @property
    def lower(self) -> Decimal | None:
        """The least value that meets it, or None if there is no such limit."""
        return None if self.comparator == "at_most" else self.value - self.tolerance

    @property
    def upper(self) -> Decimal | None:
        """The largest value that meets it, or None if there is no such limit."""
        if self.comparator == "at_least":
            return None
        return (self.value if self.value_to is None else self.value_to) + self.tolerance

    @property
    def limit(self) -> Decimal | None:
        """The only limit, or None if there are two."""
        return (
            (self.upper if self.lower is None else self.lower)
            if self.comparator in ONE_SIDED
            else None
        )

    def margin(self, value: Decimal) -> Decimal:
        """How far `value` is inside the nearer limit; negative if it is outside."""
        margins = []
        if self.lower is not None:
            margins.append(value - self.lower)
        if self.upper is not None:
            margins.append(self.upper - value)
        return min(margins)

    def side(self, value: Decimal) -> str:
        """On which side of the interval a value is: `inside`, `below` or `above`."""
        if self.lower is not None and value < self.lower:
            return "below"
        return "above" if self.upper is not None and value > self.upper else "inside"

    def scaled(self, of: Callable[[Decimal], Decimal], unit: str) -> Threshold:
        """The same threshold in another unit; `of` turns a number of this unit into one of that."""
        return Threshold(
            self.comparator, of(self.value), unit, of(self.tolerance),
            None if self.value_to is None else of(self.value_to),
        )  # fmt: skip
