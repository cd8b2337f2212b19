"""Passkeys (WebAuthn, W3C Level 2) as a second factor, and instead of the password: by
django-allauth and fido2.

What is ours: the relying party is the host of SITE_URL, never the one that was asked for; one kind
of key, which a device may keep for signing in without a password (the server then asks that it
verified its user); and no answer of a browser, however odd, is more than a refusal.
"""

from __future__ import annotations

from ipaddress import ip_address
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from allauth.mfa.webauthn.forms import (
    AddWebAuthnForm,
    AuthenticateWebAuthnForm,
    EditWebAuthnForm,
    LoginWebAuthnForm,
    ReauthenticateWebAuthnForm,
)
from allauth.mfa.webauthn.internal import auth
from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.http import HttpRequest
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy

from accounts.models import User

LONGEST_NAME = 60
#: Characters. An answer with the longest attestation in use is a quarter of it.
LONGEST_CREDENTIAL = 32_768
#: What fido2 and allauth raise for an answer that no authenticator gives.
ODD = (TypeError, ValueError, KeyError, AttributeError, IndexError, OverflowError)


def relying_party() -> str:
    """The host that passkeys belong to: that of SITE_URL, and `localhost` for the machine itself.
    Empty where SITE_URL names another IP address, which no passkey can belong to."""
    host = urlsplit(settings.SITE_URL).hostname or ""
    try:
        return "localhost" if ip_address(host).is_loopback else ""
    except ValueError:
        return host


def obstacle(request: HttpRequest) -> tuple[str, str]:
    """Why no passkey can be used at the address that was asked for, and the address where it can;
    both empty where nothing stands against it."""
    host = relying_party()
    if not host:
        return _("Passkeys need a host name. This site is set up under an IP address."), ""
    asked = urlsplit(f"//{request.get_host()}")
    if asked.hostname == host:
        return "", ""
    site = urlsplit(settings.SITE_URL)
    port = f":{site.port}" if site.port else ""
    onward = urlunsplit((site.scheme, f"{host}{port}", request.get_full_path(), "", ""))
    return _("Passkeys do not work at this address of the site."), onward


def creation_options(user: User) -> dict[str, Any]:
    """What the browser is asked for a new passkey. Its challenge is kept in the session."""
    options: dict[str, Any] = auth.begin_registration(user, False)
    selection = dict(options["publicKey"].get("authenticatorSelection") or {})
    selection |= {"residentKey": "preferred", "requireResidentKey": False}
    return {"publicKey": dict(options["publicKey"]) | {"authenticatorSelection": selection}}


def _refuse(error: Exception) -> ValidationError:
    """The limit on attempts speaks for itself; whatever else was wrong is one sentence."""
    if isinstance(error, ValidationError) and getattr(error, "code", "") != "incorrect_code":
        return error
    return ValidationError(
        _("This passkey could not be confirmed. Nothing was changed. Try again, or use a code.")
    )


class CredentialField(forms.JSONField):
    """What a browser gives of a passkey, as JSON."""

    widget = forms.HiddenInput

    def to_python(self, value: Any) -> Any:
        if isinstance(value, str) and len(value) > LONGEST_CREDENTIAL:
            raise _refuse(ValueError("too long"))
        try:
            return super().to_python(value)
        except RecursionError as error:
            raise _refuse(error) from error


class _RefusesOdd:
    """A form whose passkey may be anything that a stranger sends."""

    def clean_credential(self) -> Any:
        try:
            return super().clean_credential()  # type: ignore[misc]  # of the form beside it
        except (ValidationError, *ODD) as error:
            raise _refuse(error) from error


class AuthenticateForm(_RefusesOdd, AuthenticateWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A passkey after the password."""

    credential = CredentialField()


class LoginForm(_RefusesOdd, LoginWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A passkey instead of the password."""

    credential = CredentialField()


class ReauthenticateForm(_RefusesOdd, ReauthenticateWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A passkey before a change of the account."""

    credential = CredentialField()


def _name_field() -> forms.CharField:
    return forms.CharField(
        label=lazy("Name"),
        max_length=LONGEST_NAME,
        help_text=lazy("So that you know it again: “work laptop”, “key on my key ring”."),
    )


class AddForm(AddWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """A new passkey and what it is called."""

    name = _name_field()
    credential = CredentialField()
    passwordless = None  # every passkey may sign in alone, if its device can

    def clean(self) -> dict[str, Any]:
        try:
            cleaned: dict[str, Any] = dict(super().clean())
        except (ValidationError, *ODD) as error:
            raise _refuse(error) from error
        if credential := cleaned.get("credential"):
            cleaned["credential"] = _kept(credential)
        return cleaned


def _kept(credential: dict[str, Any]) -> dict[str, Any]:
    """What is stored of a registration that was checked: no more than what checks the next
    answer."""
    response, results = credential["response"], credential.get("clientExtensionResults")
    properties = results.get("credProps") if isinstance(results, dict) else None
    kept_alone = properties.get("rk") if isinstance(properties, dict) else None
    return {
        "id": credential["id"],
        "rawId": credential.get("rawId", credential["id"]),
        "type": "public-key",
        "response": {
            "clientDataJSON": response["clientDataJSON"],
            "attestationObject": response["attestationObject"],
        },
        "clientExtensionResults": {
            "credProps": {"rk": kept_alone if isinstance(kept_alone, bool) else None}
        },
    }


class RenameForm(EditWebAuthnForm):  # type: ignore[misc]  # allauth ships no types
    """What a passkey is called."""

    name = _name_field()
