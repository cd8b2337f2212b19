"""Where sentences, clauses and words end, in Chinese and English.

Three cuts, from coarse to fine, shared by the diff (which compares on the first two and shows on
the third) and by the anchors. The first two are exact partitions: joined again they are the text,
whatever stands in it, so that offsets never have to be guessed back.

- A **sentence** ends after ``。！？；…!?;`` and their half-width and full-width kin with the
  closing quotes and brackets that follow, after an English full stop, and at every line break. A
  line break is a segment of its own: a paragraph is then the same paragraph wherever it stands,
  last line of the text or not.
- A **clause** ends after a comma, an enumeration comma, a colon, a dash, a tab (table cells) or a
  closing bracket.
- A **word** is what a mark may not cut: a Chinese word (rjieba), a Latin word, a number with its
  sign, separators and unit, a character with the marks that belong to it.
"""

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterator
from functools import lru_cache
from itertools import accumulate

HAN = "\u2e80-\u2fdf\u3005-\u3007\u3400-\u4dbf\u4e00-\u9fff\uf900-\ufaff\U00020000-\U0003ffff"
CLOSERS = "\"'”’」』）)】》〉］\\]｣"

# Abbreviations after which a full stop with a capital behind it does not end the sentence. Closed
# on purpose: a wrong entry glues two sentences, which only makes a hunk longer; a missing one cuts
# one in two, which the diff survives too.
ABBREVIATIONS = frozenset(
    re.findall(
        r"\S+",
        "mr mrs ms dr prof st jr sr no nos fig figs vs approx est dept inc ltd co corp vol art "
        "sec ch pp p ed eds e.g i.e cf al etc jan feb mar apr jun jul aug sep sept oct nov dec "
        "mt gen gov rep sen hon rev",
    )
)
# These do end a sentence when a capital follows, though they are abbreviations too:
# "..., etc. The company".
_MAY_END = frozenset({"etc", "inc", "ltd", "co", "corp", "al", "jr", "sr"})

_LINE_ENDS = r"\n\r\x0b\x0c\x85\u2028\u2029"
_HARD_ENDS = "。！？；｡…!?;⁈⁉‼⁇"
_SENTENCE_END = re.compile(
    rf"(?P<line>\r\n|[{_LINE_ENDS}])"
    rf"|(?P<hard>[{_HARD_ENDS}]+[{CLOSERS}]*)"
    rf"|(?P<dot>[.．]+)[{CLOSERS}]*"
)
_SPACES = re.compile(rf"[^\S{_LINE_ENDS}]*")
# A full stop that `_dot_ends` must decide about; all others stand inside a number, a name or an
# address. A text without one, as most Chinese ones are, is cut in one go.
_OPEN_DOT = re.compile(rf"[.．][{CLOSERS}]*(?:[\s{HAN}]|\Z)")
_END = frozenset("\n\r\x0b\x0c\x85\u2028\u2029" + _HARD_ENDS)
_LONGEST_ABBREVIATION = 8
_LAST_WORD = re.compile(rf"[A-Za-z][A-Za-z.]{{0,{_LONGEST_ABBREVIATION}}}\Z")
_HAN_CHARACTER = re.compile(f"[{HAN}]")

_CLAUSE_END = re.compile(
    r"(?:[，、：､﹐﹑﹔﹕\t|]|(?<![0-9]),|,(?![0-9])|:(?![0-9/])|——?|–|[）)】》」』”])[^\S\n\r]*",
)


def sentences(text: str) -> list[str]:
    """The text cut at sentence ends; joined again it is the text. Spaces belong to the sentence
    before them."""
    if ("." not in text and "．" not in text) or _OPEN_DOT.search(text) is None:
        return _cut_at("".join(sorted(end for end in _END if end in text))).findall(text)[:-1]
    pieces: list[str] = []
    start = position = 0
    while (match := _SENTENCE_END.search(text, position)) is not None:
        position = match.end()
        if match.lastgroup == "line":
            if match.start() > start:
                pieces.append(text[start : match.start()])
            pieces.append(match.group())
            start = position
            continue
        if match.lastgroup == "dot" and not _dot_ends(text, match):
            continue
        position = _SPACES.match(text, position).end()  # type: ignore[union-attr]  # the pattern matches the empty string
        pieces.append(text[start:position])
        start = position
    if start < len(text):
        pieces.append(text[start:])
    return pieces


