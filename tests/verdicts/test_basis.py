"""A verdict is approved only as what it was proposed: with the numbers, people and words that count
on the day."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.utils import timezone

import ledger
from accounts.actions import found_organisation, grant_role
from accounts.models import OrganisationKind, Role, User
from claims import actions as claims
from claims.localized_text import write
from claims.models import Aspect, Claim, Criterion
from evidence.exhibits.actions import filing
from evidence.exhibits.models import CustodyEvent, Exhibit, Measurement, Rendition, Submission
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from tests.workflows import end_role, force, seat
from verdicts import actions, basis, gates
from verdicts.actions import verdicts as publication
from verdicts.models import Finding, Invitation, Verdict

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    return scene


def approve(
    scene: scenes.Scene, verdict: Verdict, by: User | None = None, now: Any = None
) -> Verdict:
    """By a fresh account: roles are read once per instance."""
    who = User.objects.get(pk=(by or scene.second_adjudicator).pk)
    return actions.approve_verdict(
        by=who, verdict=Verdict.objects.get(pk=verdict.pk), now=now or scene.now
    )


def withdraw(scene: scenes.Scene, number: int) -> None:
    submission = scene.submissions[number]
    filing.withdraw_submission(
        by=scene.owners[number], submission=submission, reason="I sold the car.", now=scene.now
    )


def company_seat(scene: scenes.Scene, user: User) -> None:
    body = found_organisation(
        by=ledger.SYSTEM,
        kind=OrganisationKind.COMPANY,
        name="A car maker",
        website="https://brand.example/",
        now=scene.now,
    )
    seat(user, body)


def file_too(scene: scenes.Scene, user: User) -> None:
    filing.file_submission(
        by=user,
        claim=scene.claim,
        narrative="Mine too.",
        narrative_lang="en",
        licence="cc0-1.0",
        photos=[],
        now=scene.now,
    )


# --- what changed between proposal and approval ---------------------------------------------------


def measurement_withdrawn(scene: scenes.Scene) -> None:
    """Of a submission whose photo the proposal does not pin: only the numbers tell."""
    pinned = {one.submission_id for one in scene.exhibits()[:2]}
    withdraw(
        scene, next(number for number, one in enumerate(scene.submissions) if one.pk not in pinned)
    )


def another_measurement(scene: scenes.Scene) -> None:
    one = Measurement.objects.order_by("pk").first()
    assert one is not None
    Measurement.objects.create(
        teardown=one.teardown, aspect=scene.ducts, quantity=one.quantity, value=Decimal("1.9"),
        standard_uncertainty=Decimal("0.1"),
        unit_name="m/s", instrument=one.instrument, method=one.method,
        measured_date=one.measured_date,
    )  # fmt: skip


def threshold_corrected(scene: scenes.Scene) -> None:
    Criterion.objects.filter(aspect=scene.ducts).update(conditions=write("en", "at 120 km/h"))


def threshold_lowered(scene: scenes.Scene) -> None:
    Criterion.objects.filter(aspect=scene.ducts).update(value=Decimal("0.01"))


def point_reworded(scene: scenes.Scene) -> None:
    Aspect.objects.filter(pk=scene.ducts.pk).update(statement=write("en", "one duct moves air"))


def claim_corrected(scene: scenes.Scene) -> None:
    Claim.objects.filter(pk=scene.claim.pk).update(quote="双风道。")


def finding_added(scene: scenes.Scene) -> None:
    actions.record_finding(
        by=scene.second_moderator, aspect=scene.ducts, conclusion="supports",
        reasoning=write("en", "Some air.", zh_Hans="有风。"),
        exhibits=scene.exhibits()[:1], now=scene.now,
    )  # fmt: skip


def grade_changed(scene: scenes.Scene) -> None:
    one = scene.exhibits()[0]
    filing.grade_exhibit(
        by=scene.moderator,
        exhibit=one,
        source="A",
        information="1",
        reason=write("en", "Seen."),
        now=scene.now,
    )


def picture_changed(scene: scenes.Scene) -> None:
    Rendition.objects.filter(exhibit=scene.exhibits()[0]).update(digest="0" * 64)


def file_erased(scene: scenes.Scene) -> None:
    force(Exhibit.objects.filter(pk=scene.exhibits()[0].pk), status="withheld")


def company_replied(scene: scenes.Scene) -> None:
    scenes.build_reply(scene, Invitation.objects.get(), body="It does cool.")


def flag_fell(scene: scenes.Scene) -> None:
    claims.raise_flag(
        by=ledger.SYSTEM, claim=scene.claim, kind="edited_after_publication", now=scene.now
    )


def proposer_filed(scene: scenes.Scene) -> None:
    file_too(scene, scene.adjudicator)


def proposer_joined_the_company(scene: scenes.Scene) -> None:
    company_seat(scene, scene.adjudicator)


def proposer_lost_the_role(scene: scenes.Scene) -> None:
    operator = scenes.person("operator", Role.OPERATOR)
    role = scene.adjudicator.membership_set.get()
    end_role(by=operator, membership=role, now=scene.now, reason="Left.")


def proposer_discarded_the_letter(scene: scenes.Scene) -> None:
    letter = scenes.build_letter(scene, Invitation.objects.get(), body="Ours.")
    actions.discard_reply(by=scene.adjudicator, reply=letter, reason="No.", now=scene.now)


CHANGED: dict[Callable[[scenes.Scene], None], str] = {
    measurement_withdrawn: r"items: 3.*items: 2",
    another_measurement: "The measurements are not the same. Before: 0 of 3 items",
    threshold_corrected: "threshold was corrected",
    threshold_lowered: "threshold was corrected",
    point_reworded: "point or its date was corrected",
    claim_corrected: "The claim was corrected",
    finding_added: "A finding was recorded",
    grade_changed: "was graded B2; its grade is now A1",
    picture_changed: "picture or caption",
    file_erased: "permanently deleted",
    company_replied: "The company replied",
    flag_fell: "Edited after publication.* was added",
    proposer_filed: "proposer has a conflict",
    proposer_joined_the_company: "proposer has a conflict",
    proposer_lost_the_role: "no longer an adjudicator",
    proposer_discarded_the_letter: "proposer discarded a reply",
}


def test_a_proposal_that_no_longer_holds_goes_back_with_what_changed(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each change alone; without the gate the same proposal is published (negative control)."""
    pins = scene.exhibits()[:2]
    proposed = actions.propose_verdict(
        by=scene.adjudicator,
        aspect=scene.ducts,
        rating="not_delivered",
        rationale=scenes.RATIONALE,
        exhibits=pins,
        now=scene.now,
    )
    for change, sentence in CHANGED.items():
        with transaction.atomic():
            change(scene)
            with transaction.atomic(), monkeypatch.context() as patch:
                patch.setattr(publication, "standing_gates", lambda **given: [])
                assert approve(scene, proposed).status == "published"
                transaction.set_rollback(True)
            with pytest.raises(gates.SentBackError, match=sentence):
                approve(scene, proposed)
            back = Verdict.objects.get(pk=proposed.pk)
            assert (back.status, back.decided_by) == ("rejected", scene.second_adjudicator)
            assert back.sent_back_reason
            with pytest.raises(actions.VerdictChangedError):
                approve(scene, proposed)
            transaction.set_rollback(True)


