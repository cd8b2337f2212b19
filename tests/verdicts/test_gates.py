"""Each gate before a verdict closes alone, says why, and is what keeps the verdict out: taken away,
the same attempt goes through."""

from __future__ import annotations

import inspect
import itertools
import re
from collections.abc import Callable, Sequence
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, transaction
from django.utils import timezone

import ledger
from accounts.actions import found_organisation, grant_role
from accounts.models import OrganisationKind, Role, User
from accounts.permissions import NotAllowedError
from claims import actions as claims
from claims.localized_text import write
from claims.models import Aspect, Claim
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission, Teardown
from tests import scenes
from tests.shared_scenes import shared_scene
from tests.workflows import force, seat
from verdicts import actions, gates
from verdicts.models import Finding, Invitation, Verdict
from verdicts.states import ADVERSE, SCORES, Mechanism, Rating

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    return scene


def attempt(scene: scenes.Scene, **more: Any) -> Verdict:
    """A proposal against which nothing stands, but for `more`."""
    aspect = Aspect.objects.select_related("claim").get(pk=scene.ducts.pk)
    given = {
        "by": User.objects.get(pk=scene.adjudicator.pk), "aspect": aspect,
        "rating": "not_delivered", "rationale": scenes.RATIONALE,
        "exhibits": scene.exhibits(), "now": scene.now,
    }  # fmt: skip
    return actions.propose_verdict(**{**given, **more})


def adjudicating(user: User) -> User:
    """A moderator who is an adjudicator as well."""
    grant_role(
        by=ledger.SYSTEM,
        user=user,
        organisation=scenes.operator_body(),
        role=Role.ADJUDICATOR,
        now=timezone.now(),
    )
    return User.objects.get(pk=user.pk)


def grade(exhibit: Exhibit, by: User) -> None:
    filing.grade_exhibit(
        by=by,
        exhibit=exhibit,
        source="A",
        information="1",
        reason=write("en", "Seen."),
        now=timezone.now(),
    )


# --- what closes each gate ------------------------------------------------------------------------


TRIED = write("en", "We asked.", zh_Hans="已询问。")


def without_the_role(scene: scenes.Scene) -> dict[str, Any]:
    return {"by": scene.second_moderator}


def withdrawn_claim(scene: scenes.Scene) -> dict[str, Any]:
    claims.withdraw_claim(
        by=scene.moderator,
        claim=Claim.objects.get(pk=scene.claim.pk),
        reason="Someone else said it.",
        now=scene.now,
    )
    return {}


def filed_on_it(scene: scenes.Scene) -> dict[str, Any]:
    filing.file_submission(
        by=scene.adjudicator,
        claim=scene.claim,
        narrative="Mine too.",
        narrative_lang="en",
        licence="cc0-1.0",
        photos=[],
        now=scene.now,
    )
    return {}


def acts_for_a_company(scene: scenes.Scene) -> dict[str, Any]:
    body = found_organisation(
        by=ledger.SYSTEM, kind=OrganisationKind.COMPANY, name="Another maker", now=scene.now
    )
    seat(scene.adjudicator, body)
    return {}


def works_for_the_laboratory(scene: scenes.Scene) -> dict[str, Any]:
    laboratory = found_organisation(
        by=ledger.SYSTEM, kind=OrganisationKind.LABORATORY, name="Flow laboratory", now=scene.now
    )
    grant_role(
        by=ledger.SYSTEM,
        user=scene.adjudicator,
        organisation=laboratory,
        role=Role.CONTRIBUTOR,
        now=scene.now,
    )
    Teardown.objects.filter(submission=scene.submissions[0]).update(laboratory=laboratory)
    return {}


def wrote_all_findings(scene: scenes.Scene) -> dict[str, Any]:
    Finding.objects.update(moderator=scene.second_moderator)
    return {"by": adjudicating(scene.second_moderator)}


def accepted_all_the_evidence(scene: scenes.Scene) -> dict[str, Any]:
    Submission.objects.update(decided_by=scene.second_moderator)
    return {"by": adjudicating(scene.second_moderator)}


def graded_all_the_evidence(scene: scenes.Scene) -> dict[str, Any]:
    for one in scene.exhibits():
        grade(one, scene.second_moderator)
    return {"by": adjudicating(scene.second_moderator)}


def accepted_all_that_was_measured(scene: scenes.Scene) -> dict[str, Any]:
    accepted_all_the_evidence(scene)
    return {
        "by": User.objects.get(pk=scene.second_moderator.pk),
        "rating": "unverifiable",
        "exhibits": [],
        "attempts": TRIED,
    }


