"""The history of objects, change by change and field by field, for everyone to read.

What is shown is what may be: plain fields and texts while their object is public and they are
neither closed nor erased, sealed values never. The number of queries does not depend on the number
of changes.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection
from django.db.models import Q

from ledger import leaves, registry
from ledger.recording import REASON
from ledger.values import plain

OPEN, WITHHELD, ERASED = "open", "withheld", "erased"
_FIELDS = ("index", "kind", "op", "object_label", "object_id", "event_id")


@dataclass(frozen=True, slots=True)
class FieldChange:
    """One field before and after, as canonical JSON values. `state` says why both are None:
    "withheld" or "erased"; else "open"."""

    name: str
    before: Any
    after: Any
    kind: str
    state: str = OPEN


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of the log. `op` is insert, update or delete; `outside`: made outside the
    application, by nobody we know.

    `reason` is None when it is withheld or erased; `at` is the day alone where the model's times
    are coarse.
    """

    index: int
    kind: str
    op: str
    label: str
    object_id: str
    at: datetime
    role: str
    name: str
    reason: str | None
    outside: bool
    fields: tuple[FieldChange, ...]


def of(
    label: str, ids: Iterable[Any], *, before: int | None = None, limit: int = 50,
    everything: bool = False
) -> list[Change]:  # fmt: skip
    """The changes of objects of one type, newest first. `before` is the index to continue below.

    Objects that their model does not call public have no history here, unless `everything` (for
    people who may see the object itself): then texts of unpublished rows and closed texts are shown
    too. Sealed values never are.
    """
    return of_all({label: list(ids)}, before=before, limit=limit, everything=everything)


def of_all(
    wanted: Mapping[str, Sequence[Any]], *, before: int | None = None, limit: int = 50,
    everything: bool = False
) -> list[Change]:  # fmt: skip
    """The changes of objects of several types, merged, newest first: a claim with its aspects and
    appearances."""
    from ledger.models import Entry

    records = {label: registry.recorded[label] for label in wanted}
    public = {label: public_ids(records[label], ids) for label, ids in wanted.items()}
    which = Q(pk__in=[])
    for label, ids in wanted.items():
        shown = {str(i) for i in ids}
        if not everything and isinstance(records[label].public, str):
            shown &= public[label]
        which |= Q(object_label=label, object_id__in=shown)
    query = Entry.objects.filter(which)
    page = list(
        (query if before is None else query.filter(index__lt=before))
        .order_by("-index")
        .values(*_FIELDS)[:limit]
    )
    return _changes(page, records, public, everything)


def at(indexes: Iterable[int]) -> list[Change]:
    """The changes that these entries of the log tell, newest first; those of objects that are not
    public now are left out."""
    from ledger.models import Entry

    page = list(Entry.objects.filter(index__in=list(indexes)).order_by("-index").values(*_FIELDS))
    wanted: dict[str, list[str]] = {}
    for entry in page:
        wanted.setdefault(entry["object_label"], []).append(entry["object_id"])
    records = {label: registry.recorded[label] for label in wanted if label in registry.recorded}
    public = {label: public_ids(record, wanted[label]) for label, record in records.items()}
    shown = [
        entry
        for entry in page
        if (record := records.get(entry["object_label"])) is not None
        and (not isinstance(record.public, str) or entry["object_id"] in public[record.name])
    ]
    return _changes(shown, records, public, everything=False)


def _changes(
    page: list[dict[str, Any]], records: Mapping[str, registry.Record],
    public: Mapping[str, set[str]], everything: bool
) -> list[Change]:  # fmt: skip
    """The entries of a page (newest first) as changes, each against the entry of its object before
    it."""
    from ledger.models import Opening

    if not page:
        return []
    older = _entries_before(page)
    openings: dict[int, set[str]] = {}
    for index, name in Opening.objects.filter(
        entry_id__in=[e["index"] for e in page + older]
    ).values_list("entry_id", "field"):
        openings.setdefault(index, set()).add(name)
    rows = {
        label: leaves.read_events(
            record, [e["event_id"] for e in page + older if e["object_label"] == label]
        )
        for label, record in records.items()
    }
    changes = []
    previous = {(e["object_label"], e["object_id"]): e for e in older}
    for entry in reversed(page):
        key = entry["object_label"], entry["object_id"]
        record = records[entry["object_label"]]
        texts = everything or entry["object_id"] in public[entry["object_label"]]
        changes.append(
            _change(
                record, entry, previous.get(key), rows[record.name], openings, texts, everything
            )
        )
        previous[key] = entry
    return changes[::-1]


