"""verify_record finds every way in which the record can be wrong from the inside, and nothing when
it is right."""

from __future__ import annotations

import hashlib
import json
from datetime import timedelta
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import call_command
from django.db import connection, transaction
from django.utils import timezone

import ledger
from ledger import fixity
from ledger.files import LogFiles
from ledger.models import Checkpoint, Entry, Opening, Pending, Tree
from ledger.note import SigningKey
from ledger.sequencing import sequence
from ledger.verification import Verification
from tests.ledger.owner import without_triggers
from tests.ledger.scratch.models import Look, Note

pytestmark = pytest.mark.django_db


def mismatches(kept: bytes | None = None) -> list[str]:
    return [str(mismatch) for mismatch in Verification(kept).mismatches()]


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def notes(act) -> list[Note]:
    """Three notes with a little history, all of it in the log."""
    with transaction.atomic(), act("note.made"):
        made = [Note(summary=f"number {n}", count=n) for n in range(3)]
        for note in made:
            ledger.seal(note, contact=f"owner{note.count}@example.org")
            note.save()
    with transaction.atomic(), act("note.counted"):
        Note.objects.filter(pk=made[0].pk).update(count=10)
    sequence()
    assert mismatches() == []
    return made


def test_a_sound_record_has_no_drift_at_any_moment(act):
    assert mismatches() == []
    sequence()
    assert mismatches() == []
    with transaction.atomic(), act():
        note = Note.objects.create(summary="a")
    assert mismatches() == []  # waiting for the log is no mismatch
    sequence()
    with transaction.atomic(), act():
        note.delete()
    assert mismatches() == []
    sequence()
    assert mismatches() == []


def test_an_edit_by_psql_is_listed(notes):
    sql("UPDATE scratch_note SET count = 99 WHERE id = %s", notes[1].pk)
    sequence()
    (line,) = mismatches()
    assert line.startswith("outside: entry 4: note/")


def test_an_edit_with_the_triggers_off_is_listed(notes):
    with without_triggers("scratch_note"):
        sql("UPDATE scratch_note SET summary = 'quietly changed' WHERE id = %s", notes[0].pk)
        sql("DELETE FROM scratch_note WHERE id = %s", notes[1].pk)
        Note.objects.create(summary="slipped in")
    found = mismatches()
    assert f"row: entry 3: note/{notes[0].pk} is not what its last leaf says (summary)" in found
    assert (
        f"row: entry 1: note/{notes[1].pk} is gone, and no leaf says that it was deleted" in found
    )
    assert any("is in no leaf" in line for line in found)
    assert len(found) == 3


def test_a_changed_sealed_value_is_listed(notes):
    with without_triggers("scratch_note"):
        notes[0].refresh_from_db()
        ledger.seal(notes[0], contact="somebody@example.org")
        notes[0].save(update_fields=["contact"])
    assert mismatches() == [
        f"row: entry 3: note/{notes[0].pk} is not what its last leaf says (contact)"
    ]


def test_a_changed_event_row_is_listed(notes):
    with without_triggers("scratch_noteevent"):
        sql(
            "UPDATE scratch_noteevent SET summary = 'other' WHERE pgh_id = (SELECT event_id FROM "
            "ledger_entry WHERE index = 1)"
        )
        sql(
            "UPDATE scratch_noteevent SET pgh_context = jsonb_set(pgh_context, '{name}', "
            "'\"crow\"') WHERE pgh_label = 'update'"
        )
    found = mismatches()
    assert len(found) == 2
    assert "event: entry 1:" in found[0]
    assert found[0].endswith("is not what was logged (summary)")
    assert found[1].endswith("is not what was logged (actor)")


def test_a_dropped_and_an_added_event_row_are_listed(notes):
    with without_triggers("scratch_noteevent"):
        sql(
            "DELETE FROM scratch_noteevent WHERE pgh_id = (SELECT event_id FROM ledger_entry "
            "WHERE index = 2)"
        )
        sql(
            "INSERT INTO scratch_noteevent (pgh_created_at, pgh_label, pgh_obj_id) VALUES "
            "(now(), 'delete', %s)",
            notes[0].pk,
        )
    found = mismatches()
    assert len(found) == 2
    assert "entry 2:" in found[0]
    assert "was dropped" in found[0]
    assert "is not in the log and not on its way" in found[1]


def test_an_event_row_dropped_before_it_was_logged_is_listed(notes):
    Note.objects.filter(pk=notes[0].pk).update(count=77)
    with without_triggers("scratch_noteevent"):
        sql("DELETE FROM scratch_noteevent WHERE count = 77")
    Pending.objects.all().delete()
    sequence()
    assert mismatches() == [
        f"row: entry 3: note/{notes[0].pk} is not what its last leaf says (count)"
    ]


