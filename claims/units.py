"""Units of measurement: which are known, what may be compared with what. Pure; pint does the
arithmetic, in Decimal.

What a person types is shown to pint only if it looks like a unit, because pint evaluates
arithmetic, and `9**9**9` would keep it busy for ever.
"""

from __future__ import annotations

import re
from decimal import Decimal
from functools import lru_cache
from typing import Any, Final, Literal

LONGEST: Final = 40
_WORD = r"[A-Za-zµμΩ%_‰]+(?:(?:\*\*|\^)-?[1-4])?"
_UNIT = re.compile(rf"(?:|{_WORD}(?:\s*[*/ ]\s*{_WORD})*)")
#: Two units further apart than this factor are a mistake, and their numbers too long to read.
FURTHEST: Final = Decimal(10) ** 18

#: What people write for a unit in Chinese, longest first where one begins another.
CHINESE: Final[dict[str, str]] = {
    "公里每小时": "km/h", "千米每小时": "km/h", "公里/小时": "km/h", "千米/小时": "km/h",
    "公里/时": "km/h",
    "米每秒": "m/s",
    "米/秒": "m/s", "毫安时": "mAh", "安时": "Ah", "千瓦时": "kWh", "瓦时": "Wh", "度电": "kWh",
    "毫米": "mm",
    "厘米": "cm", "分米": "dm", "微米": "um", "纳米": "nm", "公里": "km", "千米": "km",
    "英里": "mile",
    "英寸": "inch", "米": "m", "平方米": "m^2", "立方米": "m^3", "毫升": "mL", "升": "L",
    "毫克": "mg",
    "千克": "kg",
    "公斤": "kg", "克": "g", "吨": "tonne", "毫秒": "ms", "秒": "s", "分钟": "minute",
    "小时": "hour",
    "天": "day", "周": "week", "个月": "month", "年": "year", "千帕": "kPa", "兆帕": "MPa",
    "帕": "Pa",
    "千瓦": "kW", "兆瓦": "MW", "瓦": "W", "毫伏": "mV", "千伏": "kV", "伏": "V", "毫安": "mA",
    "安": "A",
    "千赫": "kHz", "兆赫": "MHz", "赫兹": "Hz", "赫": "Hz", "欧姆": "ohm",
    "马力": "metric_horsepower",
    "牛米": "N*m", "牛·米": "N*m", "牛": "N", "尼特": "cd/m^2", "流明": "lumen", "勒克斯": "lux",
    "百分之": "percent", "度": "degree",
}  # fmt: skip
#: What people mean by something that pint does not know, or reads as something else (`Nm` as
#: number-metres, `PS` as petasiemens).
MEANT: Final[dict[str, str]] = {
    **CHINESE, "Nm": "N*m", "NM": "N*m", "nM": "N*m", "PS": "metric_horsepower", "kwh": "kWh",
    "KWH": "kWh", "kw": "kW", "KW": "kW", "Km": "km", "KM": "km", "KM/H": "km/h", "km/H": "km/h",
    "Kg": "kg", "KG": "kg", "pa": "Pa", "PA": "Pa", "kpa": "kPa", "KPa": "kPa", "hz": "Hz",
    "HZ": "Hz", "mah": "mAh", "MAH": "mAh", "wh": "Wh", "WH": "Wh", "nits": "cd/m^2",
    "nit": "cd/m^2",
    "％": "percent", "℃": "delta_degC", "°C": "delta_degC", "°F": "delta_degF", "m²": "m^2",
    "m³": "m^3", "m/s²": "m/s^2",
}  # fmt: skip
_READ_AS_ANOTHER: Final = frozenset(
    {"Nm", "NM", "nM", "PS", "PA", "KM", "Km", "dpi", "nit", "nits"}
)

Fault = Literal["unknown", "offset", "different", "far"]


class UnitMismatchError(ValueError):
    """A unit is unknown (`unknown`), cannot carry an uncertainty (`offset`), or does not fit
    another (`different`, `far`)."""

    def __init__(self, fault: Fault, unit: str, other: str = "", meant: str = "") -> None:
        sentences = {
            "unknown": f"{unit!r} is not a unit",
            "offset": (
                f"{unit!r} has an offset: give a difference (delta_degC) or an absolute unit "
                f"(kelvin)"
            ),
            "different": f"{unit} and {other} measure different things",
            "far": f"{unit} and {other} are too far apart",
        }
        super().__init__(sentences[fault])
        self.fault, self.unit, self.other, self.meant = fault, unit, other, meant


@lru_cache(maxsize=1)
def _registry() -> Any:
    import pint  # a third of a second that a process which weighs nothing need not pay for

    return pint.UnitRegistry(non_int_type=Decimal, cache_folder=None)


def _unknown(unit: str) -> UnitMismatchError:
    return UnitMismatchError("unknown", unit[:LONGEST], meant=MEANT.get(unit.strip(), ""))


def check_unit(unit: str) -> None:
    """Raises UnitMismatchError unless pint knows the unit. Offset units (°C) are refused: they
    cannot carry an uncertainty plainly."""
    if len(unit) > LONGEST or unit in _READ_AS_ANOTHER or not _UNIT.fullmatch(unit):
        raise _unknown(unit)
    try:
        parsed = _registry().Unit(unit)
        plain = _registry().Quantity(Decimal(1), parsed)._is_multiplicative
    except Exception as error:
        # pint raises its own, tokenizer, attribute and assertion errors alike for text that is no
        # unit (https://github.com/hgrecco/pint/issues/365 and 2124, both open).
        raise _unknown(unit) from error
    if not plain:
        raise UnitMismatchError("offset", unit)


def convert(value: Decimal, unit: str, to: str) -> Decimal:
    """`value` in another unit of the same kind. Raises UnitMismatchError.

    Of the same kind is what comes down to the same root units: gigabytes are no percentage, though
    pint calls both dimensionless.
    """
    check_unit(unit)
    check_unit(to)
    if unit == to:
        return value
    roots = [_registry().Quantity(Decimal(1), name).to_root_units() for name in (unit, to)]
    if roots[0].units != roots[1].units:
        raise UnitMismatchError("different", unit, to)
    factor = abs(roots[0].magnitude / roots[1].magnitude)
    if not 1 / FURTHEST <= factor <= FURTHEST:
        raise UnitMismatchError("far", unit, to)
    return Decimal(_registry().Quantity(value, unit).to(to).magnitude)


def check_same_kind(unit: str, other: str) -> None:
    """Raises UnitMismatchError unless a number in `unit` can be compared with one in `other`."""
    convert(Decimal(1), unit, other)
