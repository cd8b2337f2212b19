"""What changed between two texts, exactly, and shown so that a person sees it at once.

There are two answers in every `Diff`, and they are never mixed up:

- `Diff.exact` is the truth: kept, vanished and added characters, one by one. All counts come from
  it.
- `Diff.runs` is what pages show: the same difference with its marks widened to whole words, numbers
  and units (42,000 → 4,200, not one vanished zero), crumbs between two replacements swallowed, and
  paragraphs that only changed their place marked as moved.

Both rebuild both texts to the last code point.

How it is found, each step working only inside what the step before left unexplained:

1. Sentences. Those that stand once in both texts hold the alignment (as patience diff does), the
   gaps between them are solved exactly while they are small.
2. Whole sentences that vanished here and appeared there are one move.
3. Clauses, in the same way. A clause that vanished from a sentence is exactly that clause.
4. Latin words and numbers as wholes, then characters, by fast_diff_match_patch in small hunks and
   by the bit-parallel algorithm of rapidfuzz in larger ones. (Letters alone would find "air" inside
   "repaired" and miss the phrase beside it.)
5. A lone insertion or deletion that could stand at several places is slid to where a sentence,
   clause or word begins.

No step has a clock: limits are sizes, so that the same two texts always give the same diff. Where a
gap is beyond every limit (tens of thousands of characters without one rare passage in common) it is
shown as replaced: coarse, but exact.

Offsets and counts are in code points. `sentences` says where sentences end.
"""

from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from itertools import zip_longest
from typing import Any, NamedTuple

from engines.text.alignment import (
    CRUMB_WORTH,
    LONGEST_SLIDE,
    Block,
    Move,
    Span,
    compare,
    gaps,
    minus,
    worth,
)
from engines.text.sentences import WordBounds, sentences

DIFF_FORMAT = "asclaimed/diff/1"

# Widening to word bounds stops here: a "word" of ten thousand letters is no word.
LONGEST_WORD = 40


class Kind(StrEnum):
    SAME = "same"
    GONE = "gone"
    CAME = "came"
    MOVED = "moved"
    REPLACED = "replaced"  # of a Change only: something gone and something come at one place


class Side(StrEnum):
    BOTH = "both"
    OLD = "old"
    NEW = "new"


class Run(NamedTuple):
    """A stretch of text for display. `number` is that of its Change, 0 for unchanged text."""

    kind: Kind
    text: str
    number: int = 0
    side: Side = Side.BOTH


class Op(NamedTuple):
    kind: Kind
    text: str


class Change(NamedTuple):
    """One change. `gone` and `came` are as shown, widened to words; the two counts are exact.

    A moved passage is one change whose spans lie apart; its `gone` and `came` are the same text and
    its counts are 0.
    """

    number: int
    kind: Kind
    old_start: int
    old_end: int
    new_start: int
    new_end: int
    gone: str
    came: str
    characters_gone: int
    characters_came: int


class Row(NamedTuple):
    """One line beside its counterpart. A line number is None where that side has no such line."""

    old_line: int | None
    old: tuple[Run, ...]
    new_line: int | None
    new: tuple[Run, ...]
    changed: bool


class Excerpt(NamedTuple):
    """Changes with their surroundings. `skipped` unchanged characters stand before it, `after`
    behind it (last one only)."""

    skipped: int
    runs: tuple[Run, ...]
    after: int


