"""Reply deadlines: by which days they are counted, and who may give more time."""

from __future__ import annotations

import threading
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import override_settings

import ledger
from accounts.models import Role
from claims.actions import add_entity
from claims.localized_text import write
from jobs.models import Job
from ledger import history
from ledger.sequencing import sequence
from tests import scenes
from tests.shared_scenes import shared_scene
from verdicts import actions
from verdicts.actions import COMPANY_EXTENSION, InvitationChangedError, extend_deadline
from verdicts.actions import deadlines as deadline_actions
from verdicts.gates import GateClosedError
from verdicts.models import MOST_WORKING_DAYS, Invitation
from verdicts.reply_window import deadline
from verdicts.states import InvitationStatus

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_evidence(scenes.build_claim())


def ask(scene: scenes.Scene) -> Invitation:
    return actions.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )


def add_legal_entity(scene: scenes.Scene, jurisdiction: str, name: str) -> None:
    add_entity(
        by=scene.moderator, company=scene.company, name=write("en", name),
        jurisdiction=jurisdiction, now=scene.now,
    )  # fmt: skip


def test_a_period_is_counted_by_the_countries_of_the_companys_legal_entities(
    scene: scenes.Scene,
) -> None:
    for jurisdiction, name in (("CN", "Seller"), ("DE", "Importer"), ("CN", "Maker"), ("ZZ", "?")):
        add_legal_entity(scene, jurisdiction, name)
    invitation = ask(scene)
    end = deadline(scene.now, working_days=10, countries=["CN", "DE"])
    assert (invitation.countries, invitation.working_days) == ("CN,DE", 10)
    assert (invitation.deadline_at, invitation.provisional) == (end.at, end.provisional)


def test_a_moderator_gives_more_time_with_a_reason_that_is_public(scene: scenes.Scene) -> None:
    invitation = ask(scene)
    first = invitation.deadline_at
    later = extend_deadline(
        by=scene.moderator, invitation=invitation, working_days=3, reason="The letter was late.",
        now=scene.now,
    )  # fmt: skip
    assert later.deadline_at == deadline(first, working_days=3).at
    assert (later.first_deadline_at, later.working_days) == (first, 13)
    again = extend_deadline(
        by=scene.moderator, invitation=later, working_days=1, reason="A strike.", now=scene.now
    )
    assert again.first_deadline_at == first
    sequence()
    newest = history.of("invitation", [invitation.pk])[0]
    assert (newest.kind, newest.reason) == ("company.deadline_extended", "A strike.")
    closing = Job.objects.filter(kind="verdicts.close_window").order_by("run_after").last()
    assert closing is not None
    assert closing.run_after == again.deadline_at


def test_what_closes_at_the_first_deadline_waits_for_the_later_one(scene: scenes.Scene) -> None:
    invitation = ask(scene)
    first = invitation.deadline_at
    later = extend_deadline(
        by=scene.moderator, invitation=invitation, working_days=3, reason="A strike.", now=scene.now
    )
    assert not actions.close_window(by=ledger.SYSTEM, invitation=invitation, now=first)
    assert actions.close_window(by=ledger.SYSTEM, invitation=later, now=later.deadline_at)


def test_the_company_extends_its_deadline_once(scene: scenes.Scene) -> None:
    company = scenes.representative(scene)
    invitation = ask(scene)
    wrong = COMPANY_EXTENSION + 1
    with pytest.raises(ValidationError, match="by 5 working days"):
        extend_deadline(
            by=company, invitation=invitation, working_days=wrong, reason="Holiday.", now=scene.now
        )
    own = {"by": company, "working_days": COMPANY_EXTENSION, "reason": "Holiday.", "now": scene.now}
    later = extend_deadline(invitation=invitation, **own)
    assert later.extended_by_company
    with pytest.raises(GateClosedError, match="once already"):
        extend_deadline(invitation=later, **own)
    extend_deadline(
        by=scene.moderator, invitation=later, working_days=1, reason="One more.", now=scene.now
    )


