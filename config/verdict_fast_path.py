"""The verdict's bytes, served before Django is asked: a published document never changes, so no
framework needs to wake up.

`GET /api/v1/verdicts/<uuid>/` is answered from PUBLISHED_DIR (verdicts.published_files), with an
ETag (the SHA-256 that also stands in the verdict's leaf), 304 and HEAD. Anything else, and any
verdict whose file is not there, goes on to Django, which answers the same bytes from its row.
Whichever answers, the answer is made here (`answer`), so that a shared cache meets one set of
headers for one document: `Alike` makes it of what the view left with the request. A verdict that
was superseded names its successor in a Link header.
"""

from __future__ import annotations

import gzip
import hashlib
import re
import uuid
from collections.abc import Callable, Iterable
from functools import lru_cache
from pathlib import Path
from typing import Any, NamedTuple

from django.http import HttpRequest, HttpResponse, HttpResponseBase

from config.cross_origin import HEADERS as SHARED
from config.hosts import name_of

Start = Callable[..., Any]
Application = Callable[[dict[str, Any], Start], Iterable[bytes]]

_PATH = re.compile(
    r"/api/v1/verdicts/([0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12})/"
)
CACHE_CONTROL = "public, max-age=60"
JSON = "application/json"
#: What a reader who takes the document as it is may name in `Accept`; whatever else is named is
#: weighed by Django.
_PLAIN_ACCEPT = frozenset({"", "*/*", "application/*", JSON})
_STATUS_LINES = {200: "200 OK", 304: "304 Not Modified"}
#: Documents compressed lately.
_MOST = 128


class Answer(NamedTuple):
    """What goes out: status, headers, body."""

    status: int
    headers: list[tuple[str, str]]
    body: bytes


@lru_cache(maxsize=_MOST)
def _gzipped(body: bytes) -> bytes:
    return gzip.compress(body, mtime=0)


def etag_of(body: bytes) -> str:
    """The strong ETag: the quoted SHA-256 of the bytes."""
    return f'"{hashlib.sha256(body).hexdigest()}"'


def matches(condition: str, etag: str) -> bool:
    """Whether an If-None-Match header names this ETag (weak comparison, RFC 9110 §13.1.2)."""
    return condition.strip() == "*" or etag.removeprefix("W/") in {
        part.strip().removeprefix("W/") for part in condition.split(",")
    }


@lru_cache(maxsize=_MOST)
def takes_gzip(accepted: str) -> bool:
    return any(
        name.strip() == "gzip" and not _is_refused(rest)
        for name, _, rest in (part.partition(";") for part in accepted.split(","))
    )


def _is_refused(parameters: str) -> bool:
    return re.search(r"(?:^|;)\s*q=0(?:\.0*)?\s*(?:$|;)", parameters) is not None


def _accepts_json(accepted: str) -> bool:
    """Whether the document as JSON is what `Accept` asks for, beyond doubt."""
    named = [part.partition(";") for part in accepted.lower().split(",")]
    return any(name.strip() in _PLAIN_ACCEPT for name, _, _rest in named) and not any(
        _is_refused(rest) or "ld+json" in name for name, _, rest in named
    )


def answer(
    body: bytes,
    *,
    media_type: str = JSON,
    successor: str = "",
    method: str = "GET",
    if_none_match: str = "",
    accept_encoding: str = "",
) -> Answer:
    """The answer with a public form of a verdict, from here and from Django alike."""
    etag, packed = etag_of(body), takes_gzip(accept_encoding)
    headers = [
        ("ETag", f"W/{etag}" if packed else etag),
        ("Cache-Control", CACHE_CONTROL),
        ("Vary", "Accept, Accept-Encoding"),
        ("X-Content-Type-Options", "nosniff"),
        ("X-Frame-Options", "DENY"),
        ("Referrer-Policy", "same-origin"),
        ("Cross-Origin-Opener-Policy", "same-origin"),
        ("Content-Security-Policy", "default-src 'none'; frame-ancestors 'none'"),
        *SHARED.items(),
    ]
    if successor:
        headers.append(("Link", f'</api/v1/verdicts/{successor}/>; rel="successor-version"'))
    if if_none_match and matches(if_none_match, etag):
        return Answer(304, headers, b"")
    sent = _gzipped(body) if packed else body
    headers += [("Content-Type", media_type), ("Content-Length", str(len(sent)))]
    if packed:
        headers.append(("Content-Encoding", "gzip"))
    return Answer(200, headers, b"" if method == "HEAD" else sent)


class VerdictHeaders:
    """Outermost but for the request's id: what a view left as `request.published` (body, media
    type, successor) goes out by `answer`."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        response = self.get_response(request)
        published = getattr(request, "published", None)
        if published is None or response.status_code not in _STATUS_LINES:
            return response
        body, media_type, successor = published
        status, headers, content = answer(
            body,
            media_type=media_type,
            successor=successor,
            method=request.method or "",
            if_none_match=request.headers.get("If-None-Match", ""),
            accept_encoding=request.headers.get("Accept-Encoding", ""),
        )
        alike = HttpResponse(content, status=status, headers=dict(headers))
        if status == 304:
            del alike.headers["Content-Type"]
        return alike


class VerdictFastPath:
    """A WSGI application in front of another."""

    def __init__(self, application: Application, published: Path, content_host: str = "") -> None:
        """What is asked of `content_host` goes on: nothing of the site is there
        (config.content_host)."""
        self.application = application
        self.folder = str(published / "verdicts")
        self.content_host = name_of(content_host)

    def __call__(self, environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
        match = (
            _PATH.fullmatch(environ.get("PATH_INFO", ""))
            if environ.get("REQUEST_METHOD") in {"GET", "HEAD"}
            else None
        )
        if (
            match is None
            or environ.get("QUERY_STRING")
            or not _accepts_json(environ.get("HTTP_ACCEPT", ""))
        ):
            return self.application(environ, start_response)
        if name_of(environ.get("HTTP_HOST", "")) == self.content_host != "":
            return self.application(environ, start_response)
        name = f"{self.folder}/{match[1]}"
        try:
            with open(f"{name}.json", "rb") as file:
                body = file.read()
        except OSError:
            return self.application(environ, start_response)
        try:
            with open(f"{name}.successor", encoding="ascii") as file:
                successor = file.read(36)
        except OSError:
            successor = ""
        status, headers, content = answer(
            body,
            successor=successor,
            method=environ["REQUEST_METHOD"],
            if_none_match=environ.get("HTTP_IF_NONE_MATCH", ""),
            accept_encoding=environ.get("HTTP_ACCEPT_ENCODING", ""),
        )
        start_response(_STATUS_LINES[status], [*headers, ("X-Request-Id", uuid.uuid4().hex)])
        return [content] if content else []
