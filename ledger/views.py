"""The public log, as files. Open to everyone, GET and HEAD only, at exactly the paths of the C2SP
specifications."""

from __future__ import annotations

import hashlib

from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from ledger.files import LogFiles
from ledger.tiles import CHECKPOINT_PATH, TileError, parse_path

_IMMUTABLE = "public, max-age=31536000, immutable"
_FRESH = "public, max-age=3"


def _serve(request: HttpRequest, path: str, content_type: str, caching: str) -> HttpResponseBase:
    try:
        content = LogFiles().read(path)
    except (FileNotFoundError, NotADirectoryError):
        return HttpResponse("Nothing here.\n", status=404, content_type="text/plain; charset=utf-8")
    etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
    response = HttpResponse(content, content_type=content_type)
    response["ETag"] = etag
    response["Cache-Control"] = caching
    answer = get_conditional_response(request, etag=etag, response=response)
    assert answer is not None
    return answer


@require_safe
def checkpoint(request: HttpRequest) -> HttpResponseBase:
    """The last signed tree head."""
    return _serve(request, CHECKPOINT_PATH, "text/plain; charset=utf-8", _FRESH)


@require_safe
def key(request: HttpRequest) -> HttpResponseBase:
    """The verifier key."""
    return _serve(request, "key", "text/plain; charset=utf-8", "public, max-age=3600")


@require_safe
def tile(request: HttpRequest, path: str) -> HttpResponseBase:
    """A hash tile or an entry bundle; any other path, however near, is not there."""
    try:
        wanted = parse_path(f"tile/{path}")
    except TileError:
        return HttpResponse(
            "That is not the path of a tile.\n",
            status=404,
            content_type="text/plain; charset=utf-8",
        )
    kept = (
        _IMMUTABLE if wanted.size <= LogFiles().size() else "no-store"
    )  # until a checkpoint covers it, it may be made anew
    return _serve(request, wanted.path, "application/octet-stream", kept)
