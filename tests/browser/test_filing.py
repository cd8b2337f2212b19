"""Handing in evidence with a thumb: step by step, over a connection that breaks, and without any
script."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

import jobs
from evidence.exhibits.models import Exhibit, StagedPhoto, Submission
from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor

pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("filing"),
]  # one browser


def photos(folder: Path, count: int) -> list[Path]:
    found = [folder / f"photo{number}.jpg" for number in range(1, count + 1)]
    for number, one in enumerate(found, start=1):
        one.write_bytes(stage.drawing(str(number)))
    return found


def fits(page: Page) -> bool:
    """Whether nothing reaches past the right edge of the screen."""
    return bool(page.evaluate("document.documentElement.scrollWidth <= innerWidth"))


def test_an_owner_files_step_by_step_on_a_phone_over_a_connection_that_breaks(
    visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    scene = scenes.build_claim()
    stage.verified(scene.owners[0])
    owner = visit(width=390)
    page = owner.page
    owner.sign_in(scene.owners[0].email)
    path = f"/claims/{scene.claim.reference}/file/"
    page.goto(path)
    expect(page.get_by_text("Step 1 / 5")).to_be_visible()
    page.get_by_label("Your description").fill("No air came through.")
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_role("heading", name="Photos")).to_be_focused()

    first, second, third = photos(tmp_path, 3)
    lost: list[str] = []

    def break_once(route: Route) -> None:
        lost.append(route.request.headers["x-file-name"])
        route.abort("connectionreset") if len(lost) == 1 else route.continue_()

    page.route("**/file/photos/", break_once)
    page.locator("input[name=photos]").set_input_files([first, second])
    expect(page.locator(".filing-photo [data-said]")).to_have_text(
        ["saved", "saved"], timeout=15_000
    )
    assert lost == ["photo1.jpg", "photo1.jpg", "photo2.jpg"]  # the lost one again, the other once
    assert (
        page.locator(".filing-photo canvas").first.evaluate(
            "one => one.getContext('2d').getImageData(120, 60, 1, 1).data[3]"
        )
        == 255
    )
    assert fits(page)

    page.reload()  # the telephone rang, the browser was closed: what was kept is there
    expect(page.get_by_label("Your description")).to_have_value("No air came through.")
    page.get_by_role("link", name="中文").click()  # and it is there in the other language
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator("[name=narrative]")).to_have_value("No air came through.")
    page.get_by_role("link", name="English").click()
    page.get_by_role("button", name="Next").click()
    expect(page.get_by_label("photo1.jpg")).to_be_checked()
    expect(page.get_by_label("photo2.jpg")).to_be_checked()
    page.locator("input[name=photos]").set_input_files([third])
    expect(page.locator(".filing-photo [data-number]")).to_have_text("3")
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()
    page.get_by_role("button", name="Next").click()  # without the consent it stays
    expect(page.get_by_text("Step 4 / 5")).to_be_visible()
    page.get_by_label("Contact details").fill("me@secret.example")
    page.get_by_label(re.compile("I took these photos")).check()
    page.get_by_role("button", name="Next").click()
    expect(page.locator(".filing-open")).to_contain_text("No air came through.")
    expect(page.locator(".filing-sealed")).to_contain_text("me@secret.example")
    assert fits(page)
    page.get_by_role("button", name="Submit").dblclick()
    expect(page.get_by_role("status")).to_contain_text("Received.")
    submission = Submission.objects.get()
    assert Exhibit.objects.filter(submission=submission).count() == 3
    assert not StagedPhoto.objects.kept().exists()
    expect(page.locator(".receipt")).to_contain_text(submission.reference)
    expect(page.get_by_text("processing your files")).to_be_visible()
    jobs.drain()
    expect(page.locator("ul.shots img")).to_have_count(3)  # by itself
    assert fits(page)
    owner.complaints[:] = [one for one in owner.complaints if "ERR_CONNECTION_RESET" not in one]


def test_an_owner_files_without_a_script_and_loses_nothing(
    visit: Callable[..., Visitor], tmp_path: Path
) -> None:
    scene = scenes.build_claim()
    stage.verified(scene.owners[0])
    owner = visit(width=390, script=False)
    page = owner.page
    owner.sign_in(scene.owners[0].email)
    page.goto(f"/claims/{scene.claim.reference}/file/")
    page.get_by_label("Your description").fill("No air came through.")
    page.locator("input[name=photos]").set_input_files(photos(tmp_path, 2))
    page.get_by_text("I took it apart or measured it").click()
    page.get_by_label("What was done, in a few words").fill("Blower test")
    page.get_by_label(re.compile("I took these photos")).check()
    assert fits(page)
    # as if it had been opened before the language stood in its address
    page.evaluate("history.replaceState(null, '', location.pathname.replace('/en/', '/'))")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_text("A teardown needs all of")).to_be_visible()
    assert urlsplit(page.url).path == f"/en/claims/{scene.claim.reference}/file/"
    expect(page.get_by_label("Your description")).to_have_value("No air came through.")
    expect(page.get_by_label("photo1.jpg")).to_be_checked()
    page.get_by_label("photo2.jpg").uncheck()
    page.get_by_label("What was done, in a few words").fill("")
    page.get_by_role("button", name="Submit").click()
    expect(page.get_by_role("status")).to_contain_text("Received.")
    assert Exhibit.objects.count() == 1
    jobs.drain()
    page.reload()
    expect(page.locator("ul.shots img")).to_have_count(1)
    owner.complaints[:] = [one for one in owner.complaints if "400 (Bad Request)" not in one]
