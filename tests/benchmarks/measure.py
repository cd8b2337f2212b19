"""Measuring two things against each other in one run, in turn, so that a busy machine slows both alike.

`compare` runs both in interleaved rounds and keeps the median of each; the figures go to var/bench.json:
`{name: {"ours", "peer", "ratio", "floor", "goal", "how"}}`, seconds and ours / peer. A ratio beyond its floor fails the benchmark.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

FIGURES = Path(__file__).resolve().parent.parent.parent / "var" / "bench.json"
ROUNDS = 7


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


def kept(name: str, mine: float, theirs: float, *, how: str, floor: float, goal: float) -> float:
    """Store and print a ratio; fails above `floor`."""
    ratio = mine / theirs
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    figures[name] = {"ours": round(mine, 9), "peer": round(theirs, 9), "ratio": round(ratio, 3), "floor": floor, "goal": goal, "how": how}
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    held = "reached" if ratio <= goal else "within its floor" if ratio <= floor else "BROKEN"
    print(f"\n{held}: {name}: {ratio:.3f} (floor {floor}, goal {goal}); ours {mine * 1000:.3f} ms, peer {theirs * 1000:.3f} ms")  # noqa: T201  a benchmark's figures
    assert ratio <= floor, f"{name}: {ratio:.2f} is beyond its floor {floor}"
    return ratio


def compare(
    name: str,
    *,
    ours: Callable[[], object],
    peer: Callable[[], object],
    how: str,
    floor: float,
    goal: float,
    rounds: int = ROUNDS,
    before: Callable[[], object] | None = None,
) -> float:
    """The ratio ours / peer of the medians of `rounds` interleaved rounds, stored under `name`. Fails above `floor`.

    `before` prepares each call of `ours` and is not counted.
    """
    pairs = []
    for _ in range(rounds + 1):  # the first is for warming up
        if before is not None:
            before()
        pairs.append((seconds(ours), seconds(peer)))
    del pairs[0]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return kept(name, mine, theirs, how=how, floor=floor, goal=goal)


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The b of cost = a · size^b that fits best (least squares of the logarithms)."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope
