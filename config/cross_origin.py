"""What is public is open to programs of other origins too: a newsroom's page in a browser may read
it as any program may.

Without credentials, always: nothing here ever says `Access-Control-Allow-Credentials`, so a browser
sends no cookie of ours along, and a preflight allows no `Authorization`. Pages, accounts, desks and
submissions are never shared.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.http import HttpRequest, HttpResponse, HttpResponseBase

HEADERS: Final = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "ETag, Link, Retry-After, X-Request-Id",
}
PREFLIGHT: Final = {
    **HEADERS,
    "Access-Control-Allow-Methods": "GET, HEAD, OPTIONS",
    "Access-Control-Allow-Headers": (
        "Accept, Accept-Language, Content-Type, If-None-Match, If-Modified-Since, Range"
    ),
    "Access-Control-Max-Age": "86400",
}
#: The addresses that are data: the API's reads, feeds, the log, proofs and bundles, the files of
#: reports. A test holds them against the permission table:
#: each can be read by anyone, none is a page.
SHARED: Final = re.compile(
    r"/api/v1/(?!submissions/|proposals/|$)|(?:/(?:en|zh))?/feeds/|/ledger/"
    r"|/record/entries/\d+/(?:leaf\.json|proof|bundle\.json)\Z"
    r"|/reports/[^/]+/files/[^/]+\.(?:json|pdf|svg|csv|typ)\Z"
)
READS: Final = frozenset({"GET", "HEAD", "OPTIONS"})


class CrossOriginReads:
    """Around everything that may refuse, so that a reader elsewhere also learns why not."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if request.method not in READS or not SHARED.match(request.path_info):
            return self.get_response(request)
        if request.method == "OPTIONS" and "Access-Control-Request-Method" in request.headers:
            return HttpResponse(status=204, headers=PREFLIGHT)
        response = self.get_response(request)
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response
