"""Sealed values stand nowhere in the open, open only in their place, and go with their key."""

from __future__ import annotations

import stat
from pathlib import Path

import pytest
from django.db import connection, transaction

import ledger
from ledger import registry, sealing
from ledger.erasure import erase
from ledger.models import SealedKey
from ledger.sealing import KeyDestroyedError, MasterKeyUnusableError
from tests.ledger.owner import without_triggers
from tests.ledger.scratch.models import Note

pytestmark = pytest.mark.django_db


def sealed(value: str | bytes = "owner@example.org") -> Note:
    note = Note()
    ledger.seal(note, contact=value)
    note.save()
    note.refresh_from_db()
    return note


@pytest.mark.parametrize("value", ["owner@example.org", "手机 138", "", b"\x00\xff raw", b""])
def test_a_sealed_value_comes_back_as_it_was(value):
    assert ledger.unseal(sealed(value), "contact") == value


def test_nothing_sealed_stands_in_the_row_or_its_history():
    note = sealed()
    event = registry.of(Note).event_model.objects.get(pgh_obj_id=note.pk)
    assert bytes(event.contact) == bytes(note.contact)
    assert b"owner" not in bytes(note.contact)


def test_the_same_value_is_sealed_differently_each_time():
    assert bytes(sealed().contact) != bytes(sealed().contact)


def test_none_stays_none_and_needs_no_key():
    note = Note()
    ledger.seal(note, contact=None)
    assert note.contact is None
    assert ledger.unseal(note, "contact") is None
    assert not SealedKey.objects.exists()


def test_a_value_copied_to_another_row_does_not_open():
    one, other = sealed("one"), sealed("other")
    other.contact = one.contact
    assert ledger.unseal(other, "contact") is None


def test_without_its_key_a_value_is_gone():
    note = sealed()
    with without_triggers("ledger_sealedkey"):
        SealedKey.objects.all().delete()
    assert ledger.unseal(note, "contact") is None


@pytest.mark.parametrize("guarded", [True, False])
def test_a_destroyed_key_is_never_made_again(guarded, monkeypatch):
    note = sealed()
    erase(
        registry.of(Note).name,
        note.pk,
        ground="law",
        reason="A court ordered it.",
        by=ledger.SYSTEM,
    )
    assert not SealedKey.objects.exists()
    if guarded:
        with pytest.raises(KeyDestroyedError, match="destroyed by an erasure"):
            ledger.seal(note, contact="back again")
        ledger.seal(note, contact=None)  # emptying a field needs no key
    else:
        monkeypatch.setattr(sealing, "erased_fields", lambda label, object_id: set())
        ledger.seal(note, contact="back again")
    assert SealedKey.objects.exists() == (not guarded)


def test_an_erased_text_does_not_keep_a_record_from_sealing():
    note = Note.objects.create(summary="x")
    erase(
        registry.of(Note).name,
        note.pk,
        fields=["summary"],
        ground="law",
        reason="A court ordered it.",
        by=ledger.SYSTEM,
    )
    ledger.seal(note, contact="the first")
    assert ledger.unseal(note, "contact") == "the first"


def test_only_sealed_fields_are_sealed():
    with pytest.raises(TypeError):
        ledger.seal(Note(), summary="x")


def test_the_master_key_is_made_once_for_its_owner_alone(settings):
    sealed()
    path = Path(settings.KEYS_DIR) / "master.key"
    first = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    sealed()
    assert path.read_bytes() == first
    assert len(first) == 32


def test_a_lost_master_key_is_never_made_anew(settings):
    note = sealed()
    (Path(settings.KEYS_DIR) / "master.key").unlink()
    with pytest.raises(MasterKeyUnusableError, match="put it back"):
        ledger.unseal(note, "contact")
    with pytest.raises(MasterKeyUnusableError), transaction.atomic():
        sealed()


def test_another_master_key_is_noticed(settings):
    note = sealed()
    (Path(settings.KEYS_DIR) / "master.key").write_bytes(bytes(32))
    with pytest.raises(MasterKeyUnusableError, match="does not open"):
        ledger.unseal(note, "contact")


def test_the_master_key_may_lie_elsewhere(settings, tmp_path):
    settings.MASTER_KEY_FILE = str(tmp_path / "vault" / "m.key")
    sealed()
    assert len((tmp_path / "vault" / "m.key").read_bytes()) == 32
    (tmp_path / "vault" / "m.key").write_bytes(b"short")
    with pytest.raises(MasterKeyUnusableError, match="32 bytes"):
        sealed()


def test_the_sequencer_stops_rather_than_commit_to_nothing_under_a_wrong_key(settings):
    """With a wrong master key every sealed value would be committed to as if it were erased, for
    ever."""
    from ledger.models import Entry
    from ledger.sequencing import sequence

    sealed()
    (Path(settings.KEYS_DIR) / "master.key").write_bytes(bytes(32))
    with pytest.raises(MasterKeyUnusableError), transaction.atomic():
        sequence()
    assert not Entry.objects.exists()


def test_the_wrapped_key_cannot_be_changed():
    sealed()
    with (
        pytest.raises(Exception, match="append-only"),
        transaction.atomic(),
        connection.cursor() as cursor,
    ):
        cursor.execute("UPDATE ledger_sealedkey SET wrapped = ''")