def test_nothing_changed_and_it_is_published(scene: scenes.Scene) -> None:
    proposed = scenes.propose(scene)
    assert basis.differences(proposed) == []
    assert approve(scene, proposed).status == "published"


def test_all_measurements_withdrawn_do_not_stand_in_a_verdict(scene: scenes.Scene) -> None:
    """It was published with three items, though none was left."""
    proposed = actions.propose_verdict(
        by=scene.adjudicator, aspect=scene.ducts, rating="unverifiable", rationale=scenes.RATIONALE,
        exhibits=[], now=scene.now,
        attempts=write("en", "We asked.", zh_Hans="已询问。"),
    )  # fmt: skip
    assert proposed.units == 3
    for number in range(3):
        withdraw(scene, number)
    with pytest.raises(gates.SentBackError, match=r"items: 3.*items: 0"):
        approve(scene, proposed)


def test_the_proposer_sees_what_changed_and_proposes_again(
    scene: scenes.Scene, client: Client
) -> None:
    proposed = scenes.propose(scene)
    another_measurement(scene)
    client.force_login(scene.second_adjudicator)
    page = client.get(f"/desk/verdicts/{proposed.reference}/", follow=True)
    assert "Changed since the proposal" in page_text(page)
    page = client.post(f"/desk/verdicts/{proposed.reference}/", {"do": "approve"}, follow=True)
    assert "went back to its proposer" in page_text(page)

    client.force_login(scene.adjudicator)
    desk = page_text(client.get("/desk/", follow=True))
    assert "Your proposal was returned." in desk
    page = client.get(f"/desk/verdicts/{proposed.reference}/")
    assert "0 of 3 items" in page_text(page)
    form = client.get(f"/desk/aspects/{scene.ducts.pk}/verdict/", follow=True)
    body = page_text(form)
    assert "No air reaches the brakes." in body
    assert "0 of 3 items" in body
    again = scenes.propose(scene, rating="partly_delivered")
    assert approve(scene, again, now=timezone.now()).conformity["decision"] == "disagree"
    assert (
        "returned" not in page_text(client.get("/desk/", follow=True)).lower().split("<ol", 1)[-1]
    )


