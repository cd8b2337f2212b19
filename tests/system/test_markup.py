"""The checker of markup sees what is wrong with a page. The pages themselves are asked where they
are walked through."""

from __future__ import annotations

import json

import pytest

from tests.system import markup
from tests.system.processes import ROOT

GOOD = """<!doctype html><html lang="en"><head><title>Good</title></head><body><main><h1>Good</h1>
<p><time datetime="2025-05-01T10:00:00.123Z">then</time></p></main></body></html>"""
BAD = {
    "a stray end tag": GOOD.replace("</main>", "</p></main>"),
    "a list in a paragraph": GOOD.replace("<p>", "<p><ul><li>one</li></ul>"),
    "an id that stands twice": GOOD.replace("</main>", '<p id="a">1</p><p id="a">2</p></main>'),
    "a button in a link": GOOD.replace("</main>", '<a href="/x"><button>X</button></a></main>'),
}


@markup.checked
def test_the_checker_of_markup_sees_what_is_wrong_and_nothing_else() -> None:
    found = list(markup.complaints({"good": GOOD, **BAD}))
    assert {name for name in BAD if any(one.startswith(f"{name}: ") for one in found)} == BAD.keys()
    assert not [one for one in found if one.startswith("good: ")]


def test_the_checker_is_pinned_by_its_hash_and_from_no_named_registry() -> None:
    locked = json.loads((ROOT / "package-lock.json").read_text())["packages"]
    packages = {name: one for name, one in locked.items() if name}
    assert all(
        one["integrity"].startswith("sha512-") and "resolved" not in one
        for one in packages.values()
    )
    wanted = json.loads((ROOT / "package.json").read_text())["devDependencies"]
    assert wanted == {name: packages[f"node_modules/{name}"]["version"] for name in wanted}


@pytest.mark.parametrize("digits", ["2025-05-01T10:00:00.123456Z", "0001-01-01T00:00:00.000001Z"])
@markup.checked
def test_more_than_three_digits_of_a_second_are_seen(digits: str) -> None:
    page = GOOD.replace("2025-05-01T10:00:00.123Z", digits)
    assert any("datetime" in one for one in markup.complaints({"page": page}))
