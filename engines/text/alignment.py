"""What two texts have in common, as blocks of equal characters, and which sentences only changed
their place.

The searching half of the diff; `diffing` says what the steps are and puts the marks. Every function
here is bounded by sizes, never by a clock, so that the same two texts always align in the same way.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate, repeat
from typing import Any, NamedTuple

import fast_diff_match_patch
from rapidfuzz.distance import Indel, Postfix, Prefix

from engines.text.sentences import clauses, tokens

# Up to this product of lengths a hunk is solved by fast_diff_match_patch (worst case 4 ms), whose
# cleaning makes the prettier script.
SMALL_HUNK = 250_000
# Up to this product by rapidfuzz (worst case about 0.1 s and 50 MB at 20,000 × 20,000).
LARGE_HUNK = 400_000_000
# Length of the passages that hold the alignment of a text without sentence ends. Eight Han
# characters seldom repeat.
ANCHOR_LENGTH = 8
# Gaps of more characters (of both texts) are not compared any finer, nor are those after the first
# so many of all gaps: hostile texts, which share letters and no passage, would take seconds.
LARGEST_GAP = 200_000
ALL_GAPS = 400_000
# Anchors are looked for again inside gaps this many times; each time reads the gap once.
ANCHOR_ROUNDS = 6
# A shorter sentence standing elsewhere ("Thank you.") is repetition, not a move.
# Counted as in `worth`.
MOVED_FROM = 12
# Common ground worth no more than this (see `worth`) is a crumb:
# 的 and "the" are shared by any two passages.
CRUMB_WORTH = 5
# How far an edit may slide: texts of one repeated character would otherwise cost the square of
# their length.
LONGEST_SLIDE = 200

Span = tuple[int, int]
# A Block while it is searched for. Thousands are made on the way to a few hundred blocks, and a
# bare tuple is five times as cheap.
Common = tuple[int, int, int]


class Block(NamedTuple):
    """`length` equal items at `old` and `new`."""

    old: int
    new: int
    length: int


class Move(NamedTuple):
    """A passage at [old_start, old_end) of the old text that stands at [new_start, new_end) of the
    new one."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def worth(text: str) -> int:
    """How much a stretch of text says: two for a Han character (or kana, hangul…), one for a letter
    or digit."""
    return sum((1 if character < "\u0600" else 2) for character in text if character.isalnum())


def compare(
    old: str, new: str, old_parts: list[str], new_parts: list[str]
) -> tuple[list[Block], list[Move]]:
    """Ascending blocks of equal characters, and the moves between them. The parts are the texts'
    sentences."""
    old_at = list(accumulate(map(len, old_parts), initial=0))
    new_at = list(accumulate(map(len, new_parts), initial=0))
    whole = _ending_lines(_align(old_parts, new_parts, _says_something), old_parts, new_parts)
    moves = _moves(old_parts, new_parts, whole, old_at, new_at)
    blocks = [(old_at[o], new_at[n], old_at[o + length] - old_at[o]) for o, n, length in whole]
    old_cuts = sorted((move.old_start, move.old_end) for move in moves)
    new_cuts = sorted((move.new_start, move.new_end) for move in moves)
    runs = list(blocks)
    room = ALL_GAPS
    for old_start, old_end, new_start, new_end in _filled_gaps(blocks, len(old), len(new)):
        size = old_end - old_start + new_end - new_start
        if size > min(LARGEST_GAP, room):
            runs += _shifted(
                _only_ends(old[old_start:old_end], new[new_start:new_end]), old_start, new_start
            )
            continue
        room -= size
        if moves:
            runs += _around(
                old, new, minus(old_start, old_end, old_cuts), minus(new_start, new_end, new_cuts)
            )
        else:
            runs += _shifted(
                _by_clause(old[old_start:old_end], new[new_start:new_end]), old_start, new_start
            )
    return joined(sorted(runs)), moves


