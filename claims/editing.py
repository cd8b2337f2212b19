"""Two people, or two tabs, edit one row: the later one must see what the earlier one saved before
it can be replaced.

A form that edits carries the version of the row that it was opened on (`EditForm`), and its action
compares that version with the locked row (`hold`). When they differ nothing is stored: the form
comes back with what was typed, beside it what is saved now, and with the new version, so that
sending it again is a decision.
"""

from __future__ import annotations

import hashlib
import json
from datetime import date, datetime
from decimal import Decimal
from typing import Any, TypeVar

from django import forms
from django.core.exceptions import NON_FIELD_ERRORS, ValidationError
from django.db import models
from django.http import QueryDict
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from claims.fields import NamedChoice
from claims.localized_text import LANGUAGES
from ui.in_words import join_list

M = TypeVar("M", bound=models.Model)
LENGTH = 32


class RowChangedError(Exception):
    """The row is no longer what the editor saw; `row` is what it is now."""

    def __init__(self, row: models.Model) -> None:
        super().__init__(f"{row._meta.label_lower}/{row.pk} was changed in the meantime")
        self.row = row


def version(row: models.Model) -> str:
    """What an editor saw of a row: a digest of its fields named in `EDITED`. The same texts again
    are the same version."""
    seen = [(name, _plain(getattr(row, name))) for name in row.EDITED]  # type: ignore[attr-defined]  # each model that is edited names them
    text = json.dumps([str(row.pk), seen], ensure_ascii=False, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:LENGTH]


def _plain(value: Any) -> Any:
    if isinstance(value, Decimal):
        return f"{value.normalize():f}"
    if isinstance(value, datetime):
        return value.timestamp()
    if isinstance(value, models.Model):
        return str(value.pk)
    if not value and not isinstance(value, (bool, int)):
        return None  # no text is no text, however it is stored
    return value if isinstance(value, (str, int, dict, list)) else str(value)


def lock_seen(row: M, seen: str = "") -> M:
    """The row as it is stored, locked, if it is the version that was seen. Raises RowChangedError.

    `seen` is the version that a form was opened on; without it `row` itself is what the caller saw.
    """
    held: M = type(row)._base_manager.select_for_update(of=("self",)).get(pk=row.pk)
    compare(held, seen or version(row))
    return held


def compare(row: models.Model, seen: str) -> None:
    """Raises RowChangedError unless `seen` is the version of this row."""
    if version(row) != seen:
        raise RowChangedError(row)


class EditForm(forms.Form):
    """A form that changes a row. It carries the version that it was opened on."""

    version = forms.CharField(
        widget=forms.HiddenInput,
        max_length=LENGTH,
        error_messages={
            "required": lazy(
                "This form does not say which text it changes. Nothing was saved. Reload the page."
            )
        },
    )

    def __init__(
        self,
        data: Any = None,
        *,
        row: models.Model | None,
        initial: dict[str, Any] | None = None,
        **options: Any,
    ) -> None:
        """`row` is what it changes; None for a form that only finds out when it is sent whether
        there is a row already."""
        super().__init__(
            data,
            initial={**(initial or {}), "version": version(row) if row is not None else ""},
            **options,
        )
        self.fields["version"].required = row is not None

    def clash(self, row: models.Model) -> None:
        """Keep what was typed, put what is saved now beside it, and say so. The next sending is on
        the version that is shown."""
        for name, value in _values(row, self).items():
            saved = display_value(self.fields[name], value)
            if display_value(self.fields[name], self.cleaned_data.get(name)) != saved:
                self.fields[name].saved_now = saved  # type: ignore[attr-defined]  # the template of a field shows it
        resend(self, "version", version(row))
        self.add_error(
            None,
            ValidationError(
                _(
                    "Someone saved a change after you opened this form. Your text is not saved "
                    "yet, but it is still in the form. Compare it with the saved text beside it, "
                    "then save again."
                ),
                code="clash",
            ),
        )


def _values(row: models.Model, form: forms.Form) -> dict[str, Any]:
    return {name: getattr(row, name) for name in row.EDITED if name in form.fields}  # type: ignore[attr-defined]  # each model that is edited names them


def display_value(field: forms.Field, value: Any) -> list[tuple[str, str]]:
    """What is saved, as (language or nothing, words)."""
    if isinstance(value, dict):
        texts = (
            {
                value["lang"]: value["text"],
                **{
                    lang: translation["text"] for lang, translation in value["translations"].items()
                },
            }
            if value
            else {}
        )
        return [(lang, texts[lang]) for lang in LANGUAGES if texts.get(lang)] or [("", "—")]
    if isinstance(field, forms.ModelChoiceField):
        return [("", field.label_from_instance(value) if value is not None else "—")]
    if isinstance(field, forms.ChoiceField):
        labels = {
            str(key): str(label)
            for key, label in field.widget.choices
            if not isinstance(label, (list, tuple))
        }
        return [("", labels.get(str(value), str(value or "—")))]
    if isinstance(value, datetime):
        return [("", f"{timezone.localtime(value):%Y-%m-%d %H:%M}")]
    if isinstance(value, date):
        return [("", f"{value:%Y-%m-%d}")]
    if isinstance(value, Decimal):
        return [("", f"{value.normalize():f}")]
    if isinstance(value, list):
        return [("", join_list(str(item) for item in value) or "—")]
    return [("", str(value or "—"))]


def resend(form: forms.Form, name: str, value: str) -> None:
    """Put another value into what will be sent next."""
    data = form.data.copy() if isinstance(form.data, QueryDict) else dict(form.data)
    data[form.add_prefix(name)] = value
    form.data = data


def clash(form: forms.Form, changed: RowChangedError) -> None:
    """Show a form that its action refused. Raises the refusal again for a form that edits
    nothing."""
    if not isinstance(form, EditForm):
        raise changed
    form.clash(changed.row)


def refused_status(*sent: forms.Form) -> int:
    """The status of a page with forms that were refused: 409 for a clash, 400 for what was
    typed."""
    return (
        409
        if any(form.is_bound and form.has_error(NON_FIELD_ERRORS, "clash") for form in sent)
        else 400
    )


class VersionedChoice(NamedChoice):
    """A choice among rows, one of which is changed: each option carries the version of its row. The
    row comes with it as `seen`."""

    def prepare_value(self, value: Any) -> Any:
        return f"{value.pk}.{version(value)}" if isinstance(value, models.Model) else value

    def to_python(self, value: Any) -> Any:
        key, _dot, seen = str(value or "").partition(".")
        row: Any = super().to_python(key)
        if row is not None:
            if not seen:
                raise ValidationError(
                    self.error_messages["invalid_choice"],
                    code="invalid_choice",
                    params={"value": value},
                )
            row.seen = seen
        return row


def typed(*sent: forms.Form) -> list[tuple[str, str]]:
    """What was typed into forms that their page can no longer show, as (label, words): for its
    writer to keep."""
    kept = []
    for form in sent:
        for bound in form.visible_fields():
            words = [
                text
                for _lang, text in display_value(bound.field, _cleaned(form, bound))
                if text not in {"", "—"}
            ]
            kept += [(str(bound.label), text) for text in words]
    return kept


def _cleaned(form: forms.Form, bound: forms.BoundField) -> Any:
    return form.cleaned_data.get(bound.name, "") if hasattr(form, "cleaned_data") else ""
