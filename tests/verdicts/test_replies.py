"""What a company is said to have replied, or not, follows everything it was asked: no reply is
forgotten, no silence is invented."""

from __future__ import annotations

import json
import threading
from datetime import timedelta
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

import ledger
from accounts.actions import found_organisation
from accounts.models import Role, User
from claims.localized_text import write
from claims.models import Flag
from jobs.models import Job
from reports.documents import report_json
from reports.pages import companies
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from verdicts import actions, replies
from verdicts.actions import replies as reply_actions
from verdicts.models import Invitation, Verdict, VerdictDocument
from verdicts.states import InvitationStatus

pytestmark = pytest.mark.django_db

LATER = timedelta(days=40)


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_findings(scenes.build_evidence(scenes.build_claim()))


@pytest.fixture
def company(scene: scenes.Scene) -> User:
    brand = found_organisation(
        by=ledger.SYSTEM,
        kind="company",
        name="Brand",
        website="https://brand.example/",
        now=scene.now,
    )
    scenes.claims.represent_company(
        by=ledger.SYSTEM, company=scene.company, organisation=brand, now=scene.now
    )
    return scenes.person("company", Role.COMPANY_REPRESENTATIVE, organisation=brand)


def ask(scene: scenes.Scene, days: int = 0) -> Invitation:
    words = write("en", "No air.", zh_Hans="没有风。")
    return actions.request_reply(
        by=scene.moderator,
        claim=scene.claim,
        allegation=words,
        now=scene.now + timedelta(days=days),
    )


def let_pass(scene: scenes.Scene, days: int) -> None:
    for invitation in Invitation.objects.filter(status="open"):
        actions.close_window(
            by=ledger.SYSTEM, invitation=invitation, now=scene.now + timedelta(days=days)
        )


def flags() -> set[str]:
    return set(Flag.objects.raised().values_list("kind", flat=True))


def answered(scene: scenes.Scene, company: User) -> None:
    """The company replied in time, was asked once more, and said nothing further."""
    reply = {"by": company, "body": "We disagree.", "lang": "en"}
    actions.record_reply(**reply, invitation=ask(scene), now=scene.now + timedelta(days=1))
    ask(scene, days=2)
    let_pass(scene, days=40)


def test_a_company_that_replied_is_never_called_silent_because_it_was_asked_again(
    scene: scenes.Scene, company: User
) -> None:
    answered(scene, company)
    assert flags() == {"company_replied"}
    assert list(Invitation.objects.order_by("sent_at").values_list("status", flat=True)) == [
        "replied",
        "no_further_reply",
    ]
    page = page_text(
        Client().get(f"/claims/{scene.claim.reference}/", headers={"accept-language": "en"})
    )
    first_view = page[: page.index('class="sf"')]
    assert "We disagree." in first_view
    assert "no reply by the deadline" not in page
    assert "no reply by the deadline" not in page
    assert "no further reply by the deadline" in page


def test_the_scorecard_counts_a_claim_once_whatever_was_asked_again(
    scene: scenes.Scene, company: User
) -> None:
    actions.record_reply(
        by=company, invitation=ask(scene), body="We disagree.", lang="en", now=scene.now
    )
    before = companies.scorecard(scene.company)["disputes"]
    ask(scene, days=2)
    let_pass(scene, days=40)
    after = companies.scorecard(scene.company)["disputes"]
    assert (
        (before.asked, before.replied, before.silent)
        == (after.asked, after.replied, after.silent)
        == (1, 1, 0)
    )
    assert (before.requests, after.requests) == (1, 2)
    page = page_text(
        Client().get(f"/companies/{scene.company.pk}/", headers={"accept-language": "en"})
    )
    assert "<b>1</b> of 1 replied to" in page
    assert "no reply by the deadline" not in page


def test_a_late_reply_lifts_the_flag_of_silence_and_says_that_it_is_late(
    scene: scenes.Scene, company: User
) -> None:
    silent = scenes.build_silence(scene)
    assert flags() == {"company_silent"}
    actions.record_reply(by=company, invitation=silent, body="We looked.", lang="en", now=scene.now)
    assert flags() == {"company_replied"}
    assert companies.scorecard(scene.company)["disputes"].silent == 0
    page = page_text(
        Client().get(f"/claims/{scene.claim.reference}/", headers={"accept-language": "en"})
    )
    assert "after the deadline" in page
    assert "no reply by the deadline" not in page


def test_a_company_asked_again_after_silence_stays_silent_until_it_replies(
    scene: scenes.Scene, company: User
) -> None:
    scenes.build_silence(scene)
    second = ask(scene)
    assert flags() == {"company_silent"}
    let_pass(scene, days=40)
    assert flags() == {"company_silent"}
    assert Invitation.objects.get(pk=second.pk).status == "silent"
    actions.record_reply(
        by=company, invitation=second, body="At last.", lang="en", now=scene.now + LATER
    )
    assert flags() == {"company_replied"}


