"""How numbers are written. Knows no Django: pages, reports and pictures write them alike."""

from __future__ import annotations

from decimal import Decimal


def plain(number: Decimal) -> str:
    """A decimal without exponent or trailing zeros: `0.03`, `42000`."""
    text = format(number.normalize(), "f")
    return "0" if text == "-0" else text


def thousands(number: Decimal) -> str:
    """The same with its thousands apart: `42,000`."""
    return f"{Decimal(plain(number)):,f}"