@dataclass(frozen=True)
class Diff:
    """The difference between two texts. Build it with `diff`.

    What is shown is worked out when it is first asked for: finding the words costs as much as
    finding the difference.
    """

    exact: tuple[Op, ...]
    characters_old: int
    characters_new: int
    characters_gone: int
    characters_came: int
    characters_moved: int
    _show: Callable[[], tuple[tuple[Run, ...], tuple[Change, ...]]] = field(
        repr=False, compare=False
    )

    @property
    def runs(self) -> tuple[Run, ...]:
        return self._shown[0]

    @property
    def changes(self) -> tuple[Change, ...]:
        return self._shown[1]

    @cached_property
    def _shown(self) -> tuple[tuple[Run, ...], tuple[Change, ...]]:
        return self._show()

    def old(self) -> str:
        return "".join(run.text for run in self.runs if run.side is not Side.NEW)

    def new(self) -> str:
        return "".join(run.text for run in self.runs if run.side is not Side.OLD)

    def __bool__(self) -> bool:
        """Whether anything changed."""
        return any(op.kind is not Kind.SAME for op in self.exact)

    def inline(self) -> tuple[Run, ...]:
        """The new text with what vanished standing where it stood. A moved passage is at both
        places, told by `side`."""
        return self.runs

    def only_changes(self, context: int = 1) -> tuple[Excerpt, ...]:
        """The changes, each with the sentence it stands in and `context` whole sentences before and
        after."""
        excerpts: list[Excerpt] = []
        held: list[Run] = []
        skipped = 0
        last = len(self.runs) - 1
        for index, run in enumerate(self.runs):
            if run.kind is not Kind.SAME:
                held.append(run)
                continue
            parts = sentences(run.text)
            # The first part ends the sentence that the change before began, the last one begins
            # that of the change behind.
            head = 0 if index == 0 else context + 1
            tail = 0 if index == last else context + 1
            if len(parts) <= head + tail:
                held.append(run)
                continue
            before = "".join(parts[:head])
            behind = "".join(parts[len(parts) - tail :])
            left_out = len(run.text) - len(before) - len(behind)
            if before:
                held.append(Run(Kind.SAME, before))
            if index:
                excerpts.append(Excerpt(skipped, tuple(held), left_out if index == last else 0))
            held = [Run(Kind.SAME, behind)] if behind else []
            skipped = left_out
        if held and self.changes:
            excerpts.append(Excerpt(skipped, tuple(held), 0))
        return tuple(excerpts) if self.changes else ()

    def side_by_side(self) -> tuple[Row, ...]:
        """Lines of the old text beside those of the new one, paired where they hold the same
        place."""
        rows = _Rows()
        index = 0
        while index < len(self.runs):
            run = self.runs[index]
            if run.kind is Kind.SAME:
                rows.both(run)
                index += 1
                continue
            old: list[Run] = []
            new: list[Run] = []
            while index < len(self.runs) and self.runs[index].kind is not Kind.SAME:
                (old if self.runs[index].side is Side.OLD else new).append(self.runs[index])
                index += 1
            rows.change(old, new)
        return rows.finish()

    def to_json(self) -> dict[str, Any]:
        """The diff as JSON values: objects, lists, strings and integers, no floats. Offsets count
        code points.

        {"format": "asclaimed/diff/1",
         "characters": {"old": 21, "new": 11, "gone": 10, "came": 0, "moved": 0}, "changes":
         [{"number": 1, "kind": "gone", "old": [6, 16], "new": [6, 6], "gone": "…", "came": "",
                      "characters_gone": 10, "characters_came": 0}],
         "runs": [{"kind": "same", "text": "…", "number": 0, "side": "both"}, …]}
        """
        return {
            "format": DIFF_FORMAT,
            "characters": {
                "old": self.characters_old,
                "new": self.characters_new,
                "gone": self.characters_gone,
                "came": self.characters_came,
                "moved": self.characters_moved,
            },
            "changes": [
                {
                    "number": change.number,
                    "kind": str(change.kind),
                    "old": [change.old_start, change.old_end],
                    "new": [change.new_start, change.new_end],
                    "gone": change.gone,
                    "came": change.came,
                    "characters_gone": change.characters_gone,
                    "characters_came": change.characters_came,
                }
                for change in self.changes
            ],
            "runs": [
                {
                    "kind": str(run.kind),
                    "text": run.text,
                    "number": run.number,
                    "side": str(run.side),
                }
                for run in self.runs
            ],
        }


