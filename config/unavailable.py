"""When the database or the broker is away, or the disk takes nothing: 503, closed, and nothing
inner in the answer; 507 when it is full.

A disk may be full under originals, under the log, or under the temporary files of uploads, long
before any view runs: wherever it was, what fails says so by its error number.

Outermost of the middleware, because sessions and accounts ask the database too. Everything that
failed for any other reason goes on to Django's own 500.
"""

from __future__ import annotations

import errno
import json
import logging
import sys
from collections.abc import Callable

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

from accounts.expensive_reads import TooManyReadsError
from engines.storage.blobs import FULL

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError)
_NOTE = "_found_something_away"
_TAKES_NOTHING = frozenset({errno.EROFS, errno.EIO})
_PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><title>{heading_zh} · {heading}</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>{heading_zh}</h1><p>{sentence_zh}</p>
<h1 lang="en">{heading}</h1>
<p lang="en">{sentence}</p></main></body></html>
"""
_AWAY_PAGE = _PAGE.format(
    heading_zh="暂时无法使用",
    sentence_zh="本站的一部分暂时没有响应。没有任何内容丢失，请稍后再试。",
    heading="Unavailable for the moment",
    sentence="A part of this site does not respond. Nothing is lost. Please try again in a minute.",
)
_FULL_PAGE = _PAGE.format(
    heading_zh="暂时没有存储空间",
    sentence_zh="本次内容没有保存，此前已收到的内容不受影响。请稍后再试。",
    heading="No storage space",
    sentence="This was not saved. What you sent before is safe. Please try again later.",
)
_SLOW_PAGE = _PAGE.format(
    heading_zh="查询范围过大",
    sentence_zh="这个查询耗时过长，已停止。请缩小范围，例如换用更具体的词。没有任何内容丢失。",
    heading="Search too broad",
    sentence="This took too long, so we stopped it. Try a more specific word. Nothing is lost.",
)
_SLOW_DETAIL = (
    "This took too long, so we stopped it. Ask for less: a more specific word, or fewer filters."
)
_FULL_DETAIL = (
    "We could not save this: there is no space at the moment. What you sent before is safe. Try "
    "again later."
)


def status_of(error: BaseException | None) -> int | None:
    """503 or 507 for what fails because something is away or full; None for every other failure."""
    if isinstance(error, AWAY):
        return 503
    if isinstance(error, OSError) and error.errno in FULL:
        return 507
    return 503 if isinstance(error, OSError) and error.errno in _TAKES_NOTHING else None


def too_slow(error: BaseException | None) -> bool:
    """Whether the database ended a statement that took too long (SQLSTATE 57014)."""
    return (
        isinstance(error, OperationalError)
        and getattr(error.__cause__, "sqlstate", None) == "57014"
    )


def answer(request: HttpRequest, status: int = 503, *, slow: bool = False) -> HttpResponse:
    """503 or 507, as problem+json (RFC 9457) for the API and as a plain page in both languages for
    people."""
    if request.path_info.startswith("/api/"):
        title, detail = (
            ("Service Unavailable", "Try again in a minute.")
            if status == 503
            else ("No room to store this", _FULL_DETAIL)
        )
        if slow:
            title, detail = "Search too broad", _SLOW_DETAIL
        problem = {"type": "about:blank", "title": title, "status": status, "detail": detail}
        response = HttpResponse(
            json.dumps(problem), status=status, content_type="application/problem+json"
        )
    else:
        response = HttpResponse(
            _SLOW_PAGE if slow else _AWAY_PAGE if status == 503 else _FULL_PAGE, status=status
        )
    response._has_been_logged = True  # type: ignore[attr-defined]  # by us, once and as a warning; Django asks for this name
    response.headers["Retry-After"] = "30"
    response.headers["Cache-Control"] = "no-store"
    return response


class UnavailableResponses:
    """Answers 503 where a view, or other middleware, found the database or the broker away, and 507
    where a disk was full."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django turns an exception into a 500 at every layer of middleware, so what failed in a
        # layer inside of us (sessions, say) never arrives here as an exception; `remember` has
        # noted which it was.
        response = self.get_response(request)
        if response.status_code != 500 or not hasattr(request, _NOTE):
            return response
        status, slow = getattr(request, _NOTE)
        return answer(request, status, slow=slow)

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if isinstance(error, TooManyReadsError):
            response = render(request, "429.html", status=429)
            response.headers["Retry-After"] = str(round(getattr(error, "wait", None) or 60))
            response.headers["Cache-Control"] = "no-store"
            return response
        status = status_of(error)
        if status is None:
            return None
        logger.warning("%d for a %s: %s", status, type(error).__name__, error)
        return answer(request, status, slow=too_slow(error))


@receiver(got_request_exception)
def remember(sender: object, request: HttpRequest | None = None, **kwargs: object) -> None:
    """Note on the request that it failed because something was away or full."""
    if request is not None and (status := status_of(sys.exc_info()[1])):
        setattr(request, _NOTE, (status, too_slow(sys.exc_info()[1])))