def test_a_lost_opening_is_listed(notes):
    with without_triggers("ledger_opening"):
        Opening.objects.filter(entry_id=3, field="summary").delete()
    found = mismatches()
    assert any(line.startswith("event: entry 3") for line in found)
    assert any(line.startswith("row: entry 3") for line in found)


def test_a_changed_leaf_is_listed(notes):
    leaf = bytes(Entry.objects.get(index=1).leaf).replace(b"heron", b"crane")
    with without_triggers("ledger_entry"):
        Entry.objects.filter(index=1).update(leaf=leaf)
    found = mismatches()
    assert "entry: entry 1: its bytes are not those of its hash" in found
    assert any(line.startswith("checkpoint: the signed root of size 4") for line in found)


def test_a_truncated_log_is_listed(notes):
    with without_triggers("ledger_entry", "ledger_opening"):
        sql("DELETE FROM ledger_opening WHERE entry_id = 3")
        sql("DELETE FROM ledger_entry WHERE index = 3")
    found = mismatches()
    assert any("the log was cut" in line for line in found)
    with without_triggers("ledger_entry", "ledger_opening"):
        sql("DELETE FROM ledger_opening WHERE entry_id = 1")
        sql("DELETE FROM ledger_entry WHERE index = 1")
    assert any("entries 1 are missing from the database" in line for line in mismatches())


def test_a_changed_tile_and_a_changed_bundle_are_listed(notes, settings):
    tile = Path(settings.LEDGER_DIR) / "tile/0/000.p/4"
    good = tile.read_bytes()
    tile.write_bytes(good[:64] + bytes(32) + good[96:])
    (line,) = mismatches()
    assert line.startswith("published: entry 2:")
    tile.write_bytes(good)
    bundle = Path(settings.LEDGER_DIR) / "tile/entries/000.p/4"
    bundle.write_bytes(bundle.read_bytes().replace(b"heron", b"crows"))
    (line,) = mismatches()
    assert line.startswith("published: entry 0:")
    bundle.unlink()
    (line,) = mismatches()
    assert "is missing" in line


def test_a_swapped_key_is_listed(notes, settings):
    path = Path(settings.KEYS_DIR) / "ledger.key"
    path.write_text(SigningKey.generate(settings.LEDGER_ORIGIN).to_text())
    found = mismatches()
    assert len([line for line in found if line.startswith("key: the stored checkpoint")]) == 1
    assert "key: the published verifier key is not that of the signing key" in found
    path.unlink()
    assert mismatches()[0] == "key: ledger.key is missing"


def test_an_older_database_under_a_newer_checkpoint_is_listed(notes, settings):
    """What a restored backup looks like: the newer tail is not there, and all that is left fits
    together."""
    newer = (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes()
    with without_triggers(
        "ledger_entry",
        "ledger_opening",
        "ledger_checkpoint",
        "ledger_sealedkey",
        "scratch_note",
        "scratch_noteevent",
    ):
        sql("DELETE FROM ledger_opening")
        sql("DELETE FROM ledger_entry")
        sql("DELETE FROM ledger_checkpoint")
        sql("DELETE FROM scratch_note")
        sql("DELETE FROM scratch_noteevent")
    Tree.objects.update(size=0, edge=[])
    found = mismatches()
    assert (
        "restored: the published checkpoint has size 4, the database knows 0: it is an older one"
        in found
    )
    LogFiles().put("checkpoint", b"", replace=True)
    (Path(settings.LEDGER_DIR) / "checkpoint").unlink()
    assert (
        mismatches() == []
    )  # with the published file gone too, only a checkpoint kept outside can tell
    assert mismatches(newer) == [
        "kept: entry 0: the checkpoint kept outside has size 4, and the database only 0 entries"
    ]


def test_a_log_that_was_written_anew_does_not_fit_the_checkpoint_kept_outside(notes, settings, act):
    kept = (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes()
    assert mismatches(kept) == []
    with transaction.atomic(), act():
        Note.objects.create()
    sequence()
    assert mismatches(kept) == []
    other = SigningKey.generate(settings.LEDGER_ORIGIN)
    from ledger.checkpoint import Checkpoint as Head
    from ledger.checkpoint import sign_checkpoint

    key = SigningKey.from_text((Path(settings.KEYS_DIR) / "ledger.key").read_text().strip())
    forged = sign_checkpoint(Head(settings.LEDGER_ORIGIN, 3, bytes(32)), key).encode()
    assert mismatches(forged) == [
        "kept: the log is not the one that the checkpoint kept outside (size 3) was signed over"
    ]
    foreign = sign_checkpoint(Head(settings.LEDGER_ORIGIN, 3, bytes(32)), other).encode()
    assert mismatches(foreign)[0].startswith("kept: the checkpoint kept outside does not open")


def test_a_checkpoint_row_that_was_changed_is_listed(notes):
    with without_triggers("ledger_checkpoint"):
        Checkpoint.objects.filter(size=4).update(root=bytes(32))
    found = mismatches()
    assert "checkpoint: the signed root of size 4 is not the root of the first 4 entries" in found
    assert "checkpoint: the stored checkpoint of size 4 does not say what its note says" in found


def test_a_trigger_that_is_off_gone_or_hollow_is_listed(notes):
    sql(
        "SET CONSTRAINTS ALL IMMEDIATE"
    )  # the test is one transaction, and PostgreSQL wants nothing pending here
    sql("ALTER TABLE scratch_note ENABLE TRIGGER USER")
    found = mismatches()
    assert len(found) == 5
    assert all(line.endswith("on scratch_note is not enabled ALWAYS") for line in found)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = 'scratch_noteevent'::regclass AND "
            "tgname LIKE '%announce%'"
        )
        (name,) = cursor.fetchone()
    hollow = "BEGIN RETURN NULL; END;"
    sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS TRIGGER AS $$ {hollow} $$ LANGUAGE plpgsql "
        f"SET search_path = public, pg_temp"
    )
    assert f"trigger: {name} on scratch_noteevent is not the one the models ask for" in mismatches()
    sql(f"DROP TRIGGER {name} ON scratch_noteevent")
    assert f"trigger: {name} on scratch_noteevent is not there" in mismatches()
    from ledger import protection

    protection.install()
    assert mismatches() == []