def diff(old: str, new: str) -> Diff:
    """The difference between two texts; any Python string will do. The steps are in the module's
    docstring."""
    old_parts, new_parts = sentences(old), sentences(new)
    blocks, found_moves = compare(old, new, old_parts, new_parts)
    moves = _Moves(found_moves)
    marks = _Marks(old, new, WordBounds(old, old_parts), WordBounds(new, new_parts), moves)
    blocks = marks.slide(blocks)
    kept = sum(block.length for block in blocks)
    moved = sum(move.old_end - move.old_start for move in found_moves)
    return Diff(
        exact=_exact(blocks, old, new),
        characters_old=len(old),
        characters_new=len(new),
        characters_gone=len(old) - kept - moved,
        characters_came=len(new) - kept - moved,
        characters_moved=moved,
        _show=lambda: _present(marks.snap(marks.without_crumbs(blocks)), blocks, moves, old, new),
    )


def links_changed(
    old: Iterable[tuple[str, str]], new: Iterable[tuple[str, str]]
) -> tuple[tuple[tuple[str, str], ...], ...]:
    """(gone, came): links as (text, address) that one side has more often than the other, in their
    order of appearance."""
    before, after = list(old), list(new)
    return _surplus(before, Counter(after)), _surplus(after, Counter(before))


def _surplus(
    links: list[tuple[str, str]], others: Counter[tuple[str, str]]
) -> tuple[tuple[str, str], ...]:
    surplus = []
    for link in links:
        if others[link]:
            others[link] -= 1
        else:
            surplus.append(link)
    return tuple(surplus)


# --- Putting the marks where a reader expects them ------------------------------------------------


class _Moves:
    """The moves, found by the gap that they left or arrived in."""

    def __init__(self, moves: list[Move]) -> None:
        self._left = sorted(moves)
        self._left_at = [move.old_start for move in self._left]
        self._arrived = sorted(moves, key=lambda move: move.new_start)
        self._arrived_at = [move.new_start for move in self._arrived]

    def left(self, span: Span) -> list[Move]:
        return self._left[bisect_left(self._left_at, span[0]) : bisect_left(self._left_at, span[1])]

    def arrived(self, span: Span) -> list[Move]:
        return self._arrived[
            bisect_left(self._arrived_at, span[0]) : bisect_left(self._arrived_at, span[1])
        ]

    def touch(self, old: Span, new: Span) -> bool:
        return bool(self._left) and bool(self.left(old) or self.arrived(new))