def test_nobody_else_extends_it(scene: scenes.Scene) -> None:
    invitation = ask(scene)
    for person in (scene.adjudicator, scene.second_adjudicator):
        with pytest.raises(GateClosedError):
            extend_deadline(
                by=person, invitation=invitation, working_days=1, reason="x", now=scene.now
            )
    stranger = scenes.person("stranger", Role.COMPANY_REPRESENTATIVE)
    with pytest.raises(GateClosedError, match="does not act for this company"):
        extend_deadline(
            by=stranger, invitation=invitation, working_days=5, reason="x", now=scene.now
        )
    assert Invitation.objects.get().deadline_at == invitation.deadline_at


@pytest.mark.parametrize(
    ("days", "reason"),
    [(0, "x"), (-3, "x"), (MOST_WORKING_DAYS, "x"), (10**9, "x"), (3, "  ")],
)
def test_an_extension_has_a_reason_and_a_bound(scene: scenes.Scene, days: int, reason: str) -> None:
    invitation = ask(scene)
    with pytest.raises(ValidationError):
        extend_deadline(
            by=scene.moderator, invitation=invitation, working_days=days, reason=reason,
            now=scene.now,
        )  # fmt: skip


def test_what_is_over_is_not_extended(scene: scenes.Scene) -> None:
    invitation = ask(scene)
    late = {"by": scene.moderator, "working_days": 3, "reason": "x"}
    with pytest.raises(InvitationChangedError):
        extend_deadline(invitation=invitation, now=invitation.deadline_at, **late)
    scenes.build_reply(scene, invitation, body="We looked into it.", lang="en")
    with pytest.raises(InvitationChangedError):
        extend_deadline(invitation=invitation, now=scene.now, **late)


@pytest.mark.parametrize("column", ["deadline_at", "sent_at"])
def test_the_database_never_gives_a_company_less_time(scene: scenes.Scene, column: str) -> None:
    invitation = ask(scene)
    rows = Invitation.objects.filter(pk=invitation.pk)
    earlier = getattr(invitation, column) - timedelta(seconds=1)
    with pytest.raises(IntegrityError, match="only moves later"), transaction.atomic():
        rows.update(**{column: earlier})
    rows.update(status=InvitationStatus.REPLIED, closed_at=scene.now)
    with pytest.raises(IntegrityError, match="only moves later"), transaction.atomic():
        rows.update(deadline_at=invitation.deadline_at + timedelta(days=1))


def test_a_shortened_period_of_a_demonstration_counts_no_working_days(scene: scenes.Scene) -> None:
    with override_settings(REPLY_WINDOW=timedelta(minutes=3)):
        invitation = ask(scene)
    assert invitation.deadline_at == scene.now + timedelta(minutes=3)
    assert (invitation.working_days, invitation.countries) == (None, None)


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_extensions_at_once_both_count(
    monkeypatch: pytest.MonkeyPatch, *, guarded: bool
) -> None:
    scene = scenes.build_claim()
    invitation = ask(scene)
    first, both = invitation.deadline_at, threading.Barrier(2, timeout=60)
    if not guarded:

        def read_together(invitation: Invitation) -> Invitation:
            held = Invitation.objects.select_related("claim__company").get(pk=invitation.pk)
            both.wait()
            return held

        monkeypatch.setattr(deadline_actions, "lock_invitation", read_together)

    def extend() -> None:
        try:
            extend_deadline(
                by=scene.moderator, invitation=invitation, working_days=2, reason="x",
                now=scene.now,
            )  # fmt: skip
        finally:
            connection.close()

    people: list[Any] = [threading.Thread(target=extend) for _n in range(2)]
    for person in people:
        person.start()
    for person in people:
        person.join()
    held = Invitation.objects.get()
    days = 14 if guarded else 12
    assert (held.working_days, held.deadline_at) == (
        days, deadline(first, working_days=days - 10).at,
    )  # fmt: skip
