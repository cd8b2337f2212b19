"""Pages that strangers read, kept in memory and given again for as long as nothing at all was
written to the database.

Whether something was written is what PostgreSQL itself says: `pg_current_snapshot()` names the
transactions whose work a query sees. A transaction that wrote stands in it as running or as to come
until it ends, and never again afterwards; so two snapshots that read the same see the same rows,
and an old one never comes back. (The server's start is asked for as well, because a restored server
counts its transactions anew.) A page is kept only if the snapshot after the last of its queries is
the one before the first.

A kept page must be a function of the database, the address and the language alone. So only who
brings neither session nor message nor query gets one, and no form token is ever in it: its place is
held open, and each reader's own is put there.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Concatenate, Final, ParamSpec

from django.conf import settings
from django.contrib.messages.storage.cookie import CookieStorage
from django.db import connection
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.middleware.csrf import get_token
from django.template.response import TemplateResponse
from django.utils.translation import get_language

P = ParamSpec("P")
Version = tuple[Any, ...]

MOST: Final = 200
#: Holds the place of the form token. Drawn at random,
#: so that no text on a page can be taken for it.
_PLACE: Final = secrets.token_hex(32)


@dataclass(frozen=True)
class _CachedPages:
    """Pages of one version, by address and language: each in the parts between which a reader's
    form token goes."""

    version: Version
    pages: dict[tuple[str, str | None], list[str]] = field(default_factory=dict)


_held = _CachedPages(())


def _version() -> Version:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_postmaster_start_time(), pg_current_snapshot()::text")
        version: Version = cursor.fetchone()
    return version


def _is_anonymous(request: HttpRequest) -> bool:
    known = {settings.SESSION_COOKIE_NAME, CookieStorage.cookie_name}
    return not (
        request.META.get("QUERY_STRING")
        or known & request.COOKIES.keys()
        or "Authorization" in request.headers
    )


def cache_for_anonymous(
    view: Callable[Concatenate[HttpRequest, P], HttpResponseBase],
) -> Callable[Concatenate[HttpRequest, P], HttpResponseBase]:
    """For a view that answers with a TemplateResponse, reads the database alone and does not look
    at the clock.

    Inside of a transaction nothing is kept: there one sees one's own changes, which no snapshot
    names.
    """

    @wraps(view)
    def answered(request: HttpRequest, /, *args: P.args, **kwargs: P.kwargs) -> HttpResponseBase:
        if connection.in_atomic_block or not _is_anonymous(request):
            return view(request, *args, **kwargs)
        global _held
        key, version, held = (request.build_absolute_uri(), get_language()), _version(), _held
        parts = held.pages.get(key) if held.version == version else None
        if parts is None:
            response = view(request, *args, **kwargs)
            if not isinstance(response, TemplateResponse) or response.status_code != 200:
                return response
            response.context_data = {**(response.context_data or {}), "csrf_token": _PLACE}
            parts = response.render().content.decode().split(_PLACE)
            if _version() == version:
                if held.version != version or len(held.pages) >= MOST:
                    held = _held = _CachedPages(
                        version
                    )  # what is older than the last change is not even held
                held.pages[key] = parts
        return HttpResponse(get_token(request).join(parts))

    return answered
