"""Each act tells those whom it concerns, and nobody else."""

from __future__ import annotations

from datetime import timedelta
from uuid import uuid4

import pytest
from allauth.account.models import EmailAddress
from django.utils import timezone

import ledger
from accounts import actions as accounts
from accounts.models import Membership, Role, User
from claims import actions as claims
from claims.localized_text import write
from evidence.sources import actions as source_actions
from evidence.sources.states import AlertKind
from jobs.models import Job
from notifications.models import Notification
from reports.tasks import tell_failed
from tests import scenes
from tests.notifications.test_telling import told
from tests.scenes import person
from verdicts import actions as verdicts
from verdicts.actions import telling
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> scenes.Scene:
    made = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    Notification.objects.all().delete()
    return made


def everyone_told() -> dict[str, set[str]]:
    """Kind → the beginnings of the addresses of who was told."""
    found: dict[str, set[str]] = {}
    for row in Notification.objects.select_related("recipient"):
        found.setdefault(row.kind, set()).add(row.recipient.email.partition("@")[0])
    return found


def name(*users: User) -> set[str]:
    return {user.email.partition("@")[0] for user in users}


def test_a_verdict_is_told_to_who_decides_then_to_whom_it_concerns(scene: scenes.Scene) -> None:
    speaker, conflicted = scenes.representative(scene), person("conflicted", Role.ADJUDICATOR)
    scenes.build_silence(scene)
    filed = scenes.filing.file_submission(
        by=conflicted, claim=scene.claim, narrative="x", narrative_lang="en", licence="show",
        photos=[], now=scene.now,
    )  # fmt: skip
    assert filed.filed_by == conflicted
    verdict = scenes.propose(scene)
    assert everyone_told()["verdict_proposed"] == name(scene.second_adjudicator)
    verdicts.reject_verdict(
        by=scene.second_adjudicator, verdict=verdict, reason="A typo.", now=scene.now
    )
    assert everyone_told()["verdict_sent_back"] == name(scene.adjudicator)
    published = verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=timezone.now()
    )
    owners = User.objects.filter(pk__in=[row.filed_by_id for row in scene.submissions])
    assert everyone_told()["verdict_published"] == name(speaker, *owners)
    row = Notification.objects.filter(kind="verdict_published")[0]
    assert row.reference == published.reference
    replaced = verdicts.approve_verdict(
        by=scene.second_adjudicator,
        verdict=scenes.propose(scene, reason="Weighed again."),
        now=timezone.now(),
    )
    assert Verdict.objects.get(pk=replaced.pk).supersedes_id == published.pk
    assert everyone_told()["verdict_replaced"] == name(speaker, *owners)


def test_a_company_is_asked_and_reminded_at_half_time_and_on_its_last_day_once_each(
    scene: scenes.Scene,
) -> None:
    speaker, now = scenes.representative(scene), timezone.now()
    invitation = verdicts.request_reply(
        by=scene.moderator, claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"), now=now,
    )  # fmt: skip
    assert told(speaker) == ["reply_requested"]
    total = invitation.deadline_at - now
    for moment in (now + total * 0.4, now + total * 0.6, now + total * 0.7):
        telling.remind(now=moment)
    assert told(speaker) == ["reply_half_time", "reply_requested"]
    for left in (timedelta(hours=20), timedelta(hours=2), timedelta(hours=-1)):
        telling.remind(now=invitation.deadline_at - left)
    assert told(speaker) == ["reply_last_day", "reply_half_time", "reply_requested"]


def test_a_company_is_told_of_each_extension_but_not_of_its_own(scene: scenes.Scene) -> None:
    speaker, now = scenes.representative(scene), timezone.now()
    invitation = verdicts.request_reply(
        by=scene.moderator, claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"), now=now,
    )  # fmt: skip
    for _n in range(2):
        verdicts.extend_deadline(
            by=scene.moderator, invitation=invitation, working_days=2, reason="A strike.", now=now
        )
    assert told(speaker) == ["reply_extended", "reply_extended", "reply_requested"]
    verdicts.extend_deadline(
        by=speaker, invitation=invitation, working_days=5, reason="A holiday.", now=now
    )
    assert len(told(speaker)) == 3


def test_a_company_that_replied_is_not_reminded_and_who_asked_is_told(scene: scenes.Scene) -> None:
    now = timezone.now()
    invitation = verdicts.request_reply(
        by=scene.second_moderator, claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"), now=now,
    )  # fmt: skip
    scenes.build_reply(scene, invitation, now=now)
    telling.remind(now=invitation.deadline_at - timedelta(hours=1))
    assert everyone_told()["reply_given"] == name(scene.moderator, scene.second_moderator)
    assert "reply_last_day" not in everyone_told()


