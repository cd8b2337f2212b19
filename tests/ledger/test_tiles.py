from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales.backend import LocalBackend
from tlog_scales.reader import TilesReader
from tlog_scales.signing import Vkey

from ledger import merkle
from ledger.merkle import MAX_SIZE, Edge, leaf_hash
from ledger.tiles import (
    ENTRIES,
    MAX_ENTRY,
    Tile,
    TileError,
    TileMissingError,
    TileReader,
    bundles_for,
    decode_entries,
    encode_entries,
    fetch_tile,
    grow,
    parse_path,
    tiles_for,
)
from tests.ledger.logs import KEY, entries, naive, quick, write_log

SIZES = 1_100
LEAVES = [leaf_hash(number.to_bytes(2, "big")) for number in range(SIZES)]
mth = naive(LEAVES)


def stored(hashes: list[bytes]) -> dict[str, bytes]:
    return {tile.path: data for tile, data in grow(0, hashes, {}.__getitem__)}


@pytest.mark.parametrize(
    ("tile", "path"),
    [
        (Tile(0, 0), "tile/0/000"),
        (Tile(0, 999), "tile/0/999"),
        (Tile(0, 1_000), "tile/0/x001/000"),
        (Tile(0, 1_234_067), "tile/0/x001/x234/067"),
        (Tile(2, 0, 17), "tile/2/000.p/17"),
        (Tile(63, 1_234_067, 255), "tile/63/x001/x234/067.p/255"),
        (Tile(ENTRIES, 1_000_000), "tile/entries/x001/x000/000"),
        (Tile(ENTRIES, 273, 112), "tile/entries/273.p/112"),
    ],
)
def test_where_tiles_lie(tile: Tile, path: str) -> None:
    assert tile.path == path
    assert parse_path(path) == tile


@quick
@given(st.integers(ENTRIES, 63), st.integers(0, MAX_SIZE), st.integers(1, 256))
def test_a_path_names_its_tile(level: int, index: int, width: int) -> None:
    tile = Tile(level, index, width)
    assert parse_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "",
        "tile",
        "tile/0",
        "tile/0/",
        "tile/0/0",
        "tile/0/0000",
        "tile/0/x000",
        "tile/0/x000/000",
        "tile/0/x001",
        "tile/0/001/000",
        "tile/0/1",
        "tile/00/000",
        "tile/64/000",
        "tile/-1/000",
        "tile/100/000",
        "tile/0/000.p",
        "tile/0/000.p/",
        "tile/0/000.p/0",
        "tile/0/000.p/01",
        "tile/0/000.p/256",
        "tile/0/000.p/1000",
        "tile/0/000.p/1/",
        "tile/0/000/",
        "tile/0//000",
        "/tile/0/000",
        "tile/0/../0/000",
        "tile/0/000\n",
        "tile/0/０００",
        "tile/Entries/000",
        "tile/entries/0",
        "tile/data/000",
        "checkpoint",
        "tile/0/" + "x001/" * 30 + "000",
    ],
)
def test_other_names_are_no_paths(path: str) -> None:
    with pytest.raises(TileError):
        parse_path(path)


@quick
@given(st.text("tile/entrs0123x.p-", max_size=40))
def test_no_path_has_two_readings(path: str) -> None:
    try:
        tile = parse_path("tile/" + path)
    except TileError:
        return
    assert tile.path == "tile/" + path


@pytest.mark.parametrize("arguments", [(-2, 0, 1), (64, 0, 1), (0, -1, 1), (0, 0, 0), (0, 0, 257)])
def test_there_are_no_other_tiles(arguments: tuple[int, int, int]) -> None:
    with pytest.raises(TileError):
        Tile(*arguments)


def layout(size: int) -> dict[int, tuple[int, list[int]]]:
    """Per level the number of full tiles and the widths of the partial ones."""
    tiles = list(tiles_for(0, size))
    full = Counter(tile.level for tile in tiles if tile.full)
    return {
        level: (
            full[level],
            [tile.width for tile in tiles if tile.level == level and not tile.full],
        )
        for level in {t.level for t in tiles}
    }


def test_the_layouts_that_the_specification_names() -> None:
    assert layout(70_000) == {0: (273, [112]), 1: (1, [17]), 2: (0, [1])}
    assert layout(256) == {0: (1, []), 1: (0, [1])}
    assert layout(255) == {0: (0, [255])}
    assert layout(65_536) == {0: (256, []), 1: (1, []), 2: (0, [1])}
    assert layout(0) == {}
    assert [tile.path for tile in bundles_for(0, 600)] == [
        "tile/entries/000",
        "tile/entries/001",
        "tile/entries/002.p/88",
    ]


