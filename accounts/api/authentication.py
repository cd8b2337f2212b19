"""Who is calling: an API key in the Authorization header, or the session of the site."""

from __future__ import annotations

import hashlib
from typing import Any

from django.conf import settings
from django.http import HttpRequest
from django.utils import timezone
from drf_spectacular.extensions import OpenApiAuthenticationExtension
from rest_framework.authentication import BaseAuthentication, get_authorization_header
from rest_framework.exceptions import AuthenticationFailed, Throttled
from rest_framework.request import Request

from accounts.expensive_reads import count_request
from accounts.models import ApiKey, User


def names_a_key(request: Request | HttpRequest) -> bool:
    """Whether the request comes by key, good or bad: then no session counts."""
    parts = get_authorization_header(request).split()  # type: ignore[arg-type]  # reads META alone, which both have
    return bool(parts) and parts[0].lower() == b"bearer"


class KeyAuthentication(BaseAuthentication):
    """`Authorization: Bearer ac_…`. Looked up by the SHA-256 of the key in one indexed query;
    revoked and expired keys fail."""

    def authenticate(self, request: Request) -> tuple[User, ApiKey] | None:
        """The key's account and the key, or None when no key was sent. Raises AuthenticationFailed
        for a key that is not valid."""
        if not names_a_key(request):
            return None
        key, parts = None, get_authorization_header(request).split()
        if len(parts) == 2 and len(parts[1]) <= 200:
            digest = hashlib.sha256(parts[1]).hexdigest()
            key = (
                ApiKey.objects.usable(timezone.now())
                .select_related("user")
                .filter(digest=digest)
                .first()
            )
        if key is None:
            _count_guess(request)
            raise AuthenticationFailed(
                "This API key is not valid, was revoked or has expired.", code="key_invalid"
            )
        return key.user, key

    def authenticate_header(self, request: Request) -> str:
        return "Bearer"


def _count_guess(request: Request) -> None:
    """Note a wrong key. Raises Throttled for an address that sent too many within the minute.

    Only wrong keys are counted, so that nobody can shut out the programs that share an address with
    them; a right one is 256 random bits and is not found by guessing.
    """
    refusal = "Too many wrong keys came from this address."
    count_request(
        "key-guesses",
        request,
        settings.KEY_GUESSES,
        lambda wait: Throttled(wait=wait, detail=refusal),
    )


class KeyScheme(OpenApiAuthenticationExtension):  # type: ignore[no-untyped-call]  # drf-spectacular's registry is untyped
    """How the key stands in the OpenAPI document."""

    target_class = KeyAuthentication
    name = "apiKey"

    def get_security_definition(self, auto_schema: Any) -> dict[str, str]:
        return {"type": "http", "scheme": "bearer", "bearerFormat": "ac_…"}
