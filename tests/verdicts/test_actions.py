from __future__ import annotations

import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

from accounts.models import Role
from accounts.permissions import NotAllowedError
from claims.actions import ReasonRequiredError
from claims.localized_text import write
from claims.models import Flag
from evidence.exhibits.models import Exhibit, TeardownStep, Unit
from jobs.models import Job
from ledger import history
from ledger.sequencing import sequence
from tests import scenes
from tests.shared_scenes import shared_scene
from verdicts import actions, evidence_assessment
from verdicts.actions import verdicts as publication
from verdicts.gates import GateClosedError
from verdicts.models import Invitation, Verdict, VerdictDocument
from verdicts.states import InvitationStatus, VerdictStatus

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_findings(scenes.build_evidence(scenes.build_claim()))


def test_a_verdict_goes_from_proposal_to_publication(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    assert not Verdict.objects.public().exists()
    published = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=proposed, now=scene.now
    )
    assert published.status == VerdictStatus.PUBLISHED
    assert (published.units, published.contributors) == (3, 3)
    assert published.conformity["decision"] == "does_not_conform"
    assert VerdictDocument.objects.get(pk=published.pk).body.startswith('{"aspect":')
    assert set(Job.objects.filter(kind__in=["verdicts.publish",
        "reports.discrepancy"]).values_list("kind", flat=True)) == {
        "verdicts.publish", "reports.discrepancy",
    }  # fmt: skip


def test_nobody_approves_their_own_proposal(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    with pytest.raises(GateClosedError, match="another person"):
        actions.approve_verdict(by=scene.adjudicator, verdict=proposed, now=scene.now)


def test_the_database_refuses_one_person_where_the_gate_is_bypassed(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    with (
        pytest.raises(IntegrityError, match="verdict_decided_by_a_second_person"),
        transaction.atomic(),
    ):
        Verdict.objects.filter(pk=proposed.pk).update(
            status="published",
            decided_by=scene.adjudicator,
            decided_at=scene.now,
            published_at=scene.now,
            salt="s",
            document_digest="d",
        )


def test_no_verdict_before_the_company_was_asked_or_while_it_may_answer(
    scene: scenes.Scene,
) -> None:
    with pytest.raises(GateClosedError, match="No reply was requested"):
        scenes.propose(scene)
    actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )
    with pytest.raises(GateClosedError, match="reply is due by"):
        scenes.propose(scene)


def test_the_window_closes_early_only_by_a_reply_or_by_two_people(scene: scenes.Scene) -> None:
    invitation = actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )
    assert not actions.close_window(by=scene.moderator, invitation=invitation, now=scene.now)
    waiver = actions.propose_waiver(
        by=scene.adjudicator, invitation=invitation, reason=write("en", "It said so in public.")
    )
    with pytest.raises(GateClosedError, match="another person"):
        actions.approve_waiver(by=scene.adjudicator, waiver=waiver, now=scene.now)
    actions.approve_waiver(by=scene.second_adjudicator, waiver=waiver, now=scene.now)
    assert Invitation.objects.get().status == InvitationStatus.WAIVED
    scenes.propose(scene)


def test_a_reply_closes_the_window_and_is_kept_verbatim(scene: scenes.Scene) -> None:
    invitation = actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )
    reply = scenes.build_reply(scene, invitation, body=" 我们  正在改进。\n", lang="zh-Hans")
    assert reply.body == " 我们  正在改进。\n"
    assert set(Flag.objects.values_list("kind", flat=True)) == {"company_replied"}
    scenes.propose(scene)


def test_a_late_reply_is_kept_and_does_not_move_the_end_of_the_window(scene: scenes.Scene) -> None:
    """Else a verdict that came between would seem to have been proposed before the company was
    heard."""
    invitation = scenes.build_silence(scene)
    closed = Invitation.objects.get(pk=invitation.pk).closed_at
    assert closed is not None
    verdict = scenes.propose(scene)
    scenes.build_reply(scene, invitation, body="Late.", now=closed + timedelta(days=9))
    after = Invitation.objects.get(pk=invitation.pk)
    assert (after.status, after.closed_at) == (InvitationStatus.REPLIED, closed)
    assert after.closed_at <= verdict.proposed_at
    assert after.reply_set.get().received_at == closed + timedelta(days=9)


