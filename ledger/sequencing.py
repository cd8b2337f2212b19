"""The sequencer: puts new event rows into the log, in order, and signs what it has put there.

One pass, safe to be killed anywhere, and the same after a crash as on any other day:

1. assign   one transaction: up to 1,024 rows of the outbox become entries with the next indexes,
            the right edge of the tree grows by them, the outbox forgets them. From here on their
            place in the log is fixed.
2. tiles    the bundles and hash tiles that grew are written under their public names (draft, fsync,
            rename). Their content follows from the entries alone, so writing them twice writes the
            same bytes.
3. sign     the new root is read back from the tiles, shown to be the edge's and to continue the
            last signed tree, and only then signed; the note becomes the checkpoint row of its size,
            of which there can only be one.
4. publish  the file `checkpoint` is replaced by the note.
5. prune    partial tiles whose full one is there now go.

Each step begins from what the step before left in the database and in the files: an interrupted
pass is finished by the next. Nothing is signed while anything does not fit together
(LogInconsistentError): a signed tree can never be taken back.
"""

from __future__ import annotations

import contextlib
import logging
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import chain
from typing import Any, NamedTuple

from django.conf import settings
from django.db import connection, transaction
from django.utils import timezone

from failpoints import failpoint
from ledger import copy_format, leaf_columns, leaves, registry, tiles
from ledger.checkpoint import Checkpoint as Head
from ledger.checkpoint import CheckpointError, open_checkpoint, sign_checkpoint
from ledger.files import FileConflictError, LogFiles
from ledger.keys import KeyUnusableError, signing_key
from ledger.merkle import (
    ConsistencyError,
    Edge,
    EdgeError,
    consistency_proof,
    leaf_hashes,
    verify_consistency,
)
from ledger.models import Checkpoint, Entry, Opening, Pending, Tree
from ledger.note import NoteError, SigningKey
from ledger.sealing import MasterKeyUnusableError

log = logging.getLogger(__name__)

BATCH = 1024
LOCK = 0x6C6564676572  # "ledger" in ASCII: the advisory lock of the one sequencer


class LogInconsistentError(Exception):
    """The log does not fit together, and nothing was signed. The message says what, and an operator
    has to look."""


@dataclass(frozen=True, slots=True)
class Result:
    """What a run did: entries added, the size it signed, and whether another sequencer was at work
    (then it did nothing)."""

    added: int
    size: int
    busy: bool = False


def sequence(*, passes: int | None = None, now: datetime | None = None) -> Result:
    """Run until the outbox is empty, or for `passes` passes.

    Raises LogInconsistentError, KeyUnusableError or MasterKeyUnusableError, having signed nothing
    wrong.
    """
    with locked() as mine:
        if not mine:
            return Result(0, 0, busy=True)
        sequencer = Sequencer(now)
        added, done = 0, 0
        while True:
            grown = sequencer.once()
            added += grown
            done += 1
            if grown == 0 or done == passes:
                return Result(added, sequencer.signed.size)


