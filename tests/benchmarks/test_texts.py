"""The diff of a Chinese text against difflib on words."""

from __future__ import annotations

import difflib
import random

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


def test_the_diff_against_difflib_on_words() -> None:
    old = text(10_000, 1)
    rng = random.Random(2)
    new = "".join(character for character in old if rng.random() > 0.005)
    compare(
        "diff of 10,000 Chinese characters / difflib on words",
        ours=lambda: diff(old, new),
        peer=lambda: difflib.SequenceMatcher(None, rjieba.cut(old), rjieba.cut(new), autojunk=False).get_opcodes(),
        floor=0.1,
        goal=0.01,
        how="0.5 % of the characters deleted at random",
        rounds=3,
    )
