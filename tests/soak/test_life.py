"""The life of verdicts, ten thousand times; the short form, with the wrong step of each gate, is tests/verdicts/test_life.py."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from tests.verdicts.test_life import Life, machine

RUNS = 10_000
#: No two alike: generated anew each time, none shrunk or kept, because there is nothing to shrink while the rules hold.
LONG = settings(
    max_examples=RUNS, stateful_step_count=10, deadline=None, database=None, phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)  # fmt: skip
assert machine is not None  # the fixture of the short form, used here by its name


@pytest.mark.promise("No order of steps leads to a verdict that one person made, or before the company was heard")
@pytest.mark.django_db
def test_ten_thousand_lives_obey_the_rules(machine: type[Life], figure: Callable[[str], None]) -> None:
    started = time.monotonic()
    try:
        run_state_machine_as_test(machine, settings=LONG)
    finally:
        figure(f"{machine.runs[0]:,} lives of up to {LONG.stateful_step_count} steps in {time.monotonic() - started:.0f} s")
    assert machine.runs[0] >= RUNS
