"""History tells everyone what may be told, field by field, at a cost that does not grow."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.utils import timezone

import ledger
from ledger import history
from ledger.models import Pending
from ledger.sequencing import sequence
from tests.ledger.scratch.models import Note, Paper

pytestmark = pytest.mark.django_db


@pytest.fixture
def note(act) -> Note:
    with transaction.atomic(), act("note.made", reason="first words"):
        note = Note(summary="one", status="published")
        ledger.seal(note, contact="somebody")
        note.save()
    with transaction.atomic(), act("note.revised", reason="better words"):
        Note.objects.filter(pk=note.pk).update(summary="two", count=3)
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scratch_note SET summary = 'three'")
    sequence()
    return note


def test_changes_come_newest_first_field_by_field(note):
    outside, revised, made = history.of("note", [note.pk])
    assert (made.kind, made.op, made.role, made.name, made.reason, made.outside) == (
        "note.made", "insert", "moderator", "heron", "first words", False,
    )  # fmt: skip
    assert [(f.name, f.before, f.after, f.kind, f.state) for f in revised.fields] == [
        ("count", 0, 3, "plain", "open"),
        ("summary", "one", "two", "text", "open"),
    ]
    assert (outside.kind, outside.outside, outside.name, outside.reason) == (
        "outside.update",
        True,
        "outside",
        "",
    )
    assert [(f.name, f.before, f.after) for f in outside.fields] == [("summary", "two", "three")]
    assert [c.index for c in (made, revised, outside)] == [0, 1, 2]


def test_a_sealed_value_is_never_shown_to_anyone(note):
    for everything in (False, True):
        made = history.of("note", [note.pk], everything=everything)[-1]
        contact = next(f for f in made.fields if f.name == "contact")
        assert (contact.before, contact.after, contact.state) == (None, None, "withheld")


def test_nobody_is_told_whether_a_sealed_field_holds_anything(act):
    told = []
    for contact in ("somebody", None):
        with transaction.atomic(), act("note.made"):
            note = Note(summary="one", status="published")
            if contact:
                ledger.seal(note, contact=contact)
            note.save()
        sequence()
        told.append([(one.name, one.state) for one in history.of("note", [note.pk])[0].fields])
    assert told[0] == told[1]
    assert ("contact", "withheld") in told[0]


def test_an_unpublished_row_has_no_public_history(note):
    Note.objects.filter(pk=note.pk).update(status="draft")
    sequence()
    assert history.of("note", [note.pk]) == []
    assert len(history.of("note", [note.pk], everything=True)) == 4


def test_a_reason_may_be_kept_back(act):
    with transaction.atomic(), act("note.made", reason="inner matter", reason_public=False):
        note = Note.objects.create(status="published")
    sequence()
    assert history.of("note", [note.pk])[0].reason is None
    assert history.of("note", [note.pk], everything=True)[0].reason == "inner matter"


def test_a_coarse_model_tells_the_day(act):
    with transaction.atomic(), act("paper.filed", name="anonymous"):
        paper = Paper.objects.create(words="said")
    sequence()
    (change,) = history.of("paper", [paper.pk])
    assert (
        change.at.hour,
        change.at.minute,
        change.at.second,
        change.at.microsecond,
        change.name,
    ) == (0, 0, 0, 0, "anonymous")


def test_pages_continue_where_they_ended(note):
    whole = history.of("note", [note.pk])
    first = history.of("note", [note.pk], limit=2)
    rest = history.of("note", [note.pk], before=first[-1].index)
    assert first + rest == whole


def test_several_types_are_merged(note, act):
    with transaction.atomic(), act("paper.filed"):
        paper = Paper.objects.create(words="said")
    sequence()
    merged = history.of_all({"note": [note.pk], "paper": [paper.pk]})
    assert [c.label for c in merged] == ["paper", "note", "note", "note"]


def test_the_number_of_queries_does_not_grow(act, django_assert_num_queries):
    with transaction.atomic(), act():
        notes = Note.objects.bulk_create(
            [Note(status="published", summary=str(n)) for n in range(20)]
        )
    for count in (1, 2):
        Note.objects.update(count=count)
    sequence()
    for ids in ([notes[0].pk], [note.pk for note in notes]):
        with django_assert_num_queries(5):
            history.of("note", ids, limit=100)


def test_health_tells_size_lag_and_what_is_stuck(note):
    now = timezone.now()
    sound = ledger.read_health(now)
    assert (sound.size, sound.pending, sound.stuck, sound.lag) == (3, 0, 0, timedelta())
    assert sound.signed_at is not None
    Note.objects.create()
    Pending.objects.update(queued_at=now - timedelta(seconds=90))
    Pending.objects.create(event_label="gone.event", event_id=1, error="no such model")
    late = ledger.read_health(now)
    assert (late.pending, late.stuck, late.lag) == (1, 1, timedelta(seconds=90))
