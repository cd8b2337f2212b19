"""Taking a value back: from the row, its history, the openings, the files; never from the log,
which only ever committed to it.

An erasure is itself recorded (`ledger.Erasure`, kind "erased"): which object, which fields, on what
ground, by whom, why. It needs the owner of the tables, since history rows refuse every change while
their triggers stand.

The apps that hold copies elsewhere (files, renditions, reports, search index, caches) register a
hook. Hooks run after the database has let go of the value, may run again, and make the command fail
loudly when they fail. What can only be found while the value stands (a file whose address is
sealed) is removed by the hook's `before`; a command that fails between the two is run again.

Whoever copies texts from row to row or into a file takes `hold` first: then an erasure either sees
the copy or is seen by it.
"""
# ruff: noqa: S608  the names in this SQL are tables and columns of our own models

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from django.contrib.postgres.fields import ArrayField
from django.db import connection, models, transaction

from ledger import leaves, protection, registry, sequencing
from ledger.keys import verifier
from ledger.leaf import Leaf
from ledger.models import Entry, Erasure, Opening, Pending, SealedKey
from ledger.recording import REASON, SYSTEM, Actor, act
from ledger.sealing import SealedField
from ledger.verify import audit

log = logging.getLogger(__name__)


class ErasureRefusedError(Exception):
    """The erasure cannot be done, and nothing was changed. The message says why."""


@dataclass(frozen=True, slots=True)
class Target:
    """What is being erased: given to every hook."""

    label: str
    object_id: str
    fields: tuple[str, ...]
    ground: str


Hook = Callable[[Target], None]
_hooks: dict[str, tuple[Hook, Hook | None]] = {}
_Known = tuple[str, str, list[str], str, datetime]  # label, id, fields, ground, when
# While erasures are applied again: all of them, as (label, id, field). A restored database may be
# behind its own log, which then takes nothing in, and no erasure may wait for that.
_again: ContextVar[frozenset[tuple[str, str, str]] | None] = ContextVar("_again", default=None)
_LOCK = 0x41436572  # any number that no other advisory lock of this database has


def register(hook: Hook, name: str | None = None, *, before: Hook | None = None) -> None:
    """Have `hook` called for every erasure. It removes what its app keeps of the object's fields,
    and may be called twice.

    `before` is called when all is checked and nothing is erased yet, for what cannot be found
    afterwards.
    """
    _hooks[name or f"{hook.__module__}.{hook.__qualname__}"] = hook, before


def unregister(name: str) -> None:
    _hooks.pop(name, None)


