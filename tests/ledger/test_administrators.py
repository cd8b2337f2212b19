"""An administrator with every right of the database and of the files tries to change the past, by a
table of attacks.

Each is named by `verify_record`, from the inside or with what somebody kept outside (yesterday's
checkpoint, or a copy of the log), with the first entry concerned; and those that reach the public
log by the offline verifier too, with the same things kept. What only something kept outside can
tell is shown to be silent without it: that is what docs/threat-model.md says of it.
"""

from __future__ import annotations

import hashlib
import shutil
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings as django_settings
from django.core.management import call_command
from django.db import connection, transaction

import ledger
from ledger import fixity, merkle, protection, verify
from ledger.checkpoint import Checkpoint as Head
from ledger.checkpoint import sign_checkpoint
from ledger.keys import signing_key
from ledger.leaf import Leaf
from ledger.models import Checkpoint, Entry, Opening, Pending, SealedKey, Tree
from ledger.note import ED25519, SigningKey
from ledger.sequencing import LogInconsistentError, sequence
from ledger.verification import Mismatch, Verification
from tests.ledger.logs import write_log
from tests.ledger.owner import without_triggers
from tests.ledger.scratch.models import Note
from tests.system.processes import ROOT

pytestmark = pytest.mark.django_db
LOG = ("ledger_entry", "ledger_opening", "ledger_checkpoint", "ledger_sealedkey")


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@dataclass
class Scene:
    """A record of four entries; what somebody outside kept of it yesterday; today's fifth entry; an
    original file."""

    notes: list[Note]
    yesterday: bytes
    copy: Path
    original: Path

    @property
    def log(self) -> Path:
        return Path(django_settings.LEDGER_DIR)


@pytest.fixture
def scene(act, tmp_path: Path) -> Any:
    with transaction.atomic(), act("note.made"):
        made = [Note(summary=f"number {n}", count=n) for n in range(3)]
        for note in made:
            ledger.seal(note, contact=f"owner{note.count}@example.org")
            note.save()
    with transaction.atomic(), act("note.counted"):
        Note.objects.filter(pk=made[0].pk).update(count=10)
    sequence()
    copy = tmp_path / "copy"
    call_command("export_log", str(copy), stdout=StringIO())
    # Hard links would change with the log that they are to be compared with.
    shutil.copytree(copy, tmp_path / "kept")
    yesterday = (copy / "checkpoint").read_bytes()
    with transaction.atomic(), act("note.counted"):
        Note.objects.filter(pk=made[1].pk).update(count=11)
    sequence()
    original, other = tmp_path / "original", tmp_path / "other"
    original.write_bytes(b"as it was received")
    other.write_bytes(b"another one")
    said = [
        (path, hashlib.sha256(path.read_bytes()).hexdigest(), path.name)
        for path in (original, other)
    ]
    fixity.register("attacked", lambda: said)
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    found = Scene(made, yesterday, tmp_path / "kept", original)
    yield found
    fixity.unregister("attacked")


def mismatches(scene: Scene, *, kept: bool = True) -> list[Mismatch]:
    return list(
        Verification(scene.yesterday, scene.copy).mismatches()
        if kept
        else Verification().mismatches()
    )


def offline(scene: Scene) -> tuple[int, str]:
    """What a stranger's program says of the public files, with yesterday's checkpoint and copy in
    his hands."""
    return verified(
        "--checkpoint", str(scene.copy / "checkpoint"), "--copy", str(scene.copy), str(scene.log)
    )


def verified(*arguments: str) -> tuple[int, str]:
    with redirect_stdout(StringIO()) as said:
        status = verify.main(arguments)
    return status, said.getvalue()


# ── the attacks ───────────────────────────────────────────────────────────────────────────────────


def edit_a_row(scene: Scene) -> None:
    sql("UPDATE scratch_note SET summary = 'softer words' WHERE id = %s", scene.notes[1].pk)
    sequence()


def edit_a_row_quietly(scene: Scene) -> None:
    with without_triggers("scratch_note"):
        sql("UPDATE scratch_note SET summary = 'softer words' WHERE id = %s", scene.notes[2].pk)


