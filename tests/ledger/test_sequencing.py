"""Event rows become leaves in their order; what was signed is what is stored, published and
served."""

from __future__ import annotations

import json
import os
import shutil
import uuid
from dataclasses import replace
from datetime import date
from decimal import Decimal
from pathlib import Path

import pytest
from django.db import connection, transaction

import ledger
from ledger import proofs, registry, sequencing
from ledger.keys import KeyUnusableError
from ledger.leaf import Leaf, opens
from ledger.models import Checkpoint, Entry, Opening, Pending, Tree
from ledger.sequencing import LogInconsistentError, sequence
from ledger.verify import audit
from tests.ledger.scratch.models import Note, Paper, Tally

pytestmark = pytest.mark.django_db


class Heron:
    pk = uuid.UUID(int=7)
    pseudonym = "heron"


@pytest.fixture(autouse=True)
def keys(settings, tmp_path):
    settings.KEYS_DIR = tmp_path / "keys"


def act(kind: str = "note.changed", **more):
    return ledger.act(kind, by=Heron(), role="moderator", **{"reason": "because", **more})


def last() -> tuple[Leaf, Entry]:
    entry = Entry.objects.order_by("-index").first()
    return Leaf.parse(bytes(entry.leaf)), entry


def test_a_leaf_holds_plain_fields_and_only_commits_to_texts(settings):
    with transaction.atomic(), act():
        note = Tally(
            summary="双风道",
            price=Decimal("42000.50"),
            due_date=date(2025, 3, 1),
            tags=["a"],
            data={"n": 1.5, "big": 2**60},
            digest=b"\x01",
        )
        ledger.seal(note, contact="owner@example.org")
        note.save()
    sequence()
    leaf, entry = last()
    assert (leaf.kind, leaf.object, leaf.role, leaf.name) == (
        "note.changed",
        f"tally/{note.pk}",
        "moderator",
        "heron",
    )
    assert leaf.fields == {
        "status": "draft", "count": 0, "price": "42000.50", "due_date": "2025-03-01",
        "seen_at": None, "tags": ["a"],
        "data": {"n": "1.5", "big": str(2**60)}, "digest": "01", "parent": None,
    }  # fmt: skip
    assert leaf.commits.keys() == {"summary", "contact", "act_reason"}
    keys = {o.field: bytes(o.key) for o in Opening.objects.filter(entry=entry)}
    for name, value in {
        "summary": "双风道",
        "contact": "owner@example.org",
        "act_reason": "because",
    }.items():
        assert opens(leaf.commits[name], keys[name], value)
    assert "双风道".encode() not in bytes(entry.leaf)


def test_a_leaf_of_what_may_not_be_public_says_nothing_in_the_clear():
    """Kind, id and day are all that can be read; the plain fields are committed beside the texts,
    and open when the row is public."""
    with transaction.atomic(), act():
        note = Note.objects.create(
            status="rejected", count=3, summary="双风道", due_date=date(2025, 3, 1)
        )
    sequence()
    leaf, entry = last()
    assert leaf.fields == {}
    assert leaf.at.endswith("T00:00:00.000000Z")
    assert {"status", "count", "due_date", "parent"} <= leaf.commits.keys()
    assert proofs.openable(entry.index) == {}
    Note.objects.filter(pk=note.pk).update(status="published")
    sequence()
    opened = proofs.openable(entry.index)
    assert (opened["status"].value, opened["count"].value, opened["due_date"].value) == (
        "rejected",
        3,
        "2025-03-01",
    )
    assert opens(leaf.commits["count"], opened["count"].key, 3)
    assert "contact" not in opened


def test_a_leaf_of_what_is_always_public_does(monkeypatch):
    """Control: the same row, if its model were called public, would tell everything at once."""
    monkeypatch.setitem(registry.recorded, "note", replace(registry.recorded["note"], public=True))
    with transaction.atomic(), act():
        Note.objects.create(status="rejected", count=3)
    sequence()
    assert last()[0].fields["status"] == "rejected"


def test_a_delete_leaf_is_empty_but_for_the_reason():
    with transaction.atomic(), act():
        note = Note.objects.create()
    with transaction.atomic(), act("note.removed"):
        note.delete()
    sequence()
    leaf, entry = last()
    assert (leaf.fields, set(leaf.commits), entry.op) == ({}, {"act_reason"}, "delete")


