"""Each is told once of what others did, and nobody of what was taken back."""

from __future__ import annotations

import threading
from datetime import datetime

import pytest
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import ledger
from accounts.models import Membership, Role, User
from claims import actions as claims
from claims.localized_text import write
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Submission
from notifications import Kind, holders, people, tell
from notifications.models import Notification
from notifications.telling import NotInTransactionError
from tests import scenes
from tests.scenes import person

pytestmark = pytest.mark.django_db


def told(user: User) -> list[str]:
    """What someone was told, newest first."""
    return list(Notification.objects.of(user).newest_first().values_list("kind", flat=True))


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_claim()


def file(scene: scenes.Scene, by: User | None = None) -> Submission:
    return filing.file_submission(
        by=by or scene.owners[0],
        claim=scene.claim,
        narrative="The ducts end in foam.",
        narrative_lang="en",
        licence="show",
        photos=[],
        now=scene.now,
    )


def decide(scene: scenes.Scene, submission: Submission, decision: str, now: datetime) -> None:
    filing.decide_submission(
        by=scene.moderator,
        submission=submission,
        decision=decision,
        reason=write("en", "Because.", zh_Hans="因为。"),
        now=now,
    )


def test_moderators_are_told_of_a_submission_and_its_submitter_of_each_decision(
    scene: scenes.Scene,
) -> None:
    owner, now = scene.owners[0], timezone.now()
    submission = file(scene)
    assert told(scene.moderator) == told(scene.second_moderator) == ["submission_filed"]
    assert told(owner) == told(scene.adjudicator) == []
    for _question in (1, 2):
        decide(scene, submission, "returned", now)
        filing.answer_question(by=owner, submission=submission, answer="Yes.", lang="en", now=now)
    decide(scene, submission, "accepted", now)
    assert told(owner) == ["submission_accepted", "submission_returned", "submission_returned"]
    assert told(scene.moderator).count("submission_answered") == 2
    assert {row.reference for row in Notification.objects.of(owner)} == {submission.reference}


def test_a_moderator_is_not_told_of_what_they_filed_themselves(scene: scenes.Scene) -> None:
    file(scene, by=scene.moderator)
    assert told(scene.moderator) == []
    assert told(scene.second_moderator) == ["submission_filed"]


def test_who_submitted_is_told_when_a_claim_is_withdrawn(scene: scenes.Scene) -> None:
    kept, refused = scene.owners[0], scene.owners[1]
    file(scene, by=kept)
    decide(scene, file(scene, by=refused), "refused", timezone.now())
    claims.withdraw_claim(by=scene.moderator, claim=scene.claim, reason="Wrong.", now=scene.now)
    assert told(kept) == ["claim_withdrawn"]
    assert told(refused) == ["submission_refused"]


def test_nobody_is_told_of_an_act_that_was_rolled_back(scene: scenes.Scene) -> None:
    with transaction.atomic():
        file(scene)
        assert Notification.objects.exists()
        transaction.set_rollback(True)
    assert not Notification.objects.exists()


@pytest.mark.django_db(transaction=True)
def test_telling_outside_of_a_transaction_is_refused() -> None:
    owner = person("owner")
    with pytest.raises(NotInTransactionError):
        tell(Kind.SUBMISSION_ACCEPTED, to=people([owner.pk]), about=owner)


def test_the_same_event_is_told_once_and_another_occurrence_again(scene: scenes.Scene) -> None:
    owner = scene.owners[0]

    def say(**more: str) -> int:
        return tell(Kind.SUBMISSION_RETURNED, to=people([owner.pk]), about=scene.claim, **more)

    assert [say(), say(), say(occurrence="1"), say(occurrence="1")] == [1, 0, 1, 0]


def test_closed_accounts_ended_roles_and_nobody_are_not_told(scene: scenes.Scene) -> None:
    User.objects.filter(pk=scene.moderator.pk).update(is_active=False)
    with ledger.act("role.ended", by=ledger.SYSTEM, role=Role.OPERATOR):
        Membership.objects.filter(user=scene.second_moderator).update(ended_at=timezone.now())
    to = holders(Role.MODERATOR)
    assert tell(Kind.SUBMISSION_FILED, to=to, about=scene.claim) == 0
    assert tell(Kind.SUBMISSION_FILED, to=User.objects.none(), about=scene.claim) == 0


def test_ten_thousand_people_are_told_by_one_statement(scene: scenes.Scene) -> None:
    User.objects.bulk_create(
        [User(email=f"{n}@crowd.example", pseudonym=f"crowd-{n}") for n in range(10_000)]
    )
    crowd = User.objects.filter(email__endswith="@crowd.example")
    with CaptureQueriesContext(
        connection,
    ) as queries:
        assert tell(Kind.CLAIM_WITHDRAWN, to=crowd, about=scene.claim) == 10_000
    assert len(queries) == 1


@pytest.mark.django_db(transaction=True)
def test_of_two_who_tell_at_once_one_does() -> None:
    """The control: without the unique key both would."""
    owner, gate, counts = person("owner"), threading.Barrier(2), []

    def say() -> None:
        try:
            with transaction.atomic():
                gate.wait(10)
                counts.append(tell(Kind.SUBMISSION_ACCEPTED, to=people([owner.pk]), about=owner))
        finally:
            connection.close()

    def both() -> list[int]:
        counts.clear()
        threads = [threading.Thread(target=say) for _ in range(2)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(20)
        return sorted(counts)

    assert both() == [0, 1]
    with connection.cursor() as cursor:
        cursor.execute("DELETE FROM notifications_notification")
        cursor.execute(
            "ALTER TABLE notifications_notification DROP CONSTRAINT notification_told_once"
        )
    try:
        assert both() == [1, 1]
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DELETE FROM notifications_notification")
            cursor.execute(
                "ALTER TABLE notifications_notification ADD CONSTRAINT notification_told_once "
                "UNIQUE (recipient_id, kind, object)"
            )
