"""A threshold as people say it, in one language: the same words for page, report and picture. Pure.

>>> threshold_words("en", comparator="between", value=Decimal(6), value_to=Decimal(8), unit="m/s")
'between 6 and 8 m/s'
>>> threshold_words("en", comparator="about", value=Decimal(20), unit="L", tolerance=Decimal(1))
'about 20 L (± 1 L)'
>>> threshold_words("zh-Hans", comparator="at_least", value=Decimal("1.5"), unit="m/s")
'不低于1.5 m/s'
"""

from __future__ import annotations

from decimal import Decimal

from accounts.labels import Lang
from claims.labels import COMPARATOR
from ui.numbers import plain

#: Whose tolerance is the whole of the interval, and is written with a sign.
AROUND = frozenset({"exactly", "about"})


def _with_unit(number: str, unit: str) -> str:
    return f"{number} {unit}".rstrip()


def quantity_words(value: Decimal, unit: str, value_to: Decimal | None = None) -> str:
    """The number or numbers alone: `1.5 m/s`, `6–8 m/s`."""
    number = plain(value) if value_to is None else f"{plain(value)}–{plain(value_to)}"
    return _with_unit(number, unit)


def threshold_words(
    lang: Lang,
    *,
    comparator: str,
    value: Decimal,
    unit: str,
    value_to: Decimal | None = None,
    tolerance: Decimal = Decimal(0),
    baseline: str = "",
) -> str:
    """The whole of it: comparison, number or numbers, tolerance, and what a percentage is of."""
    english = lang == "en"
    pair = COMPARATOR[comparator]
    if value_to is not None:
        words = (
            f"{pair.en} {plain(value)} and {_with_unit(plain(value_to), unit)}"
            if english
            else f"{pair.zh}{plain(value)}至{_with_unit(plain(value_to), unit)}之间"
        )
    else:
        number = _with_unit(plain(value), unit)
        words = f"{pair.en} {number}" if english else f"{pair.zh}{number}"
    notes = []
    if tolerance:
        wide = _with_unit(plain(tolerance), unit)
        if comparator in AROUND:
            notes.append(f"± {wide}")
        else:
            notes.append(f"tolerance {wide}" if english else f"允差{wide}")
    if baseline:
        notes.append(f"baseline: {baseline}" if english else f"基准：{baseline}")
    if not notes:
        return words
    return f"{words} ({'; '.join(notes)})" if english else f"{words}（{'；'.join(notes)}）"


def limits_words(lang: Lang, *, lower: Decimal | None, upper: Decimal | None, unit: str) -> str:
    """The limits that decide, tolerance included. Raises ValueError without any."""
    if lower is not None and upper is not None:
        return threshold_words(lang, comparator="between", value=lower, value_to=upper, unit=unit)
    if lower is not None:
        return threshold_words(lang, comparator="at_least", value=lower, unit=unit)
    if upper is None:
        raise ValueError("a threshold has a limit")
    return threshold_words(lang, comparator="at_most", value=upper, unit=unit)
