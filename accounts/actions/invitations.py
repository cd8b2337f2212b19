"""People are invited to a role by e-mail: one person proposes, another approves, the invited person
accepts."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.core.validators import validate_email
from django.db import transaction
from django.db.models import Q
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

import ledger
from accounts import mails
from accounts.actions.roles import add_membership, lock_appointing
from accounts.followers import Followers
from accounts.models import Membership, Organisation, OrganisationKind, Role, RoleInvitation, User
from accounts.permissions import (
    NotAllowedError,
    check_approves_roles,
    check_operator,
    check_proposes_roles,
    objection,
)
from accounts.states import RoleInvitationStatus
from ledger.sealing import keys_of, open_with

VALID_FOR: Final = timedelta(days=14)
#: What the log calls someone who answers an invitation: who belongs to which organisation is not
#: public.
INVITED_PERSON: Final = "invited person"
_SALT: Final = "accounts.role_invitation"


class InvitationClosedError(ValidationError):
    """The invitation is no longer in the state that this needs; `status` is what it is now."""

    def __init__(self, status: str) -> None:
        super().__init__(
            _(
                "This invitation has changed since you opened the page: %(status)s. Nothing was "
                "done."
            )
            % {"status": RoleInvitationStatus(status).label},
            code="closed",
        )
        self.status = status


def roles_offered(organisation: Organisation) -> list[Role]:
    """The roles to which people can be invited there: none in a company, whose representatives have
    seats."""
    if organisation.kind == OrganisationKind.COMPANY:
        return []
    offered = [Role.FILER, Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR]
    return [*offered, *([Role.OPERATOR] if organisation.kind == OrganisationKind.OPERATOR else [])]


def addresses(invitations: Iterable[RoleInvitation]) -> dict[UUID, str]:
    """The address of each invitation, in one query; empty where it was erased."""
    rows = list(invitations)
    keys = keys_of("role_invitation", [row.pk for row in rows])
    return {
        row.pk: str(
            open_with(keys.get(str(row.pk)), "role_invitation", row.pk, "email", row.email) or ""
        )
        for row in rows
    }


def digest_of(token: str) -> str:
    """What is kept of the token of a link."""
    return hashlib.sha256(token.encode("utf-8", "replace")).hexdigest()


def key_of(email: str) -> str:
    """By what the invitations to a mailbox are found; the address itself is sealed."""
    return salted_hmac(_SALT, email.strip().lower(), algorithm="sha256").hexdigest()


def addresses_of(user: User) -> set[str]:
    """Every mailbox of an account, confirmed or not."""
    own = EmailAddress.objects.filter(user=user).values_list("email", flat=True)
    return {user.email.lower(), *(address.lower() for address in own)}


def may_approve_alone(user: User) -> bool:
    """Whether nobody else is there who could be the second person."""
    return not Membership.objects.overseeing().exclude(user=user).exists()


def objections_to(user: User, invitations: Iterable[RoleInvitation]) -> dict[UUID, str | None]:
    """Why `user` may not approve or refuse each invitation, or None; in few queries."""
    rows = list(invitations)
    known, own = addresses(rows), addresses_of(user)
    general, alone = objection(check_approves_roles, user), may_approve_alone(user)

    def sentence(row: RoleInvitation) -> str | None:
        if row.proposed_by_id == user.pk and not alone:
            return _(
                "You proposed this invitation. Another operator or an auditor has to approve it."
            )
        if known[row.pk] in own:
            return _("This invitation is for you. Someone else has to decide on it.")
        return None

    return {row.pk: general or sentence(row) for row in rows}


def check_second_person(user: User, invitation: RoleInvitation) -> None:
    """Raises NotAllowedError unless `user` may approve or refuse this invitation."""
    if why := objections_to(user, [invitation])[invitation.pk]:
        raise NotAllowedError(why)


@transaction.atomic
def propose_invitation(
    *, by: User, organisation: Organisation, email: str, role: str, reason: str, now: datetime
) -> RoleInvitation:
    """Propose to give whoever reads a mailbox a role. Nothing is sent before another person
    approved it. Raises NotAllowedError, ValidationError."""
    check_proposes_roles(by)
    address = email.strip().lower()
    validate_email(address)
    _check_offered(organisation, role)
    if not reason.strip():
        raise ValidationError(_("Give the reason, so that the second person can judge it."))
    if address in addresses_of(by):
        raise NotAllowedError(_("You cannot invite yourself."))
    if _already_holds(address, organisation, role):
        raise ValidationError(_("This person already has this role there. Nothing was changed."))
    key = key_of(address)
    _expire(
        RoleInvitation.objects.filter(email_key=key, organisation=organisation, role=role), now=now
    )
    # Waits for whoever invites to the same organisation: of two at once the second sees the first.
    Organisation.objects.select_for_update(no_key=True).get(pk=organisation.pk)
    if (
        RoleInvitation.objects.open()
        .filter(email_key=key, organisation=organisation, role=role)
        .exists()
    ):
        raise ValidationError(
            _(
                "There is an open invitation for this address and role already. Nothing was "
                "changed. Withdraw it first, or send it again."
            )
        )
    invitation = RoleInvitation(
        organisation=organisation,
        role=role,
        email_key=key,
        reason=reason.strip(),
        proposed_by=by,
        created_at=now,
    )
    ledger.seal(invitation, email=address)
    with ledger.act("role_invitation.proposed", by=by, role=Role.OPERATOR):
        invitation.save(force_insert=True)
    after_proposal.call(invitation)
    return invitation


#: What follows in apps above when an invitation waits for a second person.
after_proposal: Final = Followers[RoleInvitation]()


@transaction.atomic
def approve_invitation(*, by: User, invitation: RoleInvitation, now: datetime) -> RoleInvitation:
    """Approve what another proposed, and send the mail with the link once this is stored.

    The only person who could approve anything may approve their own proposal; the entry then says
    so (`approved_alone`). Raises NotAllowedError, InvitationClosedError, ValidationError.
    """
    held = _locked(invitation, RoleInvitationStatus.PROPOSED)
    if by.pk == held.proposed_by_id:
        lock_appointing()
    check_second_person(by, held)
    _check_offered(held.organisation, held.role)
    alone = by.pk == held.proposed_by_id
    token = secrets.token_urlsafe(32)
    with ledger.act("role_invitation.approved", by=by, role=_acting(by)):
        _move(
            held,
            RoleInvitationStatus.INVITED,
            approved_by=by,
            approved_alone=alone,
            token_digest=digest_of(token),
            expires_at=now + VALID_FOR,
        )
    _send(held, token)
    return held


@transaction.atomic
def refuse_invitation(*, by: User, invitation: RoleInvitation, reason: str) -> None:
    """Refuse what another proposed, with a reason that the proposer reads. Raises NotAllowedError,
    InvitationClosedError, ValidationError."""
    held = _locked(invitation, RoleInvitationStatus.PROPOSED)
    check_second_person(by, held)
    if by.pk == held.proposed_by_id:
        raise NotAllowedError(_("You proposed this invitation. You can withdraw it."))
    if not reason.strip():
        raise ValidationError(_("Give the reason. The person who proposed it will read it."))
    with ledger.act("role_invitation.refused", by=by, role=_acting(by), reason=reason):
        _move(held, RoleInvitationStatus.REFUSED, decision_reason=reason.strip())


@transaction.atomic
def withdraw_invitation(*, by: User, invitation: RoleInvitation) -> None:
    """Take a proposal back (its proposer), or an invitation that was sent (any operator): its link
    then no longer works. Raises NotAllowedError, InvitationClosedError."""
    check_operator(by)
    held = _locked(invitation, RoleInvitationStatus.PROPOSED, RoleInvitationStatus.INVITED)
    if held.status == RoleInvitationStatus.PROPOSED and by.pk != held.proposed_by_id:
        raise NotAllowedError(
            _("Only the person who proposed this invitation can withdraw it. You can refuse it.")
        )
    with ledger.act("role_invitation.withdrawn", by=by, role=Role.OPERATOR):
        _move(held, RoleInvitationStatus.WITHDRAWN)


@transaction.atomic
def resend_invitation(*, by: User, invitation: RoleInvitation, now: datetime) -> None:
    """Send an approved invitation again with a new link; the old one stops working. Raises
    NotAllowedError, InvitationClosedError."""
    check_proposes_roles(by)
    held = _locked(invitation, RoleInvitationStatus.INVITED)
    _check_in_time(held, now)
    token = secrets.token_urlsafe(32)
    with ledger.act("role_invitation.resent", by=by, role=Role.OPERATOR):
        held.token_digest, held.expires_at = digest_of(token), now + VALID_FOR
        held.save(update_fields=["token_digest", "expires_at"])
    _send(held, token)


@transaction.atomic
def accept_invitation(*, by: User, token: str, now: datetime) -> Membership:
    """Take the offered role. `by` has confirmed exactly the mailbox that was invited. Raises
    NotAllowedError, InvitationClosedError, ValidationError, RoleInvitation.DoesNotExist."""
    held = _locked(RoleInvitation.objects.get(token_digest=digest_of(token)))
    _check_answers(by, held, now)
    if by.pk in {held.proposed_by_id, held.approved_by_id}:
        raise NotAllowedError(_("You cannot accept an invitation that you proposed or approved."))
    with ledger.act("role_invitation.accepted", by=by, role=Role.CONTRIBUTOR, name=INVITED_PERSON):
        _move(held, RoleInvitationStatus.ACCEPTED)
        current = Membership.objects.current().filter(
            user=by, organisation=held.organisation, role=held.role
        )
        return current.first() or add_membership(
            by=by,
            user=by,
            organisation=held.organisation,
            role=held.role,
            now=now,
            reason="",
            alone=held.approved_alone,
            acting=Role.CONTRIBUTOR,
            name=INVITED_PERSON,
        )


@transaction.atomic
def decline_invitation(*, by: User, token: str, now: datetime) -> None:
    """Say no to an invitation. Raises NotAllowedError, InvitationClosedError,
    RoleInvitation.DoesNotExist."""
    held = _locked(RoleInvitation.objects.get(token_digest=digest_of(token)))
    _check_answers(by, held, now)
    with ledger.act("role_invitation.declined", by=by, role=Role.CONTRIBUTOR, name=INVITED_PERSON):
        _move(held, RoleInvitationStatus.DECLINED)


@transaction.atomic
def expire_invitations(*, by: ledger.Actor, now: datetime) -> int:
    """Close the invitations whose time has passed. Returns how many."""
    return _expire(RoleInvitation.objects.all(), now=now, by=by)


def _expire(rows: Any, *, now: datetime, by: ledger.Actor = ledger.SYSTEM) -> int:
    """Close those among `rows` whose 14 days have passed. Returns how many."""
    late = list(
        rows.filter(status=RoleInvitationStatus.INVITED, expires_at__lte=now)
        .select_for_update(of=("self",))
        .order_by("pk")
    )
    with ledger.act("role_invitation.expired", by=by, role="system"):
        for row in late:
            _move(row, RoleInvitationStatus.EXPIRED)
    return len(late)


def check_answers(user: User, invitation: RoleInvitation) -> None:
    """Raises NotAllowedError unless `user` has confirmed exactly the mailbox that was invited."""
    address = addresses([invitation])[invitation.pk]
    confirmed = EmailAddress.objects.filter(user=user, email__iexact=address, verified=True)
    if not address or not confirmed.exists():
        raise NotAllowedError(
            _(
                "This invitation is for another email address than those that your account has "
                "confirmed. Sign out, then open the link again and sign in with the invited "
                "address."
            )
        )


def _check_answers(user: User, held: RoleInvitation, now: datetime) -> None:
    if held.status != RoleInvitationStatus.INVITED:
        raise InvitationClosedError(held.status)
    _check_in_time(held, now)
    check_answers(user, held)


def _check_in_time(held: RoleInvitation, now: datetime) -> None:
    if held.expires_at is None or held.expires_at <= now:
        raise InvitationClosedError(RoleInvitationStatus.EXPIRED)


def _locked(invitation: RoleInvitation, *expected: str) -> RoleInvitation:
    """The row as it is stored, locked. Raises InvitationClosedError in another state."""
    held = (
        RoleInvitation.objects.select_for_update(of=("self",))
        .select_related("organisation")
        .get(pk=invitation.pk)
    )
    if expected and held.status not in expected:
        raise InvitationClosedError(held.status)
    return held


def _move(held: RoleInvitation, status: str, **values: Any) -> None:
    for name, value in {**values, "status": status}.items():
        setattr(held, name, value)
    held.save(update_fields=["status", *values])


def _check_offered(organisation: Organisation, role: str) -> None:
    if role not in roles_offered(organisation):
        raise ValidationError(
            _(
                "Nobody can be invited to this role in this organisation. Representatives of a "
                "company get a seat on the company’s page; operators belong to the operator’s "
                "organisation."
            )
        )


def _already_holds(address: str, organisation: Organisation, role: str) -> bool:
    held = Membership.objects.current().filter(organisation=organisation, role=role)
    return held.filter(
        Q(user__email__iexact=address)
        | Q(
            user__in=EmailAddress.objects.filter(email__iexact=address, verified=True).values(
                "user"
            )
        )
    ).exists()


def _acting(user: User) -> str:
    return Role.OPERATOR if user.has_role(Role.OPERATOR) else Role.AUDITOR


def _send(held: RoleInvitation, token: str) -> None:
    """Send the mail once everything is stored. Where it fails this is logged, and the invitation
    can be sent again."""
    assert held.expires_at is not None
    transaction.on_commit(
        partial(
            mails.send_role_invitation,
            email=addresses([held])[held.pk],
            organisation=held.organisation.name,
            role=held.role,
            token=token,
            until=held.expires_at,
        ),
        robust=True,
    )