@lru_cache(maxsize=256)
def _cut_at(ends: str) -> re.Pattern[str]:
    """What finds the sentences of a text with these ends and no others, and an empty string at its
    end: looking for two ends is far quicker than looking for all."""
    hard = "".join(end for end in ends if end in _HARD_ENDS)
    # Where a text goes on after a sentence, what was not an end has been taken: closers and spaces
    # only ever follow an end.
    sentence = (rf"[^{ends}]*+" if ends else r"[\s\S]*+") + (
        rf"[{hard}]*+[{CLOSERS}]*+[^\S{_LINE_ENDS}]*+" if hard else ""
    )
    return re.compile(sentence if ends == hard else rf"\r\n|[{_LINE_ENDS}]|{sentence}")


def _dot_ends(text: str, match: re.Match[str]) -> bool:
    """Whether this full stop ends a sentence: not in 4.2, U.S., e.g., Mr. Lei, asclaimed.example or
    "no. of"."""
    end = match.end()
    if end == len(text):
        return True
    after = text[end]
    if _HAN_CHARACTER.match(after):
        return not text[match.start() - 1 : match.start()].isdigit()
    if not after.isspace():
        return False
    if len(match.group("dot")) > 1:
        return True
    following = text[end : end + 4].lstrip()
    if following[:1].islower():
        return False
    word = _LAST_WORD.search(text[max(0, match.start() - _LONGEST_ABBREVIATION) : match.start()])
    if word is None or match.end() > match.end("dot"):
        return True
    last = word.group().lower()
    if last in _MAY_END:
        return True
    return last not in ABBREVIATIONS and len(last.rpartition(".")[2]) > 1


def clauses(text: str) -> list[str]:
    """The text cut after commas, colons, dashes, tabs and closing brackets; joined again it is the
    text."""
    pieces: list[str] = []
    start = 0
    for match in _CLAUSE_END.finditer(text):
        pieces.append(text[start : match.end()])
        start = match.end()
    if start < len(text):
        pieces.append(text[start:])
    return pieces


_LATIN = re.compile(r"[A-Za-z0-9\u00c0-\u024f]")
_TOKEN = re.compile(
    r"[A-Za-z0-9\u00c0-\u024f]+(?:['’.,][A-Za-z0-9\u00c0-\u024f]+)*[ \u00a0]?|.", re.DOTALL
)


def tokens(text: str) -> list[str]:
    """Latin words and numbers with the space behind them, everything else character by character.
    No dictionary."""
    return list(text) if _LATIN.search(text) is None else _TOKEN.findall(text)


UNITS = (
    "%|‰|℃|℉|°[CF]?|km/h|m/s|m/s²|kWh|kW|mAh|Ah|N·m|Nm|km|cm|mm|μm|kg|mg|ml|mL|kPa|MPa|Pa"
    "|Hz|kHz|MHz|GHz|dB|GB|TB|MB"
    "|万亿元|千亿元|亿元|万元|千元|百万元|美元|港元|港币|欧元|日元|人民币"
    "|万亿|千亿|百亿|亿|千万|百万|十万|万|元|块钱|块|角"
    "|公里|千米|厘米|毫米|微米|米|公斤|千克|毫克|克|吨|毫升|升"
    "|千瓦时|千瓦|瓦|伏|安|牛米|牛·米|马力|匹|度"
    "|个工作日|工作日|个月|个小时|小时|分钟|秒钟|秒|天|日|周|月|年"
    "|倍|次|台|辆|条|个|件|名|位|人|页|折|成|岁|层"
    "|percent|weeks?|days?|hours?|months?|years?|minutes?|seconds?|yuan|units?|[mgLVWAKNsh]"
)
_WORD = re.compile(
    r"(?:(?:US|HK|NT|A|C)?[$＄]|[¥￥€£]|(?:CNY|RMB|USD|HKD|EUR)[ \u00a0]?)?"
    r"[0-9]+(?:[.,:/\-×][0-9]+)*"
    rf"(?:[ \u00a0]?(?:{UNITS})(?![A-Za-z0-9]))?(?![A-Za-z0-9])"
    r"|[A-Za-z0-9\u00c0-\u024f]+(?:['’\-./_][A-Za-z0-9\u00c0-\u024f]+)*"
    rf"|(?P<han>[{HAN}]+)"
    r"|[^\W\d_A-Za-z]+|.",
    re.DOTALL,
)
# What belongs to the character before it: combining marks, joiners, variation selectors, skin
# tones, low surrogates.
_MARK = (
    "\u0300-\u036f\u0483-\u0489\u0591-\u05bd\u064b-\u065f\u0900-\u0903\u093a-\u094f\u1ab0-\u1aff"
    "\u1dc0-\u1dff\u200c\u200d\u20d0-\u20ff\u302a-\u302f\u3099\u309a\ufe00-\ufe0f\ufe20-\ufe2f"
    "\U0001f3fb-\U0001f3ff\U000e0020-\U000e007f\U000e0100-\U000e01ef"
)
_BELONGS_BEFORE = re.compile(f"[{_MARK}\udc00-\udfff]")
_JOINS_NEXT = re.compile("[\u200d\ud800-\udbff]")
_FLAG = re.compile("[\U0001f1e6-\U0001f1ff]")