def discard_a_letter(scene: scenes.Scene, by: User) -> None:
    letter = scenes.build_letter(scene, Invitation.objects.get())
    actions.discard_reply(by=by, reply=letter, reason="It is not theirs.", now=scene.now)


def discarded_the_companys_letter(scene: scenes.Scene) -> dict[str, Any]:
    discard_a_letter(scene, scene.adjudicator)
    return {}


def company_may_still_answer(scene: scenes.Scene) -> dict[str, Any]:
    actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "Again."), now=scene.now
    )
    return {}


def letter_in_time_not_checked(scene: scenes.Scene) -> dict[str, Any]:
    asked = Invitation.objects.get(claim=scene.claim)
    given = {"body": "We disagree.", "lang": "en", "letter_date": asked.deadline_at.date()}
    actions.record_reply(by=scene.moderator, invitation=asked, now=scene.now, **given)
    return {}


def evidence_not_accepted(scene: scenes.Scene) -> dict[str, Any]:
    force(Submission.objects.filter(pk=scene.submissions[0].pk), status="returned")
    return {}


def ruled_out(scene: scenes.Scene) -> dict[str, Any]:
    actions.rule_out(by=scene.moderator, aspect=scene.ducts, reason="A matter of taste.")
    return {}


def taken_up_after_the_company_was_asked(scene: scenes.Scene) -> dict[str, Any]:
    ruled_out(scene)
    actions.take_up_again(by=scene.moderator, aspect=scene.ducts, reason="It can be measured.")
    return {}


def evidence_on_another_claim(scene: scenes.Scene) -> dict[str, Any]:
    other = claims.register_claim(
        by=scene.moderator, product=scene.product, quote="x", quote_lang="en",
        summary=write("en", "x"), now=scene.now,
        aspects=[claims.NewAspect("function", write("en", "x"))],
    )  # fmt: skip
    Submission.objects.filter(pk=scene.submissions[0].pk).update(claim=other)
    return {"exhibits": list(Exhibit.objects.select_related("submission"))}


def nothing_to_rest_on(scene: scenes.Scene) -> dict[str, Any]:
    return {"exhibits": [], "rating": "partly_delivered"}


def weak_evidence(scene: scenes.Scene) -> dict[str, Any]:
    Exhibit.objects.update(grade_source="C", grade_information="4")
    return {}


def one_owner_twice(scene: scenes.Scene) -> dict[str, Any]:
    Exhibit.objects.update(grade_source="C", grade_information="3")
    Submission.objects.update(contributor=scene.submissions[0].contributor)
    return {}


def promised_for_later(scene: scenes.Scene) -> dict[str, Any]:
    Aspect.objects.filter(pk=scene.ducts.pk).update(due_date=scene.now.date())
    return {}


def against_the_numbers(scene: scenes.Scene) -> dict[str, Any]:
    return {"rating": "delivered"}


def misleading_without_how(scene: scenes.Scene) -> dict[str, Any]:
    return {"rating": "misleading"}


def how_without_misleading(scene: scenes.Scene) -> dict[str, Any]:
    return {"mechanism": Mechanism.SCOPE_SHIFT}


def one_language(scene: scenes.Scene) -> dict[str, Any]:
    return {"rationale": write("en", "No air.")}


def nothing_tried(scene: scenes.Scene) -> dict[str, Any]:
    return {"rating": "unverifiable", "attempts": {}}


def attempts_in_one_language(scene: scenes.Scene) -> dict[str, Any]:
    return {"rating": "unverifiable", "attempts": write("zh-Hans", "试过。")}


