"""Finding what a reference in an address names, however a person typed it."""

from __future__ import annotations

from typing import TypeVar
from uuid import UUID

from django.core.exceptions import ObjectDoesNotExist
from django.db import models
from django.http import Http404, HttpRequest, HttpResponsePermanentRedirect
from django.urls import reverse
from django.utils.encoding import iri_to_uri

from claims.references import read_reference

M = TypeVar("M", bound=models.Model)


def resolve_reference(rows: models.QuerySet[M], text: str) -> M:
    """The row of `rows` with this reference (as `read_reference` reads it) or UUID. Raises Http404,
    whatever the reason."""
    reference = read_reference(text)
    try:
        return rows.get(pk=UUID(text)) if reference is None else rows.get(reference=reference)
    except (ObjectDoesNotExist, ValueError):
        raise Http404 from None


def redirect_to_canonical(
    request: HttpRequest, reference: str, text: str
) -> HttpResponsePermanentRedirect | None:
    """Where to send a reader whose address spells the reference in another way than its canonical
    one."""
    match = request.resolver_match
    if text == reference or match is None or request.method not in {"GET", "HEAD"}:
        return None
    # Made anew from the route: the address as it was asked spells the reference in ways (spaces,
    # full width) that no search finds.
    address = reverse(
        match.view_name,
        kwargs={
            name: reference if value == text else value for name, value in match.kwargs.items()
        },
    )
    query = request.META.get("QUERY_STRING", "")
    return HttpResponsePermanentRedirect(f"{address}?{iri_to_uri(query)}" if query else address)
