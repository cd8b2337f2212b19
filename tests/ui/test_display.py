"""How pages say things."""

from __future__ import annotations

import pytest

from ui.templatetags.display import clock


@pytest.mark.parametrize(
    ("fragment", "shown"),
    [
        ("t=754,761", '<span class="num" title="#t=754,761">12:34–12:41</span>'),
        ("t=9.5", '<span class="num" title="#t=9.5">0:09</span>'),
        ("t=npt:10", '<span class="mono">#t=npt:10</span>'),
        ("page=3", '<span class="mono">#page=3</span>'),
        ("t=<b>", '<span class="mono">#t=&lt;b&gt;</span>'),
    ],
)
def test_a_place_in_a_recording_is_shown_as_its_counter_shows_it(fragment: str, shown: str) -> None:
    assert clock(fragment) == shown
