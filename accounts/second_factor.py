"""A second factor at sign-in: codes of an authenticator app (RFC 6238), passkeys
(accounts.passkeys) and recovery codes, by django-allauth.

What is ours: the secrets are encrypted under the master key; a code works once, however it is
spaced and by whichever process; a session of a role that needs a second factor has to have proven
it (`shortfall`); whoever has one proves themselves by it, never by the password alone.
"""

from __future__ import annotations

import base64
import unicodedata
from enum import Enum
from typing import Any

import qrcode
from allauth.account.authentication import get_authentication_records
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.adapter import get_adapter as mfa_adapter
from allauth.mfa.base.forms import AuthenticateForm as TheirAuthenticateForm
from allauth.mfa.base.forms import ReauthenticateForm as TheirReauthenticateForm
from allauth.mfa.base.internal.flows import check_rate_limit
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.totp.internal.auth import (
    format_hotp_value,
    get_totp_secret,
    hotp_value,
    yield_hotp_counters_from_time,
)
from django import forms
from django.conf import settings
from django.db import transaction
from django.http import HttpRequest
from django.utils.crypto import constant_time_compare
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy as lazy
from qrcode.image.svg import SvgPathFillImage

from accounts.models import Role, User
from accounts.passkeys import relying_party
from accounts.permissions import NotAllowedError
from ledger.sealing import MasterKeyUnusableError, seal_apart, unseal_apart

#: Who reads what is confidential, decides, rates, runs the site or speaks for a company.
ROLES = frozenset({
    Role.MODERATOR, Role.ADJUDICATOR, Role.OPERATOR, Role.AUDITOR, Role.COMPANY_REPRESENTATIVE,
})  # fmt: skip
PURPOSE = "second_factor"
#: The longest code that is looked at: a recovery code
#: with a blank between its digits is far shorter.
LONGEST = 64


class Shortfall(Enum):
    """What a session lacks that its role needs."""

    NOT_ENROLLED = "not enrolled"
    NOT_PROVEN = "not proven"


def shortfall(request: HttpRequest) -> Shortfall | None:
    """What a session must do before it may do anything else, or None. Asks the database nothing of
    who is not signed in."""
    user = request.user
    if (
        not settings.SECOND_FACTOR_REQUIRED
        or not isinstance(user, User)
        or not user.has_role(*ROLES)
    ):
        return None
    return None if is_proven(request) else _lacking(user)


def is_proven(request: HttpRequest) -> bool:
    """Whether the session gave a code of a second factor that its account still has."""
    user = request.user
    if not isinstance(user, User):
        return False
    proven = {
        record.get("id")
        for record in get_authentication_records(request, user)
        if record.get("method") == "mfa"
    }
    return bool(proven) and Authenticator.objects.filter(user=user, pk__in=proven).exists()


def _lacking(user: User) -> Shortfall:
    return (
        Shortfall.NOT_PROVEN
        if Authenticator.objects.filter(user=user).exists()
        else Shortfall.NOT_ENROLLED
    )


def sentence(lacking: Shortfall) -> str:
    """What the page and the API say of it."""
    if lacking is Shortfall.NOT_PROVEN:
        return _("Your role needs two-step verification. Use a code or a passkey to continue.")
    return _(
        "Your role needs two-step verification. Set it up to continue. Until then your account "
        "can do nothing else."
    )


def check_may_make_keys(request: HttpRequest) -> None:
    """Raises NotAllowedError where a second factor is required and the session has not proven one,
    whatever the role."""
    if settings.SECOND_FACTOR_REQUIRED and not is_proven(request):
        raise NotAllowedError(
            _(
                "API keys can only be created after two-step verification. Set it up, or sign in "
                "again with a code."
            )
        )


# --- codes ----------------------------------------------------------------------------------------


def digits(code: str) -> str:
    """The digits of a code as it was typed: with blanks or dashes between them, or in full
    width."""
    return "".join(
        character
        for character in unicodedata.normalize("NFKC", code[:LONGEST])
        if character.isalnum()
    )


def matching_counter(secret: str, code: str) -> int | None:
    """The counter (RFC 4226) whose code this is, among those that are good now; None for a wrong
    code."""
    for counter in sorted(yield_hotp_counters_from_time(), reverse=True):
        if constant_time_compare(digits(code), format_hotp_value(hotp_value(secret, counter))):
            return int(counter)
    return None


def use_code(user: User, code: str) -> Authenticator | None:
    """The factor whose unused code this is, now used; None for any other code. Two requests cannot
    both use one."""
    with transaction.atomic():
        for factor in Authenticator.objects.select_for_update().filter(user=user).order_by("pk"):
            use = _USES.get(factor.type)
            if use is not None and use(factor, code):
                return factor
    return None