def block_erasure() -> None:
    """Let no erasure begin until the caller's transaction ends; waits for one that is under way.
    Take it before any row lock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock_shared(%s)", [_LOCK])


def erased(label: str, *fields: str) -> list[Any]:
    """The keys of the objects of a type of which one of `fields` was erased."""
    record = registry.recorded[label]
    of_type = Erasure.objects.filter(object_label=label).values_list("object_id", "fields")
    return [
        leaves.object_key(record, object_id)
        for object_id, gone in of_type
        if not set(fields).isdisjoint(gone)
    ]


def since(size: int) -> bool:
    """Whether anything was erased that the checkpoint of `size` does not cover: what was read at it
    may hold the value."""
    covered = Entry.objects.filter(object_label="erasure", index__lt=size).count()
    return Erasure.objects.count() > covered


def follow(target: Target, label: str, object_id: Any, fields: Sequence[str]) -> Erasure | None:
    """Erase what repeats an erased value in another object, on the same ground. For hooks. Raises
    ErasureRefusedError.

    None while erasures are applied again and this is one of them: it comes in its turn, and is not
    made a second time.
    """
    again = _again.get()
    if again is not None and again >= {(label, str(object_id), name) for name in fields}:
        return None
    reason = f"It repeats what was erased of {target.label}/{target.object_id}."
    return erase(
        label,
        object_id,
        fields=fields,
        ground=target.ground,
        reason=reason,
        by=SYSTEM,
        role="system",
    )


def erase(
    label: str,
    object_id: Any,
    *,
    fields: Sequence[str] = (),
    ground: str,
    reason: str,
    by: Actor,
    role: str = "operator",
) -> Erasure:
    """Permanently delete fields of one object. When none are named: all its texts and sealed
    values, and the reasons of its changes; who acted and when stays, unless it is named.

    1. The log takes in what waits, so that every value to go is already committed to. The hooks'
       `before`.
    2. One transaction: the row is blanked like in any edit, the Erasure is written, and, with the
       triggers of the history off, the values go from the event rows and the openings from the
       log's side tables; the record's key goes with its sealed values. A reason that was given for
       several objects at once goes from all of them.
    3. Hooks; the touched tables are vacuumed; the log takes in the erasure.

    Raises ErasureRefusedError.
    """
    record, key = _find(label, object_id)
    chosen = tuple(fields) or (
        *(name for name in (*record.text, *record.sealed) if _is_words(record, name)),
        REASON,
    )
    for name in chosen:
        if name != REASON and (
            name not in record.names or record.kind(name) not in {"text", "sealed"}
        ):
            raise ErasureRefusedError(
                f"{label} has no text or sealed field {name!r}; plain fields are never erased"
            )
    if not ground.strip() or not reason.strip():
        raise ErasureRefusedError("an erasure names its ground and its reason")
    _check_owner(record)
    if _again.get() is not None:
        _sequence_if_it_fits()
    else:
        sequencing.sequence()
    if (
        _again.get() is None
        and Pending.objects.filter(
            event_label=record.name, event_id__in=_event_ids(record, key)
        ).exists()
    ):
        raise ErasureRefusedError(
            "a change of this object is not in the log yet; try again when the sequencer has "
            "caught up"
        )
    target = Target(label, str(object_id), chosen, ground)
    _beforehand(target)
    # what this transaction itself writes is later: PostgreSQL's now() is its start
    now = _database_now()
    with transaction.atomic():
        _lock()
        shared = _sharing_reasons(record, key, now) if REASON in chosen else []
        with act("erased", by=by, role=role, reason=reason):
            _blank_row(record, key, chosen)
            made = Erasure.objects.create(
                object_label=label,
                object_id=str(object_id),
                fields=list(chosen),
                ground=ground,
                erased_at=now,
            )
            for other, other_id in shared:
                Erasure.objects.create(
                    object_label=other.name,
                    object_id=str(other_id),
                    fields=[REASON],
                    ground=ground,
                    erased_at=now,
                )
        _forget(record, key, chosen, now)
        for other, other_id in shared:
            _forget(other, other_id, [REASON], now)
    _afterwards(record, [target])
    return made


def reapply(mirror: Path | None = None, *, by: Actor) -> int:
    """Apply every known erasure again, after a backup was restored. Returns how many had anything
    left to do.

    Known are the erasures in the database and, with `mirror`, those in a copy of the log, which may
    be newer than the backup.
    """
    known: dict[str, _Known] = {
        str(e.pk): (e.object_label, e.object_id, e.fields, e.ground, e.erased_at)
        for e in Erasure.objects.order_by("erased_at")
    }
    if mirror is not None:
        for erasure_id, erasure in _from_mirror(mirror).items():
            known.setdefault(erasure_id, erasure)
    token = _again.set(
        frozenset(
            (label, object_id, name)
            for label, object_id, fields, _, _ in known.values()
            for name in fields
        )
    )
    try:
        return _reapply(known, by)
    finally:
        _again.reset(token)


def _reapply(known: Mapping[str, _Known], by: Actor) -> int:
    done = 0
    _sequence_if_it_fits()
    started = _database_now()
    for erasure_id, (label, object_id, fields, ground, when) in known.items():
        record, key = _find(label, object_id)
        _check_owner(record)
        _beforehand(Target(label, object_id, tuple(fields), ground))
        with transaction.atomic():
            _lock()
            left = _left(record, key, fields, when)
            if left:
                with act("erased", by=by, role="operator", reason="applied again after a restore"):
                    # Of one object all goes at once: the first turn would otherwise write a history
                    # row that holds what the second is to take, and look like an edit that came
                    # after it.
                    _blank_row(record, key, _never_said_again(record, key, known.values(), started))
                    if not Erasure.objects.filter(pk=erasure_id).exists():
                        Erasure.objects.create(
                            pk=erasure_id,
                            object_label=label,
                            object_id=object_id,
                            fields=fields,
                            ground=ground,
                            erased_at=when,
                        )
                _forget(record, key, fields, when)
                done += 1
        _afterwards(record, [Target(label, object_id, tuple(fields), ground)], vacuum=left)
    return done


def _never_said_again(
    record: registry.Record, key: Any, known: Iterable[_Known], started: datetime
) -> set[str]:
    """The erased fields of an object, without those of an erasure after which it was edited again:
    these may hold something new."""
    gone: set[str] = set()
    for label, object_id, fields, _, when in known:
        if label == record.name and object_id == str(key):
            later = record.event_model._base_manager.filter(
                pgh_obj_id=key, pgh_created_at__gt=when, pgh_created_at__lt=started
            )
            gone |= set() if later.exists() else set(fields)
    return gone


def _find(label: str, object_id: Any) -> tuple[registry.Record, Any]:
    record = registry.recorded.get(label)
    if record is None:
        raise ErasureRefusedError(f"{label} is not a recorded model")
    try:
        return record, leaves.object_key(record, str(object_id))
    except ValueError:
        raise ErasureRefusedError(f"{object_id!r} is not the id of a {label}") from None


def _event_ids(record: registry.Record, key: Any) -> list[int]:
    return list(
        record.event_model._base_manager.filter(pgh_obj_id=key).values_list("pgh_id", flat=True)
    )


def _check_owner(record: registry.Record) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_has_role(current_user, relowner, 'USAGE') FROM pg_class WHERE oid = "
            "%s::regclass",
            [record.event_model._meta.db_table],
        )
        if not cursor.fetchone()[0]:
            raise ErasureRefusedError(
                "only the owner of the tables erases; this is the application's role"
            )


def _database_now() -> datetime:
    with connection.cursor() as cursor:
        cursor.execute("SELECT clock_timestamp()")
        now: datetime = cursor.fetchone()[0]
    return now


def _lock() -> None:
    """One erasure at a time, and none while a transaction `hold`s."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])


