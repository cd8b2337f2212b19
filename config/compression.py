"""Pages, pictures drawn as SVG and the API's answers go over the wire compressed; photos and files
go as they are.

A compressed answer that holds a secret beside a reader's own words can give the secret away by its
length (BREACH). The only secret on our pages is the form token, which Django masks anew in every
answer; and its middleware, whose work this is, pads answers at random. Public pages hold no secret
and are compressed once, without padding (config.public_pages).
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponseBase
from django.middleware.gzip import GZipMiddleware

TEXTS = (
    "text/html",
    "image/svg+xml",
    "application/json",
    "application/problem+json",
    "application/ld+json",
    "application/atom+xml",
)


class TextCompression(GZipMiddleware):
    """Compress what is text and was not sent as a file."""

    def process_response(
        self, request: HttpRequest, response: HttpResponseBase
    ) -> HttpResponseBase:
        kind = response.headers.get("Content-Type", "").partition(";")[0]
        if response.streaming or kind not in TEXTS or hasattr(request, "public_page"):
            return response
        return super().process_response(request, response)