def test_changed_and_deleted_files_are_listed(notes, tmp_path):
    files = {name: tmp_path / name for name in ("kept", "changed", "deleted")}
    for name, path in files.items():
        path.write_text(name)
    expected = [
        (path, hashlib.sha256(name.encode()).hexdigest(), f"original {name}")
        for name, path in files.items()
    ]
    fixity.register("scratch", lambda: expected)
    try:
        assert mismatches() == []
        files["changed"].write_text("other")
        files["deleted"].unlink()
        found = mismatches()
    finally:
        fixity.unregister("scratch")
    assert len(found) == 2
    assert found[0].startswith("file: scratch: original changed was changed")
    assert found[1] == "file: scratch: original deleted is missing"


def test_what_waits_too_long_and_what_is_stuck_are_listed(notes):
    Note.objects.create()
    Pending.objects.update(queued_at=timezone.now() - timedelta(hours=1))
    (line,) = mismatches()
    assert line.startswith("late: ")
    Pending.objects.update(error="no leaf")
    (line,) = mismatches()
    assert line.startswith("stuck: ")


# ── batches ───────────────────────────────────────────────────────────────────────────────────────


def test_rows_written_in_bulk_make_one_leaf_that_proves_each_of_them(act):
    from ledger import batches, merkle

    with transaction.atomic(), act("look.unchanged"):
        batch = ledger.batch(Look, [Look(source="post", status=200 + n) for n in range(37)])
    sequence()
    assert Entry.objects.filter(object_label="batch").count() == Entry.objects.count() == 1
    for look in Look.objects.all():
        entry, position, path = batches.proof(look)
        assert json.loads(entry)["object"] == f"look/{look.pk}"
        merkle.verify_inclusion(
            merkle.leaf_hash(entry), position, batch.count, path, bytes.fromhex(batch.root)
        )
    assert mismatches() == []
    look = Look.objects.first()
    Look.objects.filter(pk=look.pk).update(status=404)
    assert mismatches() == [
        f"batch: the rows of look in batch {batch.pk} are not those that were logged"
    ]
    look.save()
    assert mismatches() == []
    look.delete()
    assert len(mismatches()) == 1


def test_a_batch_needs_rows_and_a_place_for_its_key(act):
    with pytest.raises(ValueError, match="at least one"):
        ledger.batch(Look, [])
    with pytest.raises(TypeError, match="no foreign key"):
        ledger.batch(Note, [Note()])


# ── the command ───────────────────────────────────────────────────────────────────────────────────


def test_the_command_prints_lines_or_json_and_exits_by_what_it_found(notes, tmp_path):
    out = StringIO()
    call_command("verify_record", stdout=out)
    assert out.getvalue().strip().endswith("everything is as the log says")
    sql("UPDATE scratch_note SET count = 99 WHERE id = %s", notes[1].pk)
    sequence()
    out = StringIO()
    with pytest.raises(SystemExit) as exit_:
        call_command("verify_record", "--json", stdout=out)
    assert exit_.value.code == 1
    said = json.loads(out.getvalue())
    assert (said["ok"], said["drifts"][0]["code"], said["drifts"][0]["index"], said["entries"]) == (
        False,
        "outside",
        4,
        5,
    )
    call_command("verify_record", "--allow-outside", stdout=StringIO())


def test_it_reads_in_batches(notes, django_assert_max_num_queries, act):
    with transaction.atomic(), act():
        Note.objects.bulk_create([Note(summary=str(n)) for n in range(300)])
    sequence()
    from ledger import registry

    with django_assert_max_num_queries(40 + 8 * len(list(registry.records()))):
        assert mismatches() == []