def _is_words(record: registry.Record, name: str) -> bool:
    """Whether a field holds something that a person or a file said, and not who or when."""
    field = record.model._meta.get_field(name)
    return not isinstance(
        field,
        models.ForeignKey
        | models.DateField
        | models.IntegerField
        | models.BooleanField
        | models.UUIDField,
    )


def _sharing_reasons(
    record: registry.Record, key: Any, before: datetime
) -> list[tuple[registry.Record, Any]]:
    """Other objects that were changed in the same acts for the same reasons."""
    own = record.event_model._base_manager.filter(
        pgh_obj_id=key, pgh_created_at__lt=before, pgh_context__reason__gt=""
    )
    pairs = {
        (context["act"], context["reason"])
        for context in own.values_list("pgh_context", flat=True)
        if "act" in context
    }
    acts, reasons = [act for act, _reason in pairs], [reason for _act, reason in pairs]
    changed: set[tuple[str, Any]] = set()
    for other in registry.records() if pairs else ():
        rows = other.event_model._base_manager.filter(
            pgh_context__act__in=acts, pgh_context__reason__in=reasons, pgh_created_at__lt=before
        )
        for object_id, context in rows.values_list("pgh_obj_id", "pgh_context"):
            if (context["act"], context["reason"]) in pairs:
                changed.add((other.name, object_id))
    return [
        (registry.recorded[label], object_id)
        for label, object_id in sorted(changed - {(record.name, key)}, key=str)
    ]


def _blank(field: models.Field[Any, Any]) -> Any:
    """What stands in a row for a value that was erased. Raises ErasureRefusedError where a column
    can stand empty in no way."""
    if field.null:
        return None
    if isinstance(field, models.CharField | models.TextField | models.FileField):
        return ""
    if isinstance(field, ArrayField):
        return []
    if isinstance(field, models.JSONField):
        return {}
    if isinstance(field, models.BinaryField):
        return b""
    raise ErasureRefusedError(
        f"{field.model._meta.label_lower}.{field.name} cannot stand empty: name the other fields "
        f"with --field"
    )