def gaps(blocks: Iterable[Common], old_length: int, new_length: int) -> Iterator[tuple[Span, Span]]:
    """The spans before, between and behind the blocks: one more than there are blocks, empty ones
    too."""
    old_end = new_end = 0
    for old, new, length in blocks:
        yield (old_end, old), (new_end, new)
        old_end, new_end = old + length, new + length
    yield (old_end, old_length), (new_end, new_length)


def _filled_gaps(
    blocks: Iterable[Common], old_length: int, new_length: int
) -> list[tuple[int, int, int, int]]:
    """Start and end of the gaps in the old and in the new, of those with something on both sides:
    only there can be more in common."""
    filled = []
    old_end = new_end = 0
    for old, new, length in blocks:
        if old > old_end and new > new_end:
            filled.append((old_end, old, new_end, new))
        old_end, new_end = old + length, new + length
    if old_length > old_end and new_length > new_end:
        filled.append((old_end, old_length, new_end, new_length))
    return filled


def minus(start: int, end: int, cuts: list[Span]) -> list[Span]:
    """The span without the cuts inside it. Cuts are ascending and never straddle its ends."""
    left = []
    for index in range(bisect_left(cuts, (start, 0)), len(cuts)):
        cut_start, cut_end = cuts[index]
        if cut_start >= end:
            break
        if cut_start > start:
            left.append((start, cut_start))
        start = cut_end
    if start < end:
        left.append((start, end))
    return left


def joined(blocks: Iterable[tuple[int, int, int]]) -> list[Block]:
    """The blocks, those that continue each other as one."""
    result: list[Block] = []
    start_old = start_new = end_old = end_new = 0
    for old, new, length in blocks:
        if old == end_old and new == end_new:
            end_old += length
            end_new += length
        elif length:
            if end_old > start_old:
                result.append(Block(start_old, start_new, end_old - start_old))
            start_old, start_new, end_old, end_new = old, new, old + length, new + length
    if end_old > start_old:
        result.append(Block(start_old, start_new, end_old - start_old))
    return result


# --- From sentences to characters -----------------------------------------------------------------


def _around(old: str, new: str, old_spans: list[Span], new_spans: list[Span]) -> Iterator[Common]:
    """What is in common in one gap. Moved pieces are cut out of it; what is left is compared as one
    text and mapped back."""
    a = "".join(old[start:end] for start, end in old_spans)
    b = "".join(new[start:end] for start, end in new_spans)
    if not a or not b:
        return
    old_place, new_place = _Places(old_spans), _Places(new_spans)
    for a_start, b_start, whole in _by_clause(a, b):
        done = 0
        while done < whole:
            old_position, old_room = old_place(a_start + done)
            new_position, new_room = new_place(b_start + done)
            length = min(whole - done, old_room, new_room)
            yield old_position, new_position, length
            done += length


class _Places:
    """Turns an offset into joined spans into (the offset in the text, how much of its span is
    left)."""

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._at = [0, *accumulate(end - start for start, end in spans)]

    def __call__(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._at, offset) - 1
        start, end = self._spans[index]
        position = start + offset - self._at[index]
        return position, end - position


def _only_ends(a: str, b: str) -> list[Common]:
    """What two texts begin and end with in common, without a finer look at the rest."""
    head, tail = _common_ends(a, b)
    return [(0, 0, head), (len(a) - tail, len(b) - tail, tail)]


def _by_clause(a: str, b: str) -> list[Common]:
    head, tail = _common_ends(a, b)
    if head + tail == min(len(a), len(b)):
        # One stretch vanished or was added, and all else is in common: no finer cut can find more.
        return [(0, 0, head), (len(a) - tail, len(b) - tail, tail)]
    return _by_parts(a, b, clauses, _by_passage, _says_something)


