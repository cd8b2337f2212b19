"""Every address by every redirect, in a network where all of them answer; the short form is
tests/engines/fetching/test_world.py."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest

from tests.engines.fetching.test_addresses import SPECIAL_CASES
from tests.engines.fetching.test_world import played, wrong


@pytest.mark.promise("No address leads anywhere but to the public web")
def test_no_way_leads_to_an_address_that_is_not_public(figure: Callable[[str], None]) -> None:
    world = played("whole")
    seen = world["guarded"]
    heard = len(world["unguarded"]["heard"])
    figure(
        f"{len(seen['cases']):,} cases, {len(seen['heard'])} connections; without the guard "
        f"{heard} pairs of address and port hear"
    )
    assert seen["heard"] == []
    assert not wrong(seen["cases"])
    assert Counter(case[0] for case in seen["cases"])["a redirect"] >= 5 * len(SPECIAL_CASES)
    assert heard > 400
