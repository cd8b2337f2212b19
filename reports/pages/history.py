"""The record as it is read: each entry in words (reports.wording.event_labels), its fields before
and after as a diff."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final

from django.db import models
from django.utils.translation import gettext as _

from engines.text.diffing import Run, diff
from ledger import registry
from ledger.history import Change, FieldChange
from ledger.models import Entry
from reports.wording.event_labels import CODED, field_in_words, kind_in_words, object_in_words, who
from verdicts.actions import FIRST

LONGEST: Final = (
    20_000  # characters of one field that are compared; what is longer is shown as it is
)


@dataclass(frozen=True)
class Part:
    """One text of a field in one language, before and after. `lang` is empty where the text names
    none."""

    lang: str
    runs: tuple[Run, ...]


@dataclass(frozen=True)
class Field:
    """One changed field. Either `parts` (texts, as diffs) or `before` and `after` (values): `form`
    says whether these are words of ours, moments, or codes and ids as they are stored."""

    label: str
    name: str
    state: str
    parts: tuple[Part, ...] = ()
    before: str | datetime = ""
    after: str | datetime = ""
    form: str = "words"


@dataclass(frozen=True)
class ChangeView:
    """One change, ready to be shown."""

    change: Change
    what: str
    thing: str
    actor: str
    fields: tuple[Field, ...]


def _is_written(value: Any) -> bool:
    return isinstance(value, dict) and set(value) == {"lang", "text", "translations"}


def _texts(value: Any) -> dict[str, str]:
    """A written text as one string per language."""
    if not _is_written(value):
        return {}
    return {
        value["lang"]: value["text"],
        **{lang: translation["text"] for lang, translation in value["translations"].items()},
    }


def _plain(field: models.Field[Any, Any] | None, value: Any) -> tuple[str | datetime, str]:
    """A value as people read it, and its form: the label of a choice, yes or no, a moment; numbers,
    dates and ids as they stand."""
    if value is None or value == "" or value == {}:
        return "", "words"
    if isinstance(value, bool):
        return (_("yes") if value else _("no")), "words"
    choices = dict(field.flatchoices) if field is not None and field.flatchoices else {}
    if isinstance(value, str) and value in choices:
        return str(choices[value]), "words"
    if field is not None and isinstance(value, str) and value in CODED.get(field.name, {}):
        return str(CODED[field.name][value]), "words"
    if isinstance(field, models.DateTimeField) and isinstance(value, str):
        return datetime.fromisoformat(value), "moment"
    return (
        json.dumps(value, ensure_ascii=False, indent=1)
        if isinstance(value, (dict, list))
        else str(value)
    ), "code"


def _compare(before: str, after: str) -> tuple[Run, ...]:
    return diff(before[:LONGEST], after[:LONGEST]).runs


def compared(change: FieldChange) -> tuple[Part, ...]:
    """Before and after of an open field of texts as a diff, a part for each language; nothing for
    values that are no texts."""
    if change.state != "open":
        return ()
    if _is_written(change.before) or _is_written(change.after):
        old, new = _texts(change.before), _texts(change.after)
        parts = [
            Part(lang, _compare(old.get(lang, ""), new.get(lang, "")))
            for lang in dict.fromkeys((*old, *new))
        ]
        return tuple(part for part in parts if part.runs)
    if change.name in CODED and not CODED[change.name].keys().isdisjoint(
        (change.before, change.after)
    ):
        return ()
    if change.kind == "text" and all(
        value is None or isinstance(value, str) for value in (change.before, change.after)
    ):
        return (Part("", _compare(change.before or "", change.after or "")),)
    return ()


def _field(model: type[models.Model] | None, change: FieldChange) -> Field:
    label = field_in_words(change.name)
    if change.state != "open":
        return Field(label, change.name, change.state)
    field = (
        next((field for field in model._meta.concrete_fields if field.name == change.name), None)
        if model
        else None
    )
    if parts := compared(change):
        return Field(label, change.name, change.state, parts=parts)
    (before, first), (after, second) = _plain(field, change.before), _plain(field, change.after)
    return Field(
        label,
        change.name,
        change.state,
        before=before,
        after=after,
        form=second if after != "" else first,
    )


@dataclass(frozen=True)
class FieldView:
    """One field of a leaf: its name in words, its value as it stands there, what a code in it
    means, and a text by language."""

    label: str
    value: str
    meaning: str
    texts: Mapping[str, str]

    @classmethod
    def of(cls, label: str, name: str, value: Any) -> FieldView:
        """Read from a leaf, or from the opening of one of its commitments."""
        record = registry.recorded.get(label)
        field = (
            next(
                (field for field in record.model._meta.concrete_fields if field.name == name), None
            )
            if record
            else None
        )
        choices = dict(field.flatchoices) if field is not None and field.flatchoices else {}
        code = isinstance(value, str) and value in choices
        shown = value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, indent=2)
        return cls(field_in_words(name), shown, str(choices[value]) if code else "", _texts(value))


def tell(changes: Iterable[Change]) -> list[ChangeView]:
    """Changes of the record as people read them."""
    views = []
    for change in changes:
        model = registry.recorded[change.label].model
        fields = tuple(_field(model, field) for field in change.fields)
        views.append(
            ChangeView(
                change,
                kind_in_words(change.kind),
                object_in_words(change.label),
                who(change.role, change.name),
                fields,
            )
        )
    return views


@dataclass(frozen=True)
class ActView:
    """One thing that somebody did: the changes of the log that belong to it, the newest first."""

    changes: tuple[ChangeView, ...]
    opens_day: bool  # whether it is the first of its day in the order given

    @property
    def first(self) -> ChangeView:
        """The change that names the act."""
        return self.changes[0]

    @property
    def reason(self) -> str | None:
        """Why, as any of its changes says in public; None where one was given and none of them
        does, empty where none was given."""
        reasons = [
            "" if view.change.reason == FIRST else view.change.reason for view in self.changes
        ]
        return next((reason for reason in reasons if reason), None if None in reasons else "")


def acts(views: Iterable[ChangeView]) -> list[ActView]:
    """Changes in the order given, grouped by act: the same kind, moment and actor, and no two
    reasons, one after the other."""
    groups: list[list[ChangeView]] = []
    for view in views:
        if groups and _together(groups[-1], view):
            groups[-1].append(view)
        else:
            groups.append([view])
    grouped: list[ActView] = []
    day = None
    for changes in groups:
        at = changes[0].change.at
        grouped.append(ActView(tuple(changes), opens_day=at.date() != day))
        day = at.date()
    return grouped


def _together(act: Sequence[ChangeView], view: ChangeView) -> bool:
    """Whether a change belongs to the act before it. A reason that is not public in one row may be
    public in the next."""
    first = act[0]
    if (first.change.kind, first.change.at, first.actor) != (
        view.change.kind,
        view.change.at,
        view.actor,
    ):
        return False
    return len({change.change.reason for change in (*act, view) if change.change.reason}) < 2


@dataclass(frozen=True)
class Line:
    """One entry in a list of the record."""

    index: int
    kind: str
    what: str
    object: str
    thing: str
    at: datetime
    actor: str
    outside: bool

    @classmethod
    def of(cls, entry: Entry) -> Line:
        """Read from the leaf itself, so that the page shows what was hashed."""
        leaf = json.loads(bytes(entry.leaf))
        return cls(
            index=entry.index,
            kind=leaf["kind"],
            what=kind_in_words(leaf["kind"]),
            object=leaf["object"],
            thing=object_in_words(leaf["object"].partition("/")[0]),
            at=datetime.fromisoformat(leaf["at"]),
            actor=who(leaf["actor"]["role"], leaf["actor"]["name"]),
            outside=leaf["kind"].startswith("outside."),
        )
