"""What the record costs: a recorded update, sequencing, proofs, an audit of the whole log."""

from __future__ import annotations

import hashlib
import time
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
from tests.benchmarks.measure import compare, exponent, kept, seconds
from tests.ledger.scratch.models import Note, Plain

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = 20_000
BATCH = 10_000


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
    with transaction.atomic(), ledger.act("company.added", by=ledger.SYSTEM, role="system", reason="to be measured"):
        Company.objects.bulk_create([Company(name=write("en", f"Company {number}"), created_at=timezone.now()) for number in range(count)])


def test_sequencing_against_copy_of_the_same_rows() -> None:
    columns = {
        "ledger_entry": "index, leaf, leaf_hash, kind, op, object_label, object_id, event_label, event_id",
        "ledger_opening": "entry_id, field, key",
    }
    _fill(BATCH)
    sequence()
    with connection.cursor() as cursor:
        rows = {}
        for table, names in columns.items():
            cursor.execute(f"SELECT {names} FROM {table}")
            rows[table] = cursor.fetchall()
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")

    def copy() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table, names in columns.items():
                cursor.execute(f"TRUNCATE bench_{table}")
                with cursor.copy(f"COPY bench_{table} ({names}) FROM STDIN") as sink:  # type: ignore[attr-defined]  # psycopg's cursor
                    for row in rows[table]:
                        sink.write_row(row)

    try:
        compare(
            f"sequencing {BATCH} entries / COPY of the same rows",
            ours=sequence,
            peer=copy,
            before=lambda: _fill(BATCH),
            floor=10,
            goal=2.5,
            how="leaves of about 500 bytes with two commitments each, durable and tiled, a signed checkpoint for each 1,024; "
            "the peer copies the finished entries and openings",
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_ledger_entry, bench_ledger_opening")


def test_a_full_audit_against_a_bare_hashing_loop() -> None:
    _fill(ENTRIES)
    sequence()
    key = VerifierKey.parse(LogFiles().read("key").decode().strip())
    bundles = [path for path in sorted(Path(settings.LEDGER_DIR).glob("tile/entries/**/*")) if path.is_file()]
    entries = [entry for bundle in bundles for entry in decode_entries(bundle.read_bytes())]

    def loop() -> None:
        for bundle in bundles:
            data = bundle.read_bytes()
            at = 0
            while at < len(data):
                start = at + 2
                at = start + int.from_bytes(data[at:start], "big")
                hashlib.sha256(b"\x00" + data[start:at]).digest()

    def hashing() -> None:
        for entry in entries:
            hashlib.sha256(b"\x00" + entry).digest()

    how = (
        f"{len(entries)} entries of {len(entries[0])} bytes; the audit looks whether each is a leaf, hashes them and the nodes of the tree \
and compares every file; processor time"
    )
    for name, peer, floor, goal, what in (
        ("a bare loop over its entries", loop, 1 / 0.3, 1 / 0.6, "the peer reads the bundles, takes them apart and hashes each entry"),
        ("bare hashing of its entries in memory", hashing, 5, 1 / 0.6, "the peer hashes entries that it has in a list"),
    ):
        compare(
            f"audit of a log / {name}",
            ours=lambda: audit(Path(settings.LEDGER_DIR), key=key),
            peer=peer,
            floor=floor,
            goal=goal,
            how=f"{how}; {what}",
            rounds=15,
            clock=time.process_time,
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


def test_a_recorded_update_against_other_histories() -> None:
    from tests.benchmarks.peers.models import Audited, Historical

    turns = iter(range(10**9))

    def updates(row: Note | Audited | Historical) -> None:
        for _ in range(50):
            with transaction.atomic():
                row.summary = f"text {next(turns)}"
                row.save(update_fields=["summary"])

    note, audited, historical = (
        Note.objects.create(summary="a"),
        Audited.objects.create(summary="a"),
        Historical.objects.create(summary="a"),
    )
    how = "50 updates of one text field, each its own transaction, fsync off; ours also feeds the log"
    compare("recorded update / django-auditlog", ours=lambda: updates(note), peer=lambda: updates(audited), floor=1, goal=0.45, how=how)
    compare(
        "recorded update / django-simple-history", ours=lambda: updates(note), peer=lambda: updates(historical), floor=1, goal=1, how=how
    )


def _cost_of(count: int) -> float:
    _fill(count)
    return seconds(sequence) / count


def test_sequencing_costs_the_same_an_entry_however_long_the_log_is() -> None:
    """Two thousand entries each time, in a log of about 10^3 and of 10^5; and how the cost of all grows."""
    sizes, costs = [1_000, 10_000, 100_000], []
    for size in sizes:
        _fill(max(size - Entry.objects.count() - 6_000, 0))
        sequence()
        costs.append(min(_cost_of(2_000) for _ in range(3)))
    kept(
        "cost of an entry in a log of 100,000 / of 1,000", costs[-1], costs[0], floor=1.5, goal=1.1,
        how=f"2,000 entries each, the fastest of three; the exponent over 10^3 … 10^5 is {exponent(sizes, costs):.3f}",
    )  # fmt: skip
