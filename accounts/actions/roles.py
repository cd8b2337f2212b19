"""Who may do what: roles are granted and ended, never changed."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import (
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)
from accounts.permissions import NotAllowedError, check_operator, is_run_by_one
from accounts.seats import JUDGING


@transaction.atomic
def grant_role(
    *,
    by: ledger.Actor,
    user: User,
    organisation: Organisation,
    role: str,
    now: datetime,
    reason: str = "",
    alone: bool = False,
) -> Membership:
    """Grant a role. Idempotent. Nobody grants a role to themselves, or holds a company's seat
    beside a role that rates.

    The entry says in public if an operator grants it whom no second person watches over, or who
    sets up `alone`. Raises NotAllowedError, ValidationError.
    """
    if isinstance(by, User):
        check_operator(by)
        alone = is_run_by_one()
        if by.pk == user.pk:
            raise NotAllowedError(_("You cannot grant a role to yourself."))
    held = (
        Membership.objects.current().filter(user=user, organisation=organisation, role=role).first()
    )
    if held:
        return held
    membership = Membership(
        user=user, organisation=organisation, role=role, created_at=now, alone=alone
    )
    membership.full_clean()
    User.objects.select_for_update(no_key=True).get(pk=user.pk)
    _check_seats_apart(user, organisation, role)
    with ledger.act("role.granted", by=by, role=Role.OPERATOR, reason=reason):
        membership.save(force_insert=True)
    return membership


def _check_seats_apart(user: User, organisation: Organisation, role: str) -> None:
    """The sentence for what the database refuses (accounts.seats). Raises ValidationError."""
    held = Membership.objects.current().filter(user=user)
    seat = organisation.kind == OrganisationKind.COMPANY or role == Role.COMPANY_REPRESENTATIVE
    judging = role in JUDGING
    if seat and judging:
        raise ValidationError(
            _(
                "A company cannot give anyone a role that rates, audits or operates. Nothing was "
                "changed."
            )
        )
    if (seat and held.judging().exists()) or (judging and held.company_seats().exists()):
        raise ValidationError(
            _(
                "One account cannot both act for a company and rate, audit or operate here. "
                "Nothing was changed. End the other role of this account first."
            )
        )


@transaction.atomic
def end_role(*, by: User, membership: Membership, now: datetime, reason: str) -> None:
    """End a role; what was done under it stays. Raises NotAllowedError; does nothing if it has
    ended before."""
    check_operator(by)
    with ledger.act("role.ended", by=by, role=Role.OPERATOR, reason=reason):
        Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now)
