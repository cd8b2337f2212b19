"""What two texts have in common, as blocks of equal characters, and which sentences only changed their place.

The searching half of the diff; `diffing` says what the steps are and puts the marks. Every function here is bounded by
sizes, never by a clock, so that the same two texts always align in the same way.
"""

from bisect import bisect_left, bisect_right
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import accumulate
from typing import Any, NamedTuple

import fast_diff_match_patch
from rapidfuzz.distance import Indel

from evidence.sentences import clauses, tokens

# Up to this product of lengths a hunk is solved by fast_diff_match_patch (worst case 4 ms), whose cleaning makes the
# prettier script.
SMALL_HUNK = 250_000
# Up to this product by rapidfuzz (worst case about 0.1 s and 50 MB at 20,000 × 20,000).
LARGE_HUNK = 400_000_000
# Length of the passages that hold the alignment of a text without sentence ends. Eight Han characters seldom repeat.
ANCHOR_LENGTH = 8
# Anchors are looked for again inside gaps this many times; each time reads the gap once.
ANCHOR_ROUNDS = 6
# A shorter sentence standing elsewhere ("Thank you.") is repetition, not a move. Counted as in `worth`.
MOVED_FROM = 12
# Common ground worth no more than this (see `worth`) is a crumb: 的 and "the" are shared by any two passages.
CRUMB_WORTH = 5
# How far an edit may slide: texts of one repeated character would otherwise cost the square of their length.
LONGEST_SLIDE = 200

Span = tuple[int, int]


class Block(NamedTuple):
    """`length` equal items at `old` and `new`."""

    old: int
    new: int
    length: int


class Move(NamedTuple):
    """A passage at [old_start, old_end) of the old text that stands at [new_start, new_end) of the new one."""

    old_start: int
    old_end: int
    new_start: int
    new_end: int


def worth(text: str) -> int:
    """How much a stretch of text says: two for a Han character (or kana, hangul…), one for a letter or digit."""
    return sum((1 if character < "\u0600" else 2) for character in text if character.isalnum())


def compare(old: str, new: str, old_parts: list[str], new_parts: list[str]) -> tuple[list[Block], list[Move]]:
    """Ascending blocks of equal characters, and the moves between them. The parts are the texts' sentences."""
    a, b = _numbered(old_parts, new_parts)
    old_at = [0, *accumulate(map(len, old_parts))]
    new_at = [0, *accumulate(map(len, new_parts))]
    whole = _ending_lines(_align(a, b, lambda i, n: _says_something(old_parts[i : i + n])), a, b, old_parts, new_parts)
    moves = _moves(a, b, whole, old_parts, old_at, new_at)
    blocks = [Block(old_at[o], new_at[n], old_at[o + length] - old_at[o]) for o, n, length in whole]
    old_cuts = sorted((move.old_start, move.old_end) for move in moves)
    new_cuts = sorted((move.new_start, move.new_end) for move in moves)
    found = list(blocks)
    for old_span, new_span in _filled_gaps(blocks, len(old), len(new)):
        found.extend(_inside(old, new, minus(*old_span, old_cuts), minus(*new_span, new_cuts)))
    return joined(sorted(found)), moves


def gaps(blocks: list[Block], old_length: int, new_length: int) -> Iterator[tuple[Span, Span]]:
    """The spans before, between and behind the blocks: one more than there are blocks, empty ones too."""
    old_end = new_end = 0
    for block in blocks:
        yield (old_end, block.old), (new_end, block.new)
        old_end, new_end = block.old + block.length, block.new + block.length
    yield (old_end, old_length), (new_end, new_length)


def _filled_gaps(blocks: list[Block], old_length: int, new_length: int) -> Iterator[tuple[Span, Span]]:
    """The gaps with something on both sides: only there can be more in common."""
    return ((o, n) for o, n in gaps(blocks, old_length, new_length) if o[0] < o[1] and n[0] < n[1])


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


def joined(blocks: Iterable[Block]) -> list[Block]:
    """The blocks, those that continue each other as one."""
    result: list[Block] = []
    for block in blocks:
        if not block.length:
            continue
        last = result[-1] if result else None
        if last and last.old + last.length == block.old and last.new + last.length == block.new:
            result[-1] = Block(last.old, last.new, last.length + block.length)
        else:
            result.append(block)
    return result


