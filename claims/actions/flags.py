"""Flags on a claim: raised and lifted by rule, withdrawn by a moderator."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import Role, User
from claims.actions.rows import ReasonRequiredError, store
from claims.models import (
    Claim,
    Flag,
)
from claims.permissions import check_withdraw_flag


@transaction.atomic
def raise_flag(
    *, by: ledger.Actor, claim: Claim, kind: str, now: datetime, role: str = "system"
) -> Flag:
    """Add a flag to a claim; a current one keeps its first time."""
    standing = Flag.objects.raised().filter(claim=claim, kind=kind).first()
    if standing:
        return standing
    with ledger.act("flag.raised", by=by, role=role):
        return store(Flag(claim=claim, kind=kind, raised_at=now))


@transaction.atomic
def lift_flag(
    *,
    by: ledger.Actor,
    claim: Claim,
    kind: str,
    now: datetime,
    role: str = "system",
    reason: str = "",
) -> None:
    """Remove a current flag; the change history keeps it."""
    with ledger.act("flag.lifted", by=by, role=role, reason=reason):
        Flag.objects.raised().filter(claim=claim, kind=kind).update(lifted_at=now)


@transaction.atomic
def withdraw_flag(*, by: User, flag: Flag, reason: str, now: datetime) -> None:
    """Withdraw a wrong flag: a correction of ours. Raises ReasonRequiredError, NotAllowedError,
    ValidationError if it was lifted."""
    check_withdraw_flag(by, flag)
    if not reason.strip():
        raise ReasonRequiredError
    with ledger.act("flag.withdrawn", by=by, role=Role.MODERATOR, reason=reason.strip()):
        changed = Flag.objects.raised().filter(pk=flag.pk).update(lifted_at=now)
    if not changed:
        raise ValidationError(_("This flag was already removed. Your reason was not saved."))