CLOSED: dict[Callable[[scenes.Scene], dict[str, Any]], tuple[str, str]] = {
    without_the_role: ("right_role", "needs the role"),
    withdrawn_claim: ("claim_is_rateable", "withdrew this claim"),
    filed_on_it: ("conflict_of_interest", "You submitted evidence"),
    acts_for_a_company: ("conflict_of_interest", "act for a company"),
    works_for_the_laboratory: ("conflict_of_interest", "organisation that you belong to"),
    wrote_all_findings: ("findings_of_another", "All findings"),
    accepted_all_the_evidence: ("accepted_by_another", "You accepted or graded all the evidence"),
    graded_all_the_evidence: ("accepted_by_another", "You accepted or graded all the evidence"),
    accepted_all_that_was_measured: (
        "accepted_by_another",
        "You accepted or graded all the evidence",
    ),
    discarded_the_companys_letter: ("discarded_none", "You discarded a reply"),
    company_may_still_answer: ("reply_period_over", "reply is due by"),
    letter_in_time_not_checked: ("letters_checked", "came in time"),
    ruled_out: ("in_scope", "out of scope"),
    taken_up_after_the_company_was_asked: ("company_asked", "No reply was requested on this point"),
    evidence_not_accepted: ("accepted_exhibits", "only accepted evidence"),
    evidence_on_another_claim: ("accepted_exhibits", "only accepted evidence"),
    nothing_to_rest_on: ("rests_on_something", "at least one exhibit"),
    weak_evidence: ("best_evidence", "B2 or better"),
    one_owner_twice: ("best_evidence", "different owners"),
    promised_for_later: ("due_date_passed", "promised date"),
    against_the_numbers: ("consistent_with_numbers", "exclude conformity"),
    misleading_without_how: ("consistent_with_numbers", "why the wording is misleading"),
    how_without_misleading: ("consistent_with_numbers", "Only “Misleading presentation”"),
    nothing_tried: ("attempts_listed", "must list the checks attempted"),
    one_language: ("both_languages", "both Chinese and English"),
    attempts_in_one_language: ("both_languages", "both Chinese and English"),
}
#: Where the database says no as well, whatever the gates say.
ALSO_A_CONSTRAINT = {misleading_without_how: "verdict_misleading_names_how"}


@pytest.mark.parametrize("close", CLOSED, ids=lambda close: close.__name__)
def test_each_gate_closes_alone_and_is_what_keeps_the_verdict_out(
    scene: scenes.Scene,
    monkeypatch: pytest.MonkeyPatch,
    close: Callable[[scenes.Scene], dict[str, Any]],
) -> None:
    gate, sentence = CLOSED[close]
    with transaction.atomic():
        attempt(scene)  # nothing stands against it
        transaction.set_rollback(True)
    more = close(scene)
    with pytest.raises(gates.GateClosedError, match=sentence) as caught:
        attempt(scene, **more)
    if close is not nothing_to_rest_on:  # without exhibits the evidence is not good enough either
        assert len(caught.value.reasons) == 1, caught.value.reasons
    assert not Verdict.objects.exists()

    monkeypatch.setattr(gates, gate, lambda *args: None)
    if close is nothing_to_rest_on:
        monkeypatch.setattr(gates, "best_evidence", lambda *args: None)
    if close in ALSO_A_CONSTRAINT:
        with pytest.raises(IntegrityError, match=ALSO_A_CONSTRAINT[close]), transaction.atomic():
            attempt(scene, **more)
    else:
        assert attempt(scene, **more).status == "proposed"  # negative control


def test_every_gate_of_a_proposal_has_its_row() -> None:
    asked = set(re.findall(r"gates\.(\w+)\(", inspect.getsource(actions.proposal_gates)))
    assert asked == {gate for gate, _sentence in CLOSED.values()}


def published(
    scene: scenes.Scene,
    *,
    accepted_by: Sequence[User],
    findings_by: Sequence[User],
    proposer: User,
    approver: User,
) -> bool:
    """Whether these people bring a verdict out among themselves. Nothing of it stays."""
    with transaction.atomic():
        for number, one in enumerate(scene.submissions):
            Submission.objects.filter(pk=one.pk).update(
                decided_by=accepted_by[number % len(accepted_by)]
            )
        for who in findings_by:
            actions.record_finding(
                by=who,
                aspect=scene.ducts,
                conclusion="contradicts",
                reasoning=write("en", "x"),
                exhibits=scene.exhibits(),
                now=scene.now,
            )
        try:
            proposal = attempt(scene, by=proposer)
            return (
                actions.approve_verdict(by=approver, verdict=proposal, now=scene.now).status
                == "published"
            )
        except gates.GateClosedError:
            return False
        finally:
            transaction.set_rollback(True)


def test_two_adjudicators_who_moderate_for_each_other_publish_nothing() -> None:
    """Whoever of the two accepts the evidence, writes the findings and proposes: a third person is
    needed."""
    scene = scenes.build_evidence(scenes.build_claim())
    scenes.build_silence(scene)
    one, two = (
        adjudicating(scenes.person("moderator3", Role.MODERATOR)),
        adjudicating(scene.second_moderator),
    )
    for accepted, found, proposer in itertools.product(
        ([one], [two], [one, two]), ([one], [two], [one, two]), (one, two)
    ):
        approver = two if proposer == one else one
        assert not published(
            scene, accepted_by=accepted, findings_by=found, proposer=proposer, approver=approver
        )
        by_a_third = published(
            scene,
            accepted_by=accepted,
            findings_by=found,
            proposer=proposer,
            approver=scene.adjudicator,
        )
        assert by_a_third == (accepted != [proposer] and found != [proposer])