def edit_as_a_replica(scene: Scene) -> None:
    sql("SET LOCAL session_replication_role = replica")
    sql("UPDATE scratch_note SET summary = 'softer words' WHERE id = %s", scene.notes[2].pk)
    sql("SET LOCAL session_replication_role = DEFAULT")
    sequence()


def delete_a_row(scene: Scene) -> None:
    with without_triggers("scratch_note"):
        sql("DELETE FROM scratch_note WHERE id = %s", scene.notes[2].pk)


def delete_its_history(scene: Scene) -> None:
    with without_triggers("scratch_note", "scratch_noteevent"):
        sql("DELETE FROM scratch_note WHERE id = %s", scene.notes[2].pk)
        sql("DELETE FROM scratch_noteevent WHERE pgh_obj_id = %s", scene.notes[2].pk)


def truncate_the_history(scene: Scene) -> None:
    with without_triggers("scratch_noteevent"):
        sql("TRUNCATE scratch_noteevent")


def swap_two_rows(scene: Scene) -> None:
    """Each says what the other said, and so do their histories."""
    one, two = scene.notes[1].pk, scene.notes[2].pk
    with without_triggers("scratch_note", "scratch_noteevent"):
        for table, key in (("scratch_note", "id"), ("scratch_noteevent", "pgh_obj_id")):
            sql(
                f"UPDATE {table} SET summary = CASE {key} WHEN %s THEN 'number 2' ELSE 'number "
                f"1' END WHERE {key} IN (%s, %s)",
                one,
                one,
                two,
            )


def swap_two_entries(scene: Scene) -> None:
    columns = ("leaf", "leaf_hash", "kind", "op", "object_label", "object_id")
    one, two = Entry.objects.filter(index__in=(1, 2)).order_by("index").values(*columns)
    with without_triggers("ledger_entry"):
        Entry.objects.filter(index=1).update(**two)
        Entry.objects.filter(index=2).update(**one)


def cut_the_tail(scene: Scene) -> None:
    """Entries, checkpoints and files go back to a state that was once signed, and everything inside
    fits together."""
    with without_triggers(*LOG, "scratch_note", "scratch_noteevent"):
        sql("DELETE FROM ledger_opening WHERE entry_id >= 3")
        sql(
            "DELETE FROM scratch_noteevent WHERE pgh_id IN (SELECT event_id FROM ledger_entry "
            "WHERE index >= 3)"
        )
        sql("DELETE FROM ledger_entry WHERE index >= 3")
        sql("DELETE FROM ledger_checkpoint")
        Note.objects.filter(pk=scene.notes[0].pk).update(count=0)
        Note.objects.filter(pk=scene.notes[1].pk).update(count=1)
    _rewrite_tree()


def write_the_log_anew(scene: Scene) -> None:
    """The whole log again from a changed past, with the real key."""
    events = list(Entry.objects.order_by("index").values_list("event_label", "event_id"))
    with without_triggers(*LOG, "scratch_note", "scratch_noteevent"):
        for table in ("ledger_opening", "ledger_entry", "ledger_checkpoint"):
            sql(f"DELETE FROM {table}")
        sql(
            "UPDATE scratch_noteevent SET summary = 'softer words' WHERE pgh_obj_id = %s",
            scene.notes[1].pk,
        )
        sql("UPDATE scratch_note SET summary = 'softer words' WHERE id = %s", scene.notes[1].pk)
    Tree.objects.update(size=0, edge=[])
    shutil.rmtree(scene.log)
    Pending.objects.bulk_create(
        [Pending(event_label=label, event_id=event) for label, event in events]
    )
    sequence()


