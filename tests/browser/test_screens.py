"""docs/screens: a contact sheet of every page, as the played demonstration shows it.

`make screens` takes them anew. The suite takes one to see that it can, and holds the folder to the
pages that there are.
"""

from __future__ import annotations

import io
import os
from collections.abc import Iterator
from typing import Literal

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.browser.demonstration import MET, SOMETIMES, Address, Demonstration, reachable
from tests.system.processes import ROOT

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("demo")]

FOLDER = ROOT / "docs" / "screens"
MOST_BYTES = 150_000
LOCALES = {"en": "en-GB", "zh": "zh-CN"}
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")
#: Window, and how much smaller it stands on the sheet.
WIDE, NARROW, GAP = (1440, 1100), (390, 844), 16
SHARE = 0.5


def shots(
    demonstration: Demonstration, browser: Browser, one: Address
) -> Iterator[tuple[int, int, Image.Image]]:
    """Row, column and picture: wide above narrow; English light and dark, then Chinese light and
    dark."""
    for first, locale in enumerate(LOCALES.values()):
        page = demonstration.context(browser, one.walker, locale).new_page()
        page.emulate_media(reduced_motion="reduce")
        page.goto(one.path, wait_until="load")
        for row, (width, height) in enumerate((WIDE, NARROW)):
            page.set_viewport_size({"width": width, "height": height})
            page.wait_for_load_state("networkidle")
            for column, scheme in enumerate(SCHEMES, start=2 * first):
                page.emulate_media(color_scheme=scheme)
                yield row, column, Image.open(io.BytesIO(page.screenshot()))
        page.close()


def sheet(demonstration: Demonstration, browser: Browser, one: Address) -> bytes:
    """All eight as one WebP of at most MOST_BYTES."""
    cell = round(WIDE[0] * SHARE)
    tall, low = round(WIDE[1] * SHARE), round(NARROW[1] * SHARE)
    whole = Image.new("RGB", (4 * cell + 5 * GAP, tall + low + 3 * GAP), "#8a8a8a")
    for row, column, picture in shots(demonstration, browser, one):
        small = picture.convert("RGB").resize(
            (round(picture.width * SHARE), round(picture.height * SHARE)), Image.Resampling.LANCZOS
        )
        left = GAP + column * (cell + GAP) + (cell - small.width) // 2
        whole.paste(small, (left, GAP if row == 0 else tall + 2 * GAP))
    return pressed(whole)


def pressed(picture: Image.Image) -> bytes:
    for quality in (75, 50, 30, 10):
        file = io.BytesIO()
        picture.save(file, "WEBP", quality=quality, method=4)
        if file.tell() <= MOST_BYTES:
            break
    return file.getvalue()


def names(pages: list[Address]) -> dict[str, Address]:
    found = {one.name: one for one in pages}
    assert len(found) == len(pages), "two routes would share one file"
    return found


def page_of_contents(found: dict[str, Address]) -> str:
    lines = [
        "# Screens",
        "",
        (
            "Every page of the demonstration, taken by `make screens`: English light and dark, "
            "Chinese light and dark; 1440 pixels wide above,"
        ),
        "390 below. Company, people and photos are invented.",
        "",
    ]
    for name, one in found.items():
        lines += [
            f"## `{one.path if one in MET else f'/{one.route}'}`",
            "",
            f"Seen as: {one.walker}.",
            "",
            f"![{name}]({name}.webp)",
            "",
        ]
    return "\n".join(lines)


def test_every_page_has_its_sheet(demonstration: Demonstration, chromium: Browser) -> None:
    found = names(reachable(demonstration, chromium))
    if os.environ.get("SCREENS"):
        take(demonstration, chromium, found)
    differing = (
        {path.stem for path in FOLDER.glob("*.webp")} - {"readme-claim", "readme-phone"}
    ) ^ found.keys()
    assert differing <= {Address(route, "", "").name for route in SOMETIMES}, (
        f"make screens: {differing}"
    )
    assert all(path.stat().st_size <= MOST_BYTES for path in FOLDER.glob("*.webp"))
    first = next(iter(found.values()))
    fresh, kept = (
        sheet(demonstration, chromium, first),
        (FOLDER / f"{first.name}.webp").read_bytes(),
    )
    assert Image.open(io.BytesIO(fresh)).size == Image.open(io.BytesIO(kept)).size


def take(demonstration: Demonstration, chromium: Browser, found: dict[str, Address]) -> None:
    FOLDER.mkdir(exist_ok=True)
    for path in FOLDER.glob("*.webp"):
        path.unlink()
    for name, one in found.items():
        (FOLDER / f"{name}.webp").write_bytes(sheet(demonstration, chromium, one))
    (FOLDER / "README.md").write_text(page_of_contents(found), encoding="utf-8")
    claim = next(one for one in found.values() if one.route == "claims/<str:ref>/")
    for name, size, locale, scheme in (
        ("readme-claim", (1440, 900), "en-GB", SCHEMES[0]),
        ("readme-phone", NARROW, "zh-CN", SCHEMES[1]),
    ):
        page = demonstration.context(chromium, "anonymous", locale).new_page()
        page.emulate_media(color_scheme=scheme)
        page.set_viewport_size({"width": size[0], "height": size[1]})
        page.goto(claim.path, wait_until="networkidle")
        (FOLDER / f"{name}.webp").write_bytes(
            pressed(Image.open(io.BytesIO(page.screenshot())).convert("RGB"))
        )
        page.close()