class _Marks:
    """Where marks begin and end. Gaps with a move in them are left as they are: the moved sentences
    bound them well."""

    def __init__(
        self, old: str, new: str, old_words: WordBounds, new_words: WordBounds, moves: _Moves
    ) -> None:
        self._old, self._new = old, new
        self._old_words, self._new_words = old_words, new_words
        self._moves = moves

    def slide(self, blocks: list[Block]) -> list[Block]:
        """A lone deletion or insertion between two blocks, moved along equal characters to the best
        bound.

        "散热，[内部改了，]更好" and "散热[，内部改了]，更好" delete the same; the first is how a
        person would say it.
        """
        slid = list(blocks)
        for index in range(len(slid) - 1):
            left, right = slid[index], slid[index + 1]
            old_span = (left.old + left.length, right.old)
            new_span = (left.new + left.length, right.new)
            if self._moves.touch(old_span, new_span):
                continue
            if new_span[0] == new_span[1]:
                by = _best_step(self._old, self._old_words, old_span, left.length, right.length)
            elif old_span[0] == old_span[1]:
                by = _best_step(self._new, self._new_words, new_span, left.length, right.length)
            else:
                continue
            if by:
                slid[index] = Block(left.old, left.new, left.length + by)
                slid[index + 1] = Block(right.old + by, right.new + by, right.length - by)
        return slid

    def without_crumbs(self, blocks: list[Block]) -> list[Block]:
        """The blocks without those too small to be common ground (CRUMB_WORTH). Punctuation that
        parts clauses stays."""
        kept: list[Block] = []
        for index, block in enumerate(blocks):
            old_end, new_end = (
                (blocks[index + 1].old, blocks[index + 1].new)
                if index + 1 < len(blocks)
                else (len(self._old), len(self._new))
            )
            old_start, new_start = (
                (kept[-1].old + kept[-1].length, kept[-1].new + kept[-1].length) if kept else (0, 0)
            )
            if not self._is_crumb(block, (old_start, old_end), (new_start, new_end)):
                kept.append(block)
        return kept

    def _is_crumb(self, block: Block, old_span: Span, new_span: Span) -> bool:
        """Whether the block inside these spans is worth less than what goes and comes around it."""
        if block.length > 2 * CRUMB_WORTH:
            return False
        text = self._old[block.old : block.old + block.length]
        words = text.strip(" ")
        if worth(words) > CRUMB_WORTH or words[-1:] in tuple("，、。！？；…,!?;\n\r\t"):
            return False
        left = (block.old > old_span[0]) + (block.new > new_span[0])
        right = (block.old + block.length < old_span[1]) + (block.new + block.length < new_span[1])
        # A Han character is a word: it is swallowed only where something goes and something comes
        # on either side of it.
        enclosed = left == right == 2 or (left and right and text.isascii())
        gone, came = (
            old_span[1] - old_span[0] - block.length,
            new_span[1] - new_span[0] - block.length,
        )
        return (
            bool(enclosed)
            and min(gone, came) >= 2 * block.length
            and not self._moves.touch(old_span, new_span)
        )

    def snap(self, blocks: list[Block]) -> list[Block]:
        """The blocks drawn back from the middle of words, so that a mark covers whole words,
        numbers and units.

        A block beside a gap with a move keeps one character, or that gap would take in what did not
        change.
        """
        old_widening, new_widening = self._old_words.widening, self._new_words.widening
        moved = [
            self._moves.touch(*spans) for spans in gaps(blocks, len(self._old), len(self._new))
        ]
        drawn = []
        old_start = new_start = length = 0  # the block before the gap
        for index, (old_next, new_next, length_next) in enumerate(
            [*blocks, (len(self._old), len(self._new), 0)]
        ):
            kept_before, kept_behind = (
                (index > 0 and moved[index - 1]),
                (index < len(blocks) and moved[index + 1]),
            )
            old_from, old_to = old_start + length, old_next
            new_from, new_to = new_start + length, new_next
            if not self._moves.touch((old_from, old_to), (new_from, new_to)):
                # Widening on one side can turn an insertion into a replacement, whose other text
                # then has words to respect.
                for _ in range(4):
                    back, forth = old_widening(old_from, old_to) if old_from < old_to else (0, 0)
                    if new_from < new_to:
                        new_back, new_forth = new_widening(new_from, new_to)
                        back, forth = max(back, new_back), max(forth, new_forth)
                    back = max(0, min(back, length - kept_before)) if back <= LONGEST_WORD else 0
                    forth = (
                        max(0, min(forth, length_next - kept_behind))
                        if forth <= LONGEST_WORD
                        else 0
                    )
                    if not back and not forth:
                        break
                    old_from, new_from, length = old_from - back, new_from - back, length - back
                    old_to, new_to, length_next = (
                        old_to + forth,
                        new_to + forth,
                        length_next - forth,
                    )
            if length:
                drawn.append(Block(old_start, new_start, length))
            old_start, new_start, length = old_to, new_to, length_next
        return drawn


def _best_step(text: str, words: WordBounds, span: Span, room_left: int, room_right: int) -> int:
    """By how much to slide the span. One character of each block stays where it is, so that no
    block becomes empty."""
    start, end = span
    back = forth = 0
    while (
        back < min(room_left - 1, LONGEST_SLIDE) and text[start - back - 1] == text[end - back - 1]
    ):
        back += 1
    while forth < min(room_right - 1, LONGEST_SLIDE) and text[start + forth] == text[end + forth]:
        forth += 1
    if not back and not forth:
        return 0
    return max(
        range(-back, forth + 1),
        key=lambda step: (
            _bound(text, words, start + step) + _bound(text, words, end + step),
            -abs(step),
            step,
        ),
    )


def _bound(text: str, words: WordBounds, position: int) -> int:
    """How good a place this is for a mark to begin or end, from 5 (a line) to 0 (inside a word)."""
    before = text[position - 1 : position]
    if position in (0, len(text)) or before in "\n\r":
        return 5
    if before in "。！？；…!?;":
        return 4
    if before in "，、：,:）)”」』\t":
        return 3
    if before.isspace():
        return 2
    return 1 if words.around(position)[0] == position else 0


# --- Presenting -----------------------------------------------------------------------------------


def _exact(blocks: list[Block], old: str, new: str) -> tuple[Op, ...]:
    ops: list[Op] = []
    old_end = new_end = 0
    for block in [*blocks, Block(len(old), len(new), 0)]:
        if block.old > old_end:
            ops.append(Op(Kind.GONE, old[old_end : block.old]))
        if block.new > new_end:
            ops.append(Op(Kind.CAME, new[new_end : block.new]))
        if block.length:
            ops.append(Op(Kind.SAME, old[block.old : block.old + block.length]))
        old_end, new_end = block.old + block.length, block.new + block.length
    return tuple(ops)


def _present(
    shown: list[Block], exact: list[Block], moves: _Moves, old: str, new: str
) -> tuple[tuple[Run, ...], tuple[Change, ...]]:
    """Runs and changes from the blocks shown."""
    page = _Page(old, new, exact)
    for (old_span, new_span), block in zip_longest(gaps(shown, len(old), len(new)), shown):
        left, arrived = moves.left(old_span), moves.arrived(new_span)
        if left or arrived:
            page.add_with_moves(old_span, new_span, left, arrived)
        else:
            page.add(old_span, new_span)
        if block is not None:
            page.runs.append(Run(Kind.SAME, old[block.old : block.old + block.length]))
    return tuple(page.runs), tuple(page.changes)


