"""What is recorded of a model, and who is acting.

    @ledger.recorded(plain=["status"], text=["summary"], sealed=["contact"])
    class Claim(models.Model): ...

    with transaction.atomic(), ledger.act("claim.revised", by=user, role="moderator", reason="The
    quote was cut short."):
        claim.save(update_fields=["summary"])

Every insert, update and delete of a recorded row, raw SQL included, leaves an event row in the same
transaction. Who acts and why travels in the transaction-local setting `ledger.act`, which the
triggers copy into the event row; an event row without it was made outside the application.
"""

from __future__ import annotations

import contextlib
import json
import logging
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, Protocol, TypeVar

import pghistory
import pgtrigger
from django.contrib.postgres.fields import ArrayField
from django.core.exceptions import ImproperlyConfigured
from django.db import connection, models, transaction
from django.db.models.fields.generated import GeneratedField
from pghistory.models import Event

from ledger import act_setting, registry, triggers
from ledger.leaf import NAME, Leaf, LeafError
from ledger.sealing import SealedField

log = logging.getLogger(__name__)
M = TypeVar("M", bound=models.Model)

# The field classes whose values have one exact form in canonical JSON. Floats have none; everything
# else is a decision.
RECORDABLE: tuple[type[models.Field[Any, Any]], ...] = (
    models.AutoField, models.BigAutoField, models.BinaryField, models.BooleanField,
    models.CharField, models.DateField,
    models.DateTimeField, models.DecimalField, models.FileField, models.GenericIPAddressField,
    models.IntegerField,
    models.JSONField, models.SmallAutoField, models.TextField, models.UUIDField, models.ForeignKey,
    ArrayField,
)  # fmt: skip


class Actor(Protocol):
    """Who acts: an account, or SYSTEM. `pk` stays inside, `pseudonym` is what the public record
    says."""

    @property
    def pk(self) -> Any: ...
    @property
    def pseudonym(self) -> str: ...


@dataclass(frozen=True)
class _System:
    """The application itself: watching, processing, closing windows."""

    pk: None = None
    pseudonym: str = "system"


SYSTEM: Actor = _System()

# The name under which a leaf commits to the reason of its act. Models have fields called `reason`;
# none may have this name.
REASON = "act_reason"
# The role and name of whoever changed a row without an act, and the first word of the kind of such
# a change.
OUTSIDE = "outside"

request_id: ContextVar[str] = ContextVar("ledger_request_id", default="")


class NotInTransactionError(RuntimeError):
    """`ledger.act` was entered outside `transaction.atomic()`: a change and its record must commit
    together."""


class ActRefusedError(ValueError):
    """The kind, role or name given to `ledger.act` cannot stand in a leaf."""


# ── models ────────────────────────────────────────────────────────────────────────────────────────


class RecordEvent(Event):  # type: ignore[misc]  # pghistory is read as untyped
    """The base of all event rows: what a row held after an insert or update, or before a delete."""

    pgh_id = models.BigAutoField(primary_key=True)
    pgh_label = models.CharField(max_length=6)

    class Meta:
        abstract = True


class _Tracker(pghistory.RowEvent):  # type: ignore[misc]  # pghistory has no types
    """Puts our trigger on the model in place of pghistory's (see ledger.triggers)."""

    def add_event_trigger(self, event_model: type[models.Model]) -> None:
        triggers.HistoryTrigger(self.operation, event_model).register(event_model.pgh_tracked_model)  # type: ignore[attr-defined]  # set by pghistory


def _trackers() -> list[_Tracker]:
    return [
        _Tracker("insert", operation=pgtrigger.Insert, row="NEW"),
        _Tracker("update", operation=pgtrigger.Update, row="NEW", condition=None),
        _Tracker("delete", operation=pgtrigger.Delete, row="OLD"),
    ]


_KEPT = {
    "max_length",
    "max_digits",
    "decimal_places",
    "base_field",
    "size",
    "encoder",
    "decoder",
    "db_collation",
    "protocol",
}


def _history_field(field: models.Field[Any, Any]) -> models.Field[Any, Any]:
    """The column of the event row for a column of the row: same type, nullable (erasing empties
    it), nothing else enforced."""
    if isinstance(field, models.ForeignKey):
        return models.ForeignKey(
            field.remote_field.model, models.DO_NOTHING, related_name="+", null=True,
            db_constraint=False, db_index=False, db_column=field.db_column,
        )  # fmt: skip
    if isinstance(field, models.FileField):
        return models.CharField(max_length=field.max_length, null=True, db_column=field.db_column)
    integers: dict[type[models.Field[Any, Any]], type[models.Field[Any, Any]]] = {
        models.BigAutoField: models.BigIntegerField,
        models.AutoField: models.IntegerField,
        models.SmallAutoField: models.SmallIntegerField,
    }
    if type(field) in integers:
        return integers[type(field)](null=True, db_column=field.db_column)
    _, _, args, kwargs = field.deconstruct()
    kept: dict[str, Any] = {name: value for name, value in kwargs.items() if name in _KEPT}
    return type(field)(*args, **{**kept, "null": True, "db_column": field.db_column})


