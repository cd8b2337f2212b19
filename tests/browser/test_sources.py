"""Sources, diffs and exhibits in a real browser: by keyboard, with a pointer, on a phone, and
without any script."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor

# one browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("sources"),
]

FILLER = "这一段一直没有改动，只是让两处改动相隔得远一些，好让页面有东西可以略去。\n"
FIRST = (
    "选装价 42,000 元。\n" + FILLER * 3 + scenes.POST + "\n" + FILLER * 3 + "首批车辆已经交付。\n"
)
SECOND = (
    FIRST.replace("42,000", "45,000")
    .replace("内部结构也一起改了，", "")
    .replace("已经交付", "即将交付")
)


def edited_source() -> str:
    """A source whose text was changed at three places and then put back, and its address."""
    scene = scenes.build_claim()
    start = timezone.now() - timedelta(days=20)
    for hours, text in ((0, FIRST), (5, FIRST), (30, SECOND), (200, SECOND), (300, FIRST)):
        stage.look(scene.source, text, start + timedelta(hours=hours))
    return f"/sources/{scene.source.pk}/"


def split(page: Page) -> float:
    """Where the edge between promised and delivered stands, in percent."""
    return float(
        page.locator(".compare-stage").evaluate(
            "s => parseFloat(getComputedStyle(s).getPropertyValue('--split'))"
        )
    )


def test_changes_are_reached_by_keyboard_linked_to_and_shown_beside_or_in_line(
    visit: Callable[..., Visitor],
) -> None:
    source = edited_source()
    page = visit().page
    page.goto(source)
    line = page.locator("svg.version-line").first
    expect(line.locator(".line-fork")).to_have_count(1)
    expect(line.locator("text", has_text="v1 again")).to_be_visible()
    event = line.get_by_role("link", name=re.compile("^Version 2 first seen: .* – .* UTC$"))
    event.focus()
    expect(event.locator(".line-tip")).to_have_css("visibility", "visible")
    expect(line.locator(".line-rest")).to_have_css("visibility", "hidden")
    page.keyboard.press("Enter")
    page.wait_for_url("**/diff/?to=2")

    expect(page.locator(".hunk-old").first).to_be_visible()
    expect(page.locator(".hunk-inline").first).to_be_hidden()
    expect(page.locator(".change-link")).to_have_count(3)
    expect(page.locator("#diff")).not_to_contain_text(FILLER.strip())
    page.locator("#diff").focus()
    page.keyboard.press("n")
    expect(page.locator("#c1")).to_be_focused()
    page.keyboard.press("n")
    expect(page.locator("#c2")).to_be_focused()
    assert page.url.endswith("#c2")
    expect(page.locator(".hunk-old .is-current")).to_have_text("内部结构也一起改了，")
    page.keyboard.press("p")
    expect(page.locator("#c1")).to_be_focused()
    expect(page.locator(".change-steps output")).to_have_text("1 / 3")
    page.locator("#from").focus()
    page.keyboard.press("n")  # outside the diff the letter is the reader's own
    assert page.url.endswith("#c1")

    page.evaluate("window.stayed = true")
    page.get_by_role("link", name="Full text").click()
    expect(page.locator("#diff")).to_contain_text(FILLER.strip())
    assert "all=1" in page.url
    assert page.evaluate("window.stayed"), "the switch is thrown without a new page"
    expect(page.get_by_role("link", name="Full text")).to_be_focused()
    expect(page.get_by_role("link", name="Full text")).to_have_attribute("aria-current", "true")
    page.go_back()
    expect(page.locator("#diff")).not_to_contain_text(FILLER.strip())

    page.set_viewport_size({"width": 390, "height": 844})
    page.goto(f"{source}diff/?from=1&to=2#c2")
    expect(page.locator(".hunk-inline del", has_text="内部结构")).to_be_visible()
    expect(page.locator(".hunk-old").first).to_be_hidden()
    expect(page.locator("#c2")).to_be_in_viewport()
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
    page.goto(source)
    expect(page.locator("svg.version-line").first).to_be_hidden()
    narrow = page.locator("svg.version-line").nth(1)
    expect(narrow).to_be_visible()
    sizes = narrow.locator(".line-label:visible").evaluate_all(
        "all => all.map(each => each.getBoundingClientRect().height)"
    )
    assert min(sizes) > 11, "words on the line stay readable on a phone"
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_picture_is_enlarged_its_regions_read_and_promised_laid_over_delivered(
    visit: Callable[..., Visitor],
) -> None:
    scene = stage.concluded()
    comparison = scenes.build_pointing(scene)
    desk = visit()
    desk.sign_in(scene.moderator.email)
    page = desk.page
    page.goto(f"/exhibits/{comparison.after.reference}/")
    page.get_by_role("link", name="Add annotation").click()
    picture = page.locator("[data-draw]")
    expect(picture).to_have_class(re.compile("is-live"))
    # While one page fades into the next neither takes a mouse.
    page.evaluate(
        "Promise.allSettled(document.getAnimations().map((one) => one.finished)).then(() => null)"
    )
    box = picture.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] * 0.5, box["y"] + box["height"] * 0.4)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.75, box["y"] + box["height"] * 0.7, steps=4)
    page.mouse.up()
    drawn = [
        int(page.locator(f"[name={name}]").input_value()) for name in ("x", "y", "width", "height")
    ]
    assert all(
        abs(value - wanted) <= 5 for value, wanted in zip(drawn, (500, 400, 250, 300), strict=True)
    ), drawn
    page.locator("[data-region-form] [lang=en]").fill("The edge of the duct")
    page.get_by_role("button", name="Add annotation").click()
    expect(page.get_by_text("Annotation 2 added.")).to_be_visible()

    page = visit().page
    page.goto(f"/exhibits/{comparison.after.reference}/")
    mark = page.get_by_role("link", name="Annotation 2: The edge of the duct")
    mark.focus()
    expect(page.locator("#region-2")).to_have_class(re.compile("is-current"))
    page.keyboard.press("Enter")
    assert page.url.endswith("#region-2")

    page.get_by_role("link", name=re.compile("Enlarge")).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.locator(".region")).to_have_count(2)
    size = dialog.locator("output")
    expect(size).to_have_text(re.compile(r"^\d+ %$"))
    fitted = int(size.inner_text().split()[0])
    page.keyboard.press("+")
    page.keyboard.press("+")
    expect(size).not_to_have_text(f"{fitted} %")
    assert int(size.inner_text().split()[0]) > fitted
    page.keyboard.press("0")
    expect(size).to_have_text(f"{fitted} %")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("link", name=re.compile("Enlarge"))).to_be_focused()

    slider = page.get_by_role("slider", name="Share of each picture shown")
    slider.focus()
    for _ in range(10):
        page.keyboard.press("ArrowRight")
    assert split(page) == 60
    stage_box = page.locator(".compare-stage").bounding_box()
    assert stage_box
    page.mouse.click(stage_box["x"] + stage_box["width"] * 0.2, stage_box["y"] + 40)
    assert abs(split(page) - 20) < 4
    page.get_by_role("button", name="Side by side").click()
    expect(slider).to_have_count(0)
    sides = [one.bounding_box() for one in page.locator(".compare-side").all()]
    assert sides[0]["x"] + sides[0]["width"] <= sides[1]["x"]  # type: ignore[index]  # both are visible


def test_all_of_it_is_read_without_a_script(visit: Callable[..., Visitor]) -> None:
    scene = stage.concluded()
    comparison = scenes.build_pointing(scene)
    page = visit(script=False).page
    source = f"/sources/{scene.source.pk}/"
    page.goto(source)
    expect(page.locator(".edit-text del")).to_have_text("内部结构也一起改了，")
    page.get_by_text("All checks").click()
    expect(page.get_by_role("cell", name="our own visit").first).to_be_visible()
    page.get_by_role("link", name="Compare with previous version").click()
    expect(page.locator("#diff")).not_to_contain_text("欢迎到店试驾")
    page.get_by_role("link", name="Full text").click()
    expect(page.locator("#diff")).to_contain_text("欢迎到店试驾")
    page.get_by_role("link", name="Inline", exact=True).click()
    expect(page.locator(".hunk-inline del")).to_be_visible()
    page.get_by_role("link", name="Change 1").first.click()
    assert page.url.endswith("#c1")
    page.goto(f"{source}versions/1/")
    expect(page.get_by_text("What it does not prove")).to_be_visible()

    page.goto(f"/exhibits/{comparison.after.reference}/")
    expect(page.locator(".region-list li")).to_contain_text("The outlet")
    both = page.locator(".compare-side img")
    expect(both).to_have_count(2)
    for one in both.all():
        expect(one).to_be_visible()
    expect(page.locator(".custody li").first).to_be_visible()
    address = page.get_by_role("link", name=re.compile("Enlarge")).get_attribute("href")
    assert page.request.get(str(address)).headers["content-type"] == "image/jpeg"

    page.goto(source)
    page.get_by_role("link", name="Read the archived text").click()
    expect(page.locator(".snapshot-version")).to_have_count(2)
    expect(page.locator(".gone-interval")).to_be_visible()
    expect(page.get_by_role("link", name="snapshot.json")).to_be_visible()
    page.goto(f"/claims/{scene.claim.reference}/history/")
    page.get_by_text(re.compile(r"^\s*\d+ fields?\s*$")).first.click()
    expect(page.locator(".fields dt").first).to_be_visible()
