"""Every page that anyone reaches in the demonstration, more than one of each kind, in both
languages by day and by night."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Browser

from tests.browser.conftest import chromium, demonstration
from tests.browser.demonstration import WALKERS, Demonstration, reachable
from tests.browser.test_every_page import LOCALES, Visit, complaints

__all__ = ["chromium", "demonstration"]  # fixtures


@pytest.mark.promise(
    "Every page is open to everyone, light and still, in both languages, by day and by night"
)
def test_every_page_in_all_four_dresses(
    demonstration: Demonstration, chromium: Browser, figure: Callable[[str], None]
) -> None:
    pages = reachable(demonstration, chromium, each=3)
    wrong = {}
    for lang, locale in LOCALES.items():
        windows = {
            walker: Visit(
                demonstration.context(chromium, walker, locale).new_page(), demonstration.url
            )
            for walker in WALKERS
        }
        for one in pages:
            if found := list(complaints(windows[one.walker], one, lang)):
                wrong[lang, one.path, one.walker] = found
    figure(
        f"{len(pages)} pages of {len({one.route for one in pages})} kinds, {4 * len(pages)} "
        f"looks by axe"
    )
    assert not wrong, "\n".join(
        f"{page}\n    " + "\n    ".join(found) for page, found in wrong.items()
    )
