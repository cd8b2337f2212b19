"""A diff on a page: cut into lines and excerpts, and nothing of either text lost on the way."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engines.text.diffing import Run, diff
from reports.pages import diff_view
from reports.pages.diff_view import Block, ChangeCause, Skip

PHRASES = [
    "风道散热。",
    "内部结构也一起改了，",
    "A duct. ",
    "42,000 元\n",
    "\n",
    "it cools the brakes",
    "首批已交付。\n",
]
texts = st.lists(st.sampled_from(PHRASES), max_size=14).map("".join)


def told(block: Block, side: str) -> str:
    pieces = block.old if side == "old" else block.new
    return "".join(piece.text for piece in pieces if isinstance(piece, Run))


@given(texts, texts)
@settings(max_examples=150, deadline=None)
def test_the_blocks_rebuild_both_texts_and_name_each_change_once(old: str, new: str) -> None:
    compared = diff(old, new)
    whole = diff_view.blocks(compared)
    assert "".join(told(block, "old") for block in whole) == old
    assert "".join(told(block, "new") for block in whole) == new
    assert [number for block in whole for number in block.numbers] == [
        change.number for change in compared.changes
    ]
    for block in whole[1:]:
        assert block.old_line >= 1 <= block.new_line


@given(texts, texts)
@settings(max_examples=150, deadline=None)
def test_excerpts_hold_every_change_and_count_what_they_leave_out(old: str, new: str) -> None:
    compared = diff(old, new)
    shown = diff_view.only_changes(diff_view.blocks(compared))
    if not compared:
        assert shown == []
        return
    marks = [
        piece
        for block in shown
        for piece in block.pieces
        if isinstance(piece, Run) and piece.number
    ]
    assert [mark.text for mark in marks if mark.text] == [
        run.text for run in compared.runs if run.number
    ]
    skipped = sum(
        piece.characters for block in shown for piece in block.pieces if isinstance(piece, Skip)
    )
    assert sum(len(told(block, "old")) for block in shown) + skipped == len(old)


def test_a_long_paragraph_is_shown_around_its_change_alone() -> None:
    sentence = "这一句没有任何改动，只是在这里占着位置，让段落变长。"
    old = sentence * 20 + "内部结构也一起改了，双风道散热。" + sentence * 20
    [block] = diff_view.only_changes(
        diff_view.blocks(diff(old, old.replace("内部结构也一起改了，", "")))
    )
    assert len(told(block, "new")) < 4 * len(sentence)
    assert block.numbers == (1,)
    assert sum(isinstance(piece, Skip) for piece in block.pieces) == 2


@dataclass
class Bytes:
    digest: str


@dataclass
class Text:
    extractor: str
    extractor_version: str
    capture: Bytes


@pytest.mark.parametrize(
    ("version", "digest", "expected"),
    [
        ("1", "b", ChangeCause.THEIRS),
        ("1", "a", ChangeCause.THEIRS),
        ("2", "a", ChangeCause.OURS),
        ("2", "b", ChangeCause.UNCLEAR),
    ],
)
def test_whose_doing_a_difference_is_follows_from_bytes_and_extractor(
    version: str, digest: str, expected: ChangeCause
) -> None:
    old, new = Text("ours", "1", Bytes("a")), Text("ours", version, Bytes(digest))
    assert diff_view.whose(old, new) is expected  # type: ignore[arg-type]  # as much of a version as is asked


def test_a_page_shows_so_many_pieces_and_counts_the_changes_that_it_leaves_out() -> None:
    old, new = (
        "\n".join(f"line {number} {word}" for number in range(300)) for word in ("black", "white")
    )
    whole = diff_view.blocks(diff(old, new))
    assert diff_view.at_most(whole, 10_000) == (whole, 0)
    for most in (0, 1, 2, 3, 100, 301):
        found, left = diff_view.at_most(whole, most)
        assert sum(len(block.pieces) for block in found) == most
        assert (
            sum(len(block.numbers) for block in found) + left == len(diff(old, new).changes) == 300
        )
