"""Proofs against the published checkpoint: for one entry, or for one object as a bundle that anyone
checks offline."""

from __future__ import annotations

from collections.abc import Iterable
from functools import lru_cache
from typing import Any

from ledger import leaves, registry
from ledger.bundle import Bundle
from ledger.bundle import Opening as Opened
from ledger.canonical import digest
from ledger.checkpoint import Checkpoint, open_checkpoint
from ledger.files import LogFiles
from ledger.history import public_ids
from ledger.leaf import Leaf
from ledger.merkle import inclusion_proof
from ledger.models import Checkpoint as SignedCheckpoint
from ledger.note import VerifierKey
from ledger.proof import format_proof
from ledger.recording import REASON
from ledger.tiles import TileReader
from ledger.values import plain


class NotLoggedError(LookupError):
    """There is no such entry under the published checkpoint, or not yet: the sequencer follows
    within seconds."""


def published() -> tuple[Checkpoint, str, VerifierKey]:
    """The published checkpoint, its note and the key that opens it. Raises NotLoggedError before
    the first."""
    files = LogFiles()
    note = files.checkpoint()
    if note is None:
        raise NotLoggedError("no checkpoint is published yet")
    key = _key(files.read("key"))
    return _opened(note, key), note.decode(), key


@lru_cache(maxsize=8)
def _key(text: bytes) -> VerifierKey:
    return VerifierKey.parse(text.decode().strip())


@lru_cache(maxsize=8)
def _opened(note: bytes, key: VerifierKey) -> Checkpoint:
    """The same bytes under the same key hold for ever, so their signature is verified once."""
    return open_checkpoint(note, key)


def covering(index: int | None) -> SignedCheckpoint | None:
    """The first checkpoint that covers an entry, which no later one changes; None until there is
    one."""
    if index is None:
        return None
    return SignedCheckpoint.objects.filter(size__gt=index).order_by("size").first()


def inclusion(index: int) -> str:
    """The tlog-proof text of an entry. Raises NotLoggedError."""
    head, note, _ = published()
    return format_proof(index, _path(index, head), note)


def _path(index: int, head: Checkpoint) -> list[bytes]:
    if not 0 <= index < head.size:
        raise NotLoggedError(
            f"entry {index} is not under the published checkpoint of size {head.size}"
        )
    return inclusion_proof(index, head.size, TileReader(head.size, LogFiles().read).read)


def signed(note: str) -> tuple[Checkpoint, str, VerifierKey]:
    """The same for an earlier checkpoint of this log, given by its note."""
    key = _key(LogFiles().read("key"))
    return open_checkpoint(note.encode(), key), note, key


def bundle(
    label: str,
    object_id: Any,
    document: dict[str, Any] | None = None,
    openings: Iterable[str] | None = (),
    *,
    note: str | None = None,
) -> bytes:
    """The offline bundle of an object, as the file's bytes, against the published checkpoint or an
    earlier one (`note`).

    With `document` it is of the last entry that published exactly this document, else of the
    object's last entry. `openings` names the texts to open; None opens all that may be opened to
    everyone (`openable`). Raises NotLoggedError, and LookupError for a text that may not be opened.
    """
    from ledger.models import Entry

    wanted = digest(document) if document is not None else None
    head, text, key = published() if note is None else signed(note)
    entries = Entry.objects.filter(object_label=label, object_id=str(object_id))
    if note is not None:
        entries = entries.filter(
            index__lt=head.size
        )  # the object as it was then; what came later is not there yet
    for entry in entries.order_by("-index").iterator(chunk_size=20):
        leaf = Leaf.parse(bytes(entry.leaf))
        if wanted is None or leaf.document == wanted:
            break
    else:
        raise NotLoggedError(f"{label}/{object_id} is not in the log yet")
    available = openable(entry.index)
    names = list(available) if openings is None else list(openings)
    if missing := [name for name in names if name not in available]:
        raise LookupError(f"cannot be opened: {', '.join(missing)}")
    made = Bundle.build(
        leaf=bytes(entry.leaf), index=entry.index, hashes=_path(entry.index, head), checkpoint=text,
        key=key,
        document=document, openings={name: available[name] for name in names},
    )  # fmt: skip
    return made.dumps()


def entry_bundle(index: int, document: dict[str, Any] | None = None) -> bytes:
    """The offline bundle of one entry against the published checkpoint, with all that may be opened
    to everyone.

    `document` is the one that the entry published, if its leaf has the digest of one. Raises
    NotLoggedError.
    """
    from ledger.models import Entry

    head, text, key = published()
    hashes = _path(index, head)
    entry = Entry.objects.get(index=index)
    made = Bundle.build(
        leaf=bytes(entry.leaf), index=index, hashes=hashes, checkpoint=text, key=key,
        document=document, openings=openable(index)
    )  # fmt: skip
    return made.dumps()


def openable(index: int, *, everything: bool = False) -> dict[str, Opened]:
    """What opens the commitments of an entry to everyone.

    Of an object that is public now, by its model's word: the texts that are neither closed nor
    erased, and the reason if that is public. `everything` leaves out the question whether the
    object is public, for people who may see it; closed texts, private reasons and sealed values
    stay shut even then.
    """
    from ledger.models import Entry, Opening

    entry = Entry.objects.get(index=index)
    record = registry.recorded.get(entry.event_label)
    if record is None:
        return {}
    shown = everything or entry.object_id in public_ids(record, [entry.object_id])
    row = leaves.read_events(record, [entry.event_id]).get(entry.event_id)
    if row is None:
        return {}
    keys = {opening.field: bytes(opening.key) for opening in Opening.objects.filter(entry=entry)}
    leaf = Leaf.parse(bytes(entry.leaf))
    openings = {}
    for name in leaf.commits.keys() & keys.keys():
        if name == REASON:
            who = leaves.read_act_context(row["pgh_context"], row["pgh_label"])
            if shown and who.reason_public and REASON not in record.closed:
                openings[name] = Opened(keys[name], who.reason)
        elif record.may_open(name, public=shown):
            openings[name] = Opened(keys[name], plain(row[name]))
    return openings
