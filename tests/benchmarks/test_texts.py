"""The diff of a Chinese text against difflib on words."""

from __future__ import annotations

import difflib
import random
import time

import fast_diff_match_patch
import rjieba

from engines.text.diffing import diff
from tests.benchmarks.measure import compare, grows, seconds

ROUNDS = 21  # they are short
WORDS = [
    "风道",
    "制动",
    "系统",
    "散热",
    "前舱盖",
    "碳纤维",
    "内部",
    "结构",
    "改了",
    "赛道",
    "原型车",
    "价格",
    "用户",
    "交付",
    "三月",
    "起",
]


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
        ours=lambda: diff(old, new).runs,
        peer=lambda: difflib.SequenceMatcher(
            None, rjieba.cut(old), rjieba.cut(new), autojunk=False
        ).get_opcodes(),
        floor=0.1,
        goal=0.01,
        how="0.5 % of the characters deleted at random; ours with the marks as pages show them; "
        "processor time",
        clock=time.process_time,
    )


def test_the_diff_against_the_bare_character_diff() -> None:
    old, new = edited(50_000)

    def peer() -> None:
        fast_diff_match_patch.diff(old, new, timelimit=0)

    how = "the same edit; ours also finds sentences, clauses and moves; processor time"
    compare(
        "diff of 50,000 Chinese characters / bare fast-diff-match-patch",
        ours=lambda: diff(old, new).exact, peer=peer, floor=3, goal=1.5, how=how, rounds=ROUNDS,
        clock=time.process_time,
    )  # fmt: skip
    compare(
        "the same with its marks as pages show them / bare fast-diff-match-patch",
        ours=lambda: diff(old, new).runs, peer=peer, floor=8, goal=3,
        how=how + "; the words around each change are looked up in a dictionary of Chinese",
        rounds=ROUNDS, clock=time.process_time,
    )  # fmt: skip


def test_the_diff_grows_almost_as_its_text() -> None:
    small, large = edited(50_000), edited(200_000)
    compare(
        "diff of 200,000 characters / of 50,000",
        ours=lambda: diff(*large).runs,
        peer=lambda: diff(*small).runs,
        floor=8,
        goal=5,
        how="0.5 % of the characters deleted at random; four times the text; processor time",
        rounds=ROUNDS,
        clock=time.process_time,
    )
    sizes, costs = [10**3, 10**4, 10**5, 10**6], []
    for size in sizes:
        texts = edited(size)
        costs.append(
            min(seconds(lambda texts=texts: diff(*texts).runs, time.process_time) for _ in range(5))
        )  # type: ignore[misc]  # mypy infers no type for a lambda with a default
    grows(
        "diff of a text",
        sizes,
        costs,
        floor=1.3,
        goal=1.1,
        how="the same edit, characters; fastest of 5",
    )
