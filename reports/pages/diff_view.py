"""A diff cut for a page: paragraph beside paragraph, or only the sentences around what changed; and
whose doing a change is.

Pure but for `whose`, which compares two versions: no query is made here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final, NamedTuple

from engines.text.diffing import Diff, Kind, Run, Side
from engines.text.sentences import sentences

if TYPE_CHECKING:
    from evidence.sources.models import Version

#: Unchanged text shorter than this is never cut out: the note that something is left out would be
#: longer than what it hides.
WORTH_CUTTING: Final = 60


class Skip(NamedTuple):
    """So many unchanged characters are not shown here."""

    characters: int


Piece = Run | Skip


@dataclass(frozen=True)
class Block:
    """Whole lines that begin at the same place in both texts: unchanged, or with changes in them.

    `numbers` are the changes that begin here; `old_line` and `new_line` count from 1.
    """

    pieces: tuple[Piece, ...]
    numbers: tuple[int, ...]
    old_line: int
    new_line: int

    @property
    def changed(self) -> bool:
        """Whether anything in it differs."""
        return any(isinstance(piece, Run) and piece.kind is not Kind.SAME for piece in self.pieces)

    @property
    def moved(self) -> bool:
        """Whether a passage left from here or arrived here unchanged."""
        return any(isinstance(piece, Run) and piece.kind is Kind.MOVED for piece in self.pieces)

    @property
    def old(self) -> list[Piece]:
        """As it stood before."""
        return [
            piece for piece in self.pieces if isinstance(piece, Skip) or piece.side is not Side.NEW
        ]

    @property
    def new(self) -> list[Piece]:
        """As it stood afterwards."""
        return [
            piece for piece in self.pieces if isinstance(piece, Skip) or piece.side is not Side.OLD
        ]

    @property
    def skipped(self) -> int:
        """The characters left out, if that is all there is to it."""
        return (
            self.pieces[0].characters
            if len(self.pieces) == 1 and isinstance(self.pieces[0], Skip)
            else 0
        )


def blocks(compared: Diff) -> list[Block]:
    """The whole of both texts. Their runs, in order, are those of the diff."""
    shown: list[Block] = []
    numbered: set[int] = set()
    old_line = new_line = 1
    for runs in _lines(compared.runs):
        numbers = tuple(
            dict.fromkeys(run.number for run in runs if run.number and run.number not in numbered)
        )
        numbered.update(numbers)
        shown.append(Block(tuple(runs), numbers, old_line, new_line))
        old_line += sum(run.text.count("\n") for run in runs if run.side is not Side.NEW)
        new_line += sum(run.text.count("\n") for run in runs if run.side is not Side.OLD)
    return shown


def _lines(runs: Iterable[Run]) -> Iterator[list[Run]]:
    """Runs up to each line break that both texts have."""
    current: list[Run] = []
    for run in runs:
        if run.kind is not Kind.SAME:
            current.append(run)
            continue
        for line in run.text.splitlines(keepends=True):
            current.append(run._replace(text=line))
            if line.endswith("\n"):
                yield current
                current = []
    if current:
        yield current


def only_changes(whole: Sequence[Block]) -> list[Block]:
    """The changed blocks, each with a sentence of what stands around its changes; what is left out
    is counted."""
    shown: list[Block] = []
    waiting: list[Block] = []
    for block in whole:
        if not block.changed:
            waiting.append(block)
            continue
        if waiting:
            shown.append(_left_out(waiting))
            waiting = []
        shown.append(_trimmed(block))
    if waiting:
        shown.append(_left_out(waiting))
    return shown if any(block.changed for block in shown) else []


def at_most(whole: Sequence[Block], most: int) -> tuple[list[Block], int]:
    """The first blocks that have so many pieces between them, cut inside a block if it must be, and
    how many changes are not among them."""
    first: list[Block] = []
    room = most
    for at, block in enumerate(whole):
        if len(block.pieces) <= room:
            first.append(block)
            room -= len(block.pieces)
            continue
        kept = block.pieces[:room]
        shown = {piece.number for piece in kept if isinstance(piece, Run)}
        if kept:
            first.append(
                Block(
                    kept,
                    tuple(number for number in block.numbers if number in shown),
                    block.old_line,
                    block.new_line,
                )
            )
        rest = [number for number in block.numbers if number not in shown]
        return first, len(rest) + sum(len(later.numbers) for later in whole[at + 1 :])
    return first, 0


def _left_out(unchanged: list[Block]) -> Block:
    characters = sum(
        len(piece.text) for block in unchanged for piece in block.pieces if isinstance(piece, Run)
    )
    return Block((Skip(characters),), (), unchanged[0].old_line, unchanged[0].new_line)


def _trimmed(block: Block) -> Block:
    pieces: list[Piece] = []
    last = len(block.pieces) - 1
    for index, piece in enumerate(block.pieces):
        if isinstance(piece, Skip) or piece.kind is not Kind.SAME:
            pieces.append(piece)
            continue
        parts = sentences(piece.text)
        head = "" if index == 0 else parts[0]  # ends the sentence that the change before stands in
        tail = "" if index == last else parts[-1]  # begins that of the change behind
        cut = len(piece.text) - len(head) - len(tail)
        if len(parts) < 2 or cut < WORTH_CUTTING:
            pieces.append(piece)
            continue
        pieces += [
            each
            for each in (piece._replace(text=head), Skip(cut), piece._replace(text=tail))
            if isinstance(each, Skip) or each.text
        ]
    return Block(tuple(pieces), block.numbers, block.old_line, block.new_line)


class ChangeCause(StrEnum):
    """Whose doing a difference between two versions is."""

    THEIRS = "theirs"
    OURS = "ours"
    UNCLEAR = "unclear"


def ours(old: Version | None, new: Version) -> bool:
    """Whether a difference may be our extractor's: another one read the version before. Reads
    neither text nor capture."""
    return old is not None and (old.extractor, old.extractor_version) != (
        new.extractor,
        new.extractor_version,
    )


def whose(old: Version, new: Version) -> ChangeCause:
    """Theirs while one extractor read both; ours when another extractor read the very same bytes;
    otherwise nobody can say.

    Both captures must have been read with their versions.
    """
    if not ours(old, new):
        return ChangeCause.THEIRS
    return ChangeCause.OURS if old.capture.digest == new.capture.digest else ChangeCause.UNCLEAR
