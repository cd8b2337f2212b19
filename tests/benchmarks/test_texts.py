"""The diff of a Chinese text against difflib on words."""

from __future__ import annotations

import difflib
import random

import fast_diff_match_patch
import rjieba

from evidence.diffing import diff
from tests.benchmarks.measure import compare

WORDS = ["风道", "制动", "系统", "散热", "前舱盖", "碳纤维", "内部", "结构", "改了", "赛道", "原型车", "价格", "用户", "交付", "三月", "起"]


def text(length: int, seed: int) -> str:
    rng = random.Random(seed)
    parts: list[str] = []
    size = 0
    while size < length:
        sentence = "".join(rng.choice(WORDS) for _ in range(rng.randrange(5, 15))) + "。"
        parts.append(sentence)
        size += len(sentence)
    return "".join(parts)


def edited(length: int) -> tuple[str, str]:
    old = text(length, 1)
    rng = random.Random(2)
    return old, "".join(character for character in old if rng.random() > 0.005)


def test_the_diff_against_difflib_on_words() -> None:
    old, new = edited(50_000)
    compare(
        "diff of 50,000 Chinese characters / difflib on words",
        ours=lambda: diff(old, new),
        peer=lambda: difflib.SequenceMatcher(None, rjieba.cut(old), rjieba.cut(new), autojunk=False).get_opcodes(),
        floor=0.1,
        goal=0.01,
        how="0.5 % of the characters deleted at random",
        rounds=3,
    )


def test_the_diff_against_the_bare_character_diff() -> None:
    old, new = edited(50_000)
    compare(
        "diff of 50,000 Chinese characters / bare fast-diff-match-patch",
        ours=lambda: diff(old, new),
        peer=lambda: fast_diff_match_patch.diff(old, new, timelimit=0),
        floor=3,
        goal=1.5,
        how="the same edit; ours also finds sentences and moves, and snaps marks to words",
    )


def test_the_diff_grows_almost_as_its_text() -> None:
    small, large = edited(50_000), edited(200_000)
    compare(
        "diff of 200,000 characters / of 50,000",
        ours=lambda: diff(*large),
        peer=lambda: diff(*small),
        floor=8,
        goal=5,
        how="0.5 % of the characters deleted at random; four times the text",
    )
