"""Which models the record follows, and which it deliberately does not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from django.core.exceptions import FieldDoesNotExist
from django.db import models


@dataclass(frozen=True)
class Record:
    """How one model is recorded. `label` is the object type that stands in leaves ("verdicts.verdict")."""

    model: type[models.Model]
    plain: tuple[str, ...]
    text: tuple[str, ...]
    sealed: tuple[str, ...]
    closed: tuple[str, ...]
    document: str | None
    coarse: bool
    public: bool | str
    events: dict[str, Any] = field(default_factory=dict, compare=False, repr=False)

    @property
    def label(self) -> str:
        return self.model._meta.label_lower

    @property
    def event_model(self) -> type[models.Model]:
        """The model of the event rows, made by `recorded`."""
        found: type[models.Model] = self.events["model"]
        return found

    @property
    def event_label(self) -> str:
        """What the outbox and the entries call the event table."""
        return self.event_model._meta.label_lower

    @property
    def names(self) -> tuple[str, ...]:
        """Every recorded field, in the model's order."""
        known = {*self.plain, *self.text, *self.sealed, *([self.document] if self.document else [])}
        return tuple(f.name for f in self.model._meta.concrete_fields if f.name in known)

    @cached_property
    def encrypted(self) -> frozenset[str]:
        """The sealed fields that are stored encrypted (SealedField)."""
        from ledger.sealing import SealedField

        return frozenset(name for name in self.sealed if isinstance(self.model._meta.get_field(name), SealedField))

    def kind(self, name: str) -> str:
        """`plain`, `text`, `sealed` or `document`. Raises FieldDoesNotExist."""
        for kind in ("plain", "text", "sealed"):
            if name in getattr(self, kind):
                return kind
        if name == self.document:
            return "document"
        raise FieldDoesNotExist(f"{self.label} records no field {name!r}")


recorded: dict[str, Record] = {}  # by object label
derived: dict[str, str] = {}  # object label → why it is not recorded


def records() -> Iterator[Record]:
    """Every recorded model, in the order of its label."""
    for label in sorted(recorded):
        yield recorded[label]


def of(model: type[models.Model] | models.Model) -> Record:
    """The record of a model or of an instance's model. Raises LookupError when it is not recorded."""
    label = model._meta.label_lower
    if label not in recorded:
        raise LookupError(f"{label} is not recorded")
    return recorded[label]


def by_event(event_label: str) -> Record | None:
    """The record whose event table has this label, or None when the code no longer knows it."""
    for record in recorded.values():
        if record.event_label == event_label:
            return record
    return None
