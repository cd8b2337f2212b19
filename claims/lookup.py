"""Finding what a reference in an address names, however a person typed it."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect

from claims.references import read_reference

M = TypeVar("M", bound=models.Model)


def by_reference(rows: models.QuerySet[M], text: str) -> M:
    """The row of `rows` with this reference (any case, O for 0, I and L for 1) or UUID. Raises Http404, whatever the reason."""
    reference = read_reference(text)
    try:
        return rows.get(pk=UUID(text)) if reference is None else rows.get(reference=reference)
    except (ObjectDoesNotExist, ValueError):
        raise Http404 from None


def canonical(request: HttpRequest, reference: str, text: str) -> HttpResponsePermanentRedirect | None:
    """Where to send a reader whose address spells the reference in another way than its canonical one."""
    if text == reference or request.method not in {"GET", "HEAD"}:
        return None
    return HttpResponsePermanentRedirect(request.get_full_path().replace(text, reference, 1))
