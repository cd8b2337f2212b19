"""An account is suspended and restored."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import F
from django.utils.translation import gettext as _

import ledger
from accounts.actions.roles import check_an_operator_stays, take_in_hand
from accounts.models import Membership, Role, Suspension, User
from accounts.permissions import APPOINTING, NotAllowedError, check_operator, check_role
from accounts.states import SuspensionStatus


class SuspensionDecidedError(ValidationError):
    """Somebody decided before."""

    def __init__(self) -> None:
        super().__init__(_("This was decided meanwhile. Nothing was changed. Reload the page."))


@transaction.atomic
def suspend_account(*, by: User, person: User, reason: str, now: datetime) -> Suspension:
    """Suspend an account at once: its sessions end, its keys and roles are worth nothing. That of
    an operator or auditor waits for a second person.

    Raises NotAllowedError, ValidationError, SuspensionDecidedError.
    """
    take_in_hand(person)
    check_suspends(by, person)
    if not reason.strip():
        raise ValidationError(_("Give the reason. Nothing was changed."))
    if not person.is_active or Suspension.objects.open().filter(person=person).exists():
        raise SuspensionDecidedError
    by_two = _oversees(person)
    if by_two:
        _check_there_is_a_second(by, person)
    row = Suspension(
        person=person, by_two=by_two, reason=reason.strip(), proposed_by=by, proposed_at=now,
        status=SuspensionStatus.PROPOSED if by_two else SuspensionStatus.IN_FORCE,
        decided_by=None if by_two else by, decided_at=None if by_two else now,
    )  # fmt: skip
    kind = "suspension.proposed" if by_two else "account.suspended"
    with ledger.act(kind, by=by, role=Role.OPERATOR):
        row.save(force_insert=True)
    if not by_two:
        _close(person)
    return row


@transaction.atomic
def confirm_suspension(*, by: User, suspension: Suspension, now: datetime) -> None:
    """Suspend an operator or auditor, as the second person. Raises NotAllowedError, ValidationError
    for the last operator, SuspensionDecidedError."""
    person = suspension.person
    take_in_hand(person)
    check_decides_suspension(by, suspension)
    check_an_operator_stays(person)
    with ledger.act("account.suspended", by=by, role=_role_of(by)):
        _decide(suspension, SuspensionStatus.IN_FORCE, by=by, now=now)
    _close(person)


@transaction.atomic
def refuse_suspension(*, by: User, suspension: Suspension, now: datetime) -> None:
    """Decline what another proposed, as the second person. Raises NotAllowedError,
    SuspensionDecidedError."""
    check_decides_suspension(by, suspension)
    with ledger.act("suspension.refused", by=by, role=_role_of(by)):
        _decide(suspension, SuspensionStatus.REFUSED, by=by, now=now)


@transaction.atomic
def withdraw_suspension(*, by: User, suspension: Suspension, now: datetime) -> None:
    """Take one's own proposal back. Raises NotAllowedError, SuspensionDecidedError."""
    if suspension.proposed_by_id != by.pk:
        raise NotAllowedError(_("Only the person who proposed this can withdraw it."))
    with ledger.act("suspension.withdrawn", by=by, role=Role.OPERATOR):
        _decide(suspension, SuspensionStatus.WITHDRAWN, by=by, now=now)


@transaction.atomic
def lift_suspension(*, by: User, suspension: Suspension, reason: str, now: datetime) -> None:
    """Restore an account: its roles and keys work again, and its person signs in anew. By any
    operator or auditor. Raises NotAllowedError, ValidationError, SuspensionDecidedError."""
    take_in_hand(suspension.person)
    check_lifts(by, suspension)
    if not reason.strip():
        raise ValidationError(_("Give the reason. Nothing was changed."))
    held = Suspension.objects.in_force().filter(pk=suspension.pk)
    with ledger.act("account.restored", by=by, role=_role_of(by)):
        if not held.update(
            status=SuspensionStatus.LIFTED, lifted_by=by, lifted_at=now, lift_reason=reason.strip()
        ):
            raise SuspensionDecidedError
    User.objects.filter(pk=suspension.person_id).update(is_active=True)


def check_suspends(by: User, person: User) -> None:
    """Raises NotAllowedError unless `by` may suspend this account, or propose it."""
    check_operator(_as_stored(by))
    if by.pk == person.pk:
        raise NotAllowedError(_("You cannot suspend your own account."))


def check_decides_suspension(by: User, suspension: Suspension) -> None:
    """Raises NotAllowedError unless `by` may be the second person."""
    check_role(_as_stored(by), *APPOINTING)
    if by.pk == suspension.proposed_by_id:
        raise NotAllowedError(_("You proposed this. A second operator or an auditor decides."))
    if by.pk == suspension.person_id:
        raise NotAllowedError(_("This is your own account. Another person decides."))


def check_lifts(by: User, suspension: Suspension) -> None:
    """Raises NotAllowedError unless `by` may restore this account."""
    check_role(_as_stored(by), *APPOINTING)
    if by.pk == suspension.person_id:
        raise NotAllowedError(_("This is your own account. Another person decides."))


def suspension_of(person: User) -> Suspension | None:
    """That by which this account cannot be used now, if there is one."""
    return Suspension.objects.in_force().filter(person=person).first()


def _as_stored(user: User) -> User:
    """The account with the roles that it holds now: who was just suspended does nothing more."""
    return User.objects.get(pk=user.pk)


def _oversees(person: User) -> bool:
    return Membership.objects.current().filter(user=person, role__in=APPOINTING).exists()


def _check_there_is_a_second(by: User, person: User) -> None:
    others = Membership.objects.overseeing().exclude(user__in=[by.pk, person.pk])
    if not others.exists():
        raise ValidationError(
            _(
                "This account is an operator’s or an auditor’s, so a second person decides, and "
                "nobody else is operator or auditor. Nothing was changed. Invite an auditor first."
            )
        )


def _decide(suspension: Suspension, status: str, *, by: User, now: datetime) -> None:
    waiting = Suspension.objects.waiting().filter(pk=suspension.pk)
    if not waiting.update(status=status, decided_by=by, decided_at=now):
        raise SuspensionDecidedError


def _close(person: User) -> None:
    """Nobody signs in, and every open session ends for good: it does not come back when the account
    does."""
    User.objects.filter(pk=person.pk).update(is_active=False, sign_outs=F("sign_outs") + 1)


def _role_of(by: User) -> str:
    return Role.OPERATOR if by.has_role(Role.OPERATOR) else Role.AUDITOR
