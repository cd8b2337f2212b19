"""What the record costs: a recorded update, sequencing, proofs, an audit of the whole log."""

from __future__ import annotations

import hashlib
import statistics
import time
from itertools import cycle
from pathlib import Path

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

import ledger
from claims.localized_text import write
from claims.models import Company
from ledger.files import LogFiles
from ledger.models import Entry
from ledger.note import VerifierKey
from ledger.proofs import inclusion
from ledger.sequencing import sequence
from ledger.tiles import decode_entries
from ledger.verify import audit
from tests.benchmarks.measure import ROUNDS, compare, database_clock, exponent, kept, seconds
from tests.ledger.scratch.models import Note, Plain

pytestmark = pytest.mark.django_db(transaction=True)
ENTRIES = 20_000
BATCH = 100_000
SIZES = (10**3, 10**4, 10**5, 10**6)


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
        floor=2.0 if acting else 1.6,
        goal=1.6 if acting else 1.3,
        how="50 updates of one row, each its own transaction, fsync off"
        + ("; an act goes with the BEGIN and ends with the transaction" if acting else ""),
    )


def _fill(count: int) -> None:
    with (
        transaction.atomic(),
        ledger.act("company.added", by=ledger.SYSTEM, role="system", reason="to be measured"),
    ):
        rows = (
            Company(name=write("en", f"Company {number}"), created_at=timezone.now())
            for number in range(count)
        )
        Company.objects.bulk_create(rows, batch_size=10_000)


def _grow(size: int) -> None:
    """Until the log has so many entries."""
    while (missing := size - Entry.objects.count()) > 0:
        _fill(min(missing, BATCH))
        sequence()


def _cost() -> float:
    """Processor time of an entry, ours and the database's: the median of seven rounds of 256
    entries."""
    clock, costs = database_clock(), []
    for _ in range(ROUNDS):
        _fill(256)
        costs.append(seconds(sequence, clock) / 256)
    return statistics.median(costs)


COLUMNS = {
    "ledger_entry": (
        "index, leaf, leaf_hash, kind, op, object_label, object_id, event_label, event_id"
    ),
    "ledger_opening": "entry_id, field, key",
}


def test_sequencing_against_copy_and_in_a_log_of_a_million() -> None:
    """One log that grows: what an entry costs in it at 10^3 … 10^6, and between 10^5 and 10^6 what
    COPY of the same rows costs."""
    costs = []
    for size in SIZES[:3]:
        _grow(size)
        costs.append(_cost())
    _copied()
    _grow(SIZES[3])
    costs.append(_cost())
    kept(
        f"an entry in a log of {SIZES[3]:,} / of {SIZES[0]:,}", costs[3], costs[0], floor=1.5,
        goal=1.1,
        how=f"processor time with the database's, 256 entries each, the median of {ROUNDS} "
            f"rounds; microseconds at 10^3, 10^4, 10^5 and 10^6: "
            f"{', '.join(f'{cost * 1e6:.0f}' for cost in costs)}; fitted exponent "
            f"{exponent(SIZES, costs):.3f}",
    )  # fmt: skip


def _copied() -> None:
    last = Entry.objects.count()
    _fill(BATCH)
    sequence()
    with connection.cursor() as cursor:
        rows = {}
        for table, names in COLUMNS.items():
            cursor.execute(f"SELECT {names} FROM {table} WHERE {names.split(',')[0]} >= %s", [last])
            rows[table] = cursor.fetchall()
            cursor.execute(f"CREATE TABLE bench_{table} (LIKE {table} INCLUDING ALL)")

    def copy() -> None:
        with transaction.atomic(), connection.cursor() as cursor:
            for table, names in COLUMNS.items():
                cursor.execute(f"TRUNCATE bench_{table}")
                with cursor.copy(f"COPY bench_{table} ({names}) FROM STDIN") as sink:  # type: ignore[attr-defined]  # psycopg's cursor
                    for row in rows[table]:
                        sink.write_row(row)

    leaf, commitments = len(rows["ledger_entry"][0][1]), len(rows["ledger_opening"]) // BATCH
    try:
        compare(
            f"sequencing {BATCH:,} entries / COPY of the same rows",
            ours=sequence,
            peer=copy,
            before=lambda: _fill(BATCH),
            floor=1 / 0.13,
            goal=1 / 0.2,
            how=f"entries of {leaf} bytes, {commitments} commitments each, durable and tiled, a "
            f"signed checkpoint for each 1,024; the peer "
            "copies the finished entries and openings into empty tables with the same indexes",
        )
    finally:
        with connection.cursor() as cursor:
            cursor.execute("DROP TABLE bench_ledger_entry, bench_ledger_opening")


def test_a_full_audit_against_a_bare_hashing_loop() -> None:
    _fill(ENTRIES)
    sequence()
    key = VerifierKey.parse(LogFiles().read("key").decode().strip())
    bundles = [
        path
        for path in sorted(Path(settings.LEDGER_DIR).glob("tile/entries/**/*"))
        if path.is_file()
    ]
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
        f"{len(entries)} entries of {len(entries[0])} bytes; the audit looks whether each is a "
        "leaf, hashes them and the nodes of the tree and compares every file; processor time"
    )
    for name, peer, floor, goal, what in (
        (
            "a bare loop over its entries",
            loop,
            1 / 0.3,
            1 / 0.6,
            "the peer reads the bundles, takes them apart and hashes each entry",
        ),
        (
            "bare hashing of its entries in memory",
            hashing,
            5,
            1 / 0.6,
            "the peer hashes entries that it has in a list",
        ),
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
    _grow(5_000)
    folder = Path(settings.LEDGER_DIR)
    shared = [
        folder / path for path in ("checkpoint", "key", "tile/1/000.p/19", "tile/0/019.p/136")
    ]
    wanted = range(7, 4_864, 97)
    tiles = {index: [*shared, folder / f"tile/0/{index // 256:03d}"] for index in wanted}
    mine, theirs = cycle(wanted), cycle(wanted)
    compare(
        "inclusion proof / raw reads",
        ours=lambda: [inclusion(next(mine)) for _ in wanted],
        peer=lambda: [path.read_bytes() for _ in wanted for path in tiles[next(theirs)]],
        floor=10,
        goal=2.5,
        how=f"{len(wanted)} proofs all over a log of 5,000 against reading the checkpoint, the "
        f"key and the three tiles that each rests on; "
        "the nodes inside a tile are worked out once for its bytes; processor time",
        clock=time.process_time,
    )


def test_a_recorded_update_against_other_histories() -> None:
    for package in ("auditlog", "simple_history"):
        pytest.importorskip(
            package,
            reason=f"{package} is not installed, so nothing is measured against it; `make bench` "
            f"installs it",
        )
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
    how = (
        "50 updates of one text field, each its own transaction, fsync off; ours also feeds the log"
    )
    compare(
        "recorded update / django-auditlog",
        ours=lambda: updates(note),
        peer=lambda: updates(audited),
        floor=1,
        goal=0.45,
        how=how,
    )
    compare(
        "recorded update / django-simple-history",
        ours=lambda: updates(note),
        peer=lambda: updates(historical),
        floor=1,
        goal=1,
        how=how,
    )
