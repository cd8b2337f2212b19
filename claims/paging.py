"""Lists that cost the same at any depth: a page is what comes after the last row of the page before (keyset paging)."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Generic, TypeVar

from django.core.exceptions import FieldError, ValidationError
from django.db import models
from django.db.models import Q

M = TypeVar("M", bound=models.Model)
SIZE = 20


@dataclass(frozen=True)
class Page(Generic[M]):
    """One page of a list. `next_cursor` is empty on the last one; `after` is the cursor it was asked with."""

    rows: Sequence[M]
    next_cursor: str
    after: str


def _cursor(row: models.Model, keys: Sequence[str]) -> str:
    values = [getattr(row, key.lstrip("-")) for key in keys]
    text = json.dumps([value.isoformat() if isinstance(value, datetime) else str(value) for value in values])
    return base64.urlsafe_b64encode(text.encode()).decode().rstrip("=")


def _behind(keys: Sequence[str], values: Sequence[str]) -> Q:
    """Rows that come after `values` in the order of `keys`."""
    condition, same = Q(), Q()
    for key, value in zip(keys, values, strict=True):
        name = key.lstrip("-")
        condition |= same & Q(**{f"{name}__{'lt' if key.startswith('-') else 'gt'}": value})
        same &= Q(**{name: value})
    return condition


def page_of(rows: models.QuerySet[M], query: Mapping[str, Any], *, by: Sequence[str] = ("-id",), size: int = SIZE) -> Page[M]:
    """The page of `rows` that `query["after"]` asks for, in the order `by`, whose last key is unique. A broken cursor starts over."""
    ordered, after = rows.order_by(*by), str(query.get("after", ""))
    if after:
        try:
            values = json.loads(base64.urlsafe_b64decode(after + "=" * (-len(after) % 4)))
            ordered = ordered.filter(_behind(by, [str(value) for value in values]))
        except (ValueError, TypeError, FieldError, ValidationError):
            after = ""
    found = list(ordered[: size + 1])
    more = len(found) > size
    return Page(found[:size], _cursor(found[size - 1], by) if more else "", after)
