"""Which language an answer is in: the one in its address; where none is, the first of ours that
`Accept-Language` names, else English. No cookie and no header changes what stands at an address
with a language.

A page that is asked for by its permanent address, in no language, is found in the reader's own: a
short redirect for everyone alike, which leads nowhere but to a page of ours.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.urls import is_valid_path
from django.utils import translation
from django.utils.cache import patch_vary_headers
from django.utils.encoding import escape_uri_path, iri_to_uri
from django.utils.translation.trans_real import (
    get_supported_language_variant,
    parse_accept_lang_header,
)

from ui.languages import LANGUAGES, page_start

#: Beginnings of addresses under which no page for people is.
FOR_PROGRAMS: Final = ("/api/", "/ledger/", "/media/", "/static/")
#: A language at the beginning of an address, as people and programs spell it: /EN/, /zh-Hans/.
_SPELLED: Final = re.compile(r"/(en|zh)(?:[-_][a-z0-9]{1,8}){0,3}(?=/|\Z)", re.IGNORECASE)


def asked_of(accepted: str, otherwise: str = "en") -> str:
    """The first language of ours that an Accept-Language header names."""
    for code, _weight in parse_accept_lang_header(accepted.lower()):
        try:
            return get_supported_language_variant(code)
        except LookupError:
            continue
    return otherwise


def language_of(request: HttpRequest) -> str:
    """The language of the answer, also where this middleware has not come to it yet."""
    named = _SPELLED.match(request.path_info)
    return (
        LANGUAGES[named[1].lower()]
        if named
        else asked_of(request.headers.get("Accept-Language", ""))
    )


class Languages:
    """Outside of everything that speaks."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        path = request.path_info
        named = _SPELLED.match(path)
        request.LANGUAGE_CODE = language_of(request)
        translation.activate(request.LANGUAGE_CODE)
        start = named[0] if named else ""
        page = None if start == page_start() else _page(path.removeprefix(start))
        response = self.get_response(request) if page is None else _redirect(request, page)
        if not named:
            patch_vary_headers(response, ["Accept-Language"])
        response.headers.setdefault("Content-Language", request.LANGUAGE_CODE)
        return response


def _page(path: str) -> str | None:
    """The page that is meant by a path without its language, or None where none is."""
    if path.startswith(FOR_PROGRAMS):
        return None
    address = page_start() + path
    return next(
        (candidate for candidate in (address, f"{address}/") if is_valid_path(candidate)), None
    )


def _redirect(request: HttpRequest, page: str) -> HttpResponse:
    """To a page of ours. A form that was opened under an old address is sent there again by the
    browser, with all that is in it."""
    query = iri_to_uri(request.META.get("QUERY_STRING", ""))
    return HttpResponse(
        status=302 if request.method in {"GET", "HEAD"} else 307,
        headers={
            "Location": escape_uri_path(page) + (f"?{query}" if query else ""),
            "Cache-Control": "public, no-cache",
        },
    )
