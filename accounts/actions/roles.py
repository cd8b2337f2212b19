"""Who may do what: roles are granted and ended, never changed."""

from __future__ import annotations

from datetime import datetime
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.actions.organisations import found_organisation
from accounts.models import (
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)
from accounts.permissions import NotAllowedError, check_operator
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
) -> Membership:
    """Grant a role. Idempotent. Nobody grants a role to themselves, or holds a company's seat
    beside a role that rates.

    Raises NotAllowedError, ValidationError.
    """
    if isinstance(by, User):
        check_operator(by)
        if by.pk == user.pk:
            raise NotAllowedError(_("You cannot grant a role to yourself."))
    held = (
        Membership.objects.current().filter(user=user, organisation=organisation, role=role).first()
    )
    if held:
        return held
    membership = Membership(user=user, organisation=organisation, role=role, created_at=now)
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
def first_operator(*, email: str, password: str | None, now: datetime) -> User:
    """The account that appoints everyone else, for a new installation. Raises CommandError if there
    is an operator already."""
    if Membership.objects.current().filter(role=Role.OPERATOR).exists():
        raise CommandError(
            "There is an operator already, and there are no superusers here. Nothing was "
            "changed: an operator grants roles on the organisation's page, reached from "
            "/account/."
        )
    user = User.objects.create_user(email, password)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    body = Organisation.objects.filter(
        kind=OrganisationKind.OPERATOR
    ).first() or found_organisation(
        by=ledger.SYSTEM,
        kind=OrganisationKind.OPERATOR,
        name=urlsplit(settings.SITE_URL).hostname or "AsClaimed",
        now=now,
    )
    grant_role(
        by=ledger.SYSTEM,
        user=user,
        organisation=body,
        role=Role.OPERATOR,
        now=now,
        reason="First operator of the installation.",
    )
    return user


@transaction.atomic
def end_role(*, by: User, membership: Membership, now: datetime, reason: str) -> None:
    """End a role; what was done under it stays. Raises NotAllowedError; does nothing if it has
    ended before."""
    check_operator(by)
    with ledger.act("role.ended", by=by, role=Role.OPERATOR, reason=reason):
        Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now)
