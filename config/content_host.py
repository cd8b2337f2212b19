"""The content host: untrusted files leave from a host that shares no cookie, no page and no script
with ours.

What comes from CONTENT_HOST, however it is spelled (port, trailing dot, case), never meets
sessions, forms or pages: it answers the addresses of `reports.content_urls` and no others, as
attachments of no type, in a sandbox. The same addresses on our own host lead here. Should one of
these guards fail, the others stand: a script in such a file would run in no sandbox's origin, and
even in the host's own it would find nothing of ours.
"""

from __future__ import annotations

from collections.abc import Callable

from django.conf import settings
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.urls import resolve

from config.hosts import name_of

HEADERS = {
    "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class ContentHost:
    """Answers what was asked of CONTENT_HOST, itself; everything else goes on to the site."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponseBase]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        if name_of(request.get_host()) != name_of(settings.CONTENT_HOST):
            return self.get_response(request)
        try:
            match = resolve(request.path_info, "reports.content_urls")
            response: HttpResponseBase = match.func(request, *match.args, **match.kwargs)
        except Http404:
            response = HttpResponse(
                "Nothing here.\n", status=404, content_type="text/plain; charset=utf-8"
            )
        for name, value in HEADERS.items():
            response.headers[name] = value
        return response