def _by_passage(a: str, b: str) -> list[Common]:
    """In text too large to be compared exactly, passages that stand once in both hold the
    comparison of the rest."""
    if len(a) * len(b) <= LARGE_HUNK:
        return _by_token(a, b)
    head, tail = _common_ends(a, b)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    if len(middle_a) * len(middle_b) <= LARGE_HUNK:
        return _by_token(a, b)
    inner = _rare_passages(middle_a, middle_b)
    for a_start, a_end, b_start, b_end in _filled_gaps(inner, len(middle_a), len(middle_b)):
        inner += _shifted(
            _by_token(middle_a[a_start:a_end], middle_b[b_start:b_end]), a_start, b_start
        )
    return [
        (0, 0, head),
        *sorted(_shifted(inner, head, head)),
        (len(a) - tail, len(b) - tail, tail),
    ]


def _by_token(a: str, b: str) -> list[Common]:
    """Latin words and numbers as wholes: letters alone would find "air" in "repaired" and miss the
    phrase beside it."""
    return _by_parts(a, b, tokens, _exactly)


def _by_parts(
    a: str,
    b: str,
    cut: Callable[[str], list[str]],
    inner: Callable[[str, str], list[Common]],
    holds: Callable[[Sequence[str]], bool] | None = None,
) -> list[Common]:
    """Whole equal parts, and inside the gaps between them what `inner` finds."""
    a_parts, b_parts = cut(a), cut(b)
    if min(len(a_parts), len(b_parts)) == 1 or len(a_parts) == len(a) or len(b_parts) == len(b):
        return inner(a, b)
    a_at = list(accumulate(map(len, a_parts), initial=0))
    b_at = list(accumulate(map(len, b_parts), initial=0))
    whole = _align(a_parts, b_parts, holds)
    runs = [(a_at[o], b_at[n], a_at[o + length] - a_at[o]) for o, n, length in whole]
    for a_start, a_end, b_start, b_end in _filled_gaps(runs, len(a), len(b)):
        runs += _shifted(inner(a[a_start:a_end], b[b_start:b_end]), a_start, b_start)
    return sorted(runs)


def _exactly(a: str, b: str) -> list[Common]:
    """The longest common subsequence between the common ends; nothing between them where that is
    beyond the limits."""
    head, tail = _common_ends(a, b)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    size = len(middle_a) * len(middle_b)
    inner: list[Common] = []
    if 0 < size <= SMALL_HUNK:
        inner = _small(middle_a, middle_b)
    elif 0 < size <= LARGE_HUNK:
        inner = _large(middle_a, middle_b)
    return [(0, 0, head), *_shifted(inner, head, head), (len(a) - tail, len(b) - tail, tail)]


def _small(a: str, b: str) -> list[Common]:
    runs = []
    i = j = 0
    # No time limit and no line mode: both would make the answer depend on more than the texts.
    for kind, length in fast_diff_match_patch.diff(
        a, b, timelimit=0, checklines=False, cleanup="No", counts_only=True
    ):
        if kind == "=":
            runs.append((i, j, length))
        i += length if kind != "+" else 0
        j += length if kind != "-" else 0
    return runs


def _large(a: Sequence[Any], b: Sequence[Any]) -> list[Common]:
    return [
        (op.src_start, op.dest_start, op.src_end - op.src_start)
        for op in Indel.opcodes(a, b)
        if op.tag == "equal"
    ]


def _shifted(runs: Iterable[Common], old: int, new: int) -> list[Common]:
    return [(i + old, j + new, length) for i, j, length in runs]


# --- Sequences ------------------------------------------------------------------------------------


def _says_something(parts: Sequence[str]) -> bool:
    return worth("".join(parts)) > CRUMB_WORTH


