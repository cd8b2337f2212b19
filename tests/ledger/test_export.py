"""The exported log is complete for its checkpoint, and readers that know nothing of us accept
it."""

from __future__ import annotations

from io import StringIO
from pathlib import Path

import pytest
from django.core.management import CommandError, call_command
from django.db import transaction

from ledger import registry
from ledger.sequencing import sequence
from ledger.verify import CONSISTENT, audit, main
from tests.ledger.scratch.models import Note

pytestmark = pytest.mark.django_db


def grow(count: int) -> None:
    Note.objects.bulk_create([Note(count=n) for n in range(count)])
    sequence()


def test_an_export_verifies_and_grows_with_the_log(tmp_path):
    out = tmp_path / "mirror"
    for count in (3, 300, 700):
        grow(count)
        call_command("export_log", str(out), stdout=StringIO())
        key = (out / "key").read_text().strip()
        assert main(["--key", key, str(out)]) == 0
    assert audit(out).checkpoint.size == 1003


def test_an_export_holds_only_what_its_checkpoint_covers(tmp_path, settings):
    grow(3)
    (Path(settings.LEDGER_DIR) / "tile/0/000.p/4").write_bytes(
        bytes(128)
    )  # of a tree that is not signed yet
    call_command("export_log", str(tmp_path / "mirror"), stdout=StringIO())
    files = sorted(
        str(p.relative_to(tmp_path / "mirror"))
        for p in (tmp_path / "mirror").rglob("*")
        if p.is_file()
    )
    assert files == ["checkpoint", "key", "tile/0/000.p/3", "tile/entries/000.p/3"]


def test_a_partial_tile_that_was_pruned_meanwhile_is_cut_from_the_full_one(tmp_path, settings):
    from ledger.files import LogFiles, export

    grow(200)
    note = (Path(settings.LEDGER_DIR) / "checkpoint").read_text()
    grow(100)
    export(LogFiles(), tmp_path / "mirror", 200, note)
    assert audit(tmp_path / "mirror").checkpoint.size == 200


def test_before_the_first_checkpoint_and_over_another_log_it_refuses(tmp_path):
    with pytest.raises(CommandError, match="no checkpoint"):
        call_command("export_log", str(tmp_path / "a"))
    grow(1)
    (tmp_path / "b").mkdir()
    (tmp_path / "b" / "key").write_text("other+key\n")
    with pytest.raises(CommandError, match="another log"):
        call_command("export_log", str(tmp_path / "b"))


def test_a_bundle_of_an_object_verifies_offline(tmp_path, act):
    from ledger import proofs

    with transaction.atomic(), act():
        note = Note.objects.create(summary="双风道", status="published")
    with pytest.raises(proofs.NotLoggedError):
        proofs.bundle("note", note.pk)
    sequence()
    path = tmp_path / "bundle.json"
    path.write_bytes(proofs.bundle("note", note.pk, openings=["summary"]))
    assert main([str(path)]) == CONSISTENT
    path.write_bytes(proofs.bundle("note", note.pk, openings=None))
    assert main([str(path)]) == CONSISTENT
    with pytest.raises(LookupError, match="contact"):
        proofs.bundle("note", note.pk, openings=["contact"])
    assert proofs.openable(0).keys() == {
        *registry.recorded["note"].plain,
        "summary",
        "remark",
        "act_reason",
    }
    proof = proofs.inclusion(0)
    assert proof.startswith("c2sp.org/tlog-proof@v1\nindex 0\n")
    with pytest.raises(proofs.NotLoggedError):
        proofs.inclusion(1)


def test_nothing_of_an_unpublished_object_is_opened(act):
    """The page of an entry asks for its openings by index, whatever the entry is about."""
    from ledger import proofs

    with transaction.atomic(), act():
        note = Note.objects.create(summary="not yet public")
    sequence()
    assert proofs.openable(0) == {}
    assert "summary" in proofs.openable(0, everything=True)
    assert b"not yet public" not in proofs.bundle("note", note.pk, openings=None)
    Note.objects.filter(pk=note.pk).update(status="published")
    assert proofs.openable(0)["summary"].value == "not yet public"


def test_a_document_is_found_by_its_digest_in_the_leaf(tmp_path, act):
    from ledger import proofs
    from ledger.canonical import digest
    from tests.ledger.scratch.models import Paper

    first, second = ({"salt": "s" * 22, "rating": n} for n in (1, 2))
    with transaction.atomic(), act("paper.published"):
        paper = Paper.objects.create(body_digest=digest(first))
    with transaction.atomic(), act("paper.superseded"):
        Paper.objects.filter(pk=paper.pk).update(body_digest=digest(second))
    sequence()
    for document in (first, second):
        path = tmp_path / "bundle.json"
        path.write_bytes(proofs.bundle("paper", paper.pk, document))
        assert main([str(path)]) == CONSISTENT
    with pytest.raises(proofs.NotLoggedError):
        proofs.bundle("paper", paper.pk, {"salt": "s" * 22, "rating": 3})
