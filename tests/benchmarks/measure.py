"""Measuring two things against each other in one run, in turn, so that a busy machine slows both alike.

`compare` runs both in interleaved rounds and keeps the median of each; the figures go to var/bench.json:
`{name: {"ours", "peer", "ratio", "floor", "goal", "how"}}`, seconds and ours / peer. A ratio beyond its floor fails the benchmark.
"""

from __future__ import annotations

import json
import statistics
import time
from collections.abc import Callable
from pathlib import Path

FIGURES = Path(__file__).resolve().parent.parent.parent / "var" / "bench.json"
ROUNDS = 7


def seconds(work: Callable[[], object]) -> float:
    """How long one call takes."""
    start = time.perf_counter()
    work()
    return time.perf_counter() - start


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
    ratio = mine / theirs
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    figures[name] = {
        "ours": round(mine, 6),
        "peer": round(theirs, 6),
        "ratio": round(ratio, 3),
        "floor": floor,
        "goal": goal,
        "how": how,
    }
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    print(f"\n{name}: {ratio:.3f} (floor {floor}, goal {goal}); ours {mine * 1000:.2f} ms, peer {theirs * 1000:.2f} ms")  # noqa: T201  a benchmark's figures
    assert ratio <= floor, f"{name}: {ratio:.2f} is beyond its floor {floor}"
    return ratio
