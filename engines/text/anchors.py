"""Finding a quote in a text again: where it stood, and what became of it.

A `Quote` is a W3C TextQuoteSelector (Web Annotation Data Model, section 4.2.4): the exact words
with what stood before and after them. `sight` answers for one quote in one text:

- **verbatim**: the words stand there, and in their place. What does not count as a difference, and
  nothing else (`fold`): canonical composition (é as one code point or two); full-width and
  half-width forms (，, ％% Ａa-zone ７7, ideographic full stop and full stop); straight and curly
  quotation marks; white space, which counts only as "some" or "none" and only between two letters,
  or two digits, of a script that parts words by it ("1.3kg的" is "1.3 kg 的", but "42 000" is not
  "42000"); invisible characters (zero-width space, soft hyphen, word joiner, byte order mark);
  which dash it is, and how long. Case, digits, 、 against ， and every other character count. Words
  may not be cut: "4.2" is not verbatim in "4.25", "5 weeks" not in "35 weeks".
- **reworded**: not verbatim, but a passage is near enough (see the thresholds); or the words stand
  there, and what was put beside them in their sentence turns or limits them ("并无", "up to"), or
  they are struck through.
- **elsewhere**: the words stood in several places, and the place of this quote now says something
  else (`_left_its_place`).
- **absent**: no passage is near enough. The sentence with the nearest words is still reported.

Nearness is counted in words (a Han character is one), so that English and Chinese have one scale:
letters in common mean nothing in English, where any two sentences share half of theirs. Similarity
is an integer per mille,
2 × kept / (quote + passage), each word weighed by its length, punctuation and case left out.
"""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache
from itertools import accumulate, pairwise

from rapidfuzz.distance import Indel

from engines.text.sentences import sentences

# The W3C model leaves the length open; 32 characters are a clause on either side in Chinese, five
# words in English.
CONTEXT = 32
# Context grows until the quote is unique, but no further: in a text of one repeated line it would
# grow to the whole text.
LONGEST_CONTEXT = 512
# From here on a passage is the quote in other words: half of it may be deleted (2 × 1/2 / (1 + 1/2)
# = 0.667) or a third of its words replaced. Unrelated passages about one subject reach 0.45 in a
# text of 100,000 characters.
REWORDED_FROM = 660
# Short quotes meet a near passage by accident more easily (碳纤维机盖, 碳纤维轮毂): no more than a
# third may be deleted.
SHORT_QUOTE = 16  # in the weights of `_weight`: eight Han characters, three or four English words
REWORDED_FROM_IF_SHORT = 800
# Places looked at closely, best first, for the nearest passage; the same for occurrences of the
# exact words.
CANDIDATES = 4
OCCURRENCES = 2_000
# How far around the nearest words of an absent quote their sentence is shown.
SENTENCE_REACH = 200
# A quote of more words than this is compared by its beginning only when
# the nearest passage is sought.
LONGEST_QUOTE = 4_000

_UNSEEN = re.compile("[\u00ad\u180e\u200b\u2060\ufeff]+")
_SPACES = re.compile(r"\s+")
# Letters of scripts that part words by spaces (everything below the Indic and East Asian blocks,
# and Hangul), digits; a mark standing alone keeps the space it stands on.
_SPACED_LETTER = (
    "A-Za-z\u00aa\u00b5\u00ba\u00c0-\u02ff\u0370-\u0482\u048a-\u058f\u05d0-\u060f\u0620-\u064a"
    "\u066e-\u06d5\u1100-\u11ff\u1e00-\u1fff\uac00-\ud7a3"
)
_MARK = (
    "\u0300-\u036f\u0483-\u0487\u0591-\u05bd\u0610-\u061a\u064b-\u065f\u06d6-\u06ed\u0711-\u0eff"
    "\u1160-\u11ff\u1ab0-\u1dff\u20d0-\u20ff\u302a-\u302f\u3099\u309a"
)
_PARTED = re.compile(f"(?:[{_SPACED_LETTER}]{{2}}|[0-9]{{2}}|(?s:.)[{_MARK}])")
_CLUSTER = re.compile(f"(?s:.)[{_MARK}]*")
_WORD = re.compile(r"[0-9]+(?:[.,:][0-9]+)*|[A-Za-z\u00c0-\u05ff]+(?:'[A-Za-z]+)*|[^\W_]")
_NUMBER_BEHIND = re.compile(r"[.,:]?[0-9]")
_NUMBER_BEFORE = re.compile(r"[0-9][.,:]?\Z")
_LATIN = re.compile("[A-Za-z\u00c0-\u05ff]")

_WIDE = "。｡．､｢｣･￥￡￠￦“”„‘’‛"
_NARROW = "...、「」・¥£¢₩\"\"\"'''"
# Which dash someone's keyboard writes is typography.
_DASHES = "‐‑‒–—―−⸺⸻﹘﹣"
_DASH_RUN = re.compile("(?<=-)-+")
_WIDTHS = {0xFF01 + offset: 0x21 + offset for offset in range(94)} | dict(
    zip(map(ord, _WIDE), map(ord, _NARROW), strict=True)
)
_WIDTHS |= {ord(dash): ord("-") for dash in _DASHES}


@dataclass(frozen=True, slots=True)
class Quote:
    """A TextQuoteSelector. An empty prefix or suffix means that the text began or ended there, or
    that nobody said."""

    exact: str
    prefix: str = ""
    suffix: str = ""


class Sight(StrEnum):
    VERBATIM = "verbatim"
    REWORDED = "reworded"
    ELSEWHERE = "elsewhere"
    ABSENT = "absent"


@dataclass(frozen=True, slots=True)
class QuoteMatch:
    """What became of a quote: `passage` is text[start:end], `similarity` is per mille (1000 is
    verbatim)."""

    kind: Sight
    start: int
    end: int
    passage: str
    similarity: int


def anchor(text: str, start: int, end: int) -> Quote:
    """The quote text[start:end] with as much context as makes it unique, at least CONTEXT
    characters where there are.

    Raises ValueError when the span is empty or outside the text.
    """
    if not 0 <= start < end <= len(text):
        raise ValueError("a quote is a span of at least one character inside its text")
    context = CONTEXT
    while True:
        quote = Quote(
            text[start:end], text[max(0, start - context) : start], text[end : end + context]
        )
        whole = quote.prefix + quote.exact + quote.suffix
        first = text.find(whole)
        if context >= LONGEST_CONTEXT or text.find(whole, first + 1) < 0:
            return quote
        context *= 2


def locate(quote: Quote, text: str) -> tuple[int, int] | None:
    """Where the quote stands verbatim: with its whole context if it does somewhere, else where the
    context fits best."""
    if not quote.exact:
        return None
    whole = quote.prefix + quote.exact + quote.suffix
    at = text.find(whole)
    if at >= 0:
        start = at + len(quote.prefix)
        if not _cuts_a_word(text, start, start + len(quote.exact), quote):
            return start, start + len(quote.exact)
    folded = _folded(text)
    wanted = Quote(
        _folded(quote.exact).text, _folded(quote.prefix).text, _folded(quote.suffix).text
    )
    if not wanted.exact:
        return None
    best: tuple[int, int] | None = None
    best_fit = -1
    for start in _occurrences(wanted.exact, folded.text):
        end = start + len(wanted.exact)
        if _cuts_a_word(folded.text, start, end, wanted):
            continue
        fit = _common_end(folded.text[max(0, start - CONTEXT) : start], wanted.prefix)
        fit += _common_start(folded.text[end : end + CONTEXT], wanted.suffix)
        if fit > best_fit:
            best, best_fit = (start, end), fit
    return folded.span(*best) if best else None


def sight(quote: Quote, text: str) -> QuoteMatch:
    """What became of the quote in the text."""
    span = locate(quote, text)
    if span:
        if turned := _turned(quote, text, *span):
            return QuoteMatch(Sight.REWORDED, *turned, text[slice(*turned)], 999)
        kind = Sight.ELSEWHERE if _left_its_place(quote, text, *span) else Sight.VERBATIM
        return QuoteMatch(kind, *span, text[slice(*span)], 1000)
    start, end, similarity, weight = _nearest(quote.exact, text)
    least = REWORDED_FROM_IF_SHORT if weight < SHORT_QUOTE else REWORDED_FROM
    if similarity >= least and not _is_neighbour(quote, text, start, end):
        start, end = _with_signs(text, start, end)
        # 1000 is the same words with other punctuation; a sign, a currency or a unit that differs
        # is a difference.
        similarity = 1000 if same_words(quote.exact, text[start:end]) else min(similarity, 999)
        return QuoteMatch(Sight.REWORDED, start, end, text[start:end], similarity)
    if similarity:
        start, end = _sentence_around(text, start, end)
    return QuoteMatch(Sight.ABSENT, start, end, text[start:end], similarity)


# --- What stands beside a quote -------------------------------------------------------------------

# Words that turn or limit what stands in the same sentence.
_TURNS = re.compile(
    "并无|没有|并非|并不|不再|不是|不会|不能|不可|不得|未曾|从未|尚未|绝不|从不|否认|取消|停止"
    "|不|未|非|无|勿|所谓|据称|最多|最高|至多|不超过|约|大约|可能|或许|部分|仅限|仅|除外|不含"
    "|不实|不成立|错误|失效|作废"
    r"|\b(?:not|never|no|none|nor|neither|without|cannot|deny|denied|denies|false|untrue|wrong"
    r"|cancelled|canceled|withdrawn|up to|at most|may|might|could|possibly|perhaps|allegedly"
    r"|supposedly|so-called|only|except|excluding|unless|almost|nearly|about|approximately|some"
    r"|partly)\b|\b\w+n't\b",
    re.IGNORECASE,
)
_ADJACENT = re.compile(
    r"(?:并无|没有|并非|并不是|不是|从未|否认|不再|\b(?:not|never|no|without)\s*)\Z", re.IGNORECASE
)
_ENDS = re.compile(r"[。！？!?.;；\n]")
_BEHIND = re.compile(r"[^。！？!?.;；\n]*")
STRIKE = "~~"  # as `extraction` writes text that is struck through
_REACH = 60
#: So much of a label ("机盖：") tells a place from another, in the weights of `weight`.
_LABEL = 4


def _beside(text: str, start: int, end: int) -> tuple[str, str]:
    """What stands before and behind a span in its sentence, at most _REACH characters each."""
    behind = _BEHIND.match(text[end : end + _REACH])
    return _ENDS.split(text[max(0, start - _REACH) : start])[-1], behind.group() if behind else ""


def _turned(quote: Quote, text: str, start: int, end: int) -> tuple[int, int] | None:
    """The span of a verbatim passage with the words that were put beside it and turn or limit it;
    None where nothing does.

    What stood beside the quote already, when it was quoted, turns nothing. Of a quote without
    context nobody knows what did: there only a negation that touches it counts.
    """
    before, behind = _beside(text, start, end)
    if (
        before.count(STRIKE) % 2
        and STRIKE in text[end : end + 4 * _REACH]
        and STRIKE not in quote.prefix
    ):
        return start, end
    if not quote.prefix and not quote.suffix:
        match = _ADJACENT.search(before)
        return (start - len(before) + match.start(), end) if match else None
    was_before, was_behind = _beside(
        quote.prefix + quote.exact + quote.suffix,
        len(quote.prefix),
        len(quote.prefix) + len(quote.exact),
    )
    # The quote's own context may be cut: what is longer than it was
    # cannot be compared beyond its length.
    known = (
        before[-len(quote.prefix) :]
        if quote.prefix and len(was_before) == len(quote.prefix)
        else before
    )
    if new := _added(known, was_before):
        at = start - len(known) + new[0]
        return at, end
    known = (
        behind[: len(quote.suffix)]
        if quote.suffix and len(was_behind) == len(quote.suffix)
        else behind
    )
    if new := _added(known, was_behind):
        return start, end + new[1]
    return None