# --- From sentences to characters ------------------------------------------------------------------------------------


def _inside(old: str, new: str, old_spans: list[Span], new_spans: list[Span]) -> Iterator[Block]:
    """Blocks in one gap. Moved pieces are cut out of it; what is left is compared as one text and mapped back."""
    a = "".join(old[start:end] for start, end in old_spans)
    b = "".join(new[start:end] for start, end in new_spans)
    if not a or not b:
        return
    old_place, new_place = _Places(old_spans), _Places(new_spans)
    for block in _by_clause(a, b):
        done = 0
        while done < block.length:
            old_position, old_room = old_place(block.old + done)
            new_position, new_room = new_place(block.new + done)
            length = min(block.length - done, old_room, new_room)
            yield Block(old_position, new_position, length)
            done += length


class _Places:
    """Turns an offset into joined spans into (the offset in the text, how much of its span is left)."""

    def __init__(self, spans: list[Span]) -> None:
        self._spans = spans
        self._at = [0, *accumulate(end - start for start, end in spans)]

    def __call__(self, offset: int) -> tuple[int, int]:
        index = bisect_right(self._at, offset) - 1
        start, end = self._spans[index]
        position = start + offset - self._at[index]
        return position, end - position


def _by_clause(a: str, b: str) -> list[Block]:
    return _by_parts(a, b, clauses, _by_passage, _says_something)


def _by_passage(a: str, b: str) -> list[Block]:
    """In text too large to be compared exactly, passages that stand once in both hold the comparison of the rest."""
    head, tail = _common_ends(a, b)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    if len(middle_a) * len(middle_b) <= LARGE_HUNK:
        return _by_token(a, b)
    inner = _rare_passages(middle_a, middle_b)
    for (a_start, a_end), (b_start, b_end) in list(_filled_gaps(inner, len(middle_a), len(middle_b))):
        inner.extend(_shifted(_by_token(middle_a[a_start:a_end], middle_b[b_start:b_end]), a_start, b_start))
    return [Block(0, 0, head), *sorted(_shifted(inner, head, head)), Block(len(a) - tail, len(b) - tail, tail)]


def _by_token(a: str, b: str) -> list[Block]:
    """Latin words and numbers as wholes: letters alone would find "air" in "repaired" and miss the phrase beside it."""
    return _by_parts(a, b, tokens, _exactly)


def _by_parts(
    a: str,
    b: str,
    cut: Callable[[str], list[str]],
    inner: Callable[[str, str], list[Block]],
    holds: Callable[[list[str]], bool] | None = None,
) -> list[Block]:
    """Blocks of whole equal parts, and inside the gaps between them what `inner` finds."""
    a_parts, b_parts = cut(a), cut(b)
    if min(len(a_parts), len(b_parts)) == 1 or len(a_parts) == len(a) or len(b_parts) == len(b):
        return inner(a, b)
    a_numbers, b_numbers = _numbered(a_parts, b_parts)
    a_at = [0, *accumulate(map(len, a_parts))]
    b_at = [0, *accumulate(map(len, b_parts))]
    whole = _align(a_numbers, b_numbers, (lambda i, n: holds(a_parts[i : i + n])) if holds else None)
    blocks = [Block(a_at[o], b_at[n], a_at[o + length] - a_at[o]) for o, n, length in whole]
    found = list(blocks)
    for (a_start, a_end), (b_start, b_end) in _filled_gaps(blocks, len(a), len(b)):
        found.extend(_shifted(inner(a[a_start:a_end], b[b_start:b_end]), a_start, b_start))
    return sorted(found)


def _exactly(a: str, b: str) -> list[Block]:
    """The longest common subsequence between the common ends; nothing between them where that is beyond the limits."""
    head, tail = _common_ends(a, b)
    middle_a, middle_b = a[head : len(a) - tail], b[head : len(b) - tail]
    size = len(middle_a) * len(middle_b)
    inner: list[Block] = []
    if 0 < size <= SMALL_HUNK:
        inner = _small(middle_a, middle_b)
    elif 0 < size <= LARGE_HUNK:
        inner = _large(middle_a, middle_b)
    return [Block(0, 0, head), *_shifted(inner, head, head), Block(len(a) - tail, len(b) - tail, tail)]


