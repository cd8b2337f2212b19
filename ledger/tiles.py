"""Where the log lies in files: hash tiles and entry bundles (C2SP tlog-tiles, v0.1.0).

    tile/<L>/<N>[.p/<W>]        hashes: the n-th tile of level l holds
                                MTH(D[(n·256+i)·256^l : (n·256+i+1)·256^l]) for i = 0…255
    tile/entries/<N>[.p/<W>]    entries: for each a big-endian uint16 length and its bytes

L is 0 to 63. N is in groups of three digits, all but the last after an `x`: 1234067 is
`x001/x234/067`. W, 1 to 255, stands for a partial tile; a hash of level 1 or more covers a *full*
tile below. Nothing here touches a file: callers pass a function that fetches a path.
"""

from __future__ import annotations

import re
from collections import OrderedDict
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

from ledger.merkle import HASH_SIZE, MAX_SIZE, Edge, complete_root, parents

Fetch: TypeAlias = Callable[[str], bytes]
"""Gives the bytes at a path such as `tile/0/000.p/17`; raises FileNotFoundError or KeyError if
there are none."""

WIDTH = 256
HEIGHT = 8
ENTRIES = -1
"""The `level` of a Tile that is an entry bundle."""
MAX_ENTRY = 65_535
MAX_BUNDLE = WIDTH * (MAX_ENTRY + 2)

CHECKPOINT_PATH = "checkpoint"


class TileError(ValueError):
    """A tile, bundle or path is not of the form it must have; the message is a sentence."""


class TileMissingError(LookupError):
    """A tile that the tree must have is not there."""


@dataclass(frozen=True, slots=True, order=True)
class Tile:
    """One tile or bundle: `level` 0 to 63 or ENTRIES, `index` in its level, `width` 1 to 256 (256
    is full)."""

    level: int
    index: int
    width: int = WIDTH

    def __post_init__(self) -> None:
        if not (ENTRIES <= self.level <= 63 and self.index >= 0 and 1 <= self.width <= WIDTH):
            raise TileError(
                f"There is no tile of level {self.level}, index {self.index}, width {self.width}."
            )

    @property
    def full(self) -> bool:
        """Whether nothing can be added to it."""
        return self.width == WIDTH

    @property
    def whole(self) -> Tile:
        """The full tile of the same place."""
        return Tile(self.level, self.index)

    @property
    def start(self) -> int:
        """The first hash it holds, counted in its level (for a bundle: the first entry)."""
        return self.index * WIDTH

    @property
    def size(self) -> int:
        """How many leaves a tree has at least that holds all of it."""
        return (self.start + self.width) << HEIGHT * max(self.level, 0)

    @property
    def path(self) -> str:
        """Where it lies, relative to the log: `tile/0/x001/x234/067` or `tile/entries/000.p/17`."""
        head, last = divmod(self.index, 1000)
        groups = [f"{last:03d}"]
        while head:
            head, group = divmod(head, 1000)
            groups.append(f"x{group:03d}")
        level = "entries" if self.level == ENTRIES else str(self.level)
        partial = "" if self.full else f".p/{self.width}"
        return f"tile/{level}/{'/'.join(reversed(groups))}{partial}"


_PATH = re.compile(
    r"tile/(entries|0|[1-9][0-9]?)/((?:x[0-9]{3}/)*[0-9]{3})(?:\.p/([1-9][0-9]{0,2}))?", re.ASCII
)


def parse_path(path: str) -> Tile:
    """Return the tile that `path` names. Raises TileError unless the path is exactly the one which
    `Tile.path` writes."""
    match = _PATH.fullmatch(path) if len(path) <= 100 else None
    if match is None:
        raise TileError("That is not the path of a tile.")
    level, groups, width = match.groups()
    try:
        tile = Tile(
            ENTRIES if level == "entries" else int(level),
            int(groups.replace("x", "").replace("/", "")),
            WIDTH if width is None else int(width),
        )
    except TileError:
        tile = None
    # Leading `x000` groups and a width of 256 read well,
    # but are other names of a tile that has one already.
    if tile is None or tile.path != path:
        raise TileError("That is not the path of a tile.")
    return tile


