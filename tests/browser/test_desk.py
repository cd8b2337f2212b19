"""The desk by keyboard alone, the live preview, and a verdict approved without any script."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from django.utils import timezone
from playwright.sync_api import expect

from evidence.exhibits.models import Submission
from evidence.sources.models import Alert
from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor
from verdicts.models import Verdict

# one browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("desk"),
]


def test_submissions_are_decided_by_keyboard_and_never_by_accident(
    visit: Callable[..., Visitor],
) -> None:
    """Queue → look closer → accept → the next by itself → refuse with a reason at hand; the third
    without any script."""
    scene = stage.filed()
    moderator, plain = visit(), visit(width=390, script=False)
    moderator.sign_in(scene.moderator.email)
    page = moderator.page
    page.goto("/desk/?show=submissions")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Your decision")).to_be_visible()
    page.wait_for_load_state()  # a key that is pressed before its module is there means nothing
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    viewer = page.get_by_role("dialog")
    expect(viewer.locator("output")).to_contain_text("%")
    page.keyboard.press("a")  # means nothing while the picture is open
    page.keyboard.press("Escape")
    expect(viewer).to_have_count(0)
    assert not page.locator("#decision-accepted").is_checked()
    page.locator("input[name$='-caption_en']").focus()
    page.keyboard.type("the duct, a closed floor")  # keys in a text are letters
    page.keyboard.press("Enter")  # and Enter there decides nothing
    assert not page.locator("#decision-accepted").is_checked()
    page.keyboard.press("Escape")
    page.get_by_role("link", name="Enlarge").focus()
    first = page.url
    page.keyboard.press("a")
    expect(page.locator("textarea[name=reason_en]")).to_have_value(
        "The photos are clear, and the description can be checked against them."
    )
    expect(page.get_by_role("button", name="Accept and publish")).to_be_focused()
    assert Submission.objects.waiting().count() == 3, "a key alone decides nothing"
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is now “accepted”.")
    assert page.url != first
    second = page.url
    page.wait_for_load_state()
    page.keyboard.press("r")
    page.get_by_role("button", name="The same picture was submitted before").press("Enter")
    expect(page.locator("textarea[name=reason_zh_Hans]")).to_have_value(
        "同一张图片此前已有人提交，重复照片只计一次。"
    )
    page.locator("textarea[name=reason_en]").press("End")
    page.keyboard.type(" See the first.")
    page.get_by_role("button", name="Do not accept").press("Enter")
    expect(page.get_by_role("status")).to_contain_text("is now “not accepted”.")
    assert page.url not in {first, second}

    plain.sign_in(scene.second_moderator.email)
    plain.page.goto(page.url)
    plain.page.get_by_role("button", name="Instrument and method are stated").click()
    expect(plain.page.get_by_label("Accept: pictures")).to_be_checked()
    assert plain.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    plain.page.get_by_role("button", name="Decide").click()
    expect(plain.page.get_by_text("No other submissions await a decision.")).to_be_visible()
    assert sorted(Submission.objects.values_list("status", flat=True)) == [
        "accepted",
        "accepted",
        "refused",
    ]


def test_a_case_by_keyboard_with_its_preview_and_an_approval_without_a_script(
    visit: Callable[..., Visitor],
) -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    scenes.build_findings(scene)
    scenes.build_silence(scene)
    Alert.objects.create(
        kind="quote_vanished", claim=scene.claim, source=scene.source, created_at=timezone.now()
    )
    stage.verified(scene.adjudicator, scene.second_adjudicator)
    first, second = visit(), visit(width=390, script=False)
    first.sign_in(scene.adjudicator.email)
    page = first.page
    page.goto("/desk/")
    page.keyboard.press("?")
    expect(page.get_by_role("dialog")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("j")
    expect(page.locator("[data-kind=alerts] h3 a")).to_be_focused()
    page.keyboard.press("j")
    expect(page.locator("[data-kind=aspects] h3 a").first).to_be_focused()
    with page.expect_response(lambda answer: answer.request.headers.get("hx-request") == "true"):
        page.evaluate(
            "htmx.trigger('#queue', 'htmx:load'); htmx.ajax('GET', '/desk/', {target: '#queue', "
            "swap: 'outerHTML'})"
        )
    # a refresh leaves the keyboard where it was
    expect(page.locator("[data-kind=aspects] h3 a").first).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_contain_text(
        "Two ducts in the carbon hood cool the brakes"
    )

    page.get_by_role("link", name="Propose a verdict").first.focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", level=1)).to_have_text("Propose a verdict")
    page.wait_for_load_state()
    preview = page.locator("#preview")
    expect(preview).to_contain_text("The public text appears here")
    page.get_by_label("Not as claimed", exact=True).focus()
    page.keyboard.press("Space")
    expect(preview).to_contain_text("Not as claimed")
    page.locator("textarea[name=rationale_en]").focus()
    page.keyboard.type("No air reaches the brakes.")
    expect(preview).to_contain_text("No air reaches the brakes.")
    page.locator("textarea[name=rationale_zh_Hans]").focus()
    page.keyboard.insert_text("没有空气到达制动。")
    for box in page.locator("input[name=exhibits]").all():
        box.focus()
        page.keyboard.press("Space")
    assert not Verdict.objects.exists()
    page.get_by_role("button", name="Propose verdict").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("status")).to_contain_text("Proposed.")

    second.sign_in(scene.second_adjudicator.email)
    second.page.goto("/desk/")
    second.page.locator("[data-kind=proposals]").get_by_role("link", name="two ducts move").click()
    expect(second.page.get_by_role("heading", name="What will be published")).to_be_visible()
    assert second.page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    second.page.get_by_role("button", name="Approve and publish").click()
    # a public page tells its reader nothing without a script
    expect(second.page.get_by_role("main").get_by_text("Not as claimed").first).to_be_visible()
    assert Verdict.objects.current().count() == 1
