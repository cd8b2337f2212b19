"""Slow connections, hundreds at once, at the site as it is served: who comes beside them notices
little."""

from __future__ import annotations

import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from statistics import quantiles

import pytest

from tests.system.test_buffering import LARGE, ask, neighbour, proxied, read_never, send_slowly

SECONDS = 120
AT_ONCE = 300


@pytest.fixture
def site(tmp_path: Path) -> Iterator[int]:
    with proxied(tmp_path, pause=5) as port:
        yield port


@pytest.mark.promise("no slow connection holds the site")
def test_no_slow_connection_holds_the_site(site: int, figure: Callable[[str], None]) -> None:
    chance, made = random.Random(18), Counter[str]()
    alone = [neighbour(site) for _ in range(40)]
    beside: list[float] = []
    with ExitStack() as stack:
        waiting: list[Callable[[], bool]] = []
        stopping = threading.Event()
        stack.callback(stopping.set)

        def attack() -> None:
            """Keeps so many of them going."""
            while not stopping.wait(0.02):
                waiting[:] = [ended for ended in waiting if not ended()]
                if len(waiting) < AT_ONCE:
                    kind = chance.choice([send_slowly, send_slowly, read_never])
                    try:
                        waiting.append(kind(site, stack))
                        made[kind.__name__] += 1
                    except OSError:
                        made["refused"] += 1

        threading.Thread(target=attack, daemon=True).start()
        until = time.monotonic() + SECONDS
        while time.monotonic() < until:
            beside.append(neighbour(site))
            if len(beside) % 50 == 0:
                assert len(ask(site, "/large", timeout=60)) == LARGE
            time.sleep(0.05)
    usual, then = quantiles(alone, n=20)[-1], quantiles(beside, n=20)[-1]
    kinds = ", ".join(f"{name} {count}" for name, count in sorted(made.items()))
    figure(
        f"{sum(made.values())} connections ({kinds}) in {SECONDS} s; {len(beside)} neighbours, "
        f"p95 {usual * 1000:.0f} to {then * 1000:.0f} ms, the longest {max(beside):.2f} s"
    )
    assert made["send_slowly"] > AT_ONCE / 2
    assert max(beside) < 10
    assert then < 2