def _align(
    a: Sequence[str], b: Sequence[str], holds: Callable[[Sequence[str]], bool] | None
) -> list[Block]:
    """Equal items in order: common ends, then items that stand once in both, again inside the gaps,
    then exactly.

    What the exact step finds is kept only if it `holds`: a blank line or 的， in common between two
    unrelated passages would tear the comparison of their characters apart. Without `holds` the
    items are words and characters, of which one that stands once in both proves nothing: they are
    compared exactly at once.
    """
    aligned: list[Common] = []
    waiting = [(0, len(a), 0, len(b), 0)]
    while waiting:
        a_start, a_end, b_start, b_end, rounds = waiting.pop()
        if (
            a_end - a_start == b_end - b_start == 1
        ):  # most gaps of a text that was edited here and there
            if a[a_start] == b[b_start]:
                aligned.append((a_start, b_start, 1))
            continue
        head, tail = _common_ends(a[a_start:a_end], b[b_start:b_end])
        aligned.append((a_start, b_start, head))
        aligned.append((a_end - tail, b_end - tail, tail))
        a_start, b_start = a_start + head, b_start + head
        part_a, part_b = a[a_start : a_end - tail], b[b_start : b_end - tail]
        if not part_a or not part_b:
            continue
        runs = _anchors(part_a, part_b) if holds and rounds < ANCHOR_ROUNDS else []
        if runs:
            aligned += _shifted(runs, a_start, b_start)
            waiting += [
                (a_start + i, a_start + i_end, b_start + j, b_start + j_end, rounds + 1)
                for i, i_end, j, j_end in _filled_gaps(runs, len(part_a), len(part_b))
            ]
        elif len(part_a) * len(part_b) <= LARGE_HUNK and not set(part_a).isdisjoint(part_b):
            exact = joined(_large(*_numbered(part_a, part_b)))
            aligned += _shifted(
                (
                    run
                    for run in exact
                    if not holds or holds(part_a[run.old : run.old + run.length])
                ),
                a_start,
                b_start,
            )
    return joined(sorted(aligned))


def _numbered(a: Sequence[str], b: Sequence[str]) -> tuple[list[int], list[int]]:
    """Both sequences with equal numbers for equal items: rapidfuzz would go by the hashes of the
    items."""
    numbers: dict[str, int] = {}
    return [numbers.setdefault(item, len(numbers)) for item in a], [
        numbers.setdefault(item, len(numbers)) for item in b
    ]


def _common_ends(a: Sequence[Any], b: Sequence[Any]) -> tuple[int, int]:
    """Lengths of the common start and the common end, which do not overlap. Of lists by halving:
    comparing slices runs in C."""
    if isinstance(a, str):
        head = Prefix.similarity(a, b)
        return head, min(Postfix.similarity(a, b), min(len(a), len(b)) - head)
    low, high = 0, min(len(a), len(b))
    while low < high:
        middle = (low + high + 1) // 2
        if a[low:middle] == b[low:middle]:
            low = middle
        else:
            high = middle - 1
    head = low
    low, high = 0, min(len(a), len(b)) - head
    a_end, b_end = len(a), len(b)
    while low < high:
        middle = (low + high + 1) // 2
        if a[a_end - middle : a_end - low] == b[b_end - middle : b_end - low]:
            low = middle
        else:
            high = middle - 1
    return head, low


def _anchors(a: Sequence[Any], b: Sequence[Any]) -> list[Common]:
    """Runs of items that stand exactly once in both, as the longest series ascending on both
    sides."""
    places = dict(zip(b, range(len(b)), strict=True))
    if len(places) < len(b):
        in_b = Counter(b)
        places = {item: index for item, index in places.items() if in_b[item] == 1}
    if len(set(a)) < len(a):
        in_a = Counter(a)
        places = {item: index for item, index in places.items() if in_a[item] == 1}
    at = list(map(places.get, a, repeat(-1)))
    return _runs(at) or _runs(_ascending(at))


def _runs(at: Sequence[int]) -> list[Common]:
    """Where `at` gives each item its place in the other sequence, or -1: the runs of them. Empty if
    the places do not ascend."""
    runs = []
    start = start_there = end_there = 0
    expected = -1
    for index, place in enumerate(at):
        if place == expected:
            if place >= 0:
                expected += 1
            continue
        if expected >= 0:
            runs.append((start, start_there, index - start))
            end_there = expected
        if 0 <= place < end_there:
            return []
        start, start_there, expected = index, place, place + 1 if place >= 0 else -1
    if expected >= 0:
        runs.append((start, start_there, len(at) - start))
    return runs