def _blank_row(record: registry.Record, key: Any, fields: Iterable[str]) -> None:
    blank = {name: _blank(record.model._meta.get_field(name)) for name in fields if name != REASON}  # type: ignore[arg-type]  # concrete
    if blank:
        record.model._base_manager.filter(pk=key).update(**blank)


def _left(record: registry.Record, key: Any, fields: Iterable[str], when: datetime) -> bool:
    """Whether the history still holds any of the values."""
    before = record.event_model._base_manager.filter(pgh_obj_id=key, pgh_created_at__lt=when)
    held = models.Q(pk__in=[])
    for name in fields:
        held |= (
            models.Q(pgh_context__reason__gt="")
            if name == REASON
            else models.Q(**{f"{name}__isnull": False})
        )
    return before.filter(held).exists()


def _forget(record: registry.Record, key: Any, fields: Iterable[str], before: datetime) -> None:
    """Take the values out of the history rows written before `before`, and delete their openings
    and the sealing key."""
    fields = list(fields)
    events = record.event_model._base_manager.filter(pgh_obj_id=key, pgh_created_at__lt=before)
    ids = list(events.values_list("pgh_id", flat=True))
    if not ids:
        return
    table = record.event_model._meta.db_table
    columns = [record.event_model._meta.get_field(name).column for name in fields if name != REASON]  # type: ignore[union-attr]  # concrete
    changes = [f'"{column}" = NULL' for column in columns]
    if REASON in fields:
        changes.append(
            "pgh_context = CASE WHEN pgh_context ? 'reason' THEN jsonb_set(pgh_context, "
            "'{reason}', '\"\"') ELSE pgh_context END"
        )
    sealed = {
        name
        for name in record.sealed
        if isinstance(record.model._meta.get_field(name), SealedField)
    }
    with (
        protection.suspended([table, "ledger_opening", "ledger_sealedkey"]),
        connection.cursor() as cursor,
    ):
        cursor.execute(f'UPDATE "{table}" SET {", ".join(changes)} WHERE pgh_id = ANY(%s)', [ids])
        entries = Entry.objects.filter(event_label=record.name, event_id__in=ids)
        Opening.objects.filter(entry__in=entries, field__in=fields)._raw_delete("default")
        if sealed and sealed <= set(fields):
            SealedKey.objects.filter(object_label=record.name, object_id=str(key))._raw_delete(
                "default"
            )


def _beforehand(target: Target) -> None:
    for _hook, before in _hooks.values():
        if before is not None:
            before(target)


def _afterwards(record: registry.Record, targets: Sequence[Target], *, vacuum: bool = True) -> None:
    for target in targets:
        for hook, _before in _hooks.values():
            hook(target)
    if vacuum and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            for table in (
                record.model._meta.db_table,
                record.event_model._meta.db_table,
                "ledger_opening",
                "ledger_sealedkey",
            ):
                cursor.execute(f'VACUUM "{table}"')
    _sequence_if_it_fits()


def _sequence_if_it_fits() -> None:
    """Let the log take in what waits. A restored database is behind its own log, which then
    refuses; erasing does not wait for that."""
    try:
        sequencing.sequence()
    except sequencing.LogInconsistentError as error:
        log.warning("the log takes nothing in: %s", error)


def _from_mirror(folder: Path) -> dict[str, _Known]:
    """The erasures that a copy of the log tells of, by the id of the Erasure. The copy is verified
    on the way."""
    erasures = {}
    start = f"{'erasure'}/"

    def read(index: int, entry: bytes) -> None:
        if f'"object":"{start}'.encode() not in entry:
            return
        leaf = Leaf.parse(entry)
        if leaf.object.startswith(start) and leaf.fields:
            fields = leaf.fields
            when = datetime.fromisoformat(fields["erased_at"])
            erasures[leaf.object.removeprefix(start)] = (
                fields["object_label"],
                fields["object_id"],
                fields["fields"],
                fields["ground"],
                when,
            )

    audit(folder, verifier(), each=read)
    return erasures
