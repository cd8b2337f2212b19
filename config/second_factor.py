"""A session of a role that needs a second factor can do nothing but set it up or prove it. API keys
are not sessions, and public pages look at none."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import render
from django.urls import reverse

from accounts.access import ACCESS_ATTRIBUTE
from accounts.api.authentication import names_a_key
from accounts.second_factor import Shortfall, sentence, shortfall

#: What such a session may do: set the factor up or prove it, see to a mail address that stands in
#: the way, leave.
OPEN = frozenset({
    "mfa_index", "mfa_activate_totp", "mfa_authenticate", "mfa_reauthenticate",
    "mfa_add_webauthn", "mfa_login_webauthn", "mfa_reauthenticate_webauthn",
    "accounts:enrolment-picture",
    "account_reauthenticate", "account_login", "account_logout", "account_email",
    "account_confirm_email",
    "account_email_verification_sent",
    "account-fragment",
})  # fmt: skip
#: Files for everyone, which depend on no session.
FILES = ("/ledger/", "/media/", "/healthz", "/readyz", "/metrics")


class SecondFactor:
    """Inside of sessions and allauth, outside of every view."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Any, args: Any, kwargs: Any
    ) -> HttpResponse | None:
        """403 with the sentence, as page or problem document; None lets the view answer."""
        if (
            not settings.SECOND_FACTOR_REQUIRED
            or settings.SESSION_COOKIE_NAME not in request.COOKIES
        ):
            return None
        if request.path_info.startswith(FILES) or _by_key(request):
            return None
        if getattr(view, ACCESS_ATTRIBUTE, None) == "everyone":  # the same for every reader
            return None
        if request.resolver_match is not None and request.resolver_match.view_name in OPEN:
            return None
        lacking = shortfall(request)
        return _refuse(request, lacking) if lacking else None


def _by_key(request: HttpRequest) -> bool:
    """Whether the API is asked by key: with this header it looks at no session, whatever the key is
    worth."""
    return request.path_info.startswith("/api/v1/") and names_a_key(request)


def _refuse(request: HttpRequest, lacking: Shortfall) -> HttpResponse:
    detail = sentence(lacking)
    if request.path_info.startswith("/api/"):
        body = {
            "type": "about:blank#second_factor_required",
            "title": "Not allowed",
            "status": 403,
            "detail": detail,
        }
        return JsonResponse(body, status=403, content_type="application/problem+json")
    way = "mfa_activate_totp" if lacking is Shortfall.NOT_ENROLLED else "mfa_reauthenticate"
    context = {"sentence": detail, "way": reverse(way), "enrolled": lacking is Shortfall.NOT_PROVEN}
    return render(request, "403_second_factor.html", context, status=403)
