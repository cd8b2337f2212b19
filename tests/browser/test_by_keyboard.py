"""Every flow with the keys alone: each step is reached by Tab, as a person without a mouse reaches
it, and pressed."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from playwright.sync_api import Locator, Page, expect

import jobs
import ledger
from accounts.actions import found_organisation
from evidence.exhibits.models import Exhibit, Submission
from tests import scenes
from tests.browser import stage
from tests.browser.conftest import Visitor
from verdicts.models import Finding, Reply, Verdict

# one browser
pytestmark = [
    pytest.mark.browser,
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("by keyboard"),
]
MOST = 150


def reach(page: Page, target: Locator) -> None:
    """Press Tab until `target` has the focus; fail if it never does, or if the focus cannot be
    seen."""
    wanted = target.element_handle()
    for _ in range(MOST):
        if wanted.evaluate("one => one === document.activeElement"):
            seen = (
                "one => { const style = getComputedStyle(one); return style.outlineStyle !== "
                "'none' || one.matches(':focus-within') }"
            )
            assert wanted.evaluate(seen)
            return
        page.keyboard.press("Tab")
    pytest.fail(f"{target} is not reached by Tab")


def press(page: Page, target: Locator, key: str = "Enter") -> None:
    reach(page, target)
    page.keyboard.press(key)


def test_what_tab_does_not_reach_is_noticed(visit: Callable[..., Visitor]) -> None:
    """The negative control of `reach`."""
    page = visit().page
    page.set_content("<a href='#x'>one</a><button tabindex=-1>two</button>")
    reach(page, page.get_by_role("link", name="one"))
    with pytest.raises(pytest.fail.Exception, match="not reached by Tab"):
        reach(page, page.get_by_role("button", name="two"))


def test_an_owner_files_with_the_keys_alone(visit: Callable[..., Visitor], tmp_path: Path) -> None:
    scene = scenes.build_claim()
    stage.verified(scene.owners[0])
    photo = tmp_path / "duct.jpg"
    photo.write_bytes(stage.drawing("a duct"))
    owner = visit()
    page = owner.page
    owner.sign_in(scene.owners[0].email)
    page.goto(f"/claims/{scene.claim.reference}/")
    press(page, page.get_by_role("link", name="Submit evidence").first)
    reach(page, page.get_by_label("Your description"))
    page.keyboard.type("No air came through.")
    press(page, page.get_by_role("button", name="Next"))
    with page.expect_file_chooser() as chooser:
        press(page, page.locator("input[name=photos]"))
    chooser.value.set_files(photo)
    expect(page.locator(".filing-photo [data-said]")).to_have_text("saved")
    press(page, page.get_by_role("button", name="Next"))
    press(page, page.get_by_role("button", name="Next"))  # nothing was taken apart
    press(page, page.get_by_label("I took these photos"), "Space")
    press(page, page.get_by_role("button", name="Next"))
    press(page, page.get_by_role("button", name="Submit"))
    expect(page.get_by_role("status")).to_contain_text("Received.")
    submission = Submission.objects.get()
    jobs.drain()
    expect(page.locator("ul.shots img")).to_have_count(1)
    assert Exhibit.objects.get(submission=submission).status == "ready"


def test_finding_reply_and_approval_with_the_keys_alone(visit: Callable[..., Visitor]) -> None:
    """A moderator finds, the company answers after reading its answer once more, the second
    adjudicator approves."""
    scene = scenes.build_evidence(scenes.build_claim())
    brand = found_organisation(
        by=ledger.SYSTEM,
        kind="company",
        name="A maker",
        website="https://brand.example",
        now=scene.now,
    )
    scenes.claims.represent_company(
        by=scenes.ledger.SYSTEM, company=scene.company, organisation=brand, now=scene.now
    )
    speaker = scenes.person("company", "company_representative", organisation=brand)
    stage.verified(scene.moderator, scene.second_adjudicator, speaker)
    scenes.verdicts.request_reply(
        by=scene.second_moderator, claim=scene.claim, allegation=scenes.RATIONALE, now=scene.now
    )

    moderator = visit()
    page = moderator.page
    moderator.sign_in(scene.moderator.email)
    page.goto(f"/desk/claims/{scene.claim.reference}/")
    page.keyboard.press("j")
    expect(page.get_by_role("link", name="Record a finding").first).to_be_focused()
    page.keyboard.press("Enter")
    press(page, page.get_by_label("contradicts the claim"), "Space")
    reach(page, page.locator("textarea[name=reasoning_en]"))
    page.keyboard.type("No air at the outlets.")
    for box in page.locator("input[name=exhibits]").all():
        press(page, box, "Space")
    press(page, page.get_by_role("button", name="Save"))
    expect(page.get_by_role("status")).to_contain_text("Finding saved.")
    assert Finding.objects.count() == 1

    company = visit()
    company.sign_in(speaker.email)
    page = company.page
    main = page.get_by_role("navigation", name="Main")
    press(page, main.get_by_role("link", name="Reply requests"))
    press(page, page.locator("main .rows a").first)
    reach(page, page.get_by_label("Reply, unedited"))
    page.keyboard.type("The ducts are cosmetic on this trim.")
    press(page, page.get_by_role("button", name="Review reply"))
    expect(page.get_by_text("Preview of your public reply")).to_be_visible()
    assert not Reply.objects.exists()
    press(page, page.get_by_role("button", name="Publish reply"))
    expect(page.get_by_role("status").first).to_contain_text("unedited")
    assert Reply.objects.get().body == "The ducts are cosmetic on this trim."

    scenes.propose(scene)
    second = visit()
    second.sign_in(scene.second_adjudicator.email)
    page = second.page
    page.goto("/desk/?show=proposals")
    page.keyboard.press("j")
    page.keyboard.press("Enter")
    press(page, page.get_by_role("button", name="Approve and publish"))
    expect(page.get_by_role("status")).to_contain_text("Approved and published.")
    assert Verdict.objects.current().count() == 1


def test_a_reader_without_a_script_reads_a_claim_narrows_the_list_and_changes_the_language(
    visit: Callable[..., Visitor],
) -> None:
    scene = stage.concluded()
    for width in (1440, 390):
        page = visit(width=width, script=False).page
        page.goto("/claims/")
        page.get_by_role("link", name="Not as claimed").first.click()
        assert "not_delivered" in page.url
        page.get_by_role("link", name="Two ducts in the carbon hood cool the brakes").first.click()
        expect(page.get_by_role("heading", level=1)).to_contain_text(
            "Two ducts in the carbon hood cool the brakes"
        )
        expect(page.get_by_text("Not as claimed").first).to_be_visible()
        expect(page.locator(".sf").first).to_contain_text("双风道给制动系统散热")
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        page.get_by_role("link", name="中文").click()
        expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
        expect(page.get_by_role("heading", level=1)).to_contain_text(
            "碳纤维前舱盖的双风道给制动散热"
        )
        assert page.url.endswith(f"/claims/{scene.claim.reference}/")