@pytest.mark.parametrize("grade", [("D", "2"), ("C", "4"), ("F", "6")])
def test_weak_evidence_carries_no_adverse_verdict(grade: tuple[str, str]) -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim(), grade=grade))
    scenes.build_silence(scene)
    with pytest.raises(GateClosedError, match="B2 or better"):
        scenes.propose(scene)


def test_two_independent_exhibits_graded_c3_carry_it() -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim(), grade=("C", "3")))
    scenes.build_silence(scene)
    scenes.propose(scene)


def test_units_are_counted_by_what_was_measured_and_by_what_the_photos_show(
    scene: scenes.Scene,
) -> None:
    photos = scene.exhibits()
    # three were measured, whatever the photos show
    assert evidence_assessment.independence(scene.ducts, photos[:1]) == (3, 3, 0)
    # nothing was measured; three cars are in the photos
    assert evidence_assessment.independence(scene.carbon, photos) == (3, 3, 0)
    assert evidence_assessment.independence(scene.carbon, photos[:1]) == (1, 1, 0)
    TeardownStep.objects.filter(exhibit=photos[0]).update(exhibit=None)
    # a photo of no teardown is of a unit that nobody knows
    assert evidence_assessment.independence(scene.carbon, photos[:1]) == (0, 1, 0)


def test_two_photos_of_one_unit_are_one_unit(scene: scenes.Scene) -> None:
    photos = scene.exhibits()
    first, second = (TeardownStep.objects.get(exhibit=one) for one in photos[:2])
    TeardownStep.objects.filter(pk=second.pk).update(teardown=first.teardown, number=2)
    assert evidence_assessment.independence(scene.carbon, photos[:2])[0] == 1


def test_owners_who_submitted_the_same_photo_are_counted_once_everywhere(
    scene: scenes.Scene,
) -> None:
    """Two accounts of one person show the same photo, byte for byte; what each of them measured is
    kept and shown."""
    photos = scene.exhibits()
    assert evidence_assessment.independence(scene.ducts, photos) == (3, 3, 0)  # the control
    Exhibit.objects.filter(pk=photos[1].pk).update(duplicate_key=photos[0].duplicate_key)
    for number, same_as in ((2, 1), (1, 1)):
        conformity = evidence_assessment.assess_evidence(scene.ducts)
        assert conformity is not None
        assert (conformity.units, conformity.contributors, len(conformity.judged)) == (3, number, 3)
        # also where the verdict does not rest on the other photos
        for pinned in (scene.exhibits(), scene.exhibits()[:1]):
            assert evidence_assessment.independence(scene.ducts, pinned) == (3, number, 0)
        Exhibit.objects.filter(pk__in=[photos[same_as].pk, photos[2].pk]).update(
            duplicate_key=photos[0].duplicate_key
        )


def test_a_unit_is_known_by_its_serial_number_and_not_by_what_it_is_called(
    scene: scenes.Scene,
) -> None:
    Unit.objects.update(label="Car")
    conformity = evidence_assessment.assess_evidence(scene.ducts)
    assert conformity is not None
    assert (conformity.units, evidence_assessment.independence(scene.ducts, [])[0]) == (3, 3)
    first, second, _third = Unit.objects.order_by("pk")
    Unit.objects.filter(pk=second.pk).update(serial_key=first.serial_key, label="Another name")
    assert (
        evidence_assessment.assess_evidence(scene.ducts).units,
        evidence_assessment.independence(scene.ducts, [])[0],
    ) == (2, 2)


