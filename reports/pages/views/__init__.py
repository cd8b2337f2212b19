"""The public pages. Anyone may enter all of them; what is not public is 404, what was erased
410."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.utils.cache import get_conditional_response
from django.utils.translation import gettext as _

#: For files that may have to go one day (taken back, erased): caches ask again after five minutes,
#: by their ETag.
KEPT_FOR_NOW = "public, max-age=300"


def unchanged(request: HttpRequest, digest: str) -> HttpResponseBase | None:
    """304 for who has these bytes already: asked before the file is opened, because nobody would
    close it again."""
    response = get_conditional_response(request, etag=f'"{digest}"')
    if response is not None:
        response.headers["Cache-Control"] = KEPT_FOR_NOW
    return response


def gone(request: HttpRequest, sentence: object) -> HttpResponse:
    """410: it was here and is withheld; the sentence says what stays."""
    return render(
        request, "problem.html", {"title": _("Withheld"), "sentence": sentence}, status=410
    )


def kept_picture(request: HttpRequest, svg: bytes, digest: str) -> HttpResponse:
    """A picture. Asked for under the digest of what it shows, it may be kept for ever; otherwise
    for a minute."""
    response = HttpResponse(svg, content_type="image/svg+xml")
    kept = (
        "public, max-age=31536000, immutable"
        if request.GET.get("v") == digest
        else "public, max-age=60"
    )
    response["Cache-Control"] = kept
    return response
