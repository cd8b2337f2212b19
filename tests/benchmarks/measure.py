"""Measuring two things against each other in one run, in turn, so that a busy machine slows both
alike.

`compare` runs both in interleaved rounds and keeps the median of each; the figures go to
var/bench.json: `{name: {"ours", "peer", "ratio", "floor", "goal", "how"}}`, seconds and ours /
peer. A ratio beyond its floor fails the benchmark.
"""

from __future__ import annotations

import json
import math
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from django.db import connection

FIGURES = Path(__file__).resolve().parent.parent.parent / "var" / "bench.json"
ROUNDS = 7
measured: dict[str, str] = {}
"""The line of every figure of this run, by its name."""


def seconds(work: Callable[[], object], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long one call takes. With `time.process_time` it is what it computes, whoever else is at
    the machine."""
    start = clock()
    work()
    return clock() - start


def database_clock() -> Callable[[], float]:
    """A clock of the processor time that this process and its session of the database have used:
    neighbours do not count."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        session = Path(f"/proc/{cursor.fetchone()[0]}/schedstat")
    return lambda: time.process_time() + int(session.read_text().split()[0]) / 1e9


def kept(
    name: str, mine: float, theirs: float, *, how: str, floor: float, goal: float, unit: str = "ms"
) -> float:
    """Store and print a ratio; fails above `floor`. Sides are seconds, printed as milliseconds,
    unless `unit` says otherwise."""
    ratio = mine / theirs
    figures = json.loads(FIGURES.read_text()) if FIGURES.exists() else {}
    figures[name] = {
        "ours": round(mine, 9),
        "peer": round(theirs, 9),
        "ratio": round(ratio, 3),
        "floor": floor,
        "goal": goal,
        "how": how,
    }
    FIGURES.parent.mkdir(parents=True, exist_ok=True)
    FIGURES.write_text(json.dumps(figures, indent=1, sort_keys=True) + "\n")
    held = "reached" if ratio <= goal else "within its floor" if ratio <= floor else "BROKEN"
    scale = 1000 if unit == "ms" else 1
    sides = f"ours {mine * scale:.3f} {unit}, peer {theirs * scale:.3f} {unit}"
    measured[name] = f"{held}: {name}: {ratio:.3g} (floor {floor:.3g}, goal {goal:.3g}); {sides}"
    print(f"\n{measured[name]}")  # noqa: T201  a benchmark's figures
    assert ratio <= floor, f"{name}: {ratio:.2f} is beyond its floor {floor}"
    return ratio


def compare(  # noqa: PLR0913 — what a measurement needs
    name: str,
    *,
    ours: Callable[[], object],
    peer: Callable[[], object],
    how: str,
    floor: float,
    goal: float,
    rounds: int = ROUNDS,
    before: Callable[[], object] | None = None,
    clock: Callable[[], float] = time.perf_counter,
) -> float:
    """The ratio ours / peer of the medians of `rounds` interleaved rounds, stored under `name`.
    Fails above `floor`.

    `before` prepares each call of `ours` and is not counted. `clock` is the wall's, or
    `time.process_time` where both sides only compute.
    """
    pairs = []
    for _ in range(rounds + 1):  # the first is for warming up
        if before is not None:
            before()
        pairs.append((seconds(ours, clock), seconds(peer, clock)))
    del pairs[0]
    mine, theirs = (statistics.median(column) for column in zip(*pairs, strict=True))
    return kept(name, mine, theirs, how=how, floor=floor, goal=goal)


def grows(
    name: str, sizes: Sequence[int], costs: Sequence[float], *, how: str, floor: float, goal: float
) -> float:
    """Store the exponent with which the costs grow over the sizes, as the ratio of `name`."""
    how = f"{how}; seconds at {sizes[0]:,} and {sizes[-1]:,}: {costs[0]:.3g}, {costs[-1]:.3g}"
    return kept(
        f"{name}: exponent of growth",
        exponent(sizes, costs),
        1.0,
        how=how,
        floor=floor,
        goal=goal,
        unit="(exponent)",
    )


def exponent(sizes: Sequence[float], costs: Sequence[float]) -> float:
    """The b of cost = a · size^b that fits best (least squares of the logarithms)."""
    x, y = [math.log(size) for size in sizes], [math.log(cost) for cost in costs]
    return statistics.linear_regression(x, y).slope