class _Page:
    """Collects runs and changes. Numbers count up along the runs; a move has one number, at both
    its ends."""

    def __init__(self, old: str, new: str, exact: list[Block]) -> None:
        self.runs: list[Run] = []
        self.changes: list[Change] = []
        self._old, self._new = old, new
        self._exact = exact
        self._exact_at = [block.old for block in exact]
        self._numbers: dict[Move, int] = {}

    def add(self, old_span: Span, new_span: Span) -> None:
        gone, came = self._old[slice(*old_span)], self._new[slice(*new_span)]
        if not gone and not came:
            return
        number = len(self.changes) + 1
        same = self._same(old_span, new_span) if gone and came else 0
        kind = Kind.REPLACED if gone and came else Kind.GONE if gone else Kind.CAME
        self.changes.append(
            Change(
                number, kind, *old_span, *new_span, gone, came, len(gone) - same, len(came) - same
            )
        )
        if gone:
            self.runs.append(Run(Kind.GONE, gone, number, Side.OLD))
        if came:
            self.runs.append(Run(Kind.CAME, came, number, Side.NEW))

    def add_with_moves(
        self, old_span: Span, new_span: Span, left: list[Move], arrived: list[Move]
    ) -> None:
        """What left first, then what arrived; between the moves each vanished and each added piece
        is a change of its own."""
        here = new_span[0]
        pieces: list[tuple[Span, Move | None]]
        pieces = [
            (span, None)
            for span in minus(*old_span, [(move.old_start, move.old_end) for move in left])
        ]
        for span, move in sorted(
            [*pieces, *(((move.old_start, move.old_end), move) for move in left)],
            key=lambda piece: piece[0],
        ):
            if move is None:
                self.add(span, (here, here))
            else:
                self._add_move(move, Side.OLD)
        here = old_span[1]
        pieces = [
            (span, None)
            for span in minus(*new_span, [(move.new_start, move.new_end) for move in arrived])
        ]
        for span, move in sorted(
            [*pieces, *(((move.new_start, move.new_end), move) for move in arrived)],
            key=lambda piece: piece[0],
        ):
            if move is None:
                self.add((here, here), span)
            else:
                self._add_move(move, Side.NEW)

    def _add_move(self, move: Move, side: Side) -> None:
        text = self._old[move.old_start : move.old_end]
        if move not in self._numbers:
            self._numbers[move] = len(self.changes) + 1
            self.changes.append(Change(self._numbers[move], Kind.MOVED, *move, text, text, 0, 0))
        self.runs.append(Run(Kind.MOVED, text, self._numbers[move], side))

    def _same(self, old_span: Span, new_span: Span) -> int:
        """How many characters of a shown change are in truth unchanged: those that widening it took
        in."""
        same = 0
        index = max(0, bisect_left(self._exact_at, old_span[0] + 1) - 1)
        while index < len(self._exact) and self._exact[index].old < old_span[1]:
            block = self._exact[index]
            over = block.old - block.new
            start = max(block.old, old_span[0], new_span[0] + over)
            end = min(block.old + block.length, old_span[1], new_span[1] + over)
            same += max(0, end - start)
            index += 1
        return same


class _Rows:
    """Collects the runs of both sides line by line."""

    def __init__(self) -> None:
        self._rows: list[Row] = []
        self._old: list[Run] = []
        self._new: list[Run] = []
        self._old_line = 1
        self._new_line = 1

    def both(self, run: Run) -> None:
        for line in run.text.splitlines(keepends=True):
            self._old.append(run._replace(text=line))
            self._new.append(run._replace(text=line))
            if _ends_line(line):
                self._flush(old=True, new=True)

    def change(self, old: list[Run], new: list[Run]) -> None:
        for old_line, new_line in zip_longest(_lines(old), _lines(new)):
            self._old.extend(old_line or ())
            self._new.extend(new_line or ())
            self._flush(old=_closed(old_line), new=_closed(new_line))

    def finish(self) -> tuple[Row, ...]:
        self._flush(old=bool(self._old), new=bool(self._new))
        return tuple(self._rows)

    def _flush(self, *, old: bool, new: bool) -> None:
        """Ends the line of either side or both. A side that goes on is left for a later row."""
        if not old and not new:
            return
        left = tuple(self._old) if old else ()
        right = tuple(self._new) if new else ()
        changed = any(run.kind is not Kind.SAME for run in (*left, *right)) or not (old and new)
        self._rows.append(
            Row(
                self._old_line if old else None,
                left,
                self._new_line if new else None,
                right,
                changed,
            )
        )
        if old:
            self._old, self._old_line = [], self._old_line + 1
        if new:
            self._new, self._new_line = [], self._new_line + 1


def _lines(runs: list[Run]) -> list[list[Run]]:
    lines: list[list[Run]] = []
    current: list[Run] = []
    for run in runs:
        for line in run.text.splitlines(keepends=True):
            current.append(run._replace(text=line))
            if _ends_line(line):
                lines.append(current)
                current = []
    if current:
        lines.append(current)
    return lines


def _closed(line: list[Run] | None) -> bool:
    return line is not None and _ends_line(line[-1].text)


def _ends_line(text: str) -> bool:
    """Whether a single line, as splitlines() cuts it, has its line break."""
    return text.splitlines()[-1:] != [text]
