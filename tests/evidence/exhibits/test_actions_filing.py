"""Owners hand in and moderation decides: once, by two people, and without a byte in public that
says who."""

from __future__ import annotations

import hashlib
import io
import json
import re
import threading
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from pathlib import Path

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

import ledger
from accounts.actions import found_organisation
from accounts.models import Role
from accounts.permissions import NotAllowedError
from claims import actions as claims
from claims.localized_text import write
from engines.decoding import Code
from evidence.exhibits import unread
from evidence.exhibits.actions import filing
from evidence.exhibits.actions.filing import SubmissionChangedError
from evidence.exhibits.forms import GradeForm
from evidence.exhibits.models import (
    Clarification,
    Contributor,
    CustodyEvent,
    Exhibit,
    Measurement,
    Submission,
    Teardown,
    Unit,
)
from evidence.exhibits.states import ExhibitStatus, SubmissionStatus
from jobs.models import Job
from ledger.models import Entry, SealedKey
from ledger.proofs import openable
from ledger.sequencing import sequence
from tests import scenes
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db
PHOTO = b"the bytes of a photo, wherever it was taken"


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def file(scene: scenes.Scene, owner: int = 0, *, photos: int = 1, **more: object) -> Submission:
    """An owner hands in so many photos."""
    new = [
        filing.NewPhoto(
            filing.receive(io.BytesIO(PHOTO + bytes([owner, number]))), f"VID_{owner}_home.jpg"
        )
        for number in range(photos)
    ]
    return filing.file_submission(
        **{
            "by": scene.owners[owner], "claim": scene.claim, "narrative": "没有风。",
            "narrative_lang": "zh-Hans", "licence": "cc-by-4.0",
            "photos": new, "now": scene.now, **more,
        }
    )  # fmt: skip


def ready(submission: Submission) -> Submission:
    """The decoder has read the photos."""
    for exhibit in Exhibit.objects.filter(submission=submission):
        filing.mark_read(
            by=ledger.SYSTEM,
            exhibit=exhibit,
            now=timezone.now(),
            outcome="ready",
            metadata='{"gps_latitude": "39.9"}',
            status=ExhibitStatus.READY,
        )
    return submission


def decide(
    scene: scenes.Scene, submission: Submission, decision: str = "accepted", **more: object
) -> Submission:
    return filing.decide_submission(
        **{
            "by": scene.moderator,
            "submission": submission,
            "decision": decision,
            "reason": write("en", "Clear."),
            "now": scene.now,
            **more,
        }
    )


def grade(
    submission: Submission, source: str = "B", information: str = "2", why: str = "Known."
) -> dict[str, object]:
    return {
        str(one.pk): (source, information, write("en", why))
        for one in Exhibit.objects.filter(submission=submission)
    }


# --- handing in -----------------------------------------------------------------------------------


def test_the_same_key_of_the_same_account_is_one_submission(scene: scenes.Scene) -> None:
    first = file(scene, idempotency_key="once")
    assert file(scene, idempotency_key="once").pk == first.pk
    for other in (
        {"narrative": "again"},
        {"licence": "show"},
        {"contact": "me@secret.example"},
        {"narrative_lang": "en"},
    ):
        with pytest.raises(filing.IdempotencyKeyReusedError):
            file(scene, idempotency_key="once", **other)
    assert file(scene, owner=1, idempotency_key="once").pk != first.pk
    assert file(scene).pk != file(scene).pk, "without a key each is its own"
    assert Contributor.objects.count() == 2
    assert Job.objects.filter(kind="evidence.read_exhibit").count() == Exhibit.objects.count() == 4