def test_a_window_closed_early_by_two_people_is_no_silence(scene: scenes.Scene) -> None:
    invitation = ask(scene)
    waiver = actions.propose_waiver(
        by=scene.adjudicator,
        invitation=invitation,
        reason=write("en", "Said in public.", zh_Hans="已公开说明。"),
    )
    actions.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    assert flags() == set()
    page = page_text(
        Client().get(f"/companies/{scene.company.pk}/", headers={"accept-language": "en"})
    )
    assert "no answer" not in page
    assert "<b>0</b> of 1 replied to" in page


def test_a_late_reply_to_one_request_leaves_another_open(
    scene: scenes.Scene, company: User
) -> None:
    first = scenes.build_silence(scene)
    second = ask(scene)
    actions.record_reply(by=company, invitation=first, body="Late.", lang="en", now=scene.now)
    assert Invitation.objects.get(pk=second.pk).status == "open"
    scene.ducts.refresh_from_db()
    assert scene.ducts.progress == "reply_window_open"


def test_the_signed_document_and_the_report_carry_every_request_and_every_reply(
    scene: scenes.Scene, company: User
) -> None:
    answered(scene, company)
    scene.now += timedelta(days=41)
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    told = json.loads(VerdictDocument.objects.get(pk=verdict.pk).body)["reply"]
    assert (told["status"], told["body"]) == ("replied", "We disagree.")
    assert [(one["status"],
        [each["body"] for each in one["replies"]]) for one in told["requests"]] == [
        ("replied", ["We disagree."]), ("no_further_reply", []),
    ]  # fmt: skip
    page = page_text(
        Client().get(f"/verdicts/{verdict.reference}/", headers={"accept-language": "en"})
    )
    assert "We disagree." in page
    assert "no reply by the deadline" not in page
    outcomes = [
        report_json._invitation(one)["outcome"] for one in Invitation.objects.order_by("sent_at")
    ]
    assert outcomes == ["replied", "no_further_reply"]


def test_a_reply_after_the_verdict_stands_beside_it_and_the_report_is_made_anew(
    scene: scenes.Scene, company: User
) -> None:
    silent = scenes.build_silence(scene)
    verdict = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    before = Job.objects.filter(kind="reports.discrepancy").count()
    actions.record_reply(
        by=company,
        invitation=silent,
        body="We looked.",
        lang="en",
        now=scene.now + timedelta(days=1),
    )
    assert Job.objects.filter(kind="reports.discrepancy").count() == before + 1
    page = page_text(
        Client().get(f"/verdicts/{verdict.reference}/", headers={"accept-language": "en"})
    )
    assert "The company replied after this verdict was published" in page


STATUSES = st.lists(
    st.sampled_from([one for one in InvitationStatus.values if one != "no_further_reply"]),
    min_size=1,
)


@given(STATUSES, st.booleans())
def test_one_reply_is_a_reply_and_only_a_deadline_that_passed_is_silence(
    statuses: list[str], replied: bool
) -> None:
    came = replies.reply_status(statuses, replied=replied)
    assert (came == "replied") == (replied or "replied" in statuses)
    assert came != "silent" or "silent" in statuses
    assert came in {"replied", "silent", "open", "waived"}


def test_nothing_asked_has_no_outcome() -> None:
    assert replies.reply_status([], replied=False) == ""


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_a_late_reply_and_the_end_of_a_second_window_at_once_leave_one_flag(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the lock on the claim taken away the same race leaves the company both replied and
    silent: the test can fail."""
    scene = scenes.build_claim()
    brand = found_organisation(
        by=ledger.SYSTEM,
        kind="company",
        name="Brand",
        website="https://brand.example/",
        now=scene.now,
    )
    scenes.claims.represent_company(
        by=ledger.SYSTEM, company=scene.company, organisation=brand, now=scene.now
    )
    company = scenes.person("company", Role.COMPANY_REPRESENTATIVE, organisation=brand)
    first = scenes.build_silence(scene)
    second = ask(scene)
    Flag.objects.all().update(lifted_at=scene.now)  # the second silence is to raise it
    both = threading.Barrier(2, timeout=60)
    if not guarded:
        monkeypatch.setattr(
            reply_actions,
            "lock_invitation",
            lambda one: Invitation.objects.select_related("claim__company").get(pk=one.pk),
        )
        real = reply_actions.reply_status_of

        def outcome_after_both_wrote(claim: Any) -> str:
            came = real(claim)
            both.wait()
            return came

        monkeypatch.setattr(reply_actions, "reply_status_of", outcome_after_both_wrote)
        flag = reply_actions._flag

        def flag_before_either_commits(*given: Any, **named: Any) -> None:
            flag(*given, **named)
            both.wait()

        monkeypatch.setattr(reply_actions, "_flag", flag_before_either_commits)

    def run(act: Any) -> None:
        try:
            act()
        finally:
            connection.close()

    acts = (
        lambda: actions.record_reply(
            by=company, invitation=first, body="Late.", lang="en", now=scene.now
        ),
        lambda: actions.close_window(by=ledger.SYSTEM, invitation=second, now=scene.now + LATER),
    )
    threads = [threading.Thread(target=run, args=(act,)) for act in acts]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(90)
    assert flags() == ({"company_replied"} if guarded else {"company_replied", "company_silent"})
    assert not Verdict.objects.exists()
