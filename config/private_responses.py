"""What was made for one person stays with that person: no cache between us may keep it.

Who asks with a session or a key, and whoever is given a cookie, gets `private, no-cache` unless the
view said something stricter (`never_cache`) or said that its bytes are the same for everyone
(`public`); and `Vary` names what the answer depended on. Pages of one's own account, which are
partly another package's, are stored nowhere at all.

That a public address holds nothing, or nothing any more, is no one's own: whoever asks, with
whatever cookie or key, gets the same bytes and headers.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_cache_control, patch_vary_headers

from config.navigation import is_public
from ui.languages import without_language

ACCOUNT = "/account/"
#: What a public view answers that shows nothing: unreadable, not there, withheld.
_NOTHING: Final = frozenset({400, 404, 410})
#: Addresses of files for everyone, whose views look at no session.
_FILES: Final = ("/ledger/", "/media/")


def is_of_account(path: str) -> bool:
    """Whether an address, in whatever language, is one of one's own account."""
    return without_language(path).startswith(ACCOUNT)


def is_for_everyone(request: HttpRequest, response: HttpResponse) -> bool:
    """Whether an answer says of a public address that nothing is there, and is of no reader's."""
    session = getattr(request, "session", None)
    return (
        response.status_code in _NOTHING
        and request.method in {"GET", "HEAD"}
        and (is_public(request) or request.path_info.startswith(_FILES))
        and not response.cookies
        and (session is None or not session.accessed)
    )


class PrivateResponses:
    """Outside of sessions, whose cookies it must see."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if "public" in response.headers.get("Cache-Control", ""):
            return response
        if is_for_everyone(request, response):
            response.headers.setdefault("Cache-Control", "public, no-cache")
            return response
        by_cookie = settings.SESSION_COOKIE_NAME in request.COOKIES or bool(response.cookies)
        by_key = "Authorization" in request.headers
        if by_cookie or by_key:
            storing = {"no_store": True} if is_of_account(request.path_info) else {}
            patch_cache_control(response, private=True, no_cache=True, **storing)
            patch_vary_headers(response, ["Cookie"] * by_cookie + ["Authorization"] * by_key)
        return response
