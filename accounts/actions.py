"""Every change to who people are."""

from __future__ import annotations

import hashlib
from datetime import datetime
from urllib.parse import urlsplit

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.management.base import CommandError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import (
    ApiKey,
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    Scope,
    SecondFactorReset,
    User,
    new_key,
)
from accounts.permissions import NotAllowedError, check_operator
from accounts.seats import JUDGING

MAX_KEYS = 20


@transaction.atomic
def found_organisation(
    *, by: ledger.Actor, kind: str, name: str, now: datetime, website: str = ""
) -> Organisation:
    """Add an organisation. `by` is an operator, or ledger.SYSTEM when an installation is set up."""
    if isinstance(by, User):
        check_operator(by)
    organisation = Organisation(kind=kind, name=name, website=website, created_at=now)
    organisation.full_clean()
    with ledger.act("organisation.founded", by=by, role=Role.OPERATOR):
        organisation.save(force_insert=True)
    return organisation


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


@transaction.atomic
def create_key(
    *, by: User, label: str, scopes: list[str], now: datetime, expires_at: datetime | None = None
) -> tuple[ApiKey, str]:
    """Create an API key for oneself. Returns the key, which is never shown again. Raises
    ValidationError."""
    if ApiKey.objects.usable(now).filter(user=by).count() >= MAX_KEYS:
        raise ValidationError(
            _("You have %(count)d keys already. Revoke one first.") % {"count": MAX_KEYS}
        )
    if not scopes or set(scopes) - set(Scope.values):
        raise ValidationError(_("Choose what the key may do."))
    secret = new_key()
    key = ApiKey(
        user=by, label=label, prefix=secret[:8], digest=hashlib.sha256(secret.encode()).hexdigest(),
        scopes=sorted(set(scopes)), created_at=now, expires_at=expires_at,
    )  # fmt: skip
    key.full_clean()
    with ledger.act("key.created", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        key.save(force_insert=True)
    return key, secret


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


@transaction.atomic
def revoke_key(*, by: User, key: ApiKey, now: datetime) -> None:
    """Revoke an API key of one's own, at once. Idempotent. Raises NotAllowedError."""
    if key.user_id != by.pk and not by.has_role(Role.OPERATOR):
        raise NotAllowedError(_("This is not your key."))
    with ledger.act("key.revoked", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=now)