def words(text: str) -> Iterator[str]:
    """The text cut at word bounds; joined again it is the text. Linear in the length of the
    text."""
    held = ""
    flags = 0
    for piece in _pieces(text):
        flags = flags + 1 if _FLAG.match(piece) else 0
        glued = held and (_BELONGS_BEFORE.match(piece) or _JOINS_NEXT.match(held[-1]) or flags == 2)
        if glued:
            held += piece
            flags = 0
            continue
        if held:
            yield held
        held = piece
    if held:
        yield held


@lru_cache(maxsize=1)
def _cut() -> Callable[[str], list[str]]:
    # its dictionary takes a tenth of a second, which a process that cuts no words need not pay for
    import rjieba

    cut: Callable[[str], list[str]] = rjieba.cut
    return cut


def _pieces(text: str) -> Iterator[str]:
    for match in _WORD.finditer(text):
        if match.lastgroup == "han" and match.end() - match.start() > 1:
            # A run of Han characters holds no surrogate, which rjieba 0.2 would refuse.
            yield from _cut()(match.group())
        else:
            yield match.group()


# Without one of these no piece belongs to the one before it.
_GLUE = re.compile(f"[{_MARK}\u200d\ud800-\udfff\U0001f1e6-\U0001f1ff]")


def _word_bounds(text: str) -> list[int]:
    """Where the words of `words(text)` begin, and where the last one ends."""
    if _GLUE.search(text) is not None:
        return [0, *accumulate(map(len, words(text)))]
    bounds = [0]
    for match in _WORD.finditer(text):
        if match.lastgroup == "han":
            bounds += accumulate(map(len, _cut()(match.group())), initial=bounds.pop())
        else:
            bounds.append(match.end())
    return bounds


class WordBounds:
    """Word bounds of one text, worked out only in the sentences that are asked about.

    A sentence gives the segmenter its context, so a bound does not depend on where the question was
    put.
    """

    def __init__(self, text: str, parts: list[str] | None = None) -> None:
        self._parts = sentences(text) if parts is None else parts
        self._starts = list(accumulate(map(len, self._parts), initial=0))
        self._bounds: dict[int, list[int]] = {}

    def around(self, position: int) -> tuple[int, int]:
        """Start and end of the word that `position` would cut; (position, position) where it is a
        bound already."""
        back, forth = self.widening(position, position)
        return position - back, position + forth

    def widening(self, start: int, end: int) -> tuple[int, int]:
        """By how much the span must grow to the left and to the right to cut no word."""
        starts = self._starts
        most = starts[-1]
        back = forth = 0
        part = -1
        bounds: list[int] = []
        if 0 < start < most:
            part = bisect_right(starts, start) - 1
            inside = start - starts[part]
            if inside:
                bounds = self._bounds.get(part) or self._cut(part)
                back = inside - bounds[bisect_right(bounds, inside) - 1]
        if 0 < end < most:
            if part < 0 or not starts[part] <= end < starts[part + 1]:
                part, bounds = bisect_right(starts, end) - 1, []
            inside = end - starts[part]
            if inside:
                bounds = bounds or self._bounds.get(part) or self._cut(part)
                forth = bounds[bisect_left(bounds, inside)] - inside
        return back, forth

    def _cut(self, part: int) -> list[int]:
        bounds = self._bounds[part] = _word_bounds(self._parts[part])
        return bounds