def _added(now: str, was: str) -> tuple[int, int] | None:
    """Where in `now` the first turning word stands that `was` does not have as often."""
    before: dict[str, int] = {}
    for match in _TURNS.finditer(was):
        before[match.group().lower()] = before.get(match.group().lower(), 0) + 1
    for match in _TURNS.finditer(now):
        word = match.group().lower()
        before[word] = before.get(word, 0) - 1
        if before[word] < 0:
            return match.span()
    return None


def _left_its_place(quote: Quote, text: str, start: int, end: int) -> bool:
    """Whether a quote that stood in several places stands only in another of them: its own place is
    still there, and says something else.

    A place is known by what stood right before the quote in its line ("机盖："), else by the line
    above it.
    """
    if (
        fold(quote.exact) not in fold(quote.prefix + "\n" + quote.suffix)
        and len(quote.prefix) <= CONTEXT
    ):
        return False
    was, now = _label(quote.prefix), _label(text[:start][-4 * LONGEST_CONTEXT :])
    if weight(was) < _LABEL or now.endswith(was) or was.endswith(now):
        return False
    at = text.find(was)
    while at >= 0:
        if not text[at + len(was) :].lstrip().startswith(quote.exact):
            return True
        at = text.find(was, at + 1)
    return False


def _label(before: str) -> str:
    return _ENDS.split(before)[-1].strip() or next(
        (line.strip() for line in reversed(before.rstrip("\n").split("\n")) if line.strip()), ""
    )


def _is_neighbour(quote: Quote, text: str, start: int, end: int) -> bool:
    """Whether a passage that is near the quote stood beside it all along: then it is no rewording
    of it."""
    first, last = _sentence_around(text, start, end)
    sentence = _folded(text[first:last].strip()).text
    if weight(sentence) < _LABEL:
        return False
    behind, before = _folded(quote.suffix.strip()).text, _folded(quote.prefix.strip()).text
    for context, taken in (
        (behind, sentence[: len(behind)]),
        (before, sentence[-len(before) :] if before else ""),
    ):
        if weight(context) >= SHORT_QUOTE // 2 and context == taken:
            return True
        if len(context) > len(sentence) and sentence in context:
            return True
    return False


# --- Typography -----------------------------------------------------------------------------------

# What says something without being a letter or digit: a minus before a number, a stroke inside a
# unit, and these symbols and currencies.
_SIGN = re.compile(r"-(?=[0-9.])|[+=<>×÷±≤≥≈≠∞√%‰°′″℃℉$¥£¢€₩฿₽₹]|(?<=[A-Za-z0-9])/(?=[A-Za-z0-9])")
_SAID = re.compile(
    rf"{_SIGN.pattern}|{_WORD.pattern}|[^\w\s]"
)  # punctuation parts a number from what follows it


def same_words(first: str, other: str) -> bool:
    """Whether two passages differ by nothing but punctuation, white space and capitals: the same
    words, numbers, signs and units."""
    return _said(first) == _said(other)


def _said(text: str) -> list[str]:
    words: list[str] = []
    number = False
    for match in _SAID.finditer(_folded(text).text):
        piece = match.group()
        word = _WORD.fullmatch(piece) is not None
        if not word and _SIGN.match(match.string, match.start()) is None:
            number = False
            continue
        # What stands behind a number is its unit, in which capitals count: mW is not MW.
        words.append(piece if number else piece.lower())
        number = piece[-1].isdigit()
    return words


def _with_signs(text: str, start: int, end: int) -> tuple[int, int]:
    """The span with the signs and symbols that touch it, which no word holds."""
    while start > 0 and _SIGN.match(text, start - 1):
        start -= 1
    while end < len(text) and _SIGN.match(text, end):
        end += 1
    return start, end


# --- Folding --------------------------------------------------------------------------------------


