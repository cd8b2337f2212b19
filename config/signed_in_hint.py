"""A cookie that says no more than that someone is signed in here, for the script of public pages
(`ui/static/ui/own.js`): without it the script asks for nothing.

It names nobody and opens nothing. It is set and deleted on answers that looked at the session, so
public pages, which do not, set none.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Final

from django.conf import settings
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.http import HttpRequest, HttpResponse

from ui.shortening import width

SIGNED_IN: Final = "1"
#: Messages wait as well: how many, and how wide they are, so that the page keeps room for them.
MESSAGES_WAIT: Final = "message-{}-{}"
_WAITING: Final = re.compile(r"message-\d{1,3}-\d{1,5}")


class SignedInHint:
    """Outside of sessions, whose cookie it accompanies."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        session = getattr(request, "session", None)
        if session is not None and session.accessed:
            self._tell(request, response)
        return response

    def _tell(self, request: HttpRequest, response: HttpResponse) -> None:
        name = settings.SIGNED_IN_COOKIE_NAME
        hint = request.COOKIES.get(name)
        if not request.user.is_authenticated:
            if hint is not None:
                response.delete_cookie(name, samesite="Lax")
            return
        wanted = _wanted(request, response, hint)
        if wanted == hint and settings.SESSION_COOKIE_NAME not in response.cookies:
            return
        lasting = not request.session.get_expire_at_browser_close()
        response.set_cookie(
            name,
            wanted,
            max_age=request.session.get_expiry_age() if lasting else None,
            secure=settings.SESSION_COOKIE_SECURE,
            samesite="Lax",
        )


def _wanted(request: HttpRequest, response: HttpResponse, hint: str | None) -> str:
    changed = response.cookies.get(CookieStorage.cookie_name)
    if changed is None:
        return hint if hint and _WAITING.fullmatch(hint) else SIGNED_IN
    kept = CookieStorage(request)._decode(changed.value) or ()  # type: ignore[attr-defined]  # not in the stubs
    widths = [width(str(message)) for message in kept if isinstance(message, Message)]
    return MESSAGES_WAIT.format(len(widths), sum(widths)) if widths else SIGNED_IN