def test_a_reply_entered_from_a_letter_is_told_to_those_who_may_check_it(
    scene: scenes.Scene,
) -> None:
    now = timezone.now()
    invitation = verdicts.request_reply(
        by=scene.moderator, claim=scene.claim,
        allegation=write("en", "No air.", zh_Hans="没有风。"), now=now,
    )  # fmt: skip
    letter = scenes.build_letter(scene, invitation, now=now)
    judges = [scene.moderator, scene.second_moderator, scene.adjudicator, scene.second_adjudicator]
    others = [user for user in judges if user != letter.recorded_by]
    assert everyone_told()["reply_to_check"] == name(*others)


def test_moderators_are_told_of_alerts_by_claim_or_source(scene: scenes.Scene) -> None:
    alert, now = source_actions._alert, timezone.now()
    claim, source = scene.claim, scene.source
    alert(ledger.SYSTEM, "system", AlertKind.QUOTE_VANISHED, source, now, claim=claim)
    alert(ledger.SYSTEM, "system", AlertKind.SOURCE_GONE, source, now, claim=claim)
    alert(ledger.SYSTEM, "system", AlertKind.SOURCE_UNFOUND, source, now)
    moderators = name(scene.moderator, scene.second_moderator)
    assert everyone_told() == dict.fromkeys(
        ["quote_vanished", "claim_alert", "source_alert"], moderators
    )
    assert Notification.objects.filter(reference=str(source.pk), kind="source_alert").exists()


def test_moderators_are_told_of_a_report_that_failed_once_for_each_failure(
    scene: scenes.Scene,
) -> None:
    def fail(kind: str, **payload: str) -> Job:
        return Job.objects.create(
            kind=kind, queue="report", dedupe_key=str(uuid4()), payload=payload, state="failed",
            finished_at=timezone.now(), last_error="x", attempts=3,
        )  # fmt: skip

    job = fail("reports.discrepancy", claim=str(scene.claim.pk))
    fail("reports.snapshot", source=str(scene.source.pk))
    fail("evidence.observe", source=str(scene.source.pk))
    tell_failed()
    tell_failed()
    assert sorted(told(scene.moderator)) == ["report_failed", "snapshot_failed"]
    Job.objects.filter(pk=job.pk).update(finished_at=timezone.now())
    tell_failed()
    assert told(scene.moderator).count("report_failed") == 2
    assert told(scene.adjudicator) == []


def test_who_proposed_a_claim_is_told_what_became_of_it(scene: scenes.Scene) -> None:
    owner, now = scene.owners[0], timezone.now()
    EmailAddress.objects.create(user=owner, email=owner.email, verified=True, primary=True)
    proposal = claims.propose_claim(
        by=owner,
        proposal=claims.NewProposal(
            quote="Up to 18 hours.", quote_lang="en", channel="product_page", why="It is 9.",
            company_name="Some maker", address="https://maker.example/",
        ),
        now=now,
    )  # fmt: skip
    assert everyone_told() == {"proposal_made": name(scene.moderator, scene.second_moderator)}
    claims.return_proposal(
        by=scene.moderator, proposal=proposal, question=write("en", "Where?"), now=now
    )
    assert told(owner) == ["proposal_decided"]
    claims.answer_proposal(by=owner, proposal=proposal, answer="There.", lang="en", now=now)
    claims.refuse_proposal(
        by=scene.moderator, proposal=proposal, reason=write("en", "Too vague."), now=now
    )
    assert told(owner) == ["proposal_decided", "proposal_decided"]
    assert told(scene.moderator).count("proposal_made") == 2


def test_a_second_person_is_told_of_roles_that_wait_but_never_the_one_concerned() -> None:
    first, second, auditor = (
        person("first", Role.OPERATOR),
        person("second", Role.OPERATOR),
        person("auditor", Role.AUDITOR),
    )
    EmailAddress.objects.create(user=first, email=first.email, verified=True, primary=True)
    held = Membership.objects.get(user=auditor)
    accounts.propose_invitation(
        by=first, organisation=scenes.operator_body(), role=Role.AUDITOR, email="new@example.org",
        reason="To look after us.", now=timezone.now(),
    )  # fmt: skip
    accounts.propose_ending(by=first, membership=held, reason="Moves on.", now=timezone.now())
    assert everyone_told() == {
        "role_invitation_waiting": name(second, auditor),
        "role_ending_waiting": name(second),
    }
