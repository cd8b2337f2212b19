"""The life of verdicts, ten thousand times; the short form, with the wrong step of each gate, is
tests/verdicts/test_life.py.

Half of the lives begin with a bare claim, half where the company was asked and stayed silent, so
that many reach a second verdict, a third, a reply after all. Two processes play at once, each with
a database of its own.
"""

from __future__ import annotations

import gc
import multiprocessing
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor

import pytest
from django.db import connection, transaction
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from accounts.models import Role
from tests import scenes
from tests.verdicts.test_life import Life

RUNS = 10_000
#: No two alike: generated anew each time, none shrunk or kept, because there is nothing to shrink
#: while the rules hold.
LONG = settings(
    max_examples=RUNS // 4, stateful_step_count=10, deadline=None, database=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip


class Long(Life):
    """A life that says how far it came. What the short form prepares in one rule, half of these
    have behind them when they begin."""

    ends: Counter[str]

    def teardown(self) -> None:
        self.ends["lives"] += 1
        self.ends.update(set(self.verdicts.values()))
        self.ends["refusals"] += len(self.refusals)
        super().teardown()


def play(name: str) -> Counter[str]:
    """One half of the lives, in a process of its own, on the copy `name` of the empty database.
    Raises what a broken rule raises."""
    connection.settings_dict["NAME"] = name
    ends: Counter[str] = Counter()
    gc.freeze()
    gc.set_threshold(50_000)
    with transaction.atomic():
        scene = scenes.build_evidence(scenes.build_claim())
        both = scenes.person("both", Role.MODERATOR, Role.ADJUDICATOR)
        given = {
            "scene": scene,
            "both": both,
            "company": scenes.representative(scene),
            "runs": [0],
            "ends": ends,
        }
        run_state_machine_as_test(type("LifeOfOneClaim", (Long,), given), settings=LONG)
        before = type("Before", (Life,), given)()
        before.prepare()
        before.kept = True
        before.teardown()
        scene.now = before.now
        run_state_machine_as_test(type("LifeOfOneThatWasHeard", (Long,), given), settings=LONG)
        transaction.set_rollback(True)
    return ends


@pytest.fixture
def copies(transactional_db: None) -> Iterator[list[str]]:
    halves = ["one", "other"]
    for half in halves:
        connection.creation.clone_test_db(half, verbosity=0)
    yield [connection.creation.get_test_db_clone_settings(half)["NAME"] for half in halves]
    for half in halves:
        connection.creation.destroy_test_db(suffix=half, verbosity=0)


@pytest.mark.promise(
    "No order of steps leads to a verdict that one person made, or before the company was heard"
)
def test_ten_thousand_lives_obey_the_rules(
    copies: list[str], figure: Callable[[str], None]
) -> None:
    started = time.monotonic()
    with ProcessPoolExecutor(len(copies), mp_context=multiprocessing.get_context("fork")) as pool:
        ends = sum(pool.map(play, copies), Counter[str]())
    figure(
        f"{ends['lives']:,} lives of up to {LONG.stateful_step_count} steps in "
        f"{time.monotonic() - started:.0f} s: {ends['refusals']:,} steps refused, "
        f"{ends['published']:,} lives ended with a verdict, {ends['superseded']:,} of them with "
        f"one that another followed"
    )
    assert ends["lives"] >= RUNS
    assert ends["published"] > RUNS // 20
