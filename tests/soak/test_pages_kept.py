"""A kept page is the one that Django would make now, over histories as long as patience allows."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from tests import scenes
from tests.reports.test_page_cache import Site, case, db_with_transactions, play, site

__all__ = ["case", "db_with_transactions", "site"]  # fixtures
STEPS = 200


@pytest.mark.promise("A kept page is never other than the page made now")
@pytest.mark.parametrize("seed", [2, 3, 4])
def test_in_long_random_histories(
    site: Site, case: scenes.Scene, seed: int, figure: Callable[[str], None]
) -> None:
    faults = play(site, case, STEPS, seed)
    figure(f"{STEPS} changes of any column of any recorded row (seed {seed}): {len(faults)} faults")
    assert faults == []