def tiles_for(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield every hash tile to be written when the tree grows from `old_size` to `new_size` leaves,
    lowest level first.

    Those are the tiles filled on the way and, for each level that grew, the partial tile of the new
    size. Partial tiles of sizes between the two belong to no checkpoint and are left out. From 0
    this is the whole tree: for 70,000 leaves 273 full tiles and one of 112, one full and one of 17,
    one of 1.
    """
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ValueError(f"A tree does not grow from {old_size} to {new_size}.")
    level = 0
    while new_size > old_size:
        yield from _grown(level, old_size, new_size)
        old_size >>= HEIGHT
        new_size >>= HEIGHT
        level += 1


def bundles_for(old_size: int, new_size: int) -> Iterator[Tile]:
    """Yield every entry bundle to be written when the tree grows; they lie like the hash tiles of
    level 0."""
    if not 0 <= old_size <= new_size <= MAX_SIZE:
        raise ValueError(f"A tree does not grow from {old_size} to {new_size}.")
    yield from _grown(ENTRIES, old_size, new_size)


def grow(old_size: int, leaf_hashes: Sequence[bytes], fetch: Fetch) -> Iterator[tuple[Tile, bytes]]:
    """Yield (tile, bytes) for every tile of `tiles_for(old_size, old_size + len(leaf_hashes))`, in
    its order.

    The hashes that a new tile shares with the partial tile of the old size are fetched from there
    (or from the full tile). Raises TileMissingError or TileError if they are not there in the right
    length; nothing is checked against a root: compare `Edge.root()`.
    """
    fresh: Sequence[bytes] = leaf_hashes
    level, old, new = 0, old_size, old_size + len(leaf_hashes)
    while new > old:
        shared = old % WIDTH
        base = old - shared
        hashes = (
            [*_hashes(fetch_tile(Tile(level, base // WIDTH, shared), fetch)), *fresh]
            if shared
            else list(fresh)
        )
        above = []
        for tile in _grown(level, old, new):
            held = hashes[tile.start - base : tile.start - base + tile.width]
            yield tile, b"".join(held)
            if tile.full:
                above.append(complete_root(held))
        fresh = above
        old >>= HEIGHT
        new >>= HEIGHT
        level += 1


def encode_entries(entries: Iterable[bytes]) -> bytes:
    """Return an entry bundle: each entry behind its length as a big-endian uint16. Raises TileError
    for an entry over 65,535 bytes."""
    parts: list[bytes] = []
    for entry in entries:
        if len(entry) > MAX_ENTRY:
            raise TileError(f"An entry has {len(entry)} bytes; at most {MAX_ENTRY} fit.")
        parts += (len(entry).to_bytes(2, "big"), entry)
    return b"".join(parts)


def decode_entries(data: bytes, width: int | None = None) -> list[bytes]:
    """Return the entries of a bundle. Raises TileError if it is cut, has bytes left over, more than
    256 entries or not `width` of them."""
    entries: list[bytes] = []
    position, last = 0, len(data) - 1
    while position < last and len(entries) < WIDTH:
        start = position + 2
        position = start + (data[position] << 8) + data[position + 1]
        entries.append(data[start:position])
    # Only the last entry can be short: its end then lies beyond the data.
    if position < len(data) and len(entries) == WIDTH:
        raise TileError(f"The bundle holds more than {WIDTH} entries.")
    if position != len(data):
        raise TileError("The bundle breaks off inside its last entry.")
    if width is not None and len(entries) != width:
        raise TileError(f"The bundle holds {len(entries)} entries where {width} belong.")
    return entries


def fetch_tile(tile: Tile, fetch: Fetch) -> bytes:
    """Return the bytes of a hash tile, cut to its width from the full tile if the partial one has
    been cleared away.

    Raises TileMissingError if neither is there and TileError if its length is wrong.
    """
    for candidate in (tile,) if tile.full else (tile, tile.whole):
        try:
            data = fetch(candidate.path)
        except (FileNotFoundError, KeyError):
            continue
        if len(data) != candidate.width * HASH_SIZE:
            raise TileError(
                f"{candidate.path} has {len(data)} bytes where {candidate.width * HASH_SIZE} "
                f"belong."
            )
        return data[: tile.width * HASH_SIZE]
    raise TileMissingError(f"{tile.path} is missing.")


class TileReader:
    """Reads complete subtrees of a tree of `size` leaves out of its tiles, for `ledger.merkle`'s
    proofs.

    `reader.read(level, index)` is the function they want. The tiles are believed: who does not
    trust them compares `reader.root()` with a signed checkpoint, and checks each proof, as every
    reader of it does anyway.
    """

    def __init__(self, size: int, fetch: Fetch, *, cache: int = 64) -> None:
        """`cache` is how many tiles (8 KiB each) are kept."""
        self.size = size
        self._fetch = fetch
        self._cache = cache
        self._tiles: OrderedDict[tuple[int, int], list[list[bytes]]] = OrderedDict()

    def read(self, level: int, index: int) -> bytes:
        """Return the hash of the complete subtree (level, index). Raises IndexError if the tree has
        no such subtree."""
        if level < 0 or index < 0 or (index + 1) << level > self.size:
            raise IndexError(
                f"A tree of {self.size} has no complete subtree {index} at level {level}."
            )
        tile_level, height = divmod(level, HEIGHT)
        first = index << height
        return self._tile(tile_level, first // WIDTH)[height][first % WIDTH >> height]

    def leaf(self, index: int) -> bytes:
        """Return the leaf hash at `index`."""
        return self.read(0, index)

    def root(self) -> bytes:
        """Return the root that the tiles give for the tree."""
        return self.edge().root()

    def edge(self) -> Edge:
        """Return the right edge that the tiles give for the tree."""
        edge = Edge()
        for level in range(self.size.bit_length() - 1, -1, -1):
            if self.size >> level & 1:
                edge.append(self.read(level, (self.size >> level) - 1), level)
        return edge

    def _tile(self, level: int, index: int) -> list[list[bytes]]:
        known = self._tiles.get((level, index))
        if known is None:
            width = min(WIDTH, (self.size >> HEIGHT * level) - index * WIDTH)
            known = self._tiles[level, index] = _subtrees(
                fetch_tile(Tile(level, index, width), self._fetch)
            )
            if len(self._tiles) > self._cache:
                self._tiles.popitem(last=False)
        else:
            self._tiles.move_to_end((level, index))
        return known


def _grown(level: int, old: int, new: int) -> Iterator[Tile]:
    """Yield the tiles of one level that change when its hashes grow from `old` to `new` in
    number."""
    for index in range(old // WIDTH, new // WIDTH):
        yield Tile(level, index)
    if new % WIDTH and new > old:
        yield Tile(level, new // WIDTH, new % WIDTH)


@lru_cache(maxsize=128)
def _subtrees(data: bytes) -> list[list[bytes]]:
    """The hashes of all complete subtrees in a tile, by their height. They follow from its bytes
    alone, so all proofs share them."""
    heights = [_hashes(data)]
    for _ in range(HEIGHT):
        heights.append(parents(heights[-1]))
    return heights


def _hashes(data: bytes) -> list[bytes]:
    return [data[i : i + HASH_SIZE] for i in range(0, len(data), HASH_SIZE)]
