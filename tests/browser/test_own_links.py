"""What is a reader's own on a public page: beside it, without moving it, gone with signing out."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files

import pytest
from playwright.sync_api import Page, expect

from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor

# one browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("desk"),
]
AXE = files("axe_playwright_python").joinpath("axe.min.js").read_text(encoding="utf-8")
SHIFTS = """new Promise(done => {
  new PerformanceObserver(list => done(list.getEntries().reduce((sum, one) => sum + one.value, 0)))
    .observe({type: "layout-shift", buffered: true});
  setTimeout(() => done(0), 300);
})"""


def faults(page: Page) -> list[str]:
    page.evaluate(AXE)
    found = page.evaluate("axe.run(document)")
    return [f"{one['id']}: {node['html']}" for one in found["violations"] for node in one["nodes"]]


def test_whoever_is_signed_in_finds_their_own_on_a_public_page(
    visit: Callable[..., Visitor],
) -> None:
    scene = scenes.build_claim()
    stage.verified(scene.moderator)
    claim = f"/claims/{scene.claim.reference}/"
    stranger, moderator = visit(), visit()
    stranger.page.goto(claim)
    expect(stranger.page.locator("#own")).to_be_hidden()
    asked: list[str] = []
    stranger.page.on("request", lambda request: asked.append(request.url))
    stranger.page.reload(wait_until="networkidle")
    assert not any("/account/fragment/" in url for url in asked)

    moderator.sign_in(scene.moderator.email)
    page = moderator.page
    page.goto(claim)
    own = page.get_by_role("navigation", name="Your links")
    expect(own.get_by_role("link", name="Work queue")).to_be_visible()
    assert page.evaluate(SHIFTS) == 0
    assert faults(page) == []
    page.emulate_media(color_scheme="dark")
    assert [one for one in faults(page) if one.startswith("color-contrast")] == []

    own.get_by_role("link", name="Work on this claim").press("Enter")  # by keyboard
    page.get_by_role("link", name="Correct or withdraw the claim").click()
    page.set_viewport_size({"width": 390, "height": 844})
    page.locator("[name=summary_en]").fill("Two ducts cool the brakes, said the post")
    page.locator("[name=reason]").first.fill("Clearer.")
    page.get_by_role("button", name="Save correction").click()
    message = page.locator(".message")
    expect(message).to_contain_text("change history")
    assert message.evaluate("each => each.clientHeight") > 60  # two lines
    assert page.evaluate(SHIFTS) == 0
    page.set_viewport_size({"width": 1440, "height": 900})
    page.goto(f"/desk/claims/{scene.claim.reference}/revise/")
    page.locator("form").filter(has=page.get_by_role("button", name="Withdraw")).last.locator(
        "textarea"
    ).first.fill("It was said by someone else.")
    page.get_by_role("button", name="Withdraw").click()
    page.wait_for_url(f"**{claim}")
    expect(page.get_by_role("status")).to_have_text("Claim withdrawn.")
    assert page.evaluate(SHIFTS) == 0
    page.set_viewport_size({"width": 390, "height": 844})
    page.reload()
    expect(own).to_be_visible()
    expect(page.get_by_role("status")).to_have_text("")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert faults(page) == []

    page.goto("/account/logout/")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("You are signed out.")).to_be_visible()
    page.goto(claim)
    expect(page.locator("#own")).to_be_hidden()


def test_without_a_script_the_account_leads_to_the_same(visit: Callable[..., Visitor]) -> None:
    scene = scenes.build_claim()
    stage.verified(scene.moderator)
    plain = visit("zh-CN", width=390, script=False)
    page = plain.page
    page.goto(f"/claims/{scene.claim.reference}/")
    expect(page.get_by_role("link", name="账户")).to_be_hidden()
    page.get_by_role("button", name="菜单").click()
    page.get_by_role("link", name="账户").click()
    page.locator("input[name=login]").fill(scene.moderator.email)
    page.locator("input[name=password]").fill("correct horse battery")
    page.get_by_role("button", name="登录").click()
    page.get_by_role("link", name="处理这条宣称").click()
    expect(page.get_by_role("heading", level=1)).to_be_visible()
    assert f"/desk/claims/{scene.claim.reference}/" in page.url