def test_an_outside_edit_is_called_so_in_the_log():
    note = Note.objects.create()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE scratch_note SET status = 'published'")
    sequence()
    leaf, _ = last()
    assert (leaf.kind, leaf.role, leaf.name) == ("outside.update", "outside", "outside")
    assert note.pk


@pytest.mark.parametrize(
    "forged",
    [
        "[]",
        '{"kind": "outside.x", "role": "r", "name": "n", "reason": ""}',
        '{"kind": "BAD KIND", "role": 1}',
    ],
)
def test_a_context_that_no_act_makes_counts_as_outside(forged):
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ledger.act', %s, true)", [forged])
    Note.objects.create()
    sequence()
    assert last()[0].kind == "outside.insert"


def test_a_coarse_model_tells_only_the_day_and_its_document():
    with transaction.atomic(), act("paper.filed"):
        Paper.objects.create(body_digest="ab" * 32)
    sequence()
    leaf, _ = last()
    assert leaf.at.endswith("T00:00:00.000000Z")
    assert leaf.document == "ab" * 32
    assert "body_digest" not in leaf.fields


def test_an_empty_log_has_a_signed_checkpoint(settings):
    sequence()
    assert (Path(settings.LEDGER_DIR) / "checkpoint").read_text().splitlines()[1] == "0"


