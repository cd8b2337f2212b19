"""Two walks through the site in a real browser: a reader's, and a moderator's day."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import pytest
from django.utils import timezone
from playwright.sync_api import expect

import jobs
from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor
from verdicts.models import Invitation, Reply

# one browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("walks"),
]


def test_a_reader_walks_from_the_front_to_the_report(visit: Callable[..., Visitor]) -> None:
    """Front → claim → diff → exhibit → verdict → report."""
    scene = stage.concluded()
    page = visit().page
    page.goto("/")
    expect(page.get_by_text("Latest verdicts")).to_be_visible()
    page.get_by_role("link", name="Two ducts in the carbon hood cool the brakes").first.click()
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Two ducts in the carbon hood cool the brakes"
    )
    expect(page.get_by_text("Not as claimed").first).to_be_visible()
    assert page.locator("#said").bounding_box()["x"] < page.locator("#found").bounding_box()["x"]  # type: ignore[index]  # it is visible
    assert page.locator("svg.version-line").first.locator("circle").count() == 2
    chart = page.locator("img.plate").first
    assert chart.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 0

    page.get_by_role("link", name="characters of the quote no longer there").first.click()
    gone = page.locator(".hunk-old del")
    expect(gone).to_have_text("内部结构也一起改了，")
    assert gone.evaluate("mark => getComputedStyle(mark).textDecorationLine") == "line-through"

    page.goto(f"/claims/{scene.claim.reference}/")
    page.locator("ul.shots a").first.click()
    expect(page.get_by_role("heading", level=1)).to_have_text("The outlet of the duct")
    picture = page.locator("figure.photo img")
    assert picture.evaluate("picture => picture.decode().then(() => picture.naturalWidth)") > 600
    page.get_by_text("P1", exact=True).click()
    expect(page.get_by_text("What it does not prove")).to_be_visible()

    page.locator("main a[href^='/en/verdicts/']").first.click()
    expect(page.get_by_role("main").get_by_text("Not as claimed", exact=True).first).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("Car 1"))).to_contain_text(
        "does not meet the threshold"
    )

    page.goto(f"/claims/{scene.claim.reference}/")
    page.get_by_role("link", name=re.compile("claim report")).click()
    expect(page.locator("ul.report-files").get_by_role("link", name="report.json")).to_be_visible()
    with page.expect_download() as download:
        page.get_by_role("link", name="report.json").click()
    assert Path(download.value.path()).read_bytes().startswith(b"{")

    page.get_by_role("link", name="中文").click()
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.get_by_role("heading", level=1)).to_have_text("核查报告")


def test_a_moderators_day(visit: Callable[..., Visitor]) -> None:
    """Sign in → queue → accept a submission with grades → findings → propose → a second person
    approves → the public page."""
    scene = stage.filed()
    moderator, first, second, reader = visit(), visit(), visit(), visit()
    moderator.sign_in(scene.moderator.email)
    page = moderator.page
    for submission in scene.submissions:
        page.get_by_role("navigation", name="Main").get_by_role("link", name="Work queue").click()
        page.locator("[data-kind=submissions]").get_by_role(
            "link", name=submission.reference
        ).click()
        assert (
            page.locator("figure.photo img").evaluate(
                "picture => picture.decode().then(() => picture.naturalWidth)"
            )
            > 600
        )
        page.locator("select[name$='-source']").select_option("B")
        page.locator("select[name$='-information']").select_option("2")
        page.locator("textarea[name$='-why_en']").fill("A known owner, a consistent photo.")
        page.locator("input[name$='-caption_en']").fill("The outlet of the duct")
        page.get_by_label("Accept: pictures").check()
        page.locator("textarea[name=reason_en]").fill("Clear.")
        page.get_by_role("button", name="Accept and publish").click()
        expect(page.get_by_role("status")).to_contain_text(
            f"Decided: {submission.reference} is now “accepted”."
        )
    expect(page.get_by_text("No other submissions await a decision.")).to_be_visible()

    page.goto(f"/desk/claims/{scene.claim.reference}/")
    page.get_by_role("link", name="Record a finding").first.click()
    page.get_by_label("contradicts the claim").check()
    page.locator("textarea[name=reasoning_en]").fill("No air at the outlets of three cars.")
    for box in page.locator("input[name=exhibits]").all():
        box.check()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("status")).to_contain_text("Finding saved.")
    page.locator("textarea[name=allegation_en]").fill("No air reaches the brakes.")
    page.locator("textarea[name=allegation_zh_Hans]").fill("没有空气到达制动。")
    page.get_by_role("button", name="Request a reply").click()
    expect(page.get_by_role("status")).to_contain_text("Reply requested.")

    first.sign_in(scene.adjudicator.email)
    first.page.goto(f"/desk/claims/{scene.claim.reference}/")
    expect(first.page.get_by_role("button", name="Propose a verdict").first).to_be_disabled()
    expect(first.page.get_by_text("The company’s reply is due by").first).to_be_visible()
    page.get_by_text("Enter a reply received another way").click()
    page.get_by_label("Reply, unedited").fill("散热效果因工况而异。")
    page.locator("input[name=letter_date]").fill(f"{timezone.now():%Y-%m-%d}")
    page.get_by_role("button", name="Save for checking").click()
    expect(page.get_by_role("status")).to_contain_text(
        "It becomes public once another person has checked it."
    )
    scenes.build_reply(
        scene,
        Invitation.objects.get(),
        body="散热效果因工况而异。",
        lang="zh-Hans",
        now=timezone.now(),
    )
    entered = Reply.objects.get(status="entered")
    scenes.verdicts.discard_reply(
        by=scene.second_moderator,
        reply=entered,
        reason="The company gave it itself.",
        now=timezone.now(),
    )

    first.page.reload()
    first.page.get_by_role("link", name="Propose a verdict").first.click()
    first.page.get_by_label("Not as claimed", exact=True).check()
    first.page.locator("textarea[name=rationale_en]").fill(
        "No air reaches the brakes on three cars."
    )
    first.page.locator("textarea[name=rationale_zh_Hans]").fill("三辆车均没有空气到达制动。")
    for box in first.page.locator("input[name=exhibits]").all():
        box.check()
    first.page.get_by_role("button", name="Propose verdict").click()
    expect(first.page.get_by_role("button", name="Approve and publish")).to_be_disabled()
    expect(first.page.get_by_text("another person must approve it").first).to_be_visible()
    reader.page.goto(f"/claims/{scene.claim.reference}/")
    expect(reader.page.get_by_text("Not as claimed")).to_have_count(0)

    second.sign_in(scene.second_adjudicator.email)
    second.page.goto("/desk/")
    second.page.locator("[data-kind=proposals]").get_by_role(
        "link", name="two ducts move air"
    ).click()
    second.page.get_by_role("button", name="Approve and publish").click()
    expect(second.page.get_by_role("status")).to_contain_text("Approved and published.")
    jobs.drain()

    reader.page.reload()
    expect(reader.page.get_by_text("Not as claimed").first).to_be_visible()
    expect(reader.page.get_by_text("散热效果因工况而异。").first).to_be_visible()
    expect(reader.page.get_by_role("link", name=re.compile("2 adjudicators"))).to_be_visible()
    reader.page.get_by_role("link", name="Change history").click()
    expect(reader.page.get_by_text("Verdict published").first).to_be_visible()