def _small(a: str, b: str) -> list[Block]:
    blocks = []
    i = j = 0
    # No time limit and no line mode: both would make the answer depend on more than the texts.
    for kind, length in fast_diff_match_patch.diff(a, b, timelimit=0, checklines=False, cleanup="No", counts_only=True):
        if kind == "=":
            blocks.append(Block(i, j, length))
        i += length if kind != "+" else 0
        j += length if kind != "-" else 0
    return blocks


def _large(a: Sequence[Any], b: Sequence[Any]) -> list[Block]:
    return [Block(op.src_start, op.dest_start, op.src_end - op.src_start) for op in Indel.opcodes(a, b) if op.tag == "equal"]


def _shifted(blocks: Iterable[Block], old: int, new: int) -> Iterator[Block]:
    return (Block(block.old + old, block.new + new, block.length) for block in blocks)


# --- Sequences ---------------------------------------------------------------------------------------------------------


def _numbered(a_parts: list[str], b_parts: list[str]) -> tuple[list[int], list[int]]:
    """Both sequences with equal numbers for equal parts: numbers compare faster than strings."""
    numbers: dict[str, int] = {}
    return (
        [numbers.setdefault(part, len(numbers)) for part in a_parts],
        [numbers.setdefault(part, len(numbers)) for part in b_parts],
    )


def _says_something(parts: list[str]) -> bool:
    return worth("".join(parts)) > CRUMB_WORTH


def _align(a: list[int], b: list[int], holds: Callable[[int, int], bool] | None) -> list[Block]:
    """Equal items in order: common ends, then items that stand once in both, again inside the gaps, then exactly.

    What the exact step finds is kept only if `holds(start in a, length)`: a blank line or 的， in common between two
    unrelated passages would tear the comparison of their characters apart. Without `holds` the items are words and
    characters, of which one that stands once in both proves nothing: they are compared exactly at once.
    """
    found: list[Block] = []
    waiting = [(0, len(a), 0, len(b), 0)]
    while waiting:
        a_start, a_end, b_start, b_end, rounds = waiting.pop()
        head, tail = _common_ends(a[a_start:a_end], b[b_start:b_end])
        found.append(Block(a_start, b_start, head))
        found.append(Block(a_end - tail, b_end - tail, tail))
        a_start, b_start = a_start + head, b_start + head
        part_a, part_b = a[a_start : a_end - tail], b[b_start : b_end - tail]
        if not part_a or not part_b:
            continue
        anchors = _unique_pairs(part_a, part_b) if holds and rounds < ANCHOR_ROUNDS else []
        if anchors:
            blocks = joined(Block(i, j, 1) for i, j in anchors)
            found.extend(_shifted(blocks, a_start, b_start))
            waiting.extend(
                (a_start + i, a_start + i_end, b_start + j, b_start + j_end, rounds + 1)
                for (i, i_end), (j, j_end) in _filled_gaps(blocks, len(part_a), len(part_b))
            )
        elif len(part_a) * len(part_b) <= LARGE_HUNK and not set(part_a).isdisjoint(part_b):
            blocks = joined(_large(part_a, part_b))
            found.extend(block for block in _shifted(blocks, a_start, b_start) if not holds or holds(block.old, block.length))
    return joined(sorted(found))


def _common_ends(a: Sequence[Any], b: Sequence[Any]) -> tuple[int, int]:
    """Lengths of the common start and the common end, which do not overlap. By halving: comparing slices runs in C."""
    head = _longest(min(len(a), len(b)), lambda n: a[:n] == b[:n])
    tail = _longest(min(len(a), len(b)) - head, lambda n: a[len(a) - n :] == b[len(b) - n :])
    return head, tail


def _longest(most: int, equal: Callable[[int], bool]) -> int:
    low, high = 0, most
    while low < high:
        middle = (low + high + 1) // 2
        if equal(middle):
            low = middle
        else:
            high = middle - 1
    return low