def recorded(  # noqa: C901 — the checks of a declaration, beside what it declares
    *,
    name: str,
    plain: Sequence[str] = (),
    text: Sequence[str] = (),
    sealed: Sequence[str] = (),
    closed: Sequence[str] = (),
    document: str | None = None,
    coarse: bool = False,
    public: bool | str = False,
) -> Callable[[type[M]], type[M]]:
    """Record every change of a model. Each concrete field but the primary key is named exactly
    once.

    - `name`: what its objects are called in leaves, keys and the API (`verdict`). Permanent: the
      model may move, the name never changes.
    - `plain`: closed vocabularies, numbers, dates, ids, digests of published files. Never erasable.
      Stands in the leaf as it is, for ever, where `public` is True. Elsewhere it is committed like
      a text, and opens to everyone only while its row is public.
    - `text`: anything a person typed. Committed; opened to everyone while the text is public;
      erasable.
    - `sealed`: committed, never opened. A SealedField is also encrypted, in event rows too; any
      other field here stands in the clear inside the database, which is right only for what must be
      searched (keyed hashes).
    - `closed`: those of the above that are never opened in public (who filed, what must be
      searched), though not encrypted; `act_reason` closes the reasons of all its changes.
    - `document`: the one field holding the hex SHA-256 of a canonical document; it becomes the
      leaf's `document`.
    - `coarse`: the time in the leaf is rounded down to the day (what owners file). Always so where
      `public` is not True.
    - `public`: which rows everyone may read, history included: the name of a QuerySet method of the
      default manager that keeps the public rows ("published"), True for all rows from their first
      moment, False (default) for none.

    Raises ImproperlyConfigured at import when a field is forgotten, named twice or of a type
    without an exact form.
    """

    def decorate(model: type[M]) -> type[M]:  # noqa: C901 — the checks of a declaration, beside what it declares
        meta = model._meta
        label = meta.label_lower
        if not NAME.fullmatch(name):
            raise ImproperlyConfigured(f"{label}: {name!r} is no name for objects in the log")
        if name in registry.recorded.keys() | registry.batched.keys():
            raise ImproperlyConfigured(f"{label}: another model is called {name!r} in the log")
        if meta.abstract or meta.proxy or meta.parents:
            raise ImproperlyConfigured(
                f"{label}: only a concrete model with a table of its own can be recorded"
            )
        if meta.local_many_to_many and any(
            f.remote_field.through is None or _automatic(f) for f in meta.local_many_to_many
        ):
            raise ImproperlyConfigured(
                f"{label}: a many-to-many relation needs an explicit through model, recorded itself"
            )
        named = [*plain, *text, *sealed, *([document] if document else [])]
        fields = {
            f.name: f
            for f in meta.local_concrete_fields
            if not f.primary_key and not isinstance(f, GeneratedField)
        }
        if twice := sorted({field for field in named if named.count(field) > 1}):
            raise ImproperlyConfigured(f"{label}: recorded twice: {', '.join(twice)}")
        if unknown := sorted(set(named) - set(fields)):
            raise ImproperlyConfigured(f"{label}: recorded but no field: {', '.join(unknown)}")
        if stray := sorted(set(closed) - {*text, *(() if public is True else plain), REASON}):
            raise ImproperlyConfigured(
                f"{label}: closed, though it stands in the clear or is not recorded: "
                f"{', '.join(stray)}"
            )
        if REASON in fields:
            raise ImproperlyConfigured(
                f"{label}: no field may be called {REASON!r}: the leaf commits to the act's "
                f"reason under it"
            )
        if not isinstance(
            meta.pk,
            models.UUIDField | models.AutoField | models.BigAutoField | models.SmallAutoField,
        ):
            raise ImproperlyConfigured(
                f"{label}: a recorded row is named by a UUID or a counted number"
            )
        if forgotten := sorted(set(fields) - set(named)):
            raise ImproperlyConfigured(
                f"{label}: of no declared kind (plain, text, sealed): {', '.join(forgotten)}"
            )
        for column, field in fields.items():
            if not isinstance(field, RECORDABLE):
                raise ImproperlyConfigured(
                    f"{label}.{column}: a {type(field).__name__} has no exact form in a leaf"
                )
            if isinstance(field, SealedField) and column not in sealed:
                raise ImproperlyConfigured(
                    f"{label}.{column}: a SealedField must be recorded as sealed"
                )
        record = registry.Record(
            name,
            model,
            tuple(plain),
            tuple(text),
            tuple(sealed),
            tuple(closed),
            document,
            coarse or public is not True,
            public,
        )
        registry.recorded[name], registry.names[label] = record, name
        record.events["model"] = pghistory.create_event_model(
            model,
            *_trackers(),
            fields=[],
            attrs={column: _history_field(field) for column, field in fields.items()},
            base_model=RecordEvent,
            model_name=f"{meta.object_name}Event",
            obj_field=pghistory.ObjForeignKey(db_constraint=False, null=True, related_name="+"),
            context_field=pghistory.ContextJSONField(),
            context_id_field=None,
            append_only=False,
            abstract=False,
            level=pgtrigger.Statement,
            meta={
                "triggers": [*triggers.append_only(), triggers.OutboxTrigger(name)],
                "default_permissions": (),
            },
        )
        assert meta.pk.column is not None
        for trigger in (triggers.IdentityTrigger(meta.pk.column), triggers.NoTruncateTrigger()):
            trigger.register(model)
        return model

    return decorate


