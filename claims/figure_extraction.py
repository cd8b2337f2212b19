"""Figures as a text states them: which numbers stand in it, each with its unit. Pure;
`claims.units` compares the units.

`extract_figures("两条风道的风速达到一千五百转", "zh-Hans")` is one figure of 1500, whose unit may
mean rpm. A number counts only with the unit that stands beside it: one of another sentence belongs
to nothing. What cannot be read for certain is left out rather than guessed, because what is read
here is told of a company as its own words.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from itertools import pairwise
from typing import Final

from claims.units import CHINESE, MEANT, UnitMismatchError, check_unit, convert


@dataclass(frozen=True)
class StatedFigure:
    """One figure: `low` and `high` differ for a range. `units` is what its unit may mean, `words`
    how it stands in the text."""

    low: Decimal
    high: Decimal
    units: tuple[str, ...]
    words: str


def extract_figures(text: str, lang: str = "en") -> list[StatedFigure]:
    """Every number of a text that has a unit beside it, in order. `lang` (BCP 47) decides what
    `1,500` and `1.500` are.

    >>> [(str(one.low), one.units, one.words) for one in extract_figures("It moves 1,5 m/s.")]
    [('1.5', ('m/s',), '1,5 m/s')]
    """
    return list(_joined(_Text(text), lang))


def words_stating(
    text: str,
    lang: str,
    *,
    value: Decimal,
    unit: str,
    comparator: str,
    value_to: Decimal | None = None,
    tolerance: Decimal = Decimal(0),
) -> str:
    """The words of a text that state this figure, in this unit or in one that it converts to
    exactly; empty if none do.

    Of a range, the lower end is what there is at least, and the upper end what there is at most.
    `between` is a range that has both ends. What there is `exactly` or `about` is one number; of
    `20 ± 1 L`, the one in the middle, and then the tolerance has to be this one.

    >>> least = {"value": Decimal(25), "unit": "m/s", "comparator": "at_least"}
    >>> words_stating("Up to 90 km/h, it says.", "en", **least)
    '90 km/h'
    """
    for figure in extract_figures(text, lang):
        ends = (figure.low, figure.high)
        if any(
            all(
                _equal(end, candidate, wanted, unit)
                for end, wanted in _wanted(ends, comparator, value, value_to, tolerance)
            )
            for candidate in figure.units
        ):
            return figure.words
    return ""


def _wanted(
    ends: tuple[Decimal, Decimal],
    comparator: str,
    value: Decimal,
    value_to: Decimal | None,
    tolerance: Decimal,
) -> list[tuple[Decimal, Decimal]]:
    """Which number of a figure, given by its ends, has to be which of the threshold's."""
    low, high = ends
    if value_to is not None:
        return [(low, value), (high, value_to)]
    if comparator == "at_least":
        return [(low, value)]
    if comparator == "at_most" or low == high:
        return [(high, value)]
    return [(low, value - tolerance), (high, value + tolerance)]


#: Half of the last decimal that a criterion keeps.
_NEAR: Final = Decimal("5e-9")


def _equal(number: Decimal, unit: str, value: Decimal, wanted: str) -> bool:
    try:
        return abs(convert(number, unit, wanted) - value) <= _NEAR
    except (UnitMismatchError, ArithmeticError):
        return False


# --- characters -----------------------------------------------------------------------------------

#: What NFKC would make something else of: an exponent would become a factor.
_KEPT: Final = {
    "²": "^2", "³": "^3", "¹": "1", "⁻": "^-", "㎡": "m^2", "㎥": "m^3", "·": "*", "⋅": "*",
    "∙": "*",
    "㎧": "m/s", "’": "'", "–": "-", "—": "-", "‑": "-", "〜": "~",
}  # fmt: skip
_BANKERS: Final = str.maketrans(
    "壹贰叁肆伍陆柒捌玖拾佰仟萬億兩點〇", "一二三四五六七八九十百千万亿两点零"
)


