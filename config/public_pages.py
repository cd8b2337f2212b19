"""Public pages as caches expect them, and those that are kept served before Django is asked.

`PublicPages` (middleware) makes the answer of what a view marked as `public_page` has rendered: one
set of bytes for every reader, compressed once, with a strong ETag and 304, no cookie.
`PageFront` (WSGI, in front of Django) gives the same answer again for as long as the page is kept
(reports.pages.page_cache). Who has an account gets it as of this very moment, since they may just
have changed what it shows.
"""

from __future__ import annotations

import gzip
import logging
import uuid
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.verdict_fast_path import Application, Start, etag_of, matches, takes_gzip
from reports.pages.page_cache import Address, Page, PageCache
from reports.pages.public_pages import Shown

log = logging.getLogger(__name__)

#: Where the front leaves room for what Django makes, in the environment of the request.
SLOT: Final = "asclaimed.page"
#: How the address of every page begins.
PAGES: Final = ("/en/", "/zh/")
_READS: Final = frozenset({"GET", "HEAD"})
_SCHEMES: Final = frozenset({"", "http", "https"})
#: Headers that belong to one answer, or that are said anew of the bytes that go out.
_OWN: Final = frozenset({"content-length", "content-encoding", "etag", "x-request-id", "vary"})


def cache_control() -> str:
    """What caches may do: keep a page and ask each time; a shared one, if the settings allow it,
    give it unasked for some seconds."""
    seconds = settings.SHARED_CACHE_SECONDS
    return (
        f"public, max-age=0, must-revalidate, s-maxage={seconds}"
        if seconds
        else ("public, no-cache")
    )


def _answer(
    page: Page, method: str, if_none_match: str, accept_encoding: str
) -> tuple[int, list[tuple[str, str]], bytes]:
    packed = takes_gzip(accept_encoding)
    etag = f'{page.etag[:-1]}-gzip"' if packed else page.etag
    headers = [*page.headers, ("ETag", etag)]
    if if_none_match and matches(if_none_match, etag):
        return 304, [each for each in headers if each[0] != "Content-Type"], b""
    body = page.packed if packed else page.body
    headers.append(("Content-Length", str(len(body))))
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    return 200, headers, b"" if method == "HEAD" else body


def _page_of(response: HttpResponse, shown: Shown) -> Page:
    varies = ["Accept-Encoding"]
    if "hx-request" in response.headers.get("Vary", "").lower():
        varies.append("HX-Request")
    headers = [
        (name, value) for name, value in response.headers.items() if name.lower() not in _OWN
    ]
    body = response.content
    return Page(
        body,
        gzip.compress(body, mtime=0),
        etag_of(body),
        (*headers, ("Vary", ", ".join(varies))),
        frozenset(shown.keys),
        shown.is_list,
    )


class PublicPages:
    """Outside of all that would write cookies or encodings."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        shown: Shown | None = getattr(request, "public_page", None)
        if shown is None or response.status_code != 200 or not isinstance(response, HttpResponse):
            return response
        if response.cookies:
            log.error("a public page was to set a cookie: %s", request.path_info)
            return response
        response.headers["Cache-Control"] = cache_control()
        page = _page_of(response, shown)
        slot: Slot | None = request.META.get(SLOT)
        if slot is not None and shown.is_kept:
            slot.page = page
        status, headers, body = _answer(
            page,
            request.method or "",
            request.headers.get("If-None-Match", ""),
            request.headers.get("Accept-Encoding", ""),
        )
        alike = HttpResponse(body, status=status, headers=dict(headers))
        if status == 304:
            del alike.headers["Content-Type"]
        return alike


@dataclass
class Slot:
    """Takes up the page that Django makes for a request."""

    page: Page | None = None


class PageFront:
    """A WSGI application in front of another."""

    def __init__(self, application: Application, cache: PageCache, session_cookie: str) -> None:
        self.application = application
        self.cache = cache
        self.session = f"{session_cookie}="

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        address = _address_of(environ)
        if address is None:
            return self.application(environ, start_response)
        page = self.cache.get(address, now=self.session in environ.get("HTTP_COOKIE", ""))
        if page is None:
            return self._made(address, environ, start_response)
        status, headers, body = _answer(
            page,
            environ["REQUEST_METHOD"],
            environ.get("HTTP_IF_NONE_MATCH", ""),
            environ.get("HTTP_ACCEPT_ENCODING", ""),
        )
        headers.append(("X-Request-Id", uuid.uuid4().hex))
        start_response("200 OK" if status == 200 else "304 Not Modified", headers)
        return [body] if body else []

    def _made(
        self, address: Address, environ: dict[str, Any], start_response: Start
    ) -> Iterable[bytes]:
        begun = self.cache.begin()
        slot = environ[SLOT] = Slot()
        answer = self.application(environ, start_response)
        if begun is not None and slot.page is not None:
            self.cache.put(address, slot.page, begun)
        return answer


def _address_of(environ: dict[str, Any]) -> Address | None:
    """Under what a page is kept, or None if the answer may depend on more than that."""
    path, scheme = environ.get("PATH_INFO", ""), environ.get("HTTP_X_FORWARDED_PROTO", "")
    if (
        environ.get("REQUEST_METHOD") not in _READS
        or not path.startswith(PAGES)
        or environ.get("QUERY_STRING")
        or scheme not in _SCHEMES
        or "HTTP_AUTHORIZATION" in environ
        or "HTTP_HX_REQUEST" in environ
    ):
        return None
    return path, environ.get("HTTP_HOST", ""), scheme, environ.get("wsgi.url_scheme", "")