def _rewrite_tree() -> None:
    hashes = [
        bytes(found)
        for found in Entry.objects.order_by("index").values_list("leaf_hash", flat=True)
    ]
    edge = merkle.Edge()
    edge.extend(hashes)
    Tree.objects.update(size=edge.size, edge=edge.to_json())
    log = Path(django_settings.LEDGER_DIR)
    shutil.rmtree(log)
    head = sign_checkpoint(
        Head(django_settings.LEDGER_ORIGIN, edge.size, edge.root()), signing_key()
    )
    write_log(
        log,
        [bytes(leaf) for leaf in Entry.objects.order_by("index").values_list("leaf", flat=True)],
        key=signing_key(),
    )
    Checkpoint.objects.create(
        size=edge.size, root=edge.root(), note=head, signed_at="2026-01-01T00:00:00Z"
    )
    sql("SET CONSTRAINTS ALL IMMEDIATE")


def add_a_false_past(scene: Scene) -> None:
    """An event row slipped in without the triggers: it is in no leaf."""
    with without_triggers("scratch_noteevent"):
        sql(
            "INSERT INTO scratch_noteevent (pgh_created_at, pgh_label, pgh_obj_id) VALUES "
            "(now(), 'delete', %s)",
            scene.notes[0].pk,
        )


def sign_with_a_stolen_key(scene: Scene) -> None:
    """Another tree under the real key, published as a file only."""
    leaves = [
        bytes(leaf) for leaf in Entry.objects.order_by("index").values_list("leaf", flat=True)
    ]
    leaves[2] = leaves[2].replace(b"heron", b"crane")
    shutil.rmtree(scene.log)
    write_log(scene.log, leaves, key=signing_key())


def sign_with_another_key(scene: Scene) -> None:
    key = SigningKey(django_settings.LEDGER_ORIGIN, ED25519, bytes(range(32)))
    (Path(django_settings.KEYS_DIR) / "ledger.key").write_text(key.to_text())
    leaves = [
        bytes(leaf) for leaf in Entry.objects.order_by("index").values_list("leaf", flat=True)
    ]
    shutil.rmtree(scene.log)
    write_log(scene.log, leaves, key=key)


def show_two_faces(scene: Scene) -> None:
    """The public files show another log than the database holds, which continues nothing that
    anybody kept."""
    leaves = [
        bytes(leaf) for leaf in Entry.objects.order_by("index").values_list("leaf", flat=True)
    ]
    shutil.rmtree(scene.log)
    write_log(scene.log, [leaves[0], leaves[2], leaves[1], *leaves[3:]], key=signing_key())


def change_a_published_entry(scene: Scene) -> None:
    (scene.log / "tile/entries/000.p/4").unlink()
    bundle = scene.log / "tile/entries/000.p/5"
    content = bundle.read_bytes()
    bundle.unlink()
    before, name, after = content.partition(b"heron")  # entry 0 stays as it is
    bundle.write_bytes(before + name + after.replace(b"heron", b"crane", 1))


def swap_two_originals(scene: Scene) -> None:
    other = scene.original.with_name("other")
    content = other.read_bytes()
    other.write_bytes(scene.original.read_bytes())
    scene.original.write_bytes(content)


def restore_an_old_backup(scene: Scene) -> None:
    """The database of yesterday under the checkpoint of today."""
    with without_triggers(*LOG, "scratch_note", "scratch_noteevent"):
        sql("DELETE FROM ledger_opening WHERE entry_id >= 4")
        sql(
            "DELETE FROM scratch_noteevent WHERE pgh_id IN (SELECT event_id FROM ledger_entry "
            "WHERE index >= 4)"
        )
        sql("DELETE FROM ledger_entry WHERE index >= 4")
        sql("DELETE FROM ledger_checkpoint WHERE size > 4")
        Note.objects.filter(pk=scene.notes[1].pk).update(count=1)
    edge = merkle.Edge()
    edge.extend(
        [
            bytes(found)
            for found in Entry.objects.order_by("index").values_list("leaf_hash", flat=True)
        ]
    )
    Tree.objects.update(size=4, edge=edge.to_json())


def destroy_a_key(scene: Scene) -> None:
    with without_triggers("ledger_sealedkey"):
        SealedKey.objects.filter(object_id=str(scene.notes[2].pk)).delete()


def lose_an_opening(scene: Scene) -> None:
    with without_triggers("ledger_opening"):
        Opening.objects.filter(entry_id=2, field="summary").delete()


