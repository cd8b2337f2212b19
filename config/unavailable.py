"""When the database or the broker is away: 503, closed, and nothing inner in the answer.

Outermost of the middleware, because sessions and accounts ask the database too. Everything that failed for any other reason
goes on to Django's own 500.
"""

from __future__ import annotations

import json
import logging
import sys
from collections.abc import Callable

from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError
from django.dispatch import receiver
from django.http import HttpRequest, HttpResponse
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import TimeoutError as RedisTimeoutError

logger = logging.getLogger(__name__)

AWAY = (OperationalError, InterfaceError, RedisConnectionError, RedisTimeoutError)
_NOTE = "_found_something_away"
_PAGE = """<!doctype html>
<html lang="zh-Hans"><head><meta charset="utf-8"><title>暂时无法使用 · Unavailable for the moment</title>
<meta name="viewport" content="width=device-width, initial-scale=1"></head>
<body><main><h1>暂时无法使用</h1><p>本站的一部分暂时没有响应。没有任何内容丢失,请稍后再试。</p>
<h1 lang="en">Unavailable for the moment</h1>
<p lang="en">A part of this site does not answer right now. Nothing is lost; please try again in a minute.</p></main></body></html>
"""


def answer(request: HttpRequest) -> HttpResponse:
    """503, as problem+json (RFC 9457) for the API and as a plain page in both languages for people."""
    if request.path_info.startswith("/api/"):
        problem = {"type": "about:blank", "title": "Service Unavailable", "status": 503, "detail": "Try again in a minute."}
        response = HttpResponse(json.dumps(problem), status=503, content_type="application/problem+json")
    else:
        response = HttpResponse(_PAGE, status=503)
    response._has_been_logged = True  # type: ignore[attr-defined]  # by us, once and as a warning; Django asks for this name
    response.headers["Retry-After"] = "30"
    response.headers["Cache-Control"] = "no-store"
    return response


class Unavailable:
    """Answers 503 where a view, or other middleware, found the database or the broker away."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        # Django turns an exception into a 500 at every layer of middleware, so what failed in a layer inside of us (sessions,
        # say) never arrives here as an exception; `remember` has noted which it was.
        response = self.get_response(request)
        return answer(request) if response.status_code == 500 and hasattr(request, _NOTE) else response

    def process_exception(self, request: HttpRequest, error: Exception) -> HttpResponse | None:
        if not isinstance(error, AWAY):
            return None
        logger.warning("503 for a %s: %s", type(error).__name__, error)
        return answer(request)


@receiver(got_request_exception)
def remember(sender: object, request: HttpRequest | None = None, **kwargs: object) -> None:
    """Note on the request that it failed because something was away."""
    if request is not None and isinstance(sys.exc_info()[1], AWAY):
        setattr(request, _NOTE, True)