class _FoldedText:
    """A text without the differences that do not count, and the way back to its offsets."""

    __slots__ = ("_ends", "_starts", "_words", "text")

    def __init__(self, original: str) -> None:
        """Widths, invisible characters, composition, white space: in this order nothing is left for
        a second folding."""
        narrow = original.translate(_WIDTHS)
        text, starts = _cut(
            narrow, list(range(len(narrow))), [match.span() for match in _UNSEEN.finditer(narrow)]
        )
        text, starts = _cut(text, starts, [match.span() for match in _DASH_RUN.finditer(text)])
        text, starts, self._ends = _composed(text, starts)
        spaces = [match.span() for match in _SPACES.finditer(text)]
        kept = {
            start
            for start, end in spaces
            if start > 0 and end < len(text) and _PARTED.match(text[start - 1] + text[end])
        }
        cuts = [(start + (start in kept), end) for start, end in spaces]
        # What stays of white space is one plain space, whatever it was: a line break for one.
        self.text, self._starts = _cut(re.sub(r"\s", " ", text), starts, cuts)
        self._words: tuple[list[str], list[int], list[int]] | None = None

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The span of the original for a span that is not empty."""
        last = self._starts[end - 1]
        return self._starts[start], self._ends.get(last, last + 1)

    def words(self) -> tuple[list[str], list[int], list[int]]:
        """Words in small letters, with where each begins and ends in the folded text."""
        if self._words is None:
            spans = [match.span() for match in _WORD.finditer(self.text)]
            self._words = (
                [word.lower() for word in _WORD.findall(self.text)],
                [start for start, _ in spans],
                [end for _, end in spans],
            )
        return self._words


# A version is sighted for every appearance in its source, one after the other.
@lru_cache(maxsize=8)
def _folded(text: str) -> _FoldedText:
    return _FoldedText(text)


def fold(text: str) -> str:
    """The text as quotes are compared: see "verbatim" above. Folding twice changes nothing."""
    return _folded(text).text


def _cut(text: str, starts: list[int], cuts: list[tuple[int, int]]) -> tuple[str, list[int]]:
    """The text without the spans, which ascend, and where each code point left began in the
    original."""
    if not cuts:
        return text, starts
    pieces: list[str] = []
    left: list[int] = []
    position = 0
    for start, end in [*cuts, (len(text), len(text))]:
        pieces.append(text[position:start])
        left.extend(starts[position:start])
        position = end
    return "".join(pieces), left


def _composed(text: str, starts: list[int]) -> tuple[str, list[int], dict[int, int]]:
    """The text in NFC, where each of its code points began in the original, and where a composed
    cluster begun there ended."""
    if unicodedata.is_normalized("NFC", text):
        return text, starts, {}
    pieces: list[str] = []
    begun: list[int] = []
    ends: dict[int, int] = {}
    for match in _CLUSTER.finditer(text):
        start, end = match.span()
        cluster = unicodedata.normalize("NFC", match.group())
        pieces.append(cluster)
        if cluster == match.group():
            begun.extend(starts[start:end])
        else:
            begun.extend([starts[start]] * len(cluster))
            ends[starts[start]] = starts[end - 1] + 1
    return "".join(pieces), begun, ends


# --- Verbatim -------------------------------------------------------------------------------------


def _occurrences(exact: str, text: str) -> Iterator[int]:
    at = text.find(exact)
    for _ in range(OCCURRENCES):
        if at < 0:
            return
        yield at
        at = text.find(exact, at + 1)


def _cuts_a_word(text: str, start: int, end: int, quote: Quote) -> bool:
    """Whether this occurrence is part of a longer number or Latin word, unless the quote was cut
    there itself."""
    before, behind = text[max(0, start - 2) : start], text[end : end + 2]
    first, last = text[start], text[end - 1]
    if before and before[-1] != quote.prefix[-1:]:
        if first.isdigit() and _NUMBER_BEFORE.search(before):
            return True
        if _LATIN.match(first) and _LATIN.match(before[-1]):
            return True
    if behind and behind[0] != quote.suffix[:1]:
        if last.isdigit() and _NUMBER_BEHIND.match(behind):
            return True
        if _LATIN.match(last) and _LATIN.match(behind[0]):
            return True
    return False


def _common_start(a: str, b: str) -> int:
    common = 0
    for first, other in zip(a, b, strict=False):
        if first != other:
            break
        common += 1
    return common


def _common_end(a: str, b: str) -> int:
    return _common_start(a[::-1], b[::-1])


# --- The nearest passage --------------------------------------------------------------------------


def weight(text: str) -> int:
    """How much a text says: its words by `_weight`."""
    return sum(map(_weight, _folded(text).words()[0]))


def _weight(word: str) -> int:
    """Two for a Han character, the length for anything spelt, up to eight: one long word is not
    worth a sentence."""
    return 2 if len(word) == 1 and word > "\u0600" else min(len(word), 8)


def _nearest(exact: str, text: str) -> tuple[int, int, int, int]:
    """(start, end, similarity) of the nearest passage, and the weight of the quote.

    1. Every word of the text that the quote has too counts one, every pair of neighbours two; the
       windows of the quote's length where that adds up to most are candidates.
    2. In each, with half a quote of room on either side, the words are aligned exactly (rapidfuzz),
       and the span is cut so that its similarity is greatest: a 的 matched far outside does not
       stretch the passage.
    """
    quote_words = _folded(exact).words()[0][:LONGEST_QUOTE]
    folded = _folded(text)
    text_words, starts, ends = folded.words()
    weight = sum(map(_weight, quote_words))
    if not quote_words or not text_words:
        return 0, 0, 0, weight
    best = (0, 0, 0)
    size = len(quote_words)
    for at in _candidates(quote_words, text_words):
        low, high = max(0, at - size // 2 - 1), at + size + size // 2 + 1
        first, last, similarity = _best_span(quote_words, text_words[low:high], weight)
        if similarity > best[2]:
            best = (low + first, low + last, similarity)
    if not best[2]:
        return 0, 0, 0, weight
    return *folded.span(starts[best[0]], ends[best[1]]), best[2], weight


def _sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentences that the span touches, without the white space behind them, reaching no further
    than SENTENCE_REACH."""
    low = max(0, start - SENTENCE_REACH)
    bounds = list(accumulate(map(len, sentences(text[low : end + SENTENCE_REACH])), initial=low))
    first = max(bound for bound in bounds if bound <= start)
    last = min(bound for bound in bounds if bound >= end)
    return first, max(end, first + len(text[first:last].rstrip()))


