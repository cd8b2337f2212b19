"""Recomputes the whole record from the inside, and lists everything that is not as the log says.

Everything is read from one snapshot of the database, in batches; memory does not grow with the log.

1. keys and checkpoints   the signing key opens every stored checkpoint and the published one, and
                          the published one is stored
2. entries                their indexes have no gap, their hashes are theirs, the root at the size
                          of each checkpoint is the signed one, each still is what its event row
                          says, under its openings
3. event rows             each is in the log, or waits for it
4. rows                   each is what its last leaf says; none is without a leaf; none is gone
                          without one
5. files                  tiles, bundles and checkpoint are those of the entries; registered files
                          have their SHA-256
6. triggers, rights       each stands, unaltered, ENABLEd ALWAYS, no rule or trigger of others
                          beside them; nobody but the owner may change what was recorded
7. batches                rows logged by batch give the root of their batch
"""
# ruff: noqa: S608  the names in this SQL are tables and columns of our own models

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import timedelta
from itertools import islice
from pathlib import Path
from typing import Any

from django.conf import settings
from django.db import connection, models, transaction
from django.utils import timezone

from ledger import batches, fixity, leaves, merkle, protection, registry, sequencing
from ledger.checkpoint import Checkpoint as Head
from ledger.checkpoint import CheckpointError, open_checkpoint
from ledger.files import LogFiles
from ledger.keys import KeyUnusableError, verifier
from ledger.leaf import Leaf, LeafError, opens, timestamp
from ledger.models import Batch, Checkpoint, Entry, Erasure, Opening, Pending, Tree
from ledger.note import NoteError, VerifierKey
from ledger.recording import REASON
from ledger.verify import NothingToVerifyError, VerificationError, audit, copied_entries

BATCH = 1024
MAX_PENDING_AGE = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Mismatch:
    """One thing that is not as it should be. `index` is the first entry concerned, if one is."""

    code: str
    sentence: str
    index: int | None = None

    def __str__(self) -> str:
        return (
            f"{self.code}: {'' if self.index is None else f'entry {self.index}: '}{self.sentence}"
        )


@dataclass(slots=True)
class Counts:
    """What was looked at."""

    entries: int = 0
    checkpoints: int = 0
    rows: int = 0
    events: int = 0
    outside: int = 0