@contextlib.contextmanager
def locked() -> Iterator[bool]:
    """Hold the sequencer's advisory lock, if nobody else does. It goes with the connection, so no
    crash leaves it behind.

    The lock spares work and is no condition of safety: two sequencers that ran together would write
    the same bytes, and the row lock on the tree and the key of the checkpoint table keep their
    steps apart.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_lock(%s)", [LOCK])
        mine: bool = cursor.fetchone()[0]
    try:
        yield mine
    finally:
        if (
            mine
            and connection.connection is not None
            and not connection.connection.closed
            and not connection.needs_rollback
        ):
            with connection.cursor() as cursor:
                cursor.execute("SELECT pg_advisory_unlock(%s)", [LOCK])


class Sequencer:
    """The steps, and the state between them. Made under the lock; making it checks that everything
    fits together."""

    def __init__(self, now: datetime | None = None) -> None:
        self.now = now
        self.files = LogFiles()
        self.key: SigningKey = signing_key(make=True)
        self._assigned: tuple[int, list[bytes], list[bytes]] = 0, [], []
        self.files.sweep_drafts()
        self.signed = self._last_signed()
        self.published = self._published()
        with transaction.atomic():
            self.edge = self._tree().edge
        if self.edge.size < self.signed.size:
            raise LogInconsistentError(
                f"the stored tree has {self.edge.size} entries, and a tree of {self.signed.size} "
                f"was signed"
            )
        if self.edge.size == self.signed.size and self.edge.root() != self.signed.root:
            raise LogInconsistentError(
                f"the stored edge does not rebuild the signed root of size {self.signed.size}"
            )

    # ── what is there ─────────────────────────────────────────────────────────────────────────────

    def _last_signed(self) -> Head:
        row = Checkpoint.objects.order_by("-size").first()
        if row is None:
            if self.files.checkpoint() is not None:
                raise LogInconsistentError(
                    "a checkpoint is published, and the database knows none: is this the right "
                    "database?"
                )
            return Head(settings.LEDGER_ORIGIN, 0, Edge().root())
        head = self._open(row.note, f"the stored checkpoint of size {row.size}")
        if (head.size, head.root) != (row.size, bytes(row.root)):
            raise LogInconsistentError(
                f"the checkpoint row of size {row.size} does not say what its note says"
            )
        return head

    def _published(self) -> Head | None:
        note = self.files.checkpoint()
        if note is None:
            return None
        head = self._open(note, "the published checkpoint")
        if head.size > self.signed.size:
            sizes = (
                f"the published checkpoint has size {head.size}, and the database only knows "
                f"{self.signed.size}"
            )
            raise LogInconsistentError(f"{sizes}: an older backup was restored")
        row = Checkpoint.objects.filter(size=head.size).first()
        if row is None or bytes(row.root) != head.root:
            raise LogInconsistentError(
                f"the published checkpoint of size {head.size} is not the one the database signed"
            )
        return head

    def _open(self, note: str | bytes, what: str) -> Head:
        try:
            return open_checkpoint(note, self.key.verifier)
        except (NoteError, CheckpointError) as error:
            raise LogInconsistentError(f"{what} does not open with this key: {error}") from None

    def _tree(self) -> _State:
        """The row of the tree, locked. Made empty before the first entry."""
        Tree.objects.bulk_create([Tree(id=1, size=0, edge=[])], ignore_conflicts=True)
        row = Tree.objects.select_for_update().get(id=1)
        try:
            edge = Edge.from_json(row.edge)
        except EdgeError as error:
            raise LogInconsistentError(f"the stored edge is no edge: {error}") from None
        if edge.size != row.size:
            raise LogInconsistentError(
                f"the stored edge has {edge.size} entries, and the tree {row.size}"
            )
        return _State(edge)

    # ── the steps ─────────────────────────────────────────────────────────────────────────────────

    def once(self) -> int:
        """One pass over the steps. Returns how many entries were added."""
        failpoint("assign.before")
        added = self.assign()
        failpoint("assign.after")
        lost = (
            self.published is None and self.signed.size > 0
        )  # the published files are gone: they follow from the entries
        first = self.published is None and not Checkpoint.objects.exists()
        if self.edge.size > self.signed.size or first or lost:
            self.write_tiles(0 if lost else self.signed.size)
            failpoint("tiles.after")
        if self.edge.size > self.signed.size or first:
            self.sign()
            failpoint("sign.after")
        if self.published != self.signed or self.published is None:
            self.publish()
            failpoint("publish.after")
        return added

    def assign(self) -> int:
        """Step 1. What cannot become a leaf stays in the outbox with its error, where operators see
        it, and stops nothing else."""
        with transaction.atomic():
            state = self._tree()
            rows = (
                Pending.objects.filter(error="")
                .order_by("id")
                .values_list("id", "event_label", "event_id")
            )
            waiting = [_PendingRow(*row) for row in rows[:BATCH]]
            if not waiting:
                self.edge = state.edge
                self._assigned = 0, [], []
                return 0
            built, failed = _build(waiting)
            size = state.edge.size
            entries = [made.entry for _, made in built]
            hashes = leaf_hashes(entries)
            with connection.cursor() as cursor:
                _copy_entries(cursor, size, built, hashes)
                _copy_openings(cursor, size, built)
            state.edge.extend(hashes)
            Tree.objects.filter(id=1, size=size).update(
                size=state.edge.size, edge=state.edge.to_json()
            )
            Pending.objects.extra(
                where=["id = ANY(%s)"], params=[[row.id for row, _ in built]]
            ).delete()
            for row, error in failed:
                log.error("event %s/%s is not in the log: %s", row.event_label, row.event_id, error)
                Pending.objects.filter(id=row.id).update(error=error)
            failpoint("assign.commit")
        self.edge = state.edge
        self._assigned = size, entries, hashes
        return len(built) + len(failed)

    def write_tiles(self, old: int) -> None:
        """Step 2: from the signed size to the assigned one. Tiles that are missing from before are
        made again."""
        try:
            self._grow(old)
        except tiles.TileMissingError:
            log.warning("published tiles are missing; they are written again from the entries")
            self._grow(0)
        except (FileConflictError, tiles.TileError) as error:
            raise LogInconsistentError(str(error)) from None

    def _grow(self, old: int) -> None:
        while old < self.edge.size:
            new = min(self.edge.size, (old // _CHUNK + 1) * _CHUNK)
            start = old - old % tiles.WIDTH  # a bundle is written whole
            entries, hashes = self._entries(start, new)
            bundles = (
                (bundle.path, tiles.encode_entries(entries[first : first + bundle.width]))
                for bundle in tiles.bundles_for(old, new)
                for first in (bundle.start - start,)
            )
            hash_tiles = (
                (tile.path, content)
                for tile, content in tiles.grow(old, hashes[old - start :], self.files.read)
            )
            self.files.put_all(chain(bundles, hash_tiles))
            old = new

    def _entries(self, start: int, end: int) -> tuple[list[bytes], list[bytes]]:
        """Entries and their hashes. Those that this pass assigned are at hand."""
        first, entries, hashes = self._assigned
        if end != first + len(entries):
            first, entries, hashes = end, [], []
        rows = list(
            Entry.objects.filter(index__gte=start, index__lt=first)
            .order_by("index")
            .values_list("index", "leaf", "leaf_hash")
        )
        if [row[0] for row in rows] != list(range(start, first)):
            raise LogInconsistentError(
                f"entries between {start} and {first} are missing from the database"
            )
        skipped = max(start - first, 0)
        return (
            [*(bytes(row[1]) for row in rows), *entries[skipped:]],
            [*(bytes(row[2]) for row in rows), *hashes[skipped:]],
        )

    def sign(self) -> None:
        """Step 3."""
        size, root = self.edge.size, self.edge.root()
        reader = tiles.TileReader(size, self.files.read)
        try:
            if reader.root() != root and size:
                raise LogInconsistentError(
                    f"the tiles of size {size} do not give the root of the stored edge"
                )
            proof = consistency_proof(self.signed.size, size, reader.read)
            verify_consistency(self.signed.size, size, self.signed.root, root, proof)
        except (tiles.TileMissingError, tiles.TileError, ConsistencyError) as error:
            raise LogInconsistentError(
                f"the tree of size {size} does not continue the signed one of size "
                f"{self.signed.size}: {error}"
            ) from None
        note = sign_checkpoint(Head(settings.LEDGER_ORIGIN, size, root), self.key)
        failpoint("sign.before")
        with transaction.atomic():
            row = Checkpoint(size=size, root=root, note=note, signed_at=self.now or timezone.now())
            Checkpoint.objects.bulk_create([row], ignore_conflicts=True)
            stored = Checkpoint.objects.get(size=size)
            if bytes(stored.root) != root:
                raise LogInconsistentError(f"another tree of size {size} was signed before")
            failpoint("sign.commit")
        self.signed = self._open(stored.note, f"the stored checkpoint of size {size}")

    def publish(self) -> None:
        """Steps 4 and 5."""
        row = Checkpoint.objects.get(size=self.signed.size)
        failpoint("publish.before")
        self.files.put("key", f"{self.key.verifier}\n".encode())
        self.files.put(tiles.CHECKPOINT_PATH, row.note.encode(), replace=True)
        self.published = self.signed
        failpoint("publish.stored")
        # From the checkpoint before the last one on, so that what an interrupted pass left unpruned
        # goes too.
        before = (
            Checkpoint.objects.filter(size__lt=self.signed.size)
            .order_by("-size")
            .values_list("size", flat=True)[:2]
        )
        self.files.prune(min(before, default=0), self.signed.size)


_CHUNK = 65_536


class _PendingRow(NamedTuple):
    """A row of the outbox."""

    id: int
    event_label: str
    event_id: int


@dataclass(slots=True)
class _State:
    edge: Edge


def _build(
    waiting: Sequence[_PendingRow],
) -> tuple[list[tuple[_PendingRow, leaves.BuiltLeaf]], list[tuple[_PendingRow, str]]]:
    """The leaves of outbox rows, in their order; one query for each event table and one for its
    keys."""
    leaf_of: dict[tuple[str, int], leaves.BuiltLeaf | str] = {}
    for label, ids in leaves.group((row.event_label, row.event_id) for row in waiting).items():
        record = registry.recorded.get(label)
        if record is not None:
            made = leaf_columns.build(record, ids)
            leaf_of.update({(label, event_id): leaf for event_id, leaf in made.items()})
    built, failed = [], []
    for row in waiting:
        leaf = leaf_of.get((row.event_label, row.event_id), "there is no such event row")
        if isinstance(leaf, str):
            failed.append((row, leaf))
        else:
            built.append((row, leaf))
    return built, failed


def _copy_entries(
    cursor: Any,
    size: int,
    built: Sequence[tuple[_PendingRow, leaves.BuiltLeaf]],
    hashes: Sequence[bytes],
) -> None:
    columns = "index, leaf, leaf_hash, kind, op, object_label, object_id, event_label, event_id"
    shared: dict[tuple[str, str, str], bytes] = {}
    parts = [copy_format.HEADER]
    for index, ((row, made), digest) in enumerate(zip(built, hashes, strict=True), size):
        of = made.kind, made.op, made.label
        if of not in shared:
            shared[of] = b"".join(copy_format.text(word) for word in of)
        parts += (
            copy_format.row(9, index),
            copy_format.data(made.entry),
            copy_format.data(digest),
            shared[of],
            copy_format.text(made.object_id),
            copy_format.text(row.event_label),
            copy_format.number(row.event_id),
        )
    _copy(cursor, f"{Entry._meta.db_table} ({columns})", parts)


def _copy_openings(
    cursor: Any, size: int, built: Sequence[tuple[_PendingRow, leaves.BuiltLeaf]]
) -> None:
    names: dict[str, bytes] = {}
    parts = [copy_format.HEADER]
    for index, (_, made) in enumerate(built, size):
        head = copy_format.row(3, index)
        for name, key in made.openings.items():
            if name not in names:
                names[name] = copy_format.text(name)
            parts += (head, names[name], copy_format.data(key))
    _copy(cursor, f"{Opening._meta.db_table} (entry_id, field, key)", parts)


def _copy(cursor: Any, columns: str, parts: list[bytes]) -> None:
    with cursor.copy(f"COPY {columns} FROM STDIN (FORMAT BINARY)") as copy:
        copy.write(b"".join([*parts, copy_format.TRAILER]))


__all__ = [
    "KeyUnusableError",
    "LogInconsistentError",
    "MasterKeyUnusableError",
    "Result",
    "Sequencer",
    "locked",
    "sequence",
]