def public_ids(record: registry.Record, ids: Iterable[Any]) -> set[str]:
    """Which of the objects are public now, by the model's own word (`recorded(public=…)`). One
    query at most."""
    if record.public is True:
        return {str(i) for i in ids}
    if record.public is False:
        return set()
    published = getattr(record.model._default_manager.get_queryset(), record.public)()
    return {str(pk) for pk in published.filter(pk__in=list(ids)).values_list("pk", flat=True)}


def _entries_before(page: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """The entry that comes before the oldest one of each object on the page."""
    oldest: dict[tuple[str, str], int] = {}
    for entry in page:
        oldest[entry["object_label"], entry["object_id"]] = entry["index"]
    labels, ids, indexes = zip(
        *[(label, object_id, index) for (label, object_id), index in oldest.items()], strict=True
    )
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT e.index, e.kind, e.op, e.object_label, e.object_id, e.event_id
            FROM unnest(%s::text[], %s::text[], %s::bigint[]) w(label, id, below),
            LATERAL (SELECT * FROM ledger_entry e
                     WHERE e.object_label = w.label AND e.object_id = w.id AND e.index < w.below
                     ORDER BY e.index DESC LIMIT 1) e
            """,
            [list(labels), list(ids), list(indexes)],
        )
        return [dict(zip(_FIELDS, row, strict=True)) for row in cursor.fetchall()]


def _change(
    record: registry.Record, entry: Mapping[str, Any], earlier: Mapping[str, Any] | None,
    rows: Mapping[int, Mapping[str, Any]],
    openings: Mapping[int, set[str]], texts: bool, everything: bool,
) -> Change:  # fmt: skip
    row = rows.get(entry["event_id"])
    then = rows.get(earlier["event_id"]) if earlier and earlier["op"] != "delete" else None
    who = leaves.read_act_context(row["pgh_context"] if row else None, entry["op"])
    opened = openings.get(entry["index"], set())
    opened_then = openings.get(earlier["index"], set()) if earlier else set()
    fields: list[FieldChange] = []
    erased: list[FieldChange] = []
    for name in record.names if row else ():
        assert row is not None
        kind = record.kind(name)
        old = then[name] if then else None
        new = row[name] if entry["op"] != "delete" else None
        gone = kind == "text" and (
            (then is not None and name not in opened_then)
            or (entry["op"] != "delete" and name not in opened)
        )
        shown = (
            kind == "document"
            or record.may_open(name, public=texts)
            or (everything and kind != "sealed")
        )
        if gone:
            erased.append(FieldChange(name, None, None, kind, ERASED))
        elif shown and old != new:
            fields.append(FieldChange(name, plain(old), plain(new), kind))
        elif not shown and (earlier is None or plain(old) != plain(new)):
            # Of a new row all of them, empty ones too: that there is something may tell as much as
            # what, as who left an address.
            fields.append(FieldChange(name, None, None, kind, WITHHELD))
    if (
        earlier is None or not fields
    ):  # whether an erased text was what changed can no longer be told
        fields += erased
    at = row["pgh_created_at"] if row else datetime.fromtimestamp(0).astimezone()
    if record.coarse:
        at = at.replace(hour=0, minute=0, second=0, microsecond=0)
    may = everything or (texts and who.reason_public and REASON not in record.closed)
    is_shown = bool(who.reason) and REASON in opened and may
    reason = who.reason if is_shown else "" if not who.reason and REASON not in opened else None
    return Change(
        index=entry["index"], kind=entry["kind"], op=entry["op"], label=record.name,
        object_id=entry["object_id"], at=at,
        role=who.role, name=who.name, reason=reason, outside=who.outside, fields=tuple(fields),
    )  # fmt: skip
