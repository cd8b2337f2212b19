"""The leaves of many event rows of one model, built by column.

The same leaves as `ledger.leaves.build` makes of each row, at a third of the cost: what the rows
of an act have in common is read and checked once, a column of values is written at once, and the
random keys of a column are asked for together. What is rare (a leaf too large for an entry, a value
without a form) is built row by row.
"""

from __future__ import annotations

import hashlib
import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from django.db import connection

from ledger import leaves, sealing
from ledger.leaf import KEY_SIZE, MAX_BYTES, LeafError
from ledger.leaves import ActContext, BuiltLeaf
from ledger.recording import REASON
from ledger.registry import Record
from ledger.values import written


class _Row(NamedTuple):
    """An event row. `values` are its recorded fields, in the order of `Record.names`."""

    event_id: int
    at: str
    op: str
    object_id: str
    who: ActContext
    values: tuple[Any, ...]


class _Form(NamedTuple):
    """What leaves have to share to be written together."""

    kind: str
    role: str
    name: str
    op: str
    reason: bool
    document: bool


def build(record: Record, ids: Sequence[int]) -> dict[int, BuiltLeaf | str]:
    """The leaves of event rows by their ids, with fresh keys for their commitments; a sentence in
    place of a leaf that cannot be made. Ids of no event row are left out."""
    rows = list(_read(record, ids))
    keys = _keys(record, rows)
    document = record.names.index(record.document) if record.document else -1
    forms: dict[_Form, list[_Row]] = defaultdict(list)
    for row in rows:
        who = row.who
        holds = row.op != "delete" and document >= 0 and bool(row.values[document])
        forms[_Form(who.kind, who.role, who.name, row.op, who.reason != "", holds)].append(row)
    built: dict[int, BuiltLeaf | str] = {}
    for form, alike in forms.items():
        try:
            built.update(_by_column(record, form, alike, keys))
        except (ValueError, TypeError):
            built.update(_one_by_one(record, [row.event_id for row in alike], keys))
    if large := [
        event_id
        for event_id, leaf in built.items()
        if isinstance(leaf, BuiltLeaf) and len(leaf.entry) > MAX_BYTES
    ]:
        built.update(_one_by_one(record, large, keys))
    return built


def _read(record: Record, ids: Sequence[int]) -> Iterator[_Row]:
    """Event rows, in the order of their ids, in one query. Values are as a queryset gives them."""
    table = record.event_model._meta.db_table
    # As Django's compiler asks for them; it goes through all converters row by row.
    columns = [
        record.event_model._meta.get_field(name).get_col(table)  # type: ignore[union-attr]  # a concrete field
        for name in ("pgh_context", *record.names)
    ]
    names = ", ".join(f'"{column.target.column}"' for column in columns)
    moment = """to_char(pgh_created_at AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')"""
    shared = f"pgh_id, {moment}, pgh_label, pgh_obj_id::text"
    statement = f'SELECT {shared}, {names} FROM "{table}" WHERE pgh_id = ANY(%s) ORDER BY pgh_id'  # noqa: S608  our own models
    with connection.cursor() as cursor:
        cursor.execute(statement, [list(ids)])
        rows = cursor.fetchall()
    if not rows:
        return
    event_ids, moments, ops, objects, contexts, *values = zip(*rows, strict=True)
    if record.coarse:
        moments = tuple(f"{moment[:10]}T00:00:00.000000Z" for moment in moments)
    who = {
        (context, op): leaves.read_act_context(_convert(columns[0], [context])[0], op)
        for context, op in set(zip(contexts, ops, strict=True))  # an act has many rows
    }
    fields = [_convert(column, held) for column, held in zip(columns[1:], values, strict=True)]
    for event_id, at, op, object_id, context, *held in zip(
        event_ids, moments, ops, objects, contexts, *fields, strict=True
    ):
        yield _Row(event_id, at, op, object_id, who[context, op], tuple(held))


def _convert(column: Any, values: Sequence[Any]) -> Sequence[Any]:
    """Values as a queryset gives them, of what the database driver gave."""
    for convert in (
        *connection.ops.get_db_converters(column),
        *column.get_db_converters(connection),
    ):
        values = [convert(value, column, connection) for value in values]
    return values