def _use_totp(factor: Authenticator, code: str) -> bool:
    try:
        counter = matching_counter(mfa_adapter().decrypt(factor.data["secret"]), code)
    except (MasterKeyUnusableError, ValueError):
        return False  # sealed under a key that is gone: an operator resets it
    if counter is None or counter <= factor.data.get("last_counter", -1):
        return False
    remember(factor, counter)
    return True


def _use_recovery(factor: Authenticator, code: str) -> bool:
    try:
        return bool(factor.wrap().validate_code(digits(code)))
    except (MasterKeyUnusableError, ValueError):
        return False


#: What a code is tried against; a passkey takes none.
_USES = {
    Authenticator.Type.TOTP: _use_totp,
    Authenticator.Type.RECOVERY_CODES: _use_recovery,
}


def remember(factor: Authenticator, counter: int) -> None:
    """No code up to this counter is taken again."""
    factor.data["last_counter"] = counter
    factor.save(update_fields=["data"])


# --- what allauth is given ------------------------------------------------------------------------


class Adapter(DefaultMFAAdapter):  # type: ignore[misc]  # allauth ships no types
    """Secrets encrypted at rest; sentences of ours."""

    error_messages = {
        "add_email_blocked": lazy(
            "Turn off two-step verification before you add an address, and set it up again "
            "afterwards."
        ),
        "cannot_delete_authenticator": lazy("Two-step verification cannot be turned off."),
        "cannot_generate_recovery_codes": lazy(
            "Set up an authenticator app or a passkey first. Recovery codes come with it."
        ),
        "incorrect_code": lazy(
            "This code is wrong, has expired or was used before. Wait for the next one and try "
            "again."
        ),
        "unverified_email": lazy(
            "Confirm or remove your unconfirmed email address first, then set up two-step "
            "verification."
        ),
    }

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Whose passkeys they are: those of the site by its own address, whichever was asked."""
        return {"id": relying_party(), "name": "AsClaimed"}

    def encrypt(self, text: str) -> str:
        """Base64 of the text under the master key. Raises MasterKeyUnusableError."""
        return base64.b64encode(seal_apart(PURPOSE, text)).decode()

    def decrypt(self, encrypted_text: str) -> str:
        """The text again. Raises MasterKeyUnusableError, and ValueError for what was not written by
        `encrypt`."""
        opened = unseal_apart(PURPOSE, base64.b64decode(encrypted_text, validate=True))
        if opened is None:
            raise ValueError("this secret cannot be opened")
        return opened

    def build_totp_svg(self, url: str) -> str:
        """Black on white, also where the page around it is dark."""
        return str(qrcode.make(url, image_factory=SvgPathFillImage).to_string(encoding="unicode"))

    def picture(self, user: User) -> bytes | None:
        """The QR code of the secret that the asking session is setting up, as SVG; None when it is
        setting up none."""
        from allauth.core import context
        from allauth.mfa.totp.internal.auth import SECRET_SESSION_KEY

        secret = context.request.session.get(SECRET_SESSION_KEY)
        return self.build_totp_svg(self.build_totp_url(user, secret)).encode() if secret else None


def _code_field() -> forms.CharField:
    attributes = {"autocomplete": "one-time-code", "inputmode": "numeric", "autofocus": True}
    return forms.CharField(
        label=lazy("Code"), max_length=LONGEST, widget=forms.TextInput(attrs=attributes)
    )


class _UsesCode:
    """A form whose code is used up by being right."""

    user: User
    cleaned_data: dict[str, Any]
    authenticator: Authenticator

    def clean_code(self) -> str:
        clear_limit = check_rate_limit(self.user)
        code: str = self.cleaned_data["code"]
        used = use_code(self.user, code)
        if used is None:
            raise mfa_adapter().validation_error("incorrect_code")
        used.user = self.user
        self.authenticator = used
        clear_limit()
        return code


class AuthenticateForm(_UsesCode, TheirAuthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code after the password."""

    code = _code_field()


class ReauthenticateForm(_UsesCode, TheirReauthenticateForm):  # type: ignore[misc]  # allauth ships no types
    """The code before a change of the account."""

    code = _code_field()


class EnrolForm(ActivateTOTPForm):  # type: ignore[misc]  # allauth ships no types
    """The first code of an app. The secret stays the same however often the page is opened, in
    other tabs too."""

    code = _code_field()

    def __init__(self, *args: Any, **options: Any) -> None:
        self.user = options.pop("user")
        forms.Form.__init__(self, *args, **options)
        self.secret = get_totp_secret()

    def clean_code(self) -> str:
        """The code. `counter` is what it was made from, so that it is not taken again at
        sign-in."""
        from allauth.mfa.internal.flows.add import validate_can_add_authenticator

        validate_can_add_authenticator(self.user)
        clear_limit = check_rate_limit(self.user, error_key="rate_limited")
        code: str = self.cleaned_data["code"]
        counter = matching_counter(self.secret, code)
        if counter is None:
            raise mfa_adapter().validation_error("incorrect_code")
        self.counter = counter
        clear_limit()
        return code