class _Text:
    """A text with one spelling for each sign, and where each of its characters stood."""

    def __init__(self, text: str) -> None:
        self.whole = text
        self._at: list[int] = []
        characters: list[str] = []
        for place, character in enumerate(text):
            for each in self._spelt(character, text[place - 1 : place]):
                if each != " " or characters[-1:] != [" "]:
                    characters.append(each)
                    self._at.append(place)
        self._at.append(len(text))
        self.plain = "".join(characters).translate(_BANKERS)

    @staticmethod
    def _spelt(character: str, before: str) -> str:
        if unicodedata.category(character) == "Cf":
            return ""  # nobody sees it
        if character == "，" and not (before.isdigit() and not before.isascii()):
            return "；"  # between numbers in wide digits it groups; anywhere else it ends a clause
        spelt = _KEPT.get(character) or unicodedata.normalize("NFKC", character)
        return (
            " " if spelt.isspace() else spelt.replace("−", "-").replace("⁄", "/").replace("∕", "/")
        )

    def words(self, start: int, end: int) -> str:
        """What stands there in the text as it was given."""
        return self.whole[self._at[start] : self._at[end - 1] + 1].strip()


# --- numbers --------------------------------------------------------------------------------------

#: Languages that write 1,5 for one and a half, and 1.500 for fifteen hundred.
_DECIMAL_COMMA: Final = re.compile(
    r"(?:bg|ca|cs|da|de|el|es|et|fi|fr|hr|hu|id|is|it|lt|lv|nb|nl|no|pl|pt|ro|ru|sk|sl|sr|sv|tr"
    r"|uk|vi)(?:-|$)",
    re.IGNORECASE,
)
_GROUPED: Final = (
    r"\d{1,3}(?:(?P<mark>[,.' ])\d{3})(?:(?P=mark)\d{3})*(?:[.,]\d+)?"
    r"|\d{1,2}(?:,\d{2})+,\d{3}(?:\.\d+)?"
)
_DIGITS: Final = (
    rf"(?:{_GROUPED}|\d+(?:[.,]\d+)?|\.\d+)"
    r"(?:\s?[x×*]\s?10\^-?\d{1,2}|[eE][+-]?\d{1,2}(?![A-Za-z]))?"
)
_HAN: Final = r"[零一二三四五六七八九十百千万亿两]+(?:点[零一二三四五六七八九]+)?"
_TEENS: Final = (
    "zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten", "eleven",
    "twelve", "thirteen", "fourteen", "fifteen", "sixteen", "seventeen", "eighteen", "nineteen",
)  # fmt: skip
_TENS: Final = ("twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety")
_SMALL: Final = {word: number for number, word in enumerate(_TEENS)} | {
    word: number * 10 for number, word in enumerate(_TENS, start=2)
}
_LARGE: Final = {"thousand": 10**3, "million": 10**6, "billion": 10**9}
_WORD: Final = "|".join([*_SMALL, *_LARGE, "hundred", "point"])
_WORDS: Final = rf"(?:an? )?\b(?:{_WORD})(?:(?:[ -]| and )(?:{_WORD}))*\b"
#: A number is none if it continues a name (R1), a fraction (3/4), a time (12:30) or another number.
_NUMBER: Final = re.compile(
    r"(?<![A-Za-z\d_/:^第])(?<!\d[.,'])"
    rf"(?:(?P<digits>{_DIGITS})(?![\d_:^]|[.,']\d|/\d)|(?P<han>{_HAN})|(?P<words>{_WORDS}))",
    re.IGNORECASE,
)
#: A numeral of more signs is none.
_LONGEST: Final = 60
_TIMES: Final = {
    "万亿": 10**12, "千万": 10**7, "百万": 10**6, "十万": 10**5, "亿": 10**8, "万": 10**4,
    "千": 10**3, "百": 100, **_LARGE, "k": 10**3,
}  # fmt: skip
_FACTOR: Final = re.compile(
    r"\s?(?:(?P<han>万亿|千万|百万|十万|亿|万|千|百)"
    r"|(?P<word>thousand|million|billion)\b|(?P<k>k)(?= ))",
    re.IGNORECASE,
)


def _from_digits(text: str, lang: str) -> Decimal:
    number, _sign, power = re.sub(r"\s?[x×*]\s?10\^", "e", text).lower().partition("e")
    number = number.replace(" ", "").replace("'", "")
    marks = [each for each in number if each in ",."]
    if len(set(marks)) == 2:
        decimal = marks[-1]
    elif len(marks) == 1:
        before, _mark, after = number.partition(marks[0])
        usual = "," if _DECIMAL_COMMA.match(lang) else "."
        decimal = marks[0] if len(after) != 3 or before in {"", "0"} or marks[0] == usual else ""
    else:
        decimal = ""
    plain = "".join(
        "." if each == decimal else each for each in number if each == decimal or each not in ",."
    )
    return Decimal(plain).scaleb(int(power or 0))


