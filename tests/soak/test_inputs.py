"""Every place of every request with every value that no one types; the short form is
tests/system/test_every_input.py."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from tests.system.asking import Asker, Few
from tests.system.test_permission_table import World


@pytest.mark.promise("Whatever stands in a request, no door breaks")
@pytest.mark.django_db
def test_no_place_of_any_request_breaks_a_door(
    figure: Callable[[str], None], monkeypatch: pytest.MonkeyPatch
) -> None:
    asker, everything, started = Asker(World()), Few(0), time.monotonic()
    asker.ask_queries(monkeypatch, everything)
    asker.ask_paths(everything)
    asker.ask_headers(everything)
    fields = asker.ask_forms(everything)
    figure(
        f"{asker.asked:,} requests, {fields} fields of forms, {len(asker.broken)} of them broke, "
        f"in {time.monotonic() - started:.0f} s"
    )
    assert not asker.broken, "\n".join(asker.broken)
