"""One id per request: in its answer, in every log line, and in the history rows of what it changed.

Ours is made here and never taken from the request: an id that a visitor chooses could be used to
mark someone else's act.
"""

from __future__ import annotations

import uuid
from collections.abc import Callable

from django.http import HttpRequest, HttpResponse

from config import logs
from ledger import request_id


class RequestIds:
    """Outermost of the middleware, so that whatever goes wrong further in can be found again."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        mine = uuid.uuid4().hex
        in_record, in_logs = request_id.set(mine), logs.request.set(mine)
        try:
            response = self.get_response(request)
        finally:
            request_id.reset(in_record)
            logs.request.reset(in_logs)
        response.headers["X-Request-Id"] = mine
        return response