def _unique_pairs(a: Sequence[Any], b: Sequence[Any]) -> list[tuple[int, int]]:
    """Positions of items that stand exactly once in both, as the longest series ascending on both sides."""
    in_a, in_b = Counter(a), Counter(b)
    places = {item: index for index, item in enumerate(b) if in_b[item] == 1 and in_a.get(item) == 1}
    return _ascending([(index, places[item]) for index, item in enumerate(a) if item in places])


def _ascending(pairs: list[tuple[int, int]]) -> list[tuple[int, int]]:
    """The longest subsequence whose second numbers ascend (patience sorting); the first ones do already."""
    tops: list[int] = []
    at: list[int] = []
    before: list[int] = []
    for index, (_, j) in enumerate(pairs):
        pile = bisect_left(tops, j)
        if pile == len(tops):
            tops.append(j)
            at.append(index)
        else:
            tops[pile] = j
            at[pile] = index
        before.append(at[pile - 1] if pile else -1)
    series = []
    index = at[-1] if at else -1
    while index >= 0:
        series.append(pairs[index])
        index = before[index]
    return series[::-1]


def _rare_passages(a: str, b: str) -> list[Block]:
    """Passages of ANCHOR_LENGTH characters that stand once in both texts, grown together where they overlap."""
    size = ANCHOR_LENGTH
    grams_a = [a[index : index + size] for index in range(len(a) - size + 1)]
    grams_b = [b[index : index + size] for index in range(len(b) - size + 1)]
    blocks: list[Block] = []
    old_end = new_end = 0
    for i, j in _unique_pairs(grams_a, grams_b):
        if i >= old_end and j >= new_end:
            blocks.append(Block(i, j, size))
        elif blocks and i - j == blocks[-1].old - blocks[-1].new:
            blocks[-1] = Block(blocks[-1].old, blocks[-1].new, i + size - blocks[-1].old)
        else:
            continue
        old_end, new_end = i + size, j + size
    return joined(blocks)


# --- Moves -------------------------------------------------------------------------------------------------------------


def _ending_lines(whole: list[Block], a: list[int], b: list[int], old_parts: list[str], new_parts: list[str]) -> list[Block]:
    """A vanished or added paragraph takes the line break behind it, not the one before, so that a move takes it along."""
    slid = list(whole)
    for index in range(len(slid) - 1):
        left, right = slid[index], slid[index + 1]
        if left.new + left.length == right.new:
            items, parts, start, end = a, old_parts, left.old + left.length, right.old
        elif left.old + left.length == right.old:
            items, parts, start, end = b, new_parts, left.new + left.length, right.new
        else:
            continue
        by = 0
        while not parts[end + by - 1].isspace() and by < min(right.length, LONGEST_SLIDE) and items[start + by] == items[end + by]:
            by += 1
        if by and parts[end + by - 1].isspace():
            slid[index] = Block(left.old, left.new, left.length + by)
            slid[index + 1] = Block(right.old + by, right.new + by, right.length - by)
    return joined(slid)


def _moves(a: list[int], b: list[int], whole: list[Block], parts: list[str], old_at: list[int], new_at: list[int]) -> list[Move]:
    """Sentences left over on both sides, once each and long enough; those behind them that continue on both sides too."""
    old_left = [i for (start, end), _ in gaps(whole, len(a), len(b)) for i in range(start, end)]
    new_left = [j for _, (start, end) in gaps(whole, len(a), len(b)) for j in range(start, end)]
    in_old, in_new = Counter(a[i] for i in old_left), Counter(b[j] for j in new_left)
    places = {b[j]: j for j in new_left if in_new[b[j]] == 1 and in_old.get(b[j]) == 1}
    old_free, new_free = set(old_left), set(new_left)
    moves: list[Move] = []
    for i in old_left:
        j = places.get(a[i])
        if i not in old_free or j not in new_free or worth(parts[i]) < MOVED_FROM:
            continue
        length = 1
        while i + length in old_free and j + length in new_free and a[i + length] == b[j + length]:
            length += 1
        moves.append(Move(old_at[i], old_at[i + length], new_at[j], new_at[j + length]))
        old_free.difference_update(range(i, i + length))
        new_free.difference_update(range(j, j + length))
    return moves