def turn_a_trigger_off(scene: Scene) -> None:
    sql("ALTER TABLE scratch_note DISABLE TRIGGER USER")


def hollow_a_trigger(scene: Scene) -> None:
    (name,) = {
        name
        for table, name in protection.expected()
        if table == "scratch_noteevent" and "announce" in name
    }
    sql(
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS TRIGGER AS $$ BEGIN RETURN NULL; END; $$ "
        f"LANGUAGE plpgsql"
    )


def swallow_history_by_a_rule(scene: Scene) -> None:
    sql("CREATE RULE quiet AS ON INSERT TO scratch_noteevent DO INSTEAD NOTHING")


def bend_history_by_a_trigger(scene: Scene) -> None:
    sql(
        "CREATE FUNCTION soften() RETURNS TRIGGER AS $$ BEGIN NEW.summary := 'softer words'; "
        "RETURN NEW; END; $$ LANGUAGE plpgsql"
    )
    sql(
        "CREATE TRIGGER soften BEFORE INSERT ON scratch_noteevent FOR EACH ROW EXECUTE FUNCTION "
        "soften()"
    )


def hide_rows_by_policy(scene: Scene) -> None:
    sql("ALTER TABLE scratch_noteevent ENABLE ROW LEVEL SECURITY")


def move_a_table_out_of_sight(scene: Scene) -> None:
    """Its triggers go unwatched there, and every query still finds it."""
    sql("CREATE SCHEMA apart")
    sql("ALTER TABLE scratch_note DISABLE TRIGGER USER")
    sql("ALTER TABLE scratch_note SET SCHEMA apart")
    sql("SET LOCAL search_path TO public, apart")


def grant_a_right(scene: Scene) -> None:
    sql("GRANT UPDATE ON scratch_noteevent TO attacked_app")


def grant_a_column(scene: Scene) -> None:
    sql("GRANT UPDATE (leaf) ON ledger_entry TO attacked_app")


def grant_to_everyone(scene: Scene) -> None:
    sql("GRANT TRUNCATE ON scratch_note TO PUBLIC")


def make_it_superuser(scene: Scene) -> None:
    sql("ALTER ROLE attacked_app SUPERUSER")


def make_it_an_owner(scene: Scene) -> None:
    sql("GRANT postgres TO attacked_app")


INSIDE: dict[Callable[[Scene], None], tuple[str, int | None]] = {
    edit_a_row: ("outside", 5),
    edit_a_row_quietly: ("row", 2),
    edit_as_a_replica: ("outside", 5),
    delete_a_row: ("row", 2),
    delete_its_history: ("event", 2),
    truncate_the_history: ("event", 0),
    swap_two_rows: ("event", 1),
    swap_two_entries: ("event", 1),
    add_a_false_past: ("event", None),
    sign_with_a_stolen_key: ("checkpoint", None),
    sign_with_another_key: ("key", None),
    show_two_faces: ("checkpoint", None),
    change_a_published_entry: ("published", 1),
    swap_two_originals: ("file", None),
    restore_an_old_backup: ("restored", None),
    destroy_a_key: ("event", 2),
    lose_an_opening: ("event", 2),
    turn_a_trigger_off: ("trigger", None),
    hollow_a_trigger: ("trigger", None),
    swallow_history_by_a_rule: ("right", None),
    bend_history_by_a_trigger: ("right", None),
    hide_rows_by_policy: ("right", None),
    move_a_table_out_of_sight: ("right", None),
    grant_a_right: ("right", None),
    grant_a_column: ("right", None),
    grant_to_everyone: ("right", None),
    make_it_superuser: ("right", None),
    make_it_an_owner: ("right", None),
}
"""What `verify_record` says first with nothing kept outside: the code, and the first entry
concerned."""

KEPT: dict[Callable[[Scene], None], tuple[str, int]] = {
    cut_the_tail: ("kept", 3),
    write_the_log_anew: ("kept", 0),
}
"""What nothing inside can tell: with the copy kept outside, the code and the first bad entry."""

