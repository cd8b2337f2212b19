"""A lost second factor."""

from __future__ import annotations

from datetime import datetime

from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import (
    Role,
    SecondFactorReset,
    User,
)
from accounts.permissions import NotAllowedError, check_operator


@transaction.atomic
def reset_second_factor(*, by: User, user: User, reason: str, now: datetime) -> int:
    """Reset a lost second factor; the account can set up a new one. Returns how many factors there
    were.

    By an operator, never for oneself. Raises NotAllowedError, and ValidationError without a reason
    or without a factor. Sessions of the account that were opened with the old factor can then do no
    more than one that never had any.
    """
    check_operator(by)
    if by.pk == user.pk:
        raise NotAllowedError(_("Another operator has to reset your own second factor."))
    if not reason.strip():
        raise ValidationError(
            _("Give the reason, and say how you know that the account holder is asking.")
        )
    factors = Authenticator.objects.select_for_update().filter(user=user)
    removed = len(factors)
    if not removed:
        raise ValidationError(_("This account has no second factor. Nothing was changed."))
    with ledger.act(
        "second_factor.reset", by=by, role=Role.OPERATOR, reason=reason, reason_public=False
    ):
        SecondFactorReset.objects.create(user=user, created_at=now)
        Authenticator.objects.filter(user=user).delete()
    return removed
