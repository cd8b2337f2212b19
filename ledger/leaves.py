"""From event rows to leaves, and back to the question whether a leaf was made from an event row.

A leaf is built from its event row alone: what stood in the row, who acted. Text and sealed values
are only committed to, each under a random key of its own (the opening), which is stored beside the
entry.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from ledger import sealing
from ledger.canonical import CanonicalError, canonical
from ledger.leaf import Leaf, LeafError, LeafForm, commit, new_key, new_keys, opens, timestamp
from ledger.recording import OUTSIDE, REASON, act_fault
from ledger.registry import Record
from ledger.values import plain


class BuiltLeaf(NamedTuple):
    """A leaf ready for its place: exact bytes, what happened to what, and the keys that open its
    commitments."""

    entry: bytes
    kind: str
    label: str
    object_id: str
    op: str
    openings: dict[str, bytes]


@dataclass(frozen=True, slots=True)
class ActContext:
    """Who acted and why, as an event row says; `outside` when it does not say it, or says it in a
    way that no act can."""

    kind: str
    role: str
    name: str
    reason: str
    reason_public: bool
    outside: bool
    by: str | None = None
    act: str | None = None


def read_act_context(context: Any, op: str) -> ActContext:
    """Read the context of an event row. What does not have the form of an act was put there outside
    the application."""
    if isinstance(context, dict) and all(
        isinstance(context.get(key), str) for key in ("kind", "role", "name", "reason")
    ):
        kind, role, name = context["kind"], context["role"], context["name"]
        if act_fault(kind, role, name) is None:
            public = context.get("reason_public", True) is True
            return ActContext(
                kind,
                role,
                name,
                context["reason"],
                public,
                False,
                context.get("by"),
                context.get("act"),
            )
    return ActContext(f"{OUTSIDE}.{op}", OUTSIDE, OUTSIDE, "", True, True)


def columns(record: Record) -> list[str]:
    """What is read of an event row to build its leaf."""
    return ["pgh_id", "pgh_created_at", "pgh_label", "pgh_obj_id", "pgh_context", *record.names]


def read_events(record: Record, ids: Iterable[int]) -> dict[int, dict[str, Any]]:
    """Event rows by id, in one query. Foreign keys come as the bare id."""
    # One array in place of a thousand parameters, which Django would look at one by one.
    rows = record.event_model._base_manager.extra(
        where=["pgh_id = ANY(%s)"], params=[list(ids)]
    ).values(*columns(record))
    return {row["pgh_id"]: row for row in rows}


def keys_for(record: Record, rows: Iterable[Mapping[str, Any]]) -> dict[str, AESGCM]:
    """The keys of all rows that hold a sealed value, in one query."""
    wanted = {
        row["pgh_obj_id"] for row in rows if any(row[name] is not None for name in record.encrypted)
    }
    return sealing.keys_of(record.name, wanted) if wanted else {}


def committed_value(
    record: Record, name: str, row: Mapping[str, Any], object_id: Any, keys: Mapping[str, AESGCM]
) -> Any:
    """The value that a commitment covers: of a SealedField what is sealed in it, of any other field
    the value itself."""
    value = row[name]
    if name in record.encrypted:
        value = sealing.open_with(keys.get(str(object_id)), record.name, object_id, name, value)
    return plain(value)


def build(record: Record, row: Mapping[str, Any], keys: Mapping[str, AESGCM]) -> BuiltLeaf:
    """The leaf of one event row, with fresh keys for its commitments.

    A leaf that would not fit into an entry commits to its largest plain fields in place of holding
    them. Raises LeafError.
    """
    who = read_act_context(row["pgh_context"], row["pgh_label"])
    object_id = row["pgh_obj_id"]
    fields: dict[str, Any] = {}
    values: dict[str, Any] = {}
    document = None
    if row["pgh_label"] != "delete":
        fields = {name: plain(row[name]) for name in record.plain} if record.clear else {}
        committed = (*(() if record.clear else record.plain), *record.text, *record.sealed)
        values = {name: committed_value(record, name, row, object_id, keys) for name in committed}
        document = (row[record.document] or None) if record.document else None
    if who.reason:
        values[REASON] = who.reason
    openings = new_keys(values)
    commits = {name: commit(openings[name], value) for name, value in values.items()}
    at = timestamp(row["pgh_created_at"], coarse=record.coarse)
    while True:
        try:
            form = leaf_form(
                who.kind,
                record.name,
                who.role,
                who.name,
                tuple(fields),
                tuple(commits),
                document is not None,
            )
            entry = form.write(object_id, at, fields, commits, document)
            return BuiltLeaf(
                entry, who.kind, record.name, str(object_id), row["pgh_label"], openings
            )
        except LeafError:
            if not fields:
                raise
            name = max(fields, key=lambda name: len(canonical(fields[name])))
            openings[name] = new_key()
            commits[name] = commit(openings[name], fields.pop(name))


@lru_cache(maxsize=1024)
def leaf_form(
    kind: str, label: str, role: str, name: str, fields: tuple[str, ...], commits: tuple[str, ...],
    document: bool
) -> LeafForm:  # fmt: skip
    """The form of the leaves that share all this. Raises LeafError."""
    return LeafForm(
        kind=kind,
        label=label,
        role=role,
        name=name,
        fields=fields,
        commits=commits,
        document=document,
    )


def differences(
    record: Record, leaf: Leaf, row: Mapping[str, Any], object_id: Any,
    openings: Mapping[str, bytes],
    keys: Mapping[str, AESGCM], erased: frozenset[str] | set[str] = frozenset(),
) -> list[str]:  # fmt: skip
    """The fields in which a row (of the table or of its history) is not what the leaf says it was.

    A field that was erased can no longer be compared; one that lost its opening without an erasure
    is a difference. Fields that the model no longer has are passed over, fields it had not yet must
    be empty.
    """
    wrong = []
    for name in record.names:
        if name == record.document:
            if (row[name] or None) != leaf.document:
                wrong.append(name)
        elif name in leaf.fields:
            if _canonical(plain(row[name])) != _canonical(leaf.fields[name]):
                wrong.append(name)
        elif name in leaf.commits:
            if name in erased and name not in openings:
                continue
            if name not in openings or not opens(
                leaf.commits[name],
                openings[name],
                committed_value(record, name, row, object_id, keys),
            ):
                wrong.append(name)
        elif row[name] is not None:
            wrong.append(name)
    return wrong


def _canonical(value: Any) -> bytes:
    try:
        return canonical(value)
    except CanonicalError:
        return b""


def object_key(record: Record, object_id: str) -> Any:
    """The primary key as Python has it, from its text in a leaf."""
    return UUID(object_id) if "-" in object_id else int(object_id)


def is_delete(leaf: Leaf) -> bool:
    """Whether the leaf says that its object went: no recorded model is without fields, so nothing
    else is empty."""
    return not leaf.fields and leaf.document is None and set(leaf.commits) <= {REASON}


def group(pairs: Iterable[tuple[str, int]]) -> dict[str, list[int]]:
    """Event ids by event table."""
    grouped: dict[str, list[int]] = {}
    for label, event_id in pairs:
        grouped.setdefault(label, []).append(event_id)
    return grouped


def batched(items: Sequence[Any], size: int) -> Iterable[Sequence[Any]]:
    for start in range(0, len(items), size):
        yield items[start : start + size]