def test_measurements_that_exclude_conformity_forbid_delivered(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    with pytest.raises(GateClosedError, match="exclude conformity"):
        scenes.propose(scene, rating="delivered")


def test_someone_who_filed_judges_nothing_on_the_claim(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    owner = scene.owners[0]
    scenes.grant_role(
        by=scenes.ledger.SYSTEM,
        user=owner,
        organisation=scenes.operator_body(),
        role=Role.ADJUDICATOR,
        now=scene.now,
    )
    scene.adjudicator = type(owner).objects.get(pk=owner.pk)
    with pytest.raises(GateClosedError, match="You submitted evidence"):
        scenes.propose(scene)


def test_a_verdict_is_superseded_with_a_reason_and_stays_readable(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    first = actions.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    with pytest.raises(ValidationError, match="replacing"):
        scenes.propose(scene, rating="misleading", mechanism="implied_function")
    later = scene.now + timedelta(days=1)
    second = scenes.propose(
        scene,
        rating="misleading",
        mechanism="implied_function",
        reason="The ducts do carry a little air.",
    )
    second = actions.approve_verdict(by=scene.second_adjudicator, verdict=second, now=later)
    first.refresh_from_db()
    assert (first.status, second.status, second.supersedes_id) == (
        VerdictStatus.SUPERSEDED,
        VerdictStatus.PUBLISHED,
        first.pk,
    )
    assert VerdictDocument.objects.filter(pk=first.pk).exists()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_adjudicators_approving_at_once_make_one_verdict(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With the guards (row lock and compare-and-set) taken away the same race publishes twice: the
    test can fail."""
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    third = scenes.person("adjudicator3", Role.ADJUDICATOR)
    both_read = threading.Barrier(2, timeout=10)
    if not guarded:
        real = publication.compose

        def compose_after_both_read(**given: object) -> object:
            both_read.wait()
            return real(**given)

        monkeypatch.setattr(publication, "compose", compose_after_both_read)
        monkeypatch.setattr(
            "django.db.models.query.QuerySet.select_for_update", lambda self, **options: self
        )
        plain_filter = Verdict.objects.filter
        monkeypatch.setattr(
            Verdict.objects,
            "filter",
            lambda *a, **k: plain_filter(
                *a, **{n: v for n, v in k.items() if (n, v) != ("status", "proposed")}
            ),
        )
        monkeypatch.setattr(VerdictDocument.objects, "create", lambda **given: None)
    ends: list[str] = []

    def approve(by: object) -> None:
        try:
            actions.approve_verdict(by=by, verdict=proposed, now=scene.now)
            ends.append("published")
        except actions.VerdictChangedError:
            ends.append("changed")
        finally:
            connection.close()

    threads = [
        threading.Thread(target=approve, args=(who,)) for who in (scene.second_adjudicator, third)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ends) == (["changed", "published"] if guarded else ["published", "published"])
    assert Verdict.objects.current().count() == 1


# --- after harm -----------------------------------------------------------------------------------


def test_a_chain_of_events_is_corrected_with_a_reason_and_keeps_what_stood_there(
    settings: Any, tmp_path: Path
) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    scene = scenes.build_claim()
    incident = scenes.build_incident(scene)
    event = incident.occurrence_set.in_order().last()
    with pytest.raises(ReasonRequiredError):
        actions.correct_event(
            by=scene.moderator, event=event, reason="", exact_to="day", now=scene.now
        )
    mended = actions.correct_event(
        by=scene.second_moderator,
        event=event,
        reason="Only the day is sure.",
        exact_to="day",
        now=scene.now,
    )
    assert mended.exact_to == "day"
    sequence()
    newest, *_older = history.of("occurrence", [event.pk])
    assert (newest.kind, newest.reason) == ("incident.event_corrected", "Only the day is sure.")
    assert [(one.name, one.before, one.after) for one in newest.fields] == [
        ("exact_to", "minute", "day")
    ]
    count = len(history.of("occurrence", [event.pk]))
    actions.correct_event(
        by=scene.moderator, event=mended, reason="Again.", exact_to="day", now=scene.now
    )
    sequence()
    assert len(history.of("occurrence", [event.pk])) == count


def test_an_event_lies_in_the_past_and_only_moderators_write_it_down() -> None:
    scene = scenes.build_claim()
    incident = scenes.build_incident(scene)
    given = {
        "incident": incident,
        "kind": "contact",
        "actor": "company",
        "text": write("en", "They called."),
        "now": scene.now,
    }
    with pytest.raises(ValidationError, match="future"):
        actions.add_event(by=scene.moderator, happened_at=scene.now + timedelta(days=1), **given)
    with pytest.raises(NotAllowedError):
        actions.add_event(by=scene.owners[0], happened_at=scene.now, **given)
    with pytest.raises(NotAllowedError):
        actions.open_incident(
            by=scene.adjudicator, company=scene.company, title=write("en", "x"), now=scene.now
        )


def test_the_translation_of_a_verdict_is_its_adjudicators(scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    rationale = scenes.propose(scene).rationale
    assert {one["role"] for one in rationale["translations"].values()} == {"adjudicator"}