def accepted_an_exhibit(scene: scenes.Scene) -> None:
    Submission.objects.filter(pk=scene.exhibits()[0].submission_id).update(
        decided_by=scene.second_moderator
    )


def accepted_a_measurement_that_no_exhibit_shows(scene: scenes.Scene) -> None:
    Submission.objects.filter(pk=scene.exhibits()[2].submission_id).update(
        decided_by=scene.second_moderator
    )


def graded_what_another_accepted(scene: scenes.Scene) -> None:
    grade(scene.exhibits()[0], scene.second_moderator)


@pytest.mark.parametrize(
    "act",
    [
        accepted_an_exhibit,
        accepted_a_measurement_that_no_exhibit_shows,
        graded_what_another_accepted,
    ],
)
def test_whoever_accepted_or_graded_evidence_does_not_approve_the_verdict_on_it(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch, act: Callable[[scenes.Scene], None]
) -> None:
    act(scene)
    approver = adjudicating(scene.second_moderator)
    proposal = attempt(scene, exhibits=scene.exhibits()[:2])
    with pytest.raises(gates.GateClosedError, match="You accepted or graded evidence"):
        actions.approve_verdict(by=approver, verdict=proposal, now=scene.now)
    monkeypatch.setattr(gates, "accepted_none", lambda *args: None)
    # negative control
    assert (
        actions.approve_verdict(by=approver, verdict=proposal, now=scene.now).status == "published"
    )


def test_whoever_discards_the_companys_letter_does_not_approve(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One person alone would have thrown the reply away and published without it."""
    proposal = attempt(scene)
    letter = scenes.build_letter(scene, Invitation.objects.get(), body="Ours.")
    # one's own entry says nothing
    actions.discard_reply(by=scene.moderator, reply=letter, reason="A slip of mine.", now=scene.now)
    discard_a_letter(scene, scene.second_adjudicator)
    with pytest.raises(gates.GateClosedError, match="You discarded a reply"):
        actions.approve_verdict(by=scene.second_adjudicator, verdict=proposal, now=scene.now)
    assert Verdict.objects.get(pk=proposal.pk).status == "proposed"
    monkeypatch.setattr(gates, "discarded_none", lambda *args: None)
    # negative control
    assert (
        actions.approve_verdict(by=scene.second_adjudicator, verdict=proposal, now=scene.now).status
        == "published"
    )


def test_a_finding_that_was_sent_before_a_verdict_and_comes_after_it_is_not_taken_for_its_ground(
    scene: scenes.Scene,
) -> None:
    """Its sender's clock ran while the approval held the claim: with that hour it would have opened
    as part of the verdict."""
    actions.approve_verdict(by=scene.second_adjudicator, verdict=attempt(scene), now=scene.now)
    given = {
        "aspect": scene.ducts,
        "conclusion": "supports",
        "reasoning": write("en", "Some air."),
        "exhibits": scene.exhibits(),
    }
    before = Finding.objects.count()
    with pytest.raises(ValidationError, match="published just now"):
        actions.record_finding(
            by=scene.second_moderator, now=scene.now - timedelta(milliseconds=5), **given
        )
    assert Finding.objects.count() == before
    late = actions.record_finding(
        by=scene.second_moderator, now=scene.now + timedelta(milliseconds=5), **given
    )
    assert not Finding.objects.public().filter(pk=late.pk).exists()


def test_the_company_must_have_been_asked() -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    with pytest.raises(gates.GateClosedError, match="No reply was requested yet"):
        attempt(scene)


def test_an_aspect_without_a_finding_is_not_judged() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    scenes.build_silence(scene)
    with pytest.raises(gates.GateClosedError, match=r"(?i)no finding"):
        attempt(scene)


def test_every_gate_is_asked_again_at_the_approval(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What changed between proposal and approval counts: evidence withdrawn, a judge who filed, a
    window opened anew."""
    proposed = attempt(scene)
    second = scene.second_adjudicator
    for close, sentence in (
        (
            lambda: Submission.objects.filter(pk=scene.submissions[0].pk).update(
                status="withdrawn"
            ),
            "only accepted evidence",
        ),
        (lambda: Exhibit.objects.update(grade_source="", grade_information=""), "B2 or better"),
        (
            lambda: Aspect.objects.filter(pk=scene.ducts.pk).update(
                due_date=scene.now.date() + timedelta(days=1)
            ),
            "promised date",
        ),
        (lambda: company_may_still_answer(scene), "reply is due by"),
        (
            lambda: Claim.objects.filter(pk=scene.claim.pk).update(status="withdrawn"),
            "withdrew this claim",
        ),
    ):
        with transaction.atomic():
            close()
            with pytest.raises(gates.GateClosedError, match=sentence):
                actions.approve_verdict(
                    by=User.objects.get(pk=second.pk), verdict=proposed, now=scene.now
                )
            transaction.set_rollback(True)
    assert actions.approve_verdict(by=second, verdict=proposed, now=scene.now).status == "published"


def test_the_second_person_is_another_and_the_database_says_so_too(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposed = attempt(scene)
    with pytest.raises(gates.GateClosedError, match="another person"):
        actions.approve_verdict(by=scene.adjudicator, verdict=proposed, now=scene.now)
    with pytest.raises(gates.GateClosedError, match="another person"):
        actions.reject_verdict(by=scene.adjudicator, verdict=proposed, reason="No.", now=scene.now)
    monkeypatch.setattr(gates, "four_eyes", lambda *args: None)
    with (
        pytest.raises(IntegrityError, match="verdict_decided_by_a_second_person"),
        transaction.atomic(),
    ):
        actions.approve_verdict(by=scene.adjudicator, verdict=proposed, now=scene.now)


def test_a_rejected_proposal_frees_what_it_would_have_superseded(scene: scenes.Scene) -> None:
    standing = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=attempt(scene), now=scene.now
    )
    again = {
        "rating": "misleading",
        "mechanism": "implied_function",
        "reason": "A little air moves.",
    }
    actions.reject_verdict(
        by=scene.second_adjudicator,
        verdict=attempt(scene, **again),
        reason="Say more.",
        now=scene.now,
    )
    published = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=attempt(scene, **again), now=scene.now
    )
    assert published.supersedes == standing