class Verification:
    """One verification. Iterate over `mismatches()`; `counts` says afterwards what was looked
    at."""

    def __init__(self, kept: bytes | None = None, copy: Path | None = None) -> None:
        """`kept` is the note of a checkpoint that was kept outside, `copy` a folder with an older
        copy of the log."""
        self.kept_note = kept
        self.copy = copy
        self.counts = Counts()
        self.files = LogFiles()
        self.key: VerifierKey | None = None
        self.kept: Head | None = None
        self.published: Head | None = None
        self.erased: dict[tuple[str, str], set[str]] = {}
        self.waiting: dict[str, set[str]] = {}

    def mismatches(self) -> Iterator[Mismatch]:
        """Every mismatch, in the order of the steps above."""
        with _snapshot() as note:
            yield from self._keys(note)
            for label, object_id, fields in Erasure.objects.values_list(
                "object_label", "object_id", "fields"
            ):
                self.erased.setdefault((label, object_id), set()).update(fields)
            yield from self._pending()
            yield from self._entries()
            yield from self._copy()
            for record in registry.records():
                yield from self._unlogged_events(record)
                yield from self._rows(record)
                yield from self._missing_rows(record)
            yield from self._public_files()
            for sentence in fixity.faults():
                yield Mismatch("file", sentence)
            for fault in protection.faults():
                yield Mismatch("trigger", f"{fault.trigger} on {fault.table} {fault.why}")
            for sentence in protection.unexpected_objects():
                yield Mismatch("right", sentence)
            yield from self._batches()

    # ── keys and checkpoints ──────────────────────────────────────────────────────────────────────

    def _keys(self, note: bytes | None) -> Iterator[Mismatch]:
        try:
            self.key = verifier()
        except KeyUnusableError as error:
            if (
                note is not None or Checkpoint.objects.exists()
            ):  # a record in which nothing was signed yet needs no key yet
                yield Mismatch("key", str(error))
            return
        with contextlib.suppress(FileNotFoundError):
            if self.files.read("key").decode(errors="replace").strip() != str(self.key):
                yield Mismatch("key", "the published verifier key is not that of the signing key")
        if note is not None:
            try:
                self.published = open_checkpoint(note, self.key)
            except (NoteError, CheckpointError) as error:
                yield Mismatch(
                    "key", f"the published checkpoint does not open with the signing key: {error}"
                )
            else:
                last = Checkpoint.objects.order_by("-size").values_list("size", flat=True).first()
                row = Checkpoint.objects.filter(size=self.published.size).first()
                if last is None or self.published.size > last:
                    yield Mismatch(
                        "restored",
                        f"the published checkpoint has size {self.published.size}, the database "
                        f"knows {last or 0}: it is an older one",
                    )
                elif row is None or bytes(row.root) != self.published.root:
                    yield Mismatch(
                        "checkpoint",
                        f"the published checkpoint of size {self.published.size} is not the "
                        f"stored one",
                    )
        if self.kept_note is not None:
            try:
                self.kept = open_checkpoint(self.kept_note, self.key)
            except (NoteError, CheckpointError) as error:
                yield Mismatch(
                    "kept",
                    f"the checkpoint kept outside does not open with the signing key: {error}",
                )

    # ── the outbox ────────────────────────────────────────────────────────────────────────────────

    def _pending(self) -> Iterator[Mismatch]:
        waiting = list(
            Pending.objects.order_by("id").values("event_label", "event_id", "queued_at", "error")
        )
        late = timezone.now() - MAX_PENDING_AGE
        for row in waiting:
            where = f"event row {row['event_label']}/{row['event_id']}"
            if row["error"]:
                yield Mismatch("stuck", f"{where} cannot be put into the log: {row['error']}")
            elif row["queued_at"] < late:
                yield Mismatch(
                    "late",
                    f"{where} has waited for the log since {row['queued_at']:%Y-%m-%d %H:%M:%S}",
                )
        for label, ids in leaves.group(
            (row["event_label"], row["event_id"]) for row in waiting
        ).items():
            record = registry.recorded.get(label)
            if record is not None:
                object_ids = record.event_model._base_manager.filter(pgh_id__in=ids).values_list(
                    "pgh_obj_id", flat=True
                )
                self.waiting[record.name] = {str(object_id) for object_id in object_ids}

    # ── entries ───────────────────────────────────────────────────────────────────────────────────

    def _entries(self) -> Iterator[Mismatch]:
        edge = merkle.Edge()
        heads = Checkpoint.objects.order_by("size").iterator(chunk_size=BATCH)
        state = _Heads(self, heads)
        yield from state.at(0, edge)
        query = Entry.objects.order_by("index").values(
            "index",
            "leaf",
            "leaf_hash",
            "kind",
            "op",
            "object_label",
            "object_id",
            "event_label",
            "event_id",
        )
        for chunk in _chunks(query.iterator(chunk_size=BATCH)):
            checked = list(self._against_events(chunk))
            yield from checked
            for entry in chunk:
                if entry["index"] != edge.size:
                    missing = (
                        f"{edge.size}"
                        if entry["index"] == edge.size + 1
                        else f"{edge.size} to {entry['index'] - 1}"
                    )
                    yield Mismatch(
                        "entry", f"entries {missing} are missing from the database", edge.size
                    )
                    return
                digest = merkle.leaf_hash(bytes(entry["leaf"]))
                if digest != bytes(entry["leaf_hash"]):
                    yield Mismatch("entry", "its bytes are not those of its hash", entry["index"])
                edge.append(digest)
                yield from state.at(edge.size, edge)
        self.counts.entries = edge.size
        yield from state.end(edge)
        tree = Tree.objects.first()
        if tree is not None and (tree.size != edge.size or tree.edge != edge.to_json()):
            yield Mismatch(
                "tree",
                f"the stored edge is of {tree.size} entries, and is not the edge of the "
                f"{edge.size} that are there",
            )

    def _copy(self) -> Iterator[Mismatch]:
        """The first entry that differs from the copy of the log that was kept outside."""
        if self.copy is None:
            return
        stored = (
            Entry.objects.order_by("index").values_list("index", "leaf").iterator(chunk_size=BATCH)
        )
        try:
            for index, entry in copied_entries(self.copy):
                row = next(stored, None)
                if row is None:
                    yield Mismatch(
                        "kept",
                        "it is in the copy kept outside, and the log was cut before it",
                        index,
                    )
                elif row[0] != index or bytes(row[1]) != entry:
                    yield Mismatch("kept", "it is not the one in the copy kept outside", index)
                else:
                    continue
                return
        except (VerificationError, NothingToVerifyError) as error:
            yield Mismatch("kept", str(error))

    def _against_events(self, chunk: Sequence[dict[str, Any]]) -> Iterator[Mismatch]:
        openings = _openings([entry["index"] for entry in chunk])
        events: dict[tuple[str, int], dict[str, Any]] = {}
        keys = {}
        for label, ids in leaves.group(
            (entry["event_label"], entry["event_id"]) for entry in chunk
        ).items():
            record = registry.recorded.get(label)
            if record is not None:
                rows = leaves.read_events(record, ids)
                keys[label] = leaves.keys_for(record, rows.values())
                events.update({(label, event_id): row for event_id, row in rows.items()})
        for entry in chunk:
            index = entry["index"]
            record = registry.recorded.get(entry["event_label"])
            if record is None:
                continue  # a model that is gone from the code; its leaves stay true
            try:
                leaf = Leaf.parse(bytes(entry["leaf"]))
            except LeafError as error:
                yield Mismatch("entry", f"it is not a leaf: {error}", index)
                continue
            beside = (
                f"{entry['object_label']}/{entry['object_id']}",
                entry["kind"],
                entry["op"] == "delete",
            )
            if beside != (leaf.object, leaf.kind, leaves.is_delete(leaf)):
                yield Mismatch(
                    "entry", "what is stored beside the leaf is not what the leaf says", index
                )
            row = events.get((entry["event_label"], entry["event_id"]))
            if row is None:
                yield Mismatch(
                    "event",
                    f"event row {entry['event_label']}/{entry['event_id']} of {leaf.object} was "
                    f"dropped",
                    index,
                )
                continue
            if leaf.kind.startswith("outside."):
                self.counts.outside += 1
                yield Mismatch(
                    "outside",
                    f"{leaf.object} was changed outside the application ({leaf.kind}) at {leaf.at}",
                    index,
                )
            if wrong := self._wrong(
                record, leaf, row, openings.get(index, {}), keys[entry["event_label"]]
            ):
                where = f"event row {entry['event_label']}/{entry['event_id']} of {leaf.object}"
                yield Mismatch(
                    "event", f"{where} is not what was logged ({', '.join(wrong)})", index
                )

    def _wrong(
        self,
        record: registry.Record,
        leaf: Leaf,
        row: dict[str, Any],
        openings: dict[str, bytes],
        keys: Any,
    ) -> list[str]:
        who = leaves.read_act_context(row["pgh_context"], row["pgh_label"])
        wrong = []
        if leaf.object != f"{record.name}/{row['pgh_obj_id']}":
            wrong.append("object")
        if (leaf.kind, leaf.role, leaf.name) != (who.kind, who.role, who.name):
            wrong.append("actor")
        if leaf.at != timestamp(row["pgh_created_at"], coarse=record.coarse):
            wrong.append("time")
        erased = self.erased.get((record.name, str(row["pgh_obj_id"])), set())
        if REASON in leaf.commits and not (REASON in erased and REASON not in openings):
            if REASON not in openings or not opens(
                leaf.commits[REASON], openings[REASON], who.reason
            ):
                wrong.append("reason")
        elif REASON not in leaf.commits and who.reason:
            wrong.append("reason")
        if leaves.is_delete(leaf) != (row["pgh_label"] == "delete"):
            wrong.append("operation")
        elif row["pgh_label"] != "delete":
            wrong += leaves.differences(
                record, leaf, row, row["pgh_obj_id"], openings, keys, erased
            )
        return wrong

    # ── event rows and rows ───────────────────────────────────────────────────────────────────────

    def _unlogged_events(self, record: registry.Record) -> Iterator[Mismatch]:
        table = record.event_model._meta.db_table
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT e.pgh_id, e.pgh_obj_id FROM "{table}" e
                WHERE NOT EXISTS (
                    SELECT 1 FROM ledger_entry l WHERE l.event_label = %s AND l.event_id = e.pgh_id
                ) AND NOT EXISTS (
                    SELECT 1 FROM ledger_pending p
                    WHERE p.event_label = %s AND p.event_id = e.pgh_id
                ) ORDER BY e.pgh_id
                """,
                [record.name, record.name],
            )
            for event_id, object_id in cursor.fetchall():
                yield Mismatch(
                    "event",
                    f"event row {record.name}/{event_id} of {record.name}/{object_id} is not in "
                    f"the log and not on its way",
                )

    def _rows(self, record: registry.Record) -> Iterator[Mismatch]:
        key = record.model._meta.pk
        assert key is not None
        query = record.model._base_manager.order_by().values(key.name, *record.names)
        waiting = self.waiting.get(record.name, set())
        for chunk in _chunks(query.iterator(chunk_size=BATCH)):
            self.counts.rows += len(chunk)
            last = _last_entries(record.name, [str(row[key.name]) for row in chunk])
            openings = _openings([index for index, _, _ in last.values()])
            keys = leaves.keys_for(record, [{**row, "pgh_obj_id": row[key.name]} for row in chunk])
            for row in chunk:
                object_id = str(row[key.name])
                if object_id in waiting:
                    continue  # its last change is not in the log yet
                if object_id not in last:
                    yield Mismatch("row", f"{record.name}/{object_id} is in no leaf")
                    continue
                index, op, entry = last[object_id]
                if op == "delete":
                    yield Mismatch(
                        "row",
                        f"{record.name}/{object_id} is there, though its last leaf says it was "
                        f"deleted",
                        index,
                    )
                    continue
                try:
                    leaf = Leaf.parse(bytes(entry))
                except LeafError:
                    continue  # said above
                erased = self.erased.get((record.name, object_id), set())
                if wrong := leaves.differences(
                    record, leaf, row, object_id, openings.get(index, {}), keys, erased
                ):
                    yield Mismatch(
                        "row",
                        f"{record.name}/{object_id} is not what its last leaf says "
                        f"({', '.join(wrong)})",
                        index,
                    )

    def _missing_rows(self, record: registry.Record) -> Iterator[Mismatch]:
        key = record.model._meta.pk
        assert key is not None
        cast = "uuid" if isinstance(key, models.UUIDField) else "bigint"
        with connection.cursor() as cursor:
            cursor.execute(
                f"""
                SELECT e.object_id, e.index FROM (
                    SELECT DISTINCT ON (object_id) object_id, index, op FROM ledger_entry
                    WHERE object_label = %s ORDER BY object_id, index DESC
                ) e WHERE e.op <> 'delete' AND NOT EXISTS (
                    SELECT 1 FROM "{record.model._meta.db_table}" t
                    WHERE t."{key.column}" = e.object_id::{cast}
                ) ORDER BY e.index
                """,
                [record.name],
            )
            for object_id, index in cursor.fetchall():
                if object_id not in self.waiting.get(record.name, set()):
                    yield Mismatch(
                        "row",
                        f"{record.name}/{object_id} is gone, and no leaf says that it was deleted",
                        index,
                    )

    # ── files ─────────────────────────────────────────────────────────────────────────────────────

    def _public_files(self) -> Iterator[Mismatch]:
        if self.key is None or self.published is None:
            if self.key is not None and self.counts.entries and self.files.checkpoint() is None:
                yield Mismatch("published", "no checkpoint is published")
            return
        stored = (
            Entry.objects.order_by("index")
            .values_list("index", "leaf_hash")
            .iterator(chunk_size=BATCH)
        )
        differ: list[int] = []

        def compare(index: int, entry: bytes) -> None:
            row = next(stored, None)
            if (
                row is not None
                and not differ
                and (row[0] != index or bytes(row[1]) != merkle.leaf_hash(entry))
            ):
                differ.append(index)

        try:
            audit(Path(settings.LEDGER_DIR), self.key, each=compare)
        except VerificationError as error:
            yield Mismatch("published", str(error), error.index)
        except NothingToVerifyError as error:
            yield Mismatch("published", str(error))
        if differ:
            yield Mismatch(
                "published", "its published bytes are not those in the database", differ[0]
            )

    def _batches(self) -> Iterator[Mismatch]:
        for batch in Batch.objects.order_by("created_at", "id").iterator(chunk_size=BATCH):
            model = registry.batched.get(batch.object_label)
            if model is None:
                continue
            hashes = batches.hashes(model, batch)
            if len(hashes) != batch.count or merkle.root_of(hashes).hex() != batch.root:
                yield Mismatch(
                    "batch",
                    f"the rows of {batch.object_label} in batch {batch.pk} are not those that "
                    f"were logged",
                )


class _Heads:
    """Walks the stored checkpoints beside the entries, and the one kept outside with them."""

    def __init__(self, verification: Verification, rows: Iterator[Checkpoint]) -> None:
        self.verification = verification
        self.rows = rows
        self.next = next(rows, None)
        self.unsigned = False

    def at(self, size: int, edge: merkle.Edge) -> Iterator[Mismatch]:
        kept = self.verification.kept
        if kept is not None and kept.size == size and kept.root != edge.root():
            yield Mismatch(
                "kept",
                f"the log is not the one that the checkpoint kept outside (size {size}) was "
                f"signed over",
            )
        while self.next is not None and self.next.size <= size:
            row, self.next = self.next, next(self.rows, None)
            self.verification.counts.checkpoints += 1
            if bytes(row.root) != edge.root():
                yield Mismatch(
                    "checkpoint",
                    f"the signed root of size {size} is not the root of the first {size} entries",
                )
            yield from self._opens(row)

    def _opens(self, row: Checkpoint) -> Iterator[Mismatch]:
        if self.unsigned or self.verification.key is None:
            return
        try:
            head = open_checkpoint(row.note, self.verification.key)
        except (NoteError, CheckpointError) as error:
            self.unsigned = True  # one line for the first: with another key it would be every one
            yield Mismatch(
                "key",
                f"the stored checkpoint of size {row.size} does not open with the signing key: "
                f"{error}",
            )
        else:
            if (head.size, head.root) != (row.size, bytes(row.root)):
                yield Mismatch(
                    "checkpoint",
                    f"the stored checkpoint of size {row.size} does not say what its note says",
                )

    def end(self, edge: merkle.Edge) -> Iterator[Mismatch]:
        kept = self.verification.kept
        if kept is not None and kept.size > edge.size:
            yield Mismatch(
                "kept",
                f"the checkpoint kept outside has size {kept.size}, and the database only "
                f"{edge.size} entries",
                edge.size,
            )
        if self.next is not None:
            yield Mismatch(
                "entry",
                f"a tree of {self.next.size} was signed, and only {edge.size} entries are there: "
                f"the log was cut",
                edge.size,
            )


@contextlib.contextmanager
def _snapshot() -> Iterator[bytes | None]:
    """One read-only snapshot of the database, taken while no sequencer publishes, and the
    checkpoint published at that moment."""
    with contextlib.ExitStack() as stack:
        with sequencing.locked():
            if not connection.in_atomic_block:
                stack.enter_context(transaction.atomic())
                with connection.cursor() as cursor:
                    cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            Tree.objects.first()  # the snapshot begins with the first query
            note = LogFiles().checkpoint()
        yield note


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while chunk := list(islice(iterator, BATCH)):
        yield chunk


def _openings(indexes: Iterable[int]) -> dict[int, dict[str, bytes]]:
    openings: dict[int, dict[str, bytes]] = {}
    for index, name, key in Opening.objects.filter(entry_id__in=list(indexes)).values_list(
        "entry_id", "field", "key"
    ):
        openings.setdefault(index, {})[name] = bytes(key)
    return openings


def _last_entries(label: str, ids: Sequence[str]) -> dict[str, tuple[int, str, bytes]]:
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT w.id, e.index, e.op, e.leaf FROM unnest(%s::text[]) w(id),
            LATERAL (SELECT index, op, leaf FROM ledger_entry
                     WHERE object_label = %s AND object_id = w.id ORDER BY index DESC LIMIT 1) e
            """,
            [list(ids), label],
        )
        return {
            object_id: (index, op, bytes(leaf)) for object_id, index, op, leaf in cursor.fetchall()
        }