@quick
@given(st.lists(st.integers(0, 2**20), min_size=2, max_size=6))
def test_a_tree_grown_in_steps_has_every_tile_of_one_grown_at_once(numbers: list[int]) -> None:
    steps = sorted(numbers)
    written = {
        tile for old, new in zip([0, *steps], steps, strict=False) for tile in tiles_for(old, new)
    }
    assert set(tiles_for(0, steps[-1])) <= written
    # What was written besides are the partial tiles of the sizes on the way, and nothing of an
    # empty width.
    assert {tile for tile in written if tile.full} == {
        tile for tile in tiles_for(0, steps[-1]) if tile.full
    }
    for level, size in ((tile.level, steps[-1] >> 8 * tile.level) for tile in written):
        assert size > 0, level


@pytest.mark.parametrize(("old", "new"), [(1, 0), (-1, 5), (0, MAX_SIZE + 1)])
def test_a_tree_only_grows(old: int, new: int) -> None:
    with pytest.raises(ValueError, match="grow"):
        list(tiles_for(old, new))
    with pytest.raises(ValueError, match="grow"):
        list(bundles_for(old, new))


def test_the_tiles_at_every_size() -> None:
    files: dict[str, bytes] = {}
    edge = Edge()
    for size in range(1, SIZES + 1):
        grown = list(grow(size - 1, LEAVES[size - 1 : size], files.__getitem__))
        assert [tile for tile, _ in grown] == list(tiles_for(size - 1, size))
        for tile, data in grown:
            assert data == b"".join(
                mth(
                    (tile.start + number) << 8 * tile.level,
                    (tile.start + number + 1) << 8 * tile.level,
                )
                for number in range(tile.width)
            )
            files[tile.path] = data
        edge.append(LEAVES[size - 1])
        reader = TileReader(size, files.__getitem__)
        assert reader.root() == mth(0, size)
        assert reader.edge() == edge
        for index in (0, size // 3, size - 1):
            assert reader.leaf(index) == LEAVES[index]
            merkle.verify_inclusion(
                LEAVES[index],
                index,
                size,
                merkle.inclusion_proof(index, size, reader.read),
                mth(0, size),
            )


@quick
@given(st.lists(st.integers(0, 400), min_size=1, max_size=6))
def test_growing_in_steps_writes_the_same_tiles(steps: list[int]) -> None:
    files: dict[str, bytes] = {}
    position = 0
    for step in steps:
        fresh = LEAVES[position : position + step]
        for tile, data in grow(position, fresh, files.__getitem__):
            assert files.setdefault(tile.path, data) == data
        position += len(fresh)
    whole = stored(LEAVES[:position])
    assert {path: files[path] for path in whole} == whole


@quick
@given(st.integers(1, SIZES), st.data())
def test_every_complete_subtree_can_be_read(size: int, data: st.DataObject) -> None:
    reader = TileReader(size, stored(LEAVES[:size]).__getitem__, cache=1)
    level = data.draw(st.integers(0, size.bit_length() - 1))
    index = data.draw(st.integers(0, (size >> level) - 1))
    assert reader.read(level, index) == mth(index << level, (index + 1) << level)
    old = data.draw(st.integers(0, size))
    merkle.verify_consistency(
        old, size, mth(0, old), mth(0, size), merkle.consistency_proof(old, size, reader.read)
    )


@pytest.mark.parametrize(("level", "index"), [(-1, 0), (0, -1), (0, 300), (9, 0), (8, 1)])
def test_what_is_not_complete_cannot_be_read(level: int, index: int) -> None:
    with pytest.raises(IndexError):
        TileReader(300, stored(LEAVES[:300]).__getitem__).read(level, index)


def test_the_full_tile_stands_in_for_a_partial_one_that_was_cleared_away() -> None:
    files = stored(LEAVES[:600])
    assert "tile/0/000.p/200" not in files
    reader = TileReader(200, files.__getitem__)
    assert reader.root() == mth(0, 200)
    assert [data for tile, data in grow(200, LEAVES[200:210], files.__getitem__)] == [
        b"".join(LEAVES[:210])
    ]


def test_a_missing_or_cut_tile_is_noticed() -> None:
    def absent(path: str) -> bytes:
        raise FileNotFoundError(path)

    for fetch in (absent, {}.__getitem__):
        with pytest.raises(TileMissingError, match=r"tile/0/000\.p/5"):
            TileReader(5, fetch).root()
    for data in (b"", bytes(32 * 5 - 1), bytes(32 * 6)):
        with pytest.raises(TileError, match="bytes"):
            fetch_tile(Tile(0, 0, 5), {"tile/0/000.p/5": data}.__getitem__)
    with pytest.raises(TileError, match="bytes"):
        fetch_tile(Tile(0, 0, 5), {"tile/0/000": bytes(32)}.__getitem__)


@quick
@given(st.lists(st.binary(max_size=300), max_size=256))
def test_entries_are_written_and_read(data: list[bytes]) -> None:
    assert decode_entries(encode_entries(data), len(data)) == data


def test_the_form_of_a_bundle() -> None:
    assert encode_entries([b"ab", b"", b"x" * 258]) == b"\x00\x02ab\x00\x00\x01\x02" + b"x" * 258
    assert decode_entries(encode_entries([b"y" * MAX_ENTRY])) == [b"y" * MAX_ENTRY]
    with pytest.raises(TileError, match="65535"):
        encode_entries([b"y" * (MAX_ENTRY + 1)])


@pytest.mark.parametrize(
    ("data", "width"),
    [
        (b"\x00", None),
        (b"\x00\x01", None),
        (b"\x00\x02a", None),
        (b"\x00\x01ab", None),
        (b"\x00\x01a\x00", None),
        (b"\x00\x00" * 257, None),
        (b"\x00\x00" * 5_000, None),
        (b"\x00\x01a", 2),
        (b"\x00\x01a", 0),
        (b"", 1),
    ],
)
def test_a_damaged_bundle_is_refused(data: bytes, width: int | None) -> None:
    with pytest.raises(TileError):
        decode_entries(data, width)


@quick
@given(st.binary(max_size=600))
def test_no_bytes_break_the_reader(data: bytes) -> None:
    try:
        found = decode_entries(data)
    except TileError:
        return
    assert encode_entries(found) == data


def check_with_the_other_reader(
    folder: Path, data: list[bytes], indexes: list[int], older: list[int]
) -> None:
    """Everything that a reader of this format does with a log, by a program that shares no line
    with ours."""
    reader = TilesReader(LocalBackend(folder))
    checkpoint = reader.get_checkpoint()
    checkpoint.verify(Vkey.from_string((folder / "key").read_text().strip()))
    root = merkle.root_of(map(leaf_hash, data))
    assert (checkpoint.origin, checkpoint.size, checkpoint.root_hash) == (KEY.name, len(data), root)
    assert reader.calculate_root_hash() == root
    for index in indexes:
        assert reader.get_entry(index) == data[index]
        reader.get_inclusion_proof(index, len(data)).check(leaf_hash(data[index]), root)
    for old in older:
        reader.get_consistency_proof(old, len(data)).check(
            merkle.root_of(map(leaf_hash, data[:old])), root
        )


@pytest.mark.parametrize("size", [1, 2, 3, 255, 256, 257, 511, 512, 700, 1_100])
def test_another_program_reads_the_log(tmp_path: Path, size: int) -> None:
    data = entries(size)
    write_log(tmp_path, data, sizes=[size // 3, size // 2])
    check_with_the_other_reader(
        tmp_path, data, sorted({0, size // 2, size - 1}), [size // 2 or 1, size]
    )


def test_a_log_of_seventy_thousand(tmp_path: Path) -> None:
    data = entries(70_000)
    checkpoint = write_log(tmp_path, data, sizes=[65_535, 65_600])
    paths = {
        path.relative_to(tmp_path).as_posix()
        for path in tmp_path.glob("tile/**/*")
        if path.is_file()
    }
    assert {tile.path for tile in (*tiles_for(0, 70_000), *bundles_for(0, 70_000))} <= paths
    assert len([path for path in paths if path.startswith("tile/0/") and ".p" not in path]) == 273
    assert (tmp_path / "tile/0/273.p/112").stat().st_size == 112 * 32
    assert (tmp_path / "tile/1/001.p/17").stat().st_size == 17 * 32
    assert (tmp_path / "tile/2/000.p/1").stat().st_size == 32
    reader = TileReader(70_000, lambda path: (tmp_path / path).read_bytes())
    assert reader.root() == checkpoint.root
    for index in (0, 255, 256, 65_535, 65_536, 69_887, 69_888, 69_999):
        merkle.verify_inclusion(
            leaf_hash(data[index]),
            index,
            70_000,
            merkle.inclusion_proof(index, 70_000, reader.read),
            checkpoint.root,
        )
    check_with_the_other_reader(tmp_path, data, [0, 65_535, 65_536, 69_999], [65_535, 65_600])