def _keys(record: Record, rows: Iterable[_Row]) -> dict[str, AESGCM]:
    places = [record.names.index(name) for name in record.encrypted]
    wanted = {
        row.object_id for row in rows if any(row.values[place] is not None for place in places)
    }
    return sealing.keys_of(record.name, wanted) if wanted else {}


def _by_column(
    record: Record, form: _Form, rows: Sequence[_Row], keys: dict[str, AESGCM]
) -> Iterator[tuple[int, BuiltLeaf]]:
    objects = [row.object_id for row in rows]
    fields: dict[str, list[str]] = {}
    commits: dict[str, list[str]] = {}
    documents = None
    if form.op != "delete":
        held = dict(zip(record.names, zip(*(row.values for row in rows), strict=True), strict=True))
        if record.clear:
            fields = {name: [written(value) for value in held[name]] for name in record.plain}
        for name in (*(() if record.clear else record.plain), *record.text, *record.sealed):
            commits[name] = committed_texts(record, name, held[name], objects, keys)
        documents = held[record.document] if form.document and record.document else None
    if form.reason:
        commits[REASON] = [written(row.who.reason) for row in rows]
    names = tuple(commits)
    openings = [_new_keys(len(rows)) for _ in names]
    leaf_form = leaves.leaf_form(
        form.kind, record.name, form.role, form.name, tuple(fields), names, form.document
    )
    entries = leaf_form.write_columns(
        objects,
        [row.at for row in rows],
        fields,
        {
            name: commit_column(made, texts)
            for (name, texts), made in zip(commits.items(), openings, strict=True)
        },
        documents,
    )
    by_row: Iterable[tuple[bytes, ...]] = zip(*openings, strict=True) if names else [()] * len(rows)
    for row, entry, opened in zip(rows, entries, by_row, strict=True):
        yield (
            row.event_id,
            BuiltLeaf(
                entry, form.kind, record.name, row.object_id, form.op,
                dict(zip(names, opened, strict=True)),
            ),
        )  # fmt: skip


def committed_texts(
    record: Record, name: str, values: Sequence[Any], objects: Sequence[str],
    keys: dict[str, AESGCM]
) -> list[str]:  # fmt: skip
    """The canonical texts that the commitments of a column cover (`leaves.committed_value`)."""
    if name in record.encrypted:
        values = [
            sealing.open_with(keys.get(object_id), record.name, object_id, name, value)
            for object_id, value in zip(objects, values, strict=True)
        ]
    return [written(value) for value in values]


def commit_column(keys: Sequence[bytes], texts: Sequence[str]) -> list[str]:
    """Return the commitments to many values, each under a key of its own, of the texts of their
    canonical forms.

    HMAC as RFC 2104 writes it, section 2, for a key shorter than the block: half the cost of asking
    OpenSSL for each. Raises UnicodeEncodeError for a lone surrogate.
    """
    fresh, rest_inner, rest_outer = _SHA256.copy, b"\x36" * 32, b"\x5c" * 32
    commitments = []
    for key, text in zip(keys, texts, strict=True):
        if len(key) != KEY_SIZE:
            raise LeafError("The key of a commitment is 32 bytes.")
        inner = fresh()
        inner.update(key.translate(_INNER) + rest_inner + text.encode())
        outer = fresh()
        outer.update(key.translate(_OUTER) + rest_outer + inner.digest())
        commitments.append(outer.hexdigest())
    return commitments


_SHA256 = hashlib.sha256()
_INNER, _OUTER = (bytes(byte ^ pad for byte in range(256)) for pad in (0x36, 0x5C))


def _new_keys(count: int) -> list[bytes]:
    random = secrets.token_bytes(KEY_SIZE * count)
    return [random[start : start + KEY_SIZE] for start in range(0, len(random), KEY_SIZE)]


def _one_by_one(
    record: Record, ids: Sequence[int], keys: dict[str, AESGCM]
) -> Iterator[tuple[int, BuiltLeaf | str]]:
    for event_id, row in leaves.read_events(record, ids).items():
        try:
            yield event_id, leaves.build(record, row, keys)
        except (ValueError, TypeError) as error:
            yield event_id, f"no leaf can be made of it: {error}"