_HAN_DIGITS: Final = {each: value for value, each in enumerate("零一二三四五六七八九")} | {"两": 2}
_HAN_UNITS: Final = {"十": 10, "百": 100, "千": 1000, "万": 10**4, "亿": 10**8}


def _from_han(text: str) -> Decimal | None:
    """A Chinese numeral: 一千五百, 三点五, 一万二 (12,000), 二零二五. None if it is none."""
    if len(text) > _LONGEST:
        return None
    whole, _dot, fraction = text.partition("点")
    if all(each in _HAN_DIGITS for each in whole):
        value: int | None = int("".join(str(_HAN_DIGITS[each]) for each in whole))
    else:
        value = _whole_han(whole)
    if value is None:
        return None
    return Decimal(
        f"{value}.{''.join(str(_HAN_DIGITS[each]) for each in fraction)}" if fraction else value
    )


def _whole_han(text: str) -> int | None:
    total = section = 0
    digit: int | None = None
    last, smallest, zero = 0, 10**5, False
    for each in text:
        if each == "零":
            zero = True
        elif each in _HAN_DIGITS:
            if digit is not None:
                return None
            digit = _HAN_DIGITS[each]
        elif (unit := _HAN_UNITS[each]) < 10**4:
            if digit is None and not (unit == 10 and section == 0):
                return None
            if unit >= smallest:
                return None
            section, digit, last, smallest, zero = (
                section + (1 if digit is None else digit) * unit,
                None,
                unit,
                unit,
                False,
            )
        else:
            section += digit or 0
            if not section and not (unit == 10**8 and total):
                return None
            total = (total + section) * unit if unit == 10**8 else total + section * unit
            section, digit, last, smallest, zero = 0, None, unit, 10**5, False
    if digit is not None:
        section += digit * (last // 10 if last and not zero else 1)
    return total + section


def _from_words(text: str) -> Decimal | None:
    """An English numeral: fifteen hundred, twenty-five, one point five. None if it is none."""
    if len(text) > 4 * _LONGEST:
        return None
    words = re.split(r"[\s-]+", re.sub(r"^an? ", "one ", text.lower()).replace(" and ", " "))
    whole, _point, fraction = " ".join(words).partition("point")
    total = section = 0
    for word in whole.split():
        if word in _SMALL:
            section += _SMALL[word]
        elif word == "hundred":
            section = (section or 1) * 100
        else:
            total, section = total + (section or 1) * _LARGE[word], 0
    digits = [_SMALL.get(word, 10) for word in fraction.split()]
    if words[0] not in _SMALL or max(digits, default=0) > 9:
        return None
    return Decimal(f"{total + section}.{''.join(map(str, digits))}" if digits else total + section)


# --- units ----------------------------------------------------------------------------------------

#: What people write besides what `claims.units` knows; several where it can mean several.
_HAN_NAMES: Final[dict[str, tuple[str, ...]]] = {name: (unit,) for name,
    unit in CHINESE.items() if name != "百分之"} | {
    "转": ("rpm", "revolution"), "圈": ("revolution",), "度": ("degree", "kWh", "delta_degC"),
    "摄氏度": ("delta_degC",),
    "码": ("km/h", "yard"), "星期": ("week",), "个星期": ("week",), "日": ("day",),
    "月": ("month",),
    "分": ("minute",),
    "个小时": ("hour",), "秒钟": ("s",), "英尺": ("foot",), "磅": ("lb",), "平米": ("m^2",),
    "公升": ("L",),
    "伏特": ("V",),
    "瓦特": ("W",), "安培": ("A",), "焦耳": ("J",), "千卡": ("kcal",), "巴": ("bar",),
    "牛顿": ("N",),
    "分贝": ("dB",), "牛*米": ("N*m",),
}  # fmt: skip
_HAN_UNIT: Final = re.compile("|".join(sorted(map(re.escape, _HAN_NAMES), key=len, reverse=True)))
_BEFORE: Final = re.compile(r" ?(?:-(?=[A-Za-z])|个(?!小时|星期|月))?")  # a 600-km range
_GOES_ON: Final = re.compile(r"\s?[/*^]|\s?(?:per|每)\s?(?:\d|百)|\d")
_PER: Final = {
    "秒": "s", "秒钟": "s", "分钟": "minute", "分": "minute", "小时": "hour", "时": "hour",
    "天": "day",
    "日": "day",
    "second": "s", "sec": "s", "minute": "minute", "min": "minute", "hour": "hour", "hr": "hour",
    "day": "day",
}  # fmt: skip
_HAN_PER: Final = re.compile(r"(?:/|每)(秒钟?|分钟?|小时|时|天|日)")
_EACH: Final = re.compile(
    r"(?:每(秒钟?|分钟?|个?小时)|时速)(?:最高|最大|最低|至少|可以|可达|高达|达到|达|约|大约|超过"
    r"|不低于|不少于|不超过|为|是|有)*\s?$"
)
_NAMED: Final = r"[A-Za-zμΩ°%‰]+(?:\^?-?[1-4](?!\d))?"
_LATIN: Final = re.compile(rf"{_NAMED}(?:\s?[*/]\s?{_NAMED}|[ *][A-Za-z]+\^?-[1-4](?!\d))*")
_AND_PER: Final = re.compile(r" (?:per|an?) ([a-z]+?)s?\b")
_SPACED: Final = {"per cent": "percent", "N m": "N*m", "kW h": "kWh", "W h": "Wh", "A h": "Ah"}
_SPACED_UNIT: Final = re.compile(rf"(?:{'|'.join(_SPACED)})\b")
_ENGLISH: Final = {
    "kmh": "km/h", "kmph": "km/h", "kph": "km/h", "rev": "revolution", "revs": "revolution",
    "r": "revolution", "turns": "revolution",
    "inches": "inch", "lbs": "lb", "pct": "percent", "%": "percent", "‰": "permille", "°": "degree",
    "hrs": "hour", "secs": "s",
    "mins": "minute", "mps": "m/s", "months": "month", "horsepower": "hp",
}  # fmt: skip


def _unit(text: str, at: int) -> tuple[tuple[str, ...], int]:
    """What the unit that begins here may mean, and where it ends; nothing if none does."""
    start = at + len(_BEFORE.match(text, at)[0])  # type: ignore[index]  # matches nothing as well
    if name := _HAN_UNIT.match(text, start):
        end, meant = name.end(), _HAN_NAMES[name[0]]
        if per := _HAN_PER.match(text, end):
            end, meant = per.end(), _for_each(meant, per[1])
        return _whole_unit(text, end, meant)
    if spaced := _SPACED_UNIT.match(text, start):
        return _whole_unit(text, spaced.end(), (_SPACED[spaced[0]],))
    if (match := _LATIN.match(text, start)) is None:
        return (), at
    end, known = match.end(), _meanings(match[0])
    if known and (per := _AND_PER.match(text, end)) and per[1] in _PER:
        end, known = per.end(), _for_each(known, per[1])
    return _whole_unit(text, end, known)


def _whole_unit(text: str, end: int, meant: tuple[str, ...]) -> tuple[tuple[str, ...], int]:
    """Nothing of a unit that goes on in a way that is not understood: 5 L per 100 km is not 5 L."""
    return ((), end) if _GOES_ON.match(text, end) else (meant, end)


def _for_each(units: tuple[str, ...], time: str) -> tuple[str, ...]:
    return tuple(f"{unit}/{_PER[time]}" for unit in units if "/" not in unit and unit != "rpm")


def _meanings(spelt: str) -> tuple[str, ...]:
    """What a unit in Latin letters may mean, as pint reads it: as it is written, then in small
    letters."""
    meanings: list[str] = []
    for text in (spelt, spelt.lower()):
        if meanings and "/" not in spelt:
            break  # MW is no mW
        joined = re.sub(r"\s?([*/])\s?", r"\1", text)
        unit = (
            MEANT.get(text)
            or _ENGLISH.get(text)
            or re.sub(r"[^*/ ]+", lambda part: _part(part[0]), joined)
        )
        try:
            check_unit(unit)
        except UnitMismatchError:
            continue
        meanings.append(unit)
    return tuple(dict.fromkeys(meanings))


def _part(text: str) -> str:
    """One factor of a unit: `s2` is `s^2`, `r` a revolution."""
    name, power = re.fullmatch(r"(.*?)(\^?-?[1-4])?", text, re.S).groups()  # type: ignore[union-attr]  # matches any text
    name = MEANT.get(name) or _ENGLISH.get(name) or name
    return name + (f"^{power.lstrip('^')}" if power else "")


# --- figures --------------------------------------------------------------------------------------

_RANGE: Final = re.compile(r"\s?(?:-|~|to|至|到)\s?")
_AND: Final = re.compile(r"\s?(?:and|和|与)\s?")
_PLUS_MINUS: Final = re.compile(r"\s?(?:±|\+/-|\+-)\s?")
_BETWEEN: Final = re.compile(r"(?:between|介于|在)\s?$", re.IGNORECASE)
_OF_EACH: Final = re.compile(r"(?:\bper|每|/)\s?$", re.IGNORECASE)
_PERCENT: Final = {"百分之": Decimal(1), "千分之": Decimal("0.1")}


@dataclass
class _Number:
    start: int
    end: int  # of its unit, where it has one
    value: Decimal
    units: tuple[str, ...]


def _numbers(text: _Text, lang: str) -> Iterator[_Number]:
    plain, done = text.plain, 0
    for match in _NUMBER.finditer(plain):
        start, end = match.span()
        before = plain[max(0, start - 24) : start]
        if start < done or _OF_EACH.search(before):
            continue  # the million of 1.5 million; the 100 of 5 L per 100 km
        value: Decimal | None = None
        if match["digits"]:
            value = (
                _from_digits(match["digits"], lang) if len(match["digits"]) <= _LONGEST else None
            )
        elif match["han"]:
            value, end = _han_before_unit(plain, match)
        else:
            value = _from_words(match["words"])
        if value is None:
            continue
        if before.endswith(tuple(_PERCENT)):
            done = end
            yield _Number(start - 3, end, value * _PERCENT[before[-3:]], ("percent",))
            continue
        units, stop = _unit(plain, end)
        if not units and (factor := _FACTOR.match(plain, end)):
            value *= _TIMES[(factor["han"] or factor["word"] or factor["k"]).lower()]
            units, stop = _unit(plain, factor.end())
        if not units and plain.startswith("成", end):
            units, stop, value = ("percent",), end + 1, value * 10
        if units and (each := _EACH.search(before)):
            start -= len(before) - each.start()
            units = _for_each(units, (each[1] or "小时").replace("个", "")) or units
        done = stop if units else end
        yield _Number(start, done, value, units)


def _han_before_unit(text: str, match: re.Match[str]) -> tuple[Decimal | None, int]:
    """A numeral, without its last sign where only that makes it one: 五百千瓦 is five hundred of
    千瓦."""
    run, end = match[0], match.end()
    if (value := _from_han(run)) is None and run[-1] in "千百" and len(run) > 1:
        return _from_han(run[:-1]), end - 1
    return value, end


def _joined(text: _Text, lang: str) -> Iterator[StatedFigure]:
    """The figures, both ends of a range as one."""
    numbers, plain = list(_numbers(text, lang)), text.plain
    gaps = [plain[number.end : other.start] for number, other in pairwise(numbers)]
    ranged = [
        bool(_RANGE.fullmatch(gap) or _PLUS_MINUS.fullmatch(gap))
        or bool(
            _AND.fullmatch(gap)
            and _BETWEEN.search(plain[max(0, numbers[at].start - 9) : numbers[at].start])
        )
        for at, gap in enumerate(gaps)
    ] + [False]
    for at, number in enumerate(numbers):
        if at and ranged[at - 1]:
            continue  # the end of the range before it
        if not ranged[at]:
            if number.units:
                value = -number.value if _negative(plain, number.start) else number.value
                yield StatedFigure(value, value, number.units, text.words(number.start, number.end))
            continue
        other = numbers[at + 1]
        if (
            ranged[at + 1]
            or not other.units
            or (number.units and set(number.units).isdisjoint(other.units))
        ):
            continue  # a date, or two figures of different kinds
        ends = (number.value, other.value)
        if _PLUS_MINUS.fullmatch(gaps[at]):
            ends = (number.value - other.value, number.value + other.value)
        yield StatedFigure(
            min(ends),
            max(ends),
            other.units,
            text.words(number.start, other.end),
        )


def _is_range(gap: str, before: str) -> bool:
    return bool(_RANGE.fullmatch(gap) or (_AND.fullmatch(gap) and _BETWEEN.search(before)))


def _negative(text: str, start: int) -> bool:
    return text[start - 1 : start] == "-" and not re.search(
        r"[A-Za-z\d%°]$|\d\s$", text[max(0, start - 3) : start - 1]
    )