def test_whoever_approves_wrote_no_finding_on_the_point(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    finding_added(scene)
    grant_role(
        by=ledger.SYSTEM,
        user=scene.second_moderator,
        organisation=scenes.operator_body(),
        role=Role.ADJUDICATOR,
        now=scene.now,
    )
    proposed = scenes.propose(scene)
    with pytest.raises(gates.GateClosedError, match="You recorded a finding"):
        approve(scene, proposed, scene.second_moderator)
    assert Verdict.objects.get(pk=proposed.pk).status == "proposed"
    monkeypatch.setattr(gates, "wrote_no_finding", lambda *args: None)
    # negative control
    assert approve(scene, proposed, scene.second_moderator).status == "published"


def test_a_finding_by_who_joined_the_company_no_longer_counts_and_another_takes_its_place(
    scene: scenes.Scene,
) -> None:
    proposed = scenes.propose(scene)
    company_seat(scene, scene.moderator)
    with pytest.raises(gates.SentBackError, match="finding no longer counts"):
        approve(scene, proposed)
    with pytest.raises(gates.GateClosedError, match="Another moderator must record one"):
        scenes.propose(scene)
    finding_added(scene)
    published = approve(scene, scenes.propose(scene))
    named = [str(one.pk) for one in Finding.objects.filter(moderator=scene.second_moderator)]
    assert [one for one in named if one in published.verdictdocument.body] == named
    others = Finding.objects.filter(aspect=scene.ducts, moderator=scene.moderator)
    assert not [one for one in others if str(one.pk) in published.verdictdocument.body]


def test_a_finding_all_of_whose_evidence_is_gone_no_longer_counts(scene: scenes.Scene) -> None:
    for number in range(3):
        withdraw(scene, number)
    with pytest.raises(gates.GateClosedError, match="No finding on this point counts"):
        actions.propose_verdict(
            by=scene.adjudicator,
            aspect=scene.ducts,
            rating="unverifiable",
            rationale=scenes.RATIONALE,
            exhibits=[],
            now=scene.now,
        )


# --- asked again and again ------------------------------------------------------------------------


def ask(scene: scenes.Scene, words: str, now: Any) -> Invitation:
    return actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", words), now=now
    )


def test_asking_again_and_again_never_holds_up_a_waiting_proposal_for_ever(
    scene: scenes.Scene,
) -> None:
    proposed = scenes.propose(scene)
    now = scene.now + timedelta(hours=1)
    first = ask(scene, "And the second duct?", now)
    with pytest.raises(gates.GateClosedError, match="reply is due by"):
        approve(scene, proposed, now=now)
    assert Verdict.objects.get(pk=proposed.pk).status == "proposed"  # it only waits
    now = first.deadline_at
    assert actions.close_window(by=ledger.SYSTEM, invitation=first, now=now)
    ask(scene, "And the third?", now)
    published = approve(scene, proposed, now=now)
    assert published.status == "published"
    assert Aspect.objects.get(pk=scene.ducts.pk).progress == "rated"


@pytest.mark.parametrize("guarded", [True, False])
def test_a_waiver_is_approved_only_while_its_first_person_is_free(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes.build_claim()
    asked = ask(scene, "No air.", scene.now)
    waiver = actions.propose_waiver(
        by=scene.adjudicator, invitation=asked, reason=write("en", "Said in public.")
    )
    file_too(scene, scene.adjudicator)
    if guarded:
        with pytest.raises(gates.GateClosedError, match="keeps its reply period"):
            actions.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    else:
        monkeypatch.setattr(gates, "still_free_to_waive", lambda *args: None)
        actions.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    assert Invitation.objects.get().status == ("open" if guarded else "waived")


def test_nothing_is_proposed_while_the_company_may_reply(scene: scenes.Scene) -> None:
    ask(scene, "And the second duct?", scene.now)
    with pytest.raises(gates.GateClosedError, match="reply is due by"):
        scenes.propose(scene)


def test_a_refused_approval_changes_nothing(scene: scenes.Scene) -> None:
    proposed = scenes.propose(scene)
    file_too(scene, scene.second_adjudicator)
    events = CustodyEvent.objects.count()
    with pytest.raises(gates.GateClosedError, match="You submitted evidence"):
        approve(scene, proposed)
    assert Verdict.objects.get(pk=proposed.pk).status == "proposed"
    assert CustodyEvent.objects.count() == events


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_evidence_withdrawn_while_a_verdict_is_approved_waits_for_it(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without the lock it is withdrawn between the last question and the publication: the test can
    fail."""
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    real, status_at_publication = publication.compose, []

    def taken_back() -> None:
        try:
            withdraw(scene, 0)
        finally:
            connection.close()

    other = threading.Thread(target=taken_back)

    def compose_while_it_is_taken_back(**given: Any) -> object:
        other.start()
        other.join(1 if guarded else 20)
        status_at_publication.append(Submission.objects.get(pk=scene.submissions[0].pk).status)
        return real(**given)

    monkeypatch.setattr(publication, "compose", compose_while_it_is_taken_back)
    if not guarded:
        monkeypatch.setattr(publication, "_lock_evidence", lambda verdict: None)
    assert approve(scene, proposed).status == "published"
    other.join(20)
    assert status_at_publication == (["accepted"] if guarded else ["withdrawn"])
    assert Submission.objects.get(pk=scene.submissions[0].pk).status == "withdrawn"