def _automatic(field: models.ManyToManyField[Any, Any]) -> bool:
    through = field.remote_field.through
    return through is not None and not isinstance(through, str) and bool(through._meta.auto_created)


def derived(*, reason: str, name: str = "") -> Callable[[type[M]], type[M]]:
    """Say that a model is deliberately not recorded, and why (it can be computed again, is private,
    is only a queue…).

    `name` is the permanent name of rows that are logged by batch (`ledger.batches`).
    """
    if not reason.strip():
        raise ImproperlyConfigured("a model is left out of the record only with a reason")

    def decorate(model: type[M]) -> type[M]:
        registry.derived[model._meta.label_lower] = reason
        if name:
            registry.batched[name] = model
        return model

    return decorate


# ── acting ────────────────────────────────────────────────────────────────────────────────────────

_local = threading.local()


@lru_cache(maxsize=4096)
def act_fault(kind: str, role: str, name: str) -> str | None:
    """Why kind, role and name cannot stand in the leaf of an act, in a sentence; None when they
    can."""
    if kind.split(".")[0] == OUTSIDE or role == OUTSIDE:
        return "What happens in an act is never outside."
    try:
        Leaf(kind=kind, object="entry/0", at="2000-01-01T00:00:00.000000Z", role=role, name=name)
    except LeafError as error:
        return str(error)
    return None


@contextlib.contextmanager
def act(
    kind: str,
    *,
    by: Actor,
    role: str,
    reason: str = "",
    name: str | None = None,
    reason_public: bool = True,
) -> Iterator[uuid.UUID]:
    """Say who is acting, and why, for every recorded change inside the block. Yields the id that
    the changes share.

    `kind` names the event ("claim.revised"); `name` replaces the actor's public pseudonym. The
    reason is a text: committed in the leaf, erasable, shown with the history unless `reason_public`
    is False. Must be inside `transaction.atomic()`; raises NotInTransactionError. Acts may nest:
    the innermost names the change, the outermost lends all of them its id.
    """
    if not connection.in_atomic_block:
        raise NotInTransactionError(f"ledger.act({kind!r}) needs transaction.atomic() around it")
    name = by.pseudonym if name is None else name
    if fault := act_fault(
        kind, role, name
    ):  # refused here, where someone sees it, and not when the leaf is written
        raise ActRefusedError(f"{kind!r} by {name!r} as {role!r}: {fault}")
    stack: list[tuple[uuid.UUID, str]] = _local.__dict__.setdefault("stack", [])
    shared = stack[0][0] if stack else uuid.uuid4()
    context = json.dumps({
        "act": str(shared), "kind": kind, "role": role, "name": name,
        "by": None if by.pk is None else str(by.pk), "reason": reason,
        "reason_public": reason_public, "request": request_id.get(),
    })  # fmt: skip
    act_setting.put(context)
    stack.append((shared, context))
    try:
        yield shared
    finally:
        stack.pop()
        act_setting.put_later(stack[-1][1] if stack else "")
        transaction.on_commit(notify_sequencer, robust=True)


_notify_lock = threading.Lock()
_last_notified = 0.0
_notifier: Callable[[], object] | None = None


def set_notifier(bell: Callable[[], object]) -> None:
    """Say how the sequencer is rung: by something that waits for no broker (config does, with the
    bell of jobs)."""
    global _notifier
    _notifier = bell


def notify_sequencer() -> None:
    """Ring the sequencer, at most once per 250 ms and process. Never waits and never fails: beat
    sweeps anyway."""
    global _last_notified
    with _notify_lock:
        now = time.monotonic()
        if now - _last_notified < 0.25:
            return
        _last_notified = now
    try:
        if _notifier is not None:
            _notifier()
    except (
        Exception
    ) as error:  # whatever the broker does, the change is stored and the sweep will find it
        log.warning("the sequencer was not rung: %s", error)
