"""Lists that cost the same at any depth: a page is what comes after the last row of the page before
(keyset paging)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldDoesNotExist, ValidationError
from django.db import models
from django.db.models import Q

from claims.moments import read_moment

M = TypeVar("M", bound=models.Model)
SIZE = 20
LONGEST = 500  # characters of a cursor: ours have at most 110
DIGITS = 19


class BadCursorError(ValueError):
    """It names no place in this list."""


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of a list. `next_cursor` is empty on the last one; `after` is the cursor it was
    asked with."""

    rows: Sequence[M]
    next_cursor: str
    after: str


def _cursor(row: models.Model, keys: Sequence[str]) -> str:
    values = [getattr(row, key.lstrip("-")) for key in keys]
    text = json.dumps(
        [value.isoformat() if isinstance(value, datetime) else str(value) for value in values]
    )
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def read_key(model: type[models.Model], key: str, text: object) -> Any:
    """The value of the field `key` that stands in a cursor as `text`. Raises BadCursorError for
    what is no value of it."""
    if not isinstance(text, str) or "\0" in text or not text.isprintable():
        raise BadCursorError
    try:
        kind: Any = model._meta.get_field(key.lstrip("-"))
        if isinstance(kind, models.DateTimeField):
            value: Any = read_moment(text)
        elif isinstance(kind, models.IntegerField):
            value = (
                int(text) if len(text) <= DIGITS and text.removeprefix("-").isdecimal() else None
            )
        else:
            value = kind.to_python(text)
    except (ValidationError, FieldDoesNotExist):
        raise BadCursorError from None
    if value is None:
        raise BadCursorError
    return value


def _read_cursor(model: type[models.Model], keys: Sequence[str], text: str) -> list[Any]:
    """The place in the list that a cursor names. Raises BadCursorError."""
    if len(text) > LONGEST:
        raise BadCursorError
    try:
        values = json.loads(base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)))
    except (ValueError, RecursionError):
        raise BadCursorError from None
    if not isinstance(values, list) or len(values) != len(keys):
        raise BadCursorError
    return [read_key(model, key, value) for key, value in zip(keys, values, strict=True)]


def _behind(keys: Sequence[str], values: Sequence[Any]) -> Q:
    """Rows that come after `values` in the order of `keys`."""
    condition, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        name = key.lstrip("-")
        condition |= same & Q(**{f"{name}__{'lt' if key.startswith('-') else 'gt'}": value})
        same &= Q(**{name: value})
    return condition


def page_of(
    rows: models.QuerySet[M],
    query: Mapping[str, Any],
    *,
    by: Sequence[str] = ("-id",),
    size: int = SIZE,
) -> Page[M]:
    """The page of `rows` that `query["after"]` asks for, in the order `by`, whose last key is
    unique. A broken cursor starts over."""
    ordered, after = rows.order_by(*by), str(query.get("after", ""))
    if after:
        try:
            ordered = ordered.filter(_behind(by, _read_cursor(rows.model, by, after)))
        except BadCursorError:
            after = ""
    batch = list(ordered[: size + 1])
    more = len(batch) > size
    return Page(batch[:size], _cursor(batch[size - 1], by) if more else "", after)
