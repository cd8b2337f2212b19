"""What the record costs: a recorded update, sequencing, proofs, an audit of the whole log."""

from __future__ import annotations

import hashlib
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

import ledger
from claims.models import Company
from claims.written import write
from ledger.files import LogFiles
from ledger.models import Entry
from ledger.note import VerifierKey
from ledger.proofs import inclusion
from ledger.sequencing import sequence
from ledger.tiles import decode_entries
from ledger.verify import audit
from tests.benchmarks.measure import compare
from tests.ledger.scratch.models import Note, Plain

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = 10_000
BATCH = 1_000


@pytest.mark.parametrize("acting", [False, True])
def test_a_recorded_update_against_the_same_model_unrecorded(acting: bool) -> None:
    note, plain = Note.objects.create(summary="a"), Plain.objects.create(summary="a")
    turns = iter(range(10**9))

    def save(row: Note | Plain) -> None:
        row.summary = f"text {next(turns)}"
        row.save(update_fields=["summary"])

    def recorded() -> None:
        for _ in range(50):
            with transaction.atomic():
                if acting:
                    with ledger.act("note.revised", by=ledger.SYSTEM, role="system"):
                        save(note)
                else:
                    save(note)

    def unrecorded() -> None:
        for _ in range(50):
            with transaction.atomic():
                save(plain)

    compare(
        f"recorded update{' in an act' if acting else ''} / unrecorded",
        ours=recorded,
        peer=unrecorded,
        floor=3.0 if acting else 1.6,
        goal=1.3,
        how="50 updates of one row, each its own transaction, fsync off" + ("; an act is two more round trips" if acting else ""),
    )


def _fill(count: int) -> None:
    with transaction.atomic(), ledger.act("company.added", by=ledger.SYSTEM, role="system"):
        Company.objects.bulk_create([Company(name=write("en", f"Company {number}"), created_at=timezone.now()) for number in range(count)])


def test_sequencing_against_copy_of_the_same_rows() -> None:
    columns = "index, leaf, leaf_hash, kind, op, object_label, object_id, event_label, event_id"
    _fill(BATCH)
    sequence()
    rows = list(Entry.objects.values_list(*columns.split(", ")))
    with connection.cursor() as cursor:
        cursor.execute("CREATE TABLE bench_entry (LIKE ledger_entry INCLUDING INDEXES)")

    def copy() -> None:
        with connection.cursor() as cursor:
            cursor.execute("TRUNCATE bench_entry")
            with cursor.copy(f"COPY bench_entry ({columns}) FROM STDIN") as sink:  # type: ignore[attr-defined]  # psycopg's cursor
                for row in rows:
                    sink.write_row(row)

    try:
        compare(
            f"sequencing {BATCH} entries / COPY of the same rows",
            ours=sequence,
            peer=copy,
            before=lambda: _fill(BATCH),
            floor=30,
            goal=2.5,
            how="assigning, entries, openings, tiles with fsync, a signed checkpoint; the peer writes the entry rows alone",
            rounds=5,
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_entry")


def test_a_full_audit_against_a_bare_hashing_loop() -> None:
    _fill(ENTRIES)
    sequence()
    files = LogFiles()
    key = VerifierKey.parse(files.read("key").decode().strip())
    bundles = [path.read_bytes() for path in sorted(Path(settings.LEDGER_DIR).glob("tile/entries/**/*")) if path.is_file()]
    entries = [entry for bundle in bundles for entry in decode_entries(bundle)]

    def hashing() -> None:
        for entry in entries:
            hashlib.sha256(b"\x00" + entry).digest()

    compare(
        "audit of a log / bare hashing of its entries",
        ours=lambda: audit(Path(settings.LEDGER_DIR), key=key),
        peer=hashing,
        floor=12,
        goal=1.7,
        how=f"{len(entries)} entries of about 500 bytes; the audit also parses every leaf strictly and checks every tile",
        rounds=5,
    )


def test_an_inclusion_proof_against_raw_reads_of_its_tiles() -> None:
    _fill(5_000)
    sequence()
    files = LogFiles()
    paths = ["checkpoint", "key", "tile/0/000", "tile/1/000.p/19"]

    def read() -> None:
        for path in paths:
            files.read(path)

    compare(
        "inclusion proof / raw reads",
        ours=lambda: inclusion(123),
        peer=read,
        floor=10,
        goal=2.5,
        how="one proof in a log of 5,000 against reading the checkpoint, the key and two tiles it rests on",
    )