def _ascending(at: Sequence[int]) -> list[int]:
    """`at` with -1 for all but the longest subsequence that ascends (patience sorting)."""
    tops: list[int] = []
    piles: list[int] = []
    before: dict[int, int] = {}
    for index, place in enumerate(at):
        if place < 0:
            continue
        pile = bisect_left(tops, place)
        if pile == len(tops):
            tops.append(place)
            piles.append(index)
        else:
            tops[pile] = place
            piles[pile] = index
        before[index] = piles[pile - 1] if pile else -1
    series = [-1] * len(at)
    index = piles[-1] if piles else -1
    while index >= 0:
        series[index] = at[index]
        index = before[index]
    return series


def _rare_passages(a: str, b: str) -> list[Common]:
    """Passages of ANCHOR_LENGTH characters that stand once in both texts, grown together where they
    overlap."""
    size = ANCHOR_LENGTH
    grams_a = [a[index : index + size] for index in range(len(a) - size + 1)]
    grams_b = [b[index : index + size] for index in range(len(b) - size + 1)]
    runs: list[Common] = []
    old_end = new_end = 0
    for i, j, length in _anchors(grams_a, grams_b):
        # What overlaps the passage before it on the other side only is cut by that much.
        over = max(old_end - i, new_end - j, 0)
        if length + size - 1 > over:
            runs.append((i + over, j + over, length + size - 1 - over))
            old_end, new_end = i + length + size - 1, j + length + size - 1
    return runs


# --- Moves ----------------------------------------------------------------------------------------


def _ending_lines(whole: list[Block], old_parts: list[str], new_parts: list[str]) -> list[Block]:
    """A vanished or added paragraph takes the line break behind it, not the one before, so that a
    move takes it along."""
    slid = list(whole)
    for index in range(len(slid) - 1):
        left, right = slid[index], slid[index + 1]
        if left.new + left.length == right.new:
            parts, start, end = old_parts, left.old + left.length, right.old
        elif left.old + left.length == right.old:
            parts, start, end = new_parts, left.new + left.length, right.new
        else:
            continue
        by = 0
        while (
            not parts[end + by - 1].isspace()
            and by < min(right.length, LONGEST_SLIDE)
            and parts[start + by] == parts[end + by]
        ):
            by += 1
        if by and parts[end + by - 1].isspace():
            slid[index] = Block(left.old, left.new, left.length + by)
            slid[index + 1] = Block(right.old + by, right.new + by, right.length - by)
    return joined(slid)


def _moves(
    a: list[str], b: list[str], whole: list[Block], old_at: list[int], new_at: list[int]
) -> list[Move]:
    """Sentences left over on both sides, once each and long enough; those behind them that continue
    on both sides too."""
    old_left = [i for (start, end), _ in gaps(whole, len(a), len(b)) for i in range(start, end)]
    new_left = [j for _, (start, end) in gaps(whole, len(a), len(b)) for j in range(start, end)]
    in_old, in_new = Counter(a[i] for i in old_left), Counter(b[j] for j in new_left)
    places = {b[j]: j for j in new_left if in_new[b[j]] == 1 and in_old.get(b[j]) == 1}
    old_free, new_free = set(old_left), set(new_left)
    moves: list[Move] = []
    for i in old_left:
        j = places.get(a[i])
        if i not in old_free or j not in new_free or worth(a[i]) < MOVED_FROM:
            continue
        length = 1
        while i + length in old_free and j + length in new_free and a[i + length] == b[j + length]:
            length += 1
        moves.append(Move(old_at[i], old_at[i + length], new_at[j], new_at[j + length]))
        old_free.difference_update(range(i, i + length))
        new_free.difference_update(range(j, j + length))
    return moves
