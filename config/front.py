"""The verdict's bytes, served before Django is asked: a published document never changes, so no framework needs to wake up.

`GET /api/v1/verdicts/<uuid>/` is answered from PUBLISHED_DIR (verdicts.publishing), with a strong ETag (the SHA-256 that also
stands in the verdict's leaf), 304 and HEAD. Anything else, and any verdict whose file is not there, goes on to Django, which
answers the same bytes from its row. A verdict that was superseded names its successor in a Link header.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

from config.hosts import name_of

Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]

_PATH = re.compile(r"/api/v1/verdicts/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/")
CACHE_CONTROL = "public, max-age=60"


def headers_of(body: bytes, etag: str, successor: str = "") -> list[tuple[str, str]]:
    """The headers of a verdict's document, the same from here and from Django."""
    headers = [
        ("Content-Type", "application/json"),
        ("Content-Length", str(len(body))),
        ("ETag", etag),
        ("Cache-Control", CACHE_CONTROL),
        ("Vary", "Accept"),
        ("X-Content-Type-Options", "nosniff"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
    ]
    if successor:
        headers.append(("Link", f'</api/v1/verdicts/{successor}/>; rel="successor-version"'))
    return headers


def etag_of(body: bytes) -> str:
    """The strong ETag: the quoted SHA-256 of the bytes."""
    return f'"{hashlib.sha256(body).hexdigest()}"'


def matches(condition: str, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag (weak comparison, RFC 9110 §13.1.2)."""
    return condition.strip() == "*" or etag in {part.strip().removeprefix("W/") for part in condition.split(",")}


class VerdictFront:
    """A WSGI application in front of another."""

    def __init__(self, behind: Application, published: Path, content_host: str = "") -> None:
        """What is asked of `content_host` goes on: nothing of the site is there (config.content)."""
        self.behind = behind
        self.folder = str(published / "verdicts")
        self.content_host = name_of(content_host)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        found = _PATH.fullmatch(environ.get("PATH_INFO", "")) if environ.get("REQUEST_METHOD") in {"GET", "HEAD"} else None
        if found is None or environ.get("QUERY_STRING") or "ld+json" in environ.get("HTTP_ACCEPT", ""):
            return self.behind(environ, start_response)
        if name_of(environ.get("HTTP_HOST", "")) == self.content_host != "":
            return self.behind(environ, start_response)
        name = f"{self.folder}/{found[1]}"
        try:
            with open(f"{name}.json", "rb") as file:
                body = file.read()
        except OSError:
            return self.behind(environ, start_response)
        try:
            with open(f"{name}.successor", encoding="ascii") as file:
                successor = file.read(36)
        except OSError:
            successor = ""
        etag = etag_of(body)
        headers = headers_of(body, etag, successor)
        if matches(environ.get("HTTP_IF_NONE_MATCH", ""), etag):
            start_response("304 Not Modified", [pair for pair in headers if pair[0] not in {"Content-Type", "Content-Length"}])
            return []
        start_response("200 OK", headers)
        return [] if environ["REQUEST_METHOD"] == "HEAD" else [body]