def test_findings_obey_their_own_gates(scene: scenes.Scene) -> None:
    before = Finding.objects.count()
    given = {
        "aspect": scene.ducts,
        "conclusion": "supports",
        "reasoning": write("en", "x"),
        "now": scene.now,
    }
    for by in (scene.adjudicator, scene.owners[0]):
        with pytest.raises(NotAllowedError):
            actions.record_finding(by=by, exhibits=scene.exhibits(), **given)
    force(Submission.objects.filter(pk=scene.submissions[0].pk), status="received")
    with pytest.raises(gates.GateClosedError, match="only accepted"):
        actions.record_finding(
            by=scene.moderator, exhibits=list(Exhibit.objects.select_related("submission")), **given
        )
    assert Finding.objects.count() == before


@pytest.mark.parametrize(
    ("grades", "enough"),
    [
        (["A1"], True), (["B2"], True), (["B3"], False), (["C2"], False), (["C3", "C3"], True),
        (["C3", "D3"], False), (["A3", "C1"], True),
        (["F6", "B2"], True), ([""], False), ([], False), (["E2", "A6"], False),
    ],
)  # fmt: skip
def test_which_evidence_carries_an_adverse_verdict(grades: list[str], enough: bool) -> None:
    exhibits = [
        Exhibit(
            grade_source=grade[:1],
            grade_information=grade[1:],
            submission=Submission(contributor_id=number),
        )
        for number, grade in enumerate(grades)
    ]
    for rating in Rating:
        closed = gates.best_evidence(rating, exhibits)
        assert (closed is None) == (enough or rating not in ADVERSE)
    alone = [
        Exhibit(
            grade_source=one.grade_source,
            grade_information=one.grade_information,
            submission=Submission(contributor_id=1),
        )
        for one in exhibits
    ]
    strong = any(grade[:1] in "AB" and grade[1:] in "12" for grade in grades if grade)
    # the same owner twice is one witness
    assert (gates.best_evidence("not_delivered", alone) is None) == strong


def test_only_what_is_below_delivered_is_adverse() -> None:
    assert set(SCORES) == set(Rating)
    assert {
        rating for rating, score in SCORES.items() if score is not None and score < 5
    } == ADVERSE


def test_every_closed_gate_is_told_at_once() -> None:
    gates.require(None, None)
    with pytest.raises(gates.GateClosedError) as caught:
        gates.require("One.", None, "Two.", "")
    assert (caught.value.reasons, str(caught.value)) == (["One.", "Two."], "One. Two.")