OFFLINE: dict[Callable[[Scene], None], str] = {
    cut_the_tail: "The log was cut",
    write_the_log_anew: "Entry 0 is not the one in the copy you kept",
    sign_with_a_stolen_key: "Entry 2 is not the one in the copy you kept",
    show_two_faces: "Entry 1 is not the one in the copy you kept",
    change_a_published_entry: "Entry 1 is not the one",
    sign_with_another_key: "does not hold under this log's key",
}
"""What the offline verifier says of the public files alone, with yesterday's checkpoint and
copy."""


@pytest.fixture
def app_role(settings) -> None:
    sql("CREATE ROLE attacked_app")
    protection.grant("attacked_app")
    settings.DATABASE_APP_ROLE = "attacked_app"


def test_before_any_attack_nothing_is_named(app_role, scene):
    assert mismatches(scene) == []
    assert offline(scene)[0] == verify.CONSISTENT


@pytest.mark.parametrize("attack", INSIDE, ids=lambda attack: attack.__name__)
def test_it_is_named_from_the_inside_with_the_first_entry_concerned(attack, app_role, scene):
    attack(scene)
    code, index = INSIDE[attack]
    found = mismatches(scene, kept=False)
    assert (found[0].code, found[0].index) == (code, index), [str(mismatch) for mismatch in found]


@pytest.mark.parametrize("attack", KEPT, ids=lambda attack: attack.__name__)
def test_what_nothing_inside_can_tell_is_told_by_what_was_kept_outside(attack, scene):
    attack(scene)
    assert mismatches(scene, kept=False) == []
    found = mismatches(scene)
    assert KEPT[attack] in [(mismatch.code, mismatch.index) for mismatch in found], [
        str(mismatch) for mismatch in found
    ]
    assert {mismatch.code for mismatch in found} == {"kept"}
    assert any(
        mismatch.code == "kept" for mismatch in Verification(scene.yesterday).mismatches()
    )  # the checkpoint alone tells that it happened


@pytest.mark.parametrize("attack", OFFLINE, ids=lambda attack: attack.__name__)
def test_a_stranger_with_what_he_kept_finds_it_in_the_public_files(attack, scene):
    attack(scene)
    status, said = offline(scene)
    assert status == 1, said
    assert OFFLINE[attack] in said
    if attack not in {change_a_published_entry}:  # control: who kept nothing is told nothing
        assert verified(str(scene.log))[0] == verify.CONSISTENT


@pytest.mark.parametrize(
    "attack",
    [restore_an_old_backup, sign_with_a_stolen_key, show_two_faces],
    ids=lambda attack: attack.__name__,
)
def test_the_sequencer_signs_nothing_on_top_of_it(attack, scene, act):
    attack(scene)
    with transaction.atomic(), act():
        Note.objects.create(summary="after it")
    with pytest.raises(LogInconsistentError):
        sequence()


def test_with_the_look_at_rights_off_a_swallowed_history_is_not_named(app_role, scene, monkeypatch):
    """Negative control of `right`; and the next edit under such a rule is named all the same, by
    the row it changes."""
    swallow_history_by_a_rule(scene)
    monkeypatch.setattr(protection, "unexpected_objects", list)
    assert mismatches(scene) == []
    Note.objects.filter(pk=scene.notes[0].pk).update(count=77)
    sequence()
    assert [mismatch.code for mismatch in mismatches(scene)] == ["row"]


def test_what_remains_possible_is_a_false_new_entry(app_role, scene, act):
    """docs/threat-model.md: the record shows what was written and when, never that it is true."""
    with transaction.atomic(), act("note.made"):
        Note.objects.create(summary="a lie, properly recorded")
    sequence()
    assert mismatches(scene) == []
    assert Leaf.parse(bytes(Entry.objects.latest("index").leaf)).kind == "note.made"


def test_every_attack_is_said_in_the_threat_model():
    said = (ROOT / "docs" / "threat-model.md").read_text()
    for attack in {*INSIDE, *KEPT, *OFFLINE}:
        assert f"`{attack.__name__}`" in said, attack.__name__