def _candidates(quote_words: list[str], text_words: list[str]) -> list[int]:
    """Where the windows begin that share most with the quote: the best first, none inside
    another."""
    single, double = set(quote_words), set(pairwise(quote_words))
    hits = [
        (word in single) + 2 * (pair in double)
        for word, pair in zip(text_words, pairwise([*text_words, ""]), strict=True)
    ]
    size = min(len(quote_words), len(text_words))
    sums = list(accumulate(hits, initial=0))
    scores = [end - start for start, end in zip(sums, sums[size:], strict=False)]
    places: list[int] = []
    for _ in range(CANDIDATES):
        top = max(scores)
        if top <= 0:
            break
        at = scores.index(top)
        places.append(at)
        low, high = max(0, at - size // 2), min(len(scores), at + size // 2 + 1)
        scores[low:high] = [0] * (high - low)
    return places


def _best_span(quote_words: list[str], window: list[str], weight: int) -> tuple[int, int, int]:
    """(first word, last word, similarity) of the span of the window that is nearest to the
    quote."""
    weights = list(accumulate(map(_weight, window), initial=0))
    blocks = [
        (op.dest_start, op.dest_end)
        for op in Indel.opcodes(quote_words, window)
        if op.tag == "equal"
    ]
    kept = list(accumulate((weights[end] - weights[start] for start, end in blocks), initial=0))
    best = (0, 0, 0)
    # Leaving out outer blocks pays only near the ends;
    # trying 64 of them on either side bounds the work.
    for first in range(min(len(blocks), 64)):
        for last in range(max(first, len(blocks) - 64), len(blocks)):
            start, end = blocks[first][0], blocks[last][1]
            similarity = (
                2000 * (kept[last + 1] - kept[first]) // (weight + weights[end] - weights[start])
            )
            if similarity > best[2]:
                best = (start, end - 1, similarity)
    return best