def test_the_published_log_verifies_offline_at_every_size(settings):
    kept = None
    for count in (1, 2, 255, 3, 300, 1100):
        Note.objects.bulk_create([Note() for _ in range(count)])
        sequence()
        found = audit(Path(settings.LEDGER_DIR), kept=kept)
        assert found.checkpoint.size == Entry.objects.count() == Tree.objects.get().size
        kept = (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes()
    assert not Pending.objects.exists()
    assert list(Path(settings.LEDGER_DIR).glob("tile/0/000.p/*")) == []
    assert list((Path(settings.LEDGER_DIR) / ".drafts").iterdir()) == []


def test_the_order_of_the_log_is_the_order_of_the_changes():
    tally = Tally.objects.create()
    for count in range(1, 6):
        Tally.objects.filter(pk=tally.pk).update(count=count)
    sequence()
    assert [
        json.loads(bytes(e.leaf))["fields"]["count"] for e in Entry.objects.order_by("index")
    ] == [0, 1, 2, 3, 4, 5]


def test_a_field_too_large_for_a_leaf_is_committed_to():
    Tally.objects.create(data={"long": "x" * 70_000})
    sequence()
    leaf, _ = last()
    assert "data" in leaf.commits
    assert "data" not in leaf.fields


def test_what_cannot_become_an_entry_waits_where_it_is_seen_and_stops_nothing():
    Pending.objects.create(event_label="gone.modelevent", event_id=1)
    Note.objects.create()
    assert sequence().size == 1
    assert Pending.objects.get().error == "there is no such event row"


def test_many_changes_cost_few_queries(django_assert_max_num_queries):
    sequence()
    Note.objects.bulk_create([Note() for _ in range(200)])
    with django_assert_max_num_queries(45):
        sequence()


def test_a_pass_waits_for_the_disk_once_for_each_file_and_folder(monkeypatch):
    sequence()
    waited = []
    fsync = os.fsync
    monkeypatch.setattr(os, "fsync", lambda file: (waited.append(file), fsync(file)))
    Note.objects.bulk_create([Note() for _ in range(1024)])
    sequence()
    # Four bundles and four tiles in two folders; a tile above and the checkpoint in theirs.
    assert len(waited) == (8 + 2) + 2 + 2


def test_entries_at_hand_are_written_as_those_that_are_read_back(settings, monkeypatch):
    for count in (3, 300, 1100):
        Note.objects.bulk_create([Note() for _ in range(count)])
        sequence()
    folder = Path(settings.LEDGER_DIR)
    tiles = {path: path.read_bytes() for path in folder.glob("tile/**/*") if path.is_file()}
    shutil.rmtree(folder)
    sequence()  # nothing is at hand now
    again = [path for path in folder.glob("tile/**/*") if path.is_file()]
    assert len(again) > 12
    assert all(path.read_bytes() == tiles[path] for path in again)


def test_a_missing_tile_is_written_again(settings):
    Note.objects.bulk_create([Note() for _ in range(5)])
    sequence()
    for path in Path(settings.LEDGER_DIR).glob("tile/**/*"):
        if path.is_file():
            path.unlink()
    Note.objects.create()
    sequence()
    assert audit(Path(settings.LEDGER_DIR)).checkpoint.size == 6


def test_a_lost_folder_is_built_again_from_the_entries(settings):
    Note.objects.bulk_create([Note() for _ in range(300)])
    sequence()
    before = (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes()
    shutil.rmtree(settings.LEDGER_DIR)
    sequence()
    assert (Path(settings.LEDGER_DIR) / "checkpoint").read_bytes() == before
    assert audit(Path(settings.LEDGER_DIR)).checkpoint.size == 300
    shutil.rmtree(settings.LEDGER_DIR)
    Note.objects.create()
    sequence()
    assert audit(Path(settings.LEDGER_DIR), kept=before).checkpoint.size == 301


def test_the_sequencer_is_notified_once_for_many_changes_and_a_lost_message_harms_nothing(
    monkeypatch, caplog
):
    from jobs import messaging
    from ledger import recording

    sent = []
    monkeypatch.setattr(messaging, "send", lambda *message: sent.append(message))
    monkeypatch.setattr(recording, "_last_notified", 0.0)
    for _ in range(5):
        recording.notify_sequencer()
    assert sent == [("ledger.sequence", "tick")]

    def broken(*message: object) -> None:
        raise ConnectionError("no broker")

    monkeypatch.setattr(messaging, "send", broken)
    monkeypatch.setattr(recording, "_last_notified", 0.0)
    recording.notify_sequencer()
    assert "no broker" in caplog.text


def test_the_task_puts_what_waits_into_the_log():
    from ledger.tasks import sequence as task

    Note.objects.create()
    assert task() == 1
    assert task() == 0


# ── refusing ──────────────────────────────────────────────────────────────────────────────────────


@pytest.fixture
def grown(settings) -> Path:
    Note.objects.bulk_create([Note() for _ in range(3)])
    sequence()
    Note.objects.create()
    return Path(settings.LEDGER_DIR)


def refused(match: str) -> None:
    before = Checkpoint.objects.count()
    with pytest.raises((LogInconsistentError, KeyUnusableError), match=match):
        sequence()
    assert Checkpoint.objects.count() == before


def test_a_key_is_never_made_anew_once_something_was_signed(grown, settings):
    (Path(settings.KEYS_DIR) / "ledger.key").unlink()
    refused("put it back, never make another")


def test_another_key_is_refused(grown, settings, tmp_path):
    (Path(settings.KEYS_DIR) / "ledger.key").unlink()
    from ledger.note import SigningKey

    (Path(settings.KEYS_DIR) / "ledger.key").write_text(
        SigningKey.generate(settings.LEDGER_ORIGIN).to_text()
    )
    refused("does not open with this key")


def test_another_origin_is_refused(grown, settings):
    settings.LEDGER_ORIGIN = "elsewhere.example/log"
    refused("elsewhere.example/log")


def test_an_edge_that_does_not_rebuild_the_signed_root_is_refused(grown):
    tree = Tree.objects.get()
    Tree.objects.update(edge=[[1, "00" * 32], tree.edge[1]])
    refused("does not rebuild the signed root")


def test_a_tree_shorter_than_the_signed_one_is_refused(grown):
    Tree.objects.update(size=0, edge=[])
    refused("a tree of 3 was signed")


def test_a_database_older_than_the_published_checkpoint_is_refused(grown):
    from tests.ledger.owner import without_triggers

    note = (grown / "checkpoint").read_bytes()
    with without_triggers("ledger_checkpoint"):
        Checkpoint.objects.filter(size=3).delete()
    assert note
    refused("the database knows none|an older backup was restored")


def test_changed_tiles_are_never_signed_over(grown):
    tile = next((grown / "tile/0/000.p").iterdir())
    tile.write_bytes(bytes(len(tile.read_bytes())))
    refused("do not give the root|other bytes")


def test_two_sequencers_do_not_work_at_once():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
    import psycopg

    settings = connection.settings_dict
    with psycopg.connect(
        dbname=settings["NAME"], user=settings["USER"], host=settings["HOST"], autocommit=True
    ) as other:
        other.execute("SELECT pg_advisory_lock(%s)", [sequencing.LOCK])
        assert sequence().busy
        other.execute("SELECT pg_advisory_unlock(%s)", [sequencing.LOCK])
    Note.objects.create()
    assert not sequence().busy