def test_a_key_of_a_filing_from_before_content_was_compared_still_gives_that_filing(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as before:
        before.setattr(filing, "_content_key", lambda *_: None)
        first = file(scene, idempotency_key="once")
    assert file(scene, idempotency_key="once", narrative="again").pk == first.pk


@pytest.mark.django_db
def test_the_first_photo_sent_ahead_by_another_does_not_stop_the_first_filing(
    settings: object, tmp_path: Path
) -> None:
    settings.KEYS_DIR = tmp_path / "fresh"
    scene = scenes.build_claim()
    scenes.build_staged(scene.owners[1], scene)
    assert file(scene, idempotency_key="once").pk


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_a_key_sent_twice_at_once_is_one_submission(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes.build_claim()
    Contributor.objects.create(user=scene.owners[0])
    if not guarded:
        both = threading.Barrier(2, timeout=10)
        real = filing.Contributor.objects.get_or_create

        def together(**given: object) -> object:
            both.wait()
            return real(**given)

        monkeypatch.setattr(
            "django.db.models.query.QuerySet.select_for_update", lambda self, **options: self
        )
        monkeypatch.setattr(filing.Contributor.objects, "get_or_create", together)
    ends = at_once(lambda: str(file(scene, idempotency_key="once").pk))
    assert Submission.objects.count() == 1
    if guarded:
        assert len(set(ends)) == 1
    else:
        assert "IntegrityError" in ends


def test_a_submission_is_all_there_or_not_at_all(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*args: object, **more: object) -> None:
        raise RuntimeError("no record")

    monkeypatch.setattr(filing, "_custody", broken)
    with pytest.raises(RuntimeError, match="no record"):
        file(scene)
    assert not Submission.objects.exists()
    assert not Exhibit.objects.exists()
    assert not Job.objects.filter(kind="evidence.read_exhibit").exists()
    assert not SealedKey.objects.exists()


def teardown(scene: scenes.Scene, serial: str = "LVIN 0001", **more: object) -> filing.NewTeardown:
    measured = filing.NewMeasurement(
        aspect=scene.ducts, quantity=write("en", "air speed"), value=Decimal("0.02"),
        standard_uncertainty=Decimal("0.02"), unit_name="m/s",
        instrument=write("en", "anemometer"), method=write("en", "at the outlet"),
        measured_date=date(2025, 5, 1),
    )  # fmt: skip
    steps = [
        filing.NewStep(write("en", "opened"), photo=1, part=write("en", "duct")),
        filing.NewStep(write("en", "shut"), part=write("en", "duct")),
    ]
    return filing.NewTeardown(
        **{
            "title": write("en", "Teardown"), "unit_label": "Car", "serial": serial,
            "performed_date": date(2025, 5, 1), "steps": steps,
            "measurements": [measured], **more,
        }
    )  # fmt: skip


def test_the_same_serial_number_is_the_same_unit_however_it_is_typed(scene: scenes.Scene) -> None:
    for owner, serial in enumerate(("lvin 0001", " LVIN 0001\n", "LVIN 0002")):
        file(scene, owner=owner, teardown=teardown(scene, serial))
    assert len({one.identity for one in Unit.objects.all()}) == 2
    assert Teardown.objects.count() == 3
    assert "0001" not in Unit.objects.first().serial_key


def test_who_knows_a_serial_number_cannot_find_whose_teardown_it_is(scene: scenes.Scene) -> None:
    """A maker who files the number of a car that he suspects reads nothing of it in the log:
    neither a row that both share, nor a row that was there already, nor another's words for it."""
    first = file(scene, teardown=teardown(scene, unit_label="Car 1"))
    sequence()
    size = Entry.objects.count()
    second = file(scene, owner=1, teardown=teardown(scene, unit_label="My own"))
    sequence()
    mine, other = (
        [json.loads(bytes(one.leaf)) for one in Entry.objects.filter(**when).order_by("index")]
        for when in ({"index__gte": size}, {"index__lt": size})
    )
    theirs = [leaf for leaf in other if leaf["kind"] == "submission.filed"]
    assert [leaf["object"].split("/")[0] for leaf in mine] == [
        leaf["object"].split("/")[0] for leaf in theirs
    ]
    known = {str(scene.claim.pk), str(scene.product.pk), str(scene.ducts.pk)}
    ids = [
        set(re.findall(r"[0-9a-f]{8}-[0-9a-f-]{27}", json.dumps(leaves))) - known
        for leaves in (mine, theirs)
    ]
    assert ids[0]
    assert ids[0].isdisjoint(ids[1])
    labels = [Teardown.objects.get(submission=one).unit.label for one in (first, second)]
    assert labels == ["Car 1", "My own"]
    # Control: the numbers themselves are equal, so that one unit is counted once.
    assert len({one.identity for one in Unit.objects.all()}) == 1


def test_no_leaf_holds_the_size_of_an_original_or_the_laboratory_of_what_is_not_public(
    scene: scenes.Scene,
) -> None:
    laboratory = found_organisation(
        by=ledger.SYSTEM, kind="laboratory", name="Test house", now=scene.now
    )
    submission = ready(file(scene, teardown=teardown(scene, laboratory=laboratory)))
    sequence()
    leaves = [
        json.loads(bytes(one.leaf))
        for one in Entry.objects.filter(object_label__in=["exhibit", "teardown"])
    ]
    assert leaves
    for leaf in leaves:
        assert leaf["fields"].keys().isdisjoint({"size", "laboratory"})
        assert str(laboratory.pk) not in json.dumps(leaf)
    index = Entry.objects.get(object_label="teardown").index
    assert "laboratory" not in openable(index)
    decide(scene, submission)
    assert openable(index)["laboratory"].value == str(laboratory.pk)
    exhibit = Entry.objects.filter(object_label="exhibit").latest("index")
    assert {"caption"} <= openable(exhibit.index).keys()
    assert "size" not in openable(exhibit.index)
    assert Teardown.objects.first().teardownstep_set.count() == 2
    assert Teardown.objects.first().part_set.count() == 1


def test_what_does_not_fit_is_refused_whole(scene: scenes.Scene, settings) -> None:
    settings.SUBMISSION_MAX_EXHIBITS = 2
    with pytest.raises(ValidationError, match="At most 2 photos"):
        file(scene, photos=3)
    with pytest.raises(ValidationError, match="Write your description"):
        file(scene, photos=0, narrative=" ")
    with pytest.raises(ValidationError, match="photo that was not submitted"):
        file(scene, photos=0, teardown=teardown(scene))
    other = claims.register_claim(
        by=scene.moderator, product=scene.product, quote="又一句", quote_lang="zh-Hans",
        summary=write("en", "another"), now=scene.now,
        aspects=[claims.NewAspect("function", write("en", "another"))],
    )  # fmt: skip
    with pytest.raises(ValidationError, match="point of the claim"):
        file(scene, claim=other, teardown=teardown(scene))
    claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="wrong company", now=scene.now
    )
    scene.claim.refresh_from_db()
    with pytest.raises(NotAllowedError, match="withdrew"):
        file(scene)
    assert not Submission.objects.exists()
    assert not Measurement.objects.exists()


# --- deciding -------------------------------------------------------------------------------------


def test_an_accepted_submission_is_public_with_its_grades_and_custody(scene: scenes.Scene) -> None:
    submission = ready(file(scene))
    assert not Submission.objects.public().exists()
    assert not Exhibit.objects.public().exists()
    decide(scene, submission, grades=grade(submission))
    exhibit = Exhibit.objects.public().get()
    assert (exhibit.grade_source, exhibit.grade_information) == ("B", "2")
    kinds = list(CustodyEvent.objects.order_by("happened_at").values_list("kind", "agent"))
    assert {kind for kind, _agent in kinds} == {"received", "read", "graded", "published"}
    assert dict(kinds)["received"] == submission.pseudonym
    assert dict(kinds)["graded"] == scene.moderator.pseudonym


def test_photos_that_are_still_being_read_hold_up_accepting_but_not_refusing(
    scene: scenes.Scene,
) -> None:
    submission = file(scene)
    with pytest.raises(ValidationError, match="still being processed"):
        decide(scene, submission)
    decide(scene, submission, "refused")


def test_nobody_decides_on_or_grades_what_they_filed(scene: scenes.Scene) -> None:
    scenes.grant_role(
        by=ledger.SYSTEM, user=scene.owners[0], organisation=scenes.operator_body(),
        role=Role.MODERATOR, now=scene.now
    )  # fmt: skip
    submission = ready(file(scene))
    scene.moderator = type(scene.owners[0]).objects.get(pk=scene.owners[0].pk)
    with pytest.raises(NotAllowedError, match="submitted this yourself"):
        decide(scene, submission)
    exhibit = Exhibit.objects.select_related("submission").get()
    with pytest.raises(NotAllowedError, match="submitted this yourself"):
        filing.grade_exhibit(
            by=scene.moderator,
            exhibit=exhibit,
            source="B",
            information="2",
            reason=write("en", "mine"),
            now=scene.now,
        )
    with (
        pytest.raises(IntegrityError, match="submission_not_decided_by_its_filer"),
        transaction.atomic(),
    ):
        Submission.objects.filter(pk=submission.pk).update(
            status="accepted",
            decided_by=scene.moderator,
            decided_at=scene.now,
            decided_date=scene.now.date(),
        )


def test_only_moderators_decide_and_only_with_words(scene: scenes.Scene) -> None:
    submission = ready(file(scene))
    with pytest.raises(NotAllowedError, match="role moderator"):
        decide(scene, submission, by=scene.adjudicator)
    with pytest.raises(ValidationError, match="reason"):
        decide(scene, submission, reason=write("en", " "))
    with pytest.raises(
        ValidationError, match="accepted, returned for more information, or not accepted"
    ):
        decide(scene, submission, "withdrawn")
    with pytest.raises(ValidationError, match="a letter, a number and a reason"):
        decide(scene, submission, grades=grade(submission, information=""))
    with pytest.raises(ValidationError):
        decide(scene, submission, grades=grade(submission, source="G"))
    submission.refresh_from_db()
    assert submission.status == SubmissionStatus.RECEIVED
    assert not CustodyEvent.objects.filter(kind="graded").exists()


def test_a_second_decision_is_told_what_the_first_was(scene: scenes.Scene) -> None:
    submission = ready(file(scene))
    decide(scene, submission)
    with pytest.raises(SubmissionChangedError) as error:
        decide(scene, submission, "refused", by=scene.second_moderator)
    assert error.value.submission.status == SubmissionStatus.ACCEPTED


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("guarded", [True, False])
def test_two_moderators_deciding_at_once_make_one_decision(
    guarded: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With row lock and compare-and-set taken away, both decide: the test can fail."""
    scene = scenes.build_claim()
    submission = ready(file(scene))
    decisions = iter([("accepted", scene.moderator), ("refused", scene.second_moderator)])
    if not guarded:
        both = threading.Barrier(2, timeout=10)
        real = filing.check_decide

        def together(*args: object) -> None:
            real(*args)
            both.wait()

        plain = Submission.objects.filter
        monkeypatch.setattr(filing, "check_decide", together)
        monkeypatch.setattr(
            "django.db.models.query.QuerySet.select_for_update", lambda self, **options: self
        )
        monkeypatch.setattr(
            Submission.objects,
            "filter",
            lambda **given: plain(
                **{name: value for name, value in given.items() if name != "status"}
            ),
        )

    def act() -> str:
        decision, by = next(decisions)
        return decide(scene, submission, decision, by=by).status

    ends = at_once(act)
    assert ("SubmissionChangedError" in ends) == guarded
    if guarded:
        assert Submission.objects.get().status in ends
        assert (CustodyEvent.objects.filter(kind="published").count() == 1) == ("accepted" in ends)


# --- what stays unknown ---------------------------------------------------------------------------


def test_contact_digest_and_file_name_are_sealed_in_rows_and_history(scene: scenes.Scene) -> None:
    submission = ready(file(scene, contact="owner@secret.example"))
    exhibit = Exhibit.objects.get()
    digest = hashlib.sha256(PHOTO + bytes([0, 0])).hexdigest()
    assert ledger.unseal(submission, "contact") == "owner@secret.example"
    assert ledger.unseal(exhibit, "digest") == digest
    assert json.loads(str(ledger.unseal(exhibit, "metadata"))) == {"gps_latitude": "39.9"}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename LIKE "
            "'evidence%'"
        )
        for (table,) in cursor.fetchall():
            cursor.execute(
                f"SELECT count(*), coalesce(string_agg(x::text, ''), '') FROM \"{table}\" x"
            )
            _count, content = cursor.fetchone()
            for secret in ("owner@secret.example", digest, "home.jpg", "gps_latitude"):
                assert secret not in content, table


def test_no_leaf_says_who_filed_or_when(scene: scenes.Scene) -> None:
    """Two owners differ in no public byte but the evidence itself: no account, no time of day, no
    bare digest, no serial number."""
    moment = scene.now.replace(hour=13, minute=37, second=11, microsecond=123456)
    submission = ready(
        file(
            scene,
            contact="owner@secret.example",
            teardown=teardown(scene),
            idempotency_key="my-key",
            now=moment,
        )
    )
    decide(scene, submission, grades=grade(submission), now=moment + timedelta(minutes=3))
    filing.view_original(
        by=scene.owners[0], exhibit=Exhibit.objects.select_related("submission").get(), now=moment
    )
    sequence()
    exhibit = Exhibit.objects.get()
    secrets = [
        "owner@secret.example", str(scene.owners[0].pk), scene.owners[0].email,
        scene.owners[0].pseudonym,
        str(Contributor.objects.get().pk),
        str(ledger.unseal(exhibit, "digest")), exhibit.duplicate_key, "home.jpg", "LVIN",
        Unit.objects.get().serial_key, "13:37", "my-key",
        "gps", "没有风",
    ]  # fmt: skip
    names = ("submission", "exhibit", "custody_event", "teardown", "unit", "measurement")
    entries = Entry.objects.filter(object_label__in=names)
    leaves = [bytes(one.leaf).decode() for one in entries]
    assert len(leaves) >= 12
    for leaf in leaves:
        assert not [secret for secret in secrets if secret in leaf], leaf
        assert json.loads(leaf)["at"].endswith("T00:00:00.000000Z"), leaf
        assert not json.loads(leaf)["fields"], leaf
    opened = {str(opening.value) for entry in entries for opening in openable(entry.index).values()}
    assert submission.pseudonym in opened  # control: what is public now is opened
    assert not [secret for secret in secrets if secret in opened]


def test_each_look_at_an_original_is_in_its_custody(scene: scenes.Scene) -> None:
    file(scene)
    exhibit = Exhibit.objects.select_related("submission").get()
    digest = filing.view_original(by=scene.moderator, exhibit=exhibit, now=scene.now)
    assert digest == hashlib.sha256(PHOTO + bytes([0, 0])).hexdigest()
    filing.view_original(by=scene.owners[0], exhibit=exhibit, now=scene.now)
    with pytest.raises(NotAllowedError):
        filing.view_original(by=scene.owners[1], exhibit=exhibit, now=scene.now)
    agents = set(
        CustodyEvent.objects.filter(kind="original_viewed").values_list("agent", flat=True)
    )
    assert agents == {scene.moderator.pseudonym, exhibit.submission.pseudonym}


def test_evidence_is_taken_back_by_its_owner_alone_and_with_a_reason(scene: scenes.Scene) -> None:
    submission = decide(scene, ready(file(scene)))
    with pytest.raises(NotAllowedError, match="Only the submitter"):
        filing.withdraw_submission(
            by=scene.owners[1], submission=submission, reason="because", now=scene.now
        )
    with pytest.raises(ValidationError, match="reason"):
        filing.withdraw_submission(
            by=scene.owners[0], submission=submission, reason=" ", now=scene.now
        )
    filing.withdraw_submission(
        by=scene.owners[0], submission=submission, reason="I was asked to.", now=scene.now
    )
    assert not Exhibit.objects.public().exists()
    with pytest.raises(SubmissionChangedError):
        filing.withdraw_submission(
            by=scene.owners[0], submission=submission, reason="again", now=scene.now
        )
    assert CustodyEvent.objects.get(kind="withdrawn").agent == submission.pseudonym
    sequence()
    leaves = [bytes(one.leaf).decode() for one in Entry.objects.filter(kind="submission.withdrawn")]
    assert leaves
    assert not [leaf for leaf in leaves if "I was asked" in leaf]


def test_an_exhibit_is_read_once(scene: scenes.Scene) -> None:
    submission = ready(ready(file(scene)))
    assert CustodyEvent.objects.filter(exhibit__submission=submission, kind="read").count() == 1


def at_once(action: Callable[[], str]) -> list[str]:
    """Run it in two threads, each with a connection of its own; what each returned, or the name of
    what it raised."""
    ends: list[str] = []

    def run() -> None:
        try:
            ends.append(action())
        except Exception as error:  # whatever it is, the caller's assertion names it
            ends.append(type(error).__name__)
        finally:
            connection.close()

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return ends


# --- returned with a question ---------------------------------------------------------------------


def returned(scene: scenes.Scene) -> Submission:
    submission = ready(file(scene))
    decide(scene, submission, "returned", reason=write("en", "Which side?", zh_Hans="哪一侧？"))
    return submission


def answer(
    scene: scenes.Scene,
    submission: Submission,
    text: str = "On the left.",
    photos: int = 0,
    **more: object,
) -> Submission:
    new = [
        filing.NewPhoto(filing.receive(io.BytesIO(PHOTO + b"more%d" % number)), "b.jpg")
        for number in range(photos)
    ]
    return filing.answer_question(
        **{
            "by": scene.owners[0],
            "submission": submission,
            "answer": text,
            "lang": "en",
            "photos": new,
            "now": scene.now,
            **more,
        }
    )


def test_an_owner_answers_the_question_adds_a_photo_and_is_decided_on_again(
    scene: scenes.Scene,
) -> None:
    submission = returned(scene)
    answered = answer(scene, submission, photos=1)
    assert (answered.status, answered.decision_reason["text"]) == ("received", "Which side?")
    assert list(Submission.objects.waiting()) == [submission]
    told = Clarification.objects.get()
    assert (told.number, told.question["text"], told.answer) == (1, "Which side?", "On the left.")
    assert list(Exhibit.objects.order_by("number").values_list("number", "status")) == [
        (1, "ready"),
        (2, "stored"),
    ]
    with pytest.raises(ValidationError, match="still being processed"):
        decide(scene, submission)
    for exhibit in Exhibit.objects.filter(status="stored"):
        filing.mark_read(
            by=ledger.SYSTEM, exhibit=exhibit, now=scene.now, outcome="ready", status="ready"
        )
    decide(scene, submission, "returned", reason=write("en", "And below?"))
    answer(scene, submission, "Below too.")
    assert decide(scene, submission).status == "accepted"
    assert list(Clarification.objects.order_by("number").values_list("number", "answer")) == [
        (1, "On the left."),
        (2, "Below too."),
    ]


def test_what_was_answered_is_never_opened_in_public(scene: scenes.Scene) -> None:
    submission = returned(scene)
    answer(scene, submission, "Call me at 555 0100.")
    decide(scene, submission)
    sequence()
    for entry in Entry.objects.all():
        assert b"555 0100" not in bytes(entry.leaf)
        assert not {"answer", "answered_at", "lang"} & set(openable(entry.index) or {})


@pytest.mark.parametrize("text", ["", " \n "])
def test_an_answer_says_something(scene: scenes.Scene, text: str) -> None:
    submission = returned(scene)
    with pytest.raises(ValidationError, match="Write a reply, or add a photo"):
        answer(scene, submission, text)
    assert answer(scene, submission, text, photos=1).status == "received"


def test_only_its_owner_answers_once_and_only_what_was_returned(scene: scenes.Scene) -> None:
    submission = returned(scene)
    with pytest.raises(NotAllowedError, match="Only the submitter"):
        answer(scene, submission, by=scene.owners[1])
    answer(scene, submission)
    for _again in range(2):
        with pytest.raises(SubmissionChangedError):
            answer(scene, submission)
    assert Clarification.objects.count() == 1
    other = returned(scene)
    claims.withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="Never said.", now=scene.now
    )
    with pytest.raises(NotAllowedError, match="withdrew"):
        answer(scene, Submission.objects.get(pk=other.pk))


def test_more_photos_than_a_submission_holds_are_too_many_by_an_answer_too(
    scene: scenes.Scene, settings
) -> None:
    submission = returned(scene)
    settings.SUBMISSION_MAX_EXHIBITS = 2
    with pytest.raises(ValidationError, match="At most 2"):
        answer(scene, submission, photos=2)
    assert Exhibit.objects.count() == 1
    answer(scene, submission, photos=1)


def test_without_an_answer_a_returned_submission_can_only_be_refused(scene: scenes.Scene) -> None:
    submission = returned(scene)
    for decision in ("accepted", "returned"):
        with pytest.raises(SubmissionChangedError):
            decide(scene, submission, decision)
    with pytest.raises(
        ValidationError, match="accepted, returned for more information, or not accepted"
    ):
        decide(scene, submission, "withdrawn")
    assert decide(scene, submission, "refused").status == "refused"
    with pytest.raises(SubmissionChangedError):
        answer(scene, submission)


def test_a_photo_that_could_not_be_read_is_read_again_when_a_moderator_asks(
    scene: scenes.Scene,
) -> None:
    submission = file(scene)
    exhibit = Exhibit.objects.select_related("submission").get(submission=submission)
    with pytest.raises(NotAllowedError, match="could not be processed"):
        filing.read_again(by=scene.moderator, exhibit=exhibit, now=scene.now)
    filing.mark_read(
        by=ledger.SYSTEM, exhibit=exhibit, now=scene.now, outcome="damaged", status="unreadable"
    )
    exhibit.refresh_from_db()
    for _twice in range(2):
        filing.read_again(by=scene.moderator, exhibit=exhibit, now=scene.now)
    assert Job.objects.filter(kind="evidence.read_exhibit").count() == 2
    with pytest.raises(NotAllowedError):
        filing.read_again(by=scene.owners[1], exhibit=exhibit, now=scene.now)


def test_the_information_in_a_file_that_nobody_could_see_is_not_judged(scene: scenes.Scene) -> None:
    submission = file(scene, photos=2)
    seen, unseen = (
        Exhibit.objects.filter(submission=submission)
        .select_related("submission")
        .order_by("-number")
    )
    for exhibit, status in ((seen, ExhibitStatus.READY), (unseen, ExhibitStatus.UNREADABLE)):
        filing.mark_read(
            by=ledger.SYSTEM, exhibit=exhibit, now=scene.now, outcome="unsupported", status=status
        )
    for information in "12345":
        with pytest.raises(ValidationError, match="information cannot be judged: choose 6"):
            decide(scene, submission, grades=grade(submission, information=information))
    with pytest.raises(IntegrityError, match="exhibit_unseen_is_not_judged"), transaction.atomic():
        Exhibit.objects.filter(pk=unseen.pk).update(grade_source="A", grade_information="1")
    judged = {
        **grade(submission),
        str(unseen.pk): ("B", "6", write("en", "The owner is known, the file cannot be read.")),
    }
    decide(scene, submission, grades=judged)
    assert [one.pk for one in Exhibit.objects.public().seen_first("number")] == [seen.pk, unseen.pk]


def test_the_review_form_refuses_a_grade_that_says_a_file_was_seen(scene: scenes.Scene) -> None:
    unseen = Exhibit(reference="AC-UNSEEN", status=ExhibitStatus.UNREADABLE, submission=file(scene))
    told = {
        f"AC-UNSEEN-{name}": value
        for name, value in {"source": "B", "why_en": "Known.", "why_zh_Hans": ""}.items()
    }
    for information, valid in (("2", False), ("6", True), ("", False)):
        form = GradeForm({**told, "AC-UNSEEN-information": information}, exhibit=unseen)
        assert form.is_valid() is valid, form.errors
    assert "choose 6" in str(
        GradeForm({**told, "AC-UNSEEN-information": "2"}, exhibit=unseen).errors
    )


def test_who_filed_and_who_reviews_read_why_a_file_cannot_be_shown(
    scene: scenes.Scene, client: Client
) -> None:
    assert set(unread.BECAUSE) == set(Code)
    submission = file(scene)
    exhibit = Exhibit.objects.get(submission=submission)
    filing.mark_read(
        by=ledger.SYSTEM,
        exhibit=exhibit,
        now=scene.now,
        outcome="unsupported",
        status=ExhibitStatus.UNREADABLE,
    )
    for person, address in (
        (scene.owners[0], f"/submissions/{submission.reference}/"),
        (scene.moderator, f"/desk/submissions/{submission.reference}/"),
    ):
        client.force_login(person)
        assert "This file type is not supported." in client.get(address).content.decode(), address
