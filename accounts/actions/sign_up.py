"""Whether anyone may create an account, or invited people alone."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.core.validators import URLValidator, validate_email
from django.db import connection, transaction
from django.utils.translation import gettext as _

import ledger
from accounts.actions.invitations import key_of
from accounts.models import Role, RoleInvitation, SignUp, User
from accounts.permissions import check_operator
from accounts.states import RoleInvitationStatus

_LOCK = 0x5369676E5570  # "SignUp" in ASCII: two operators cannot decide at once


class SignUpChangedError(ValidationError):
    """Somebody decided the same before."""

    def __init__(self) -> None:
        super().__init__(
            _("It is so already: somebody else decided it. Nothing was changed. See it below.")
        )


@transaction.atomic
def close_sign_up(*, by: User, contact: str, reason: str, now: datetime) -> SignUp:
    """Let invited people alone create an account. Others are told to ask `contact`: a mail address,
    or a page (http or https). Raises NotAllowedError, ValidationError, SignUpChangedError."""
    contact = contact.strip()
    _check_contact(contact)
    return _decide(by=by, is_open=False, contact=contact, reason=reason, now=now)


@transaction.atomic
def open_sign_up(*, by: User, reason: str, now: datetime) -> SignUp:
    """Let anyone create an account again. Raises NotAllowedError, ValidationError,
    SignUpChangedError."""
    return _decide(by=by, is_open=True, contact="", reason=reason, now=now)


def may_sign_up(email: str, now: datetime) -> bool:
    """Whether an account for this mailbox may be created now. While sign-up is closed, for one that
    is invited to a role."""
    if SignUp.objects.current().is_open:
        return True
    invited = RoleInvitation.objects.filter(
        email_key=key_of(email), status=RoleInvitationStatus.INVITED, expires_at__gt=now
    )
    return bool(email) and invited.exists()


def is_mailbox(contact: str) -> bool:
    """Whether a contact is a mail address, and no page."""
    return not urlsplit(contact).scheme


def _decide(*, by: User, is_open: bool, contact: str, reason: str, now: datetime) -> SignUp:
    check_operator(by)
    if not reason.strip():
        raise ValidationError(_("Give the reason. Nothing was changed."))
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    held = SignUp.objects.first()
    if (held is None or held.is_open) == is_open:
        raise SignUpChangedError
    row = SignUp(is_open=is_open, contact=contact, changed_at=now)
    row.full_clean(validate_unique=False)
    kind = "sign_up.opened" if is_open else "sign_up.closed"
    with ledger.act(kind, by=by, role=Role.OPERATOR, reason=reason.strip()):
        if held is None:
            row.save(force_insert=True)
        else:
            SignUp.objects.update(is_open=is_open, contact=contact, changed_at=now)
    return row


def _check_contact(contact: str) -> None:
    try:
        if is_mailbox(contact):
            validate_email(contact)
        else:
            URLValidator(schemes=["http", "https"])(contact)
    except ValidationError:
        raise ValidationError(
            _(
                "Say whom people ask for an account: an email address, or the address of a page "
                "that begins with https://. Nothing was changed."
            )
        ) from None
