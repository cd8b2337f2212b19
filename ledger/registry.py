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
    """How one model is recorded. `name` is the type of its objects in leaves ("verdict"):
    permanent, wherever the model lives.

    `public` says whose words everyone may read: the name of a QuerySet method that keeps the public
    rows, True for all rows, False for none. Where it is not True a leaf says nothing in the clear:
    plain fields are committed like texts, and the time is the day alone.
    """

    name: str
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
    def clear(self) -> bool:
        """Whether plain fields stand in the leaf as they are, since every row is public from its
        first moment."""
        return self.public is True

    @property
    def event_model(self) -> type[models.Model]:
        """The model of the event rows, made by `recorded`."""
        model: type[models.Model] = self.events["model"]
        return model

    @property
    def names(self) -> tuple[str, ...]:
        """Every recorded field, in the model's order."""
        known = {*self.plain, *self.text, *self.sealed, *([self.document] if self.document else [])}
        return tuple(f.name for f in self.model._meta.concrete_fields if f.name in known)

    @cached_property
    def encrypted(self) -> frozenset[str]:
        """The sealed fields that are stored encrypted (SealedField)."""
        from ledger.sealing import SealedField

        return frozenset(
            name
            for name in self.sealed
            if isinstance(self.model._meta.get_field(name), SealedField)
        )

    def kind(self, name: str) -> str:
        """`plain`, `text`, `sealed` or `document`. Raises FieldDoesNotExist."""
        for kind in ("plain", "text", "sealed"):
            if name in getattr(self, kind):
                return kind
        if name == self.document:
            return "document"
        raise FieldDoesNotExist(f"{self.name} records no field {name!r}")

    def may_open(self, name: str, *, public: bool) -> bool:
        """Whether the value of a field may be read by everyone, `public` saying whether its row
        may."""
        return (
            (public or self.clear) and name not in self.closed and name in {*self.plain, *self.text}
        )


recorded: dict[str, Record] = {}  # by permanent name
names: dict[str, str] = {}  # label of a model → its permanent name
derived: dict[str, str] = {}  # label of a model → why it is not recorded
batched: dict[
    str, type[models.Model]
] = {}  # derived models whose rows are logged by batch, by permanent name


def records() -> Iterator[Record]:
    """Every recorded model, in the order of its name."""
    for name in sorted(recorded):
        yield recorded[name]


def of(model: type[models.Model] | models.Model) -> Record:
    """The record of a model or of an instance's model. Raises LookupError when it is not
    recorded."""
    name = names.get(model._meta.label_lower)
    if name is None:
        raise LookupError(f"{model._meta.label} is not recorded")
    return recorded[name]


def known(model: type[models.Model]) -> bool:
    """Whether somebody decided about a model: it is recorded, or derived with its reason."""
    return model._meta.label_lower in names.keys() | derived.keys()
