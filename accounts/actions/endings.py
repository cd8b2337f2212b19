"""The end of a role: two people end it, or its holder leaves."""

from __future__ import annotations

from datetime import datetime
from typing import Final

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.actions.roles import check_an_operator_stays, lock_appointing, lock_operators
from accounts.followers import Followers
from accounts.models import Membership, OrganisationKind, Role, RoleEnding, User
from accounts.permissions import NotAllowedError, check_operator, check_role
from accounts.states import RoleEndingStatus

#: Who may be the second person.
SECOND = (Role.OPERATOR, Role.AUDITOR)


class EndingDecidedError(ValidationError):
    """Somebody decided before, or the role has ended meanwhile."""


@transaction.atomic
def propose_ending(*, by: User, membership: Membership, reason: str, now: datetime) -> RoleEnding:
    """Propose to end somebody's role. Where nobody else is operator or auditor it ends at once, and
    its entry says in public that one person did it.

    Raises NotAllowedError, ValidationError, EndingDecidedError.
    """
    check_proposes(by, membership)
    if not reason.strip():
        raise ValidationError(_("Give the reason. Nothing was changed."))
    held = _held(membership)
    if RoleEnding.objects.waiting().filter(membership=held).exists():
        raise EndingDecidedError(
            _("The end of this role is proposed already. Nothing was changed. Reload the page.")
        )
    lock_appointing()  # whoever becomes the second person just now is waited for
    others = Membership.objects.current().filter(role__in=SECOND).exclude(user=by)
    alone = not others.exists()
    ending = RoleEnding(
        membership=held, person_id=held.user_id, reason=reason, proposed_by=by, proposed_at=now,
        alone=alone,
    )  # fmt: skip
    if alone:
        ending.status, ending.decided_by, ending.decided_at = RoleEndingStatus.DONE, by, now
    kind = "role.ended" if alone else "role_ending.proposed"
    with ledger.act(kind, by=by, role=Role.OPERATOR, reason=reason, reason_public=False):
        ending.save(force_insert=True)
        if alone:
            _end(held, now=now, alone=True)
    if not alone:
        after_proposal.call(ending)
    return ending


#: What follows in apps above when the end of a role waits for a second person.
after_proposal: Final = Followers[RoleEnding]()


@transaction.atomic
def confirm_ending(*, by: User, ending: RoleEnding, now: datetime) -> None:
    """End the role, as the second person. Raises NotAllowedError, ValidationError,
    EndingDecidedError."""
    check_decides(by, ending)
    held = _held(ending.membership)
    _check_an_operator_stays(held)
    role, reason = _role_of(by), ending.reason
    with ledger.act("role.ended", by=by, role=role, reason=reason, reason_public=False):
        _decide(ending, RoleEndingStatus.DONE, by=by, now=now)
        _end(held, now=now, alone=False)


@transaction.atomic
def refuse_ending(*, by: User, ending: RoleEnding, now: datetime) -> None:
    """Have the role go on, as the second person. Raises NotAllowedError, EndingDecidedError."""
    check_decides(by, ending)
    with ledger.act("role_ending.refused", by=by, role=_role_of(by)):
        _decide(ending, RoleEndingStatus.REFUSED, by=by, now=now)


@transaction.atomic
def withdraw_ending(*, by: User, ending: RoleEnding, now: datetime) -> None:
    """Take one's own proposal back. Raises NotAllowedError, EndingDecidedError."""
    if ending.proposed_by_id != by.pk:
        raise NotAllowedError(_("Only the person who proposed this can withdraw it."))
    with ledger.act("role_ending.withdrawn", by=by, role=Role.OPERATOR):
        _decide(ending, RoleEndingStatus.WITHDRAWN, by=by, now=now)


@transaction.atomic
def leave_role(*, by: User, membership: Membership, now: datetime) -> None:
    """Leave a role of one's own, at once. What waits for a second person is then withdrawn.

    The entry does not name the account: who belongs to which organisation is not public. Raises
    NotAllowedError, ValidationError, EndingDecidedError.
    """
    if membership.user_id != by.pk:
        raise NotAllowedError(_("This is not your role."))
    held = _held(membership)
    _check_an_operator_stays(held)
    waiting = RoleEnding.objects.waiting().filter(membership=held).first()
    with ledger.act("role.left", by=by, role=Role.CONTRIBUTOR, name="account holder"):
        if waiting is not None:
            _decide(waiting, RoleEndingStatus.WITHDRAWN, by=by, now=now)
        _end(held, now=now, alone=False)


def check_proposes(by: User, membership: Membership) -> None:
    """Raises NotAllowedError unless `by` may propose to end this role."""
    check_operator(by)
    if membership.user_id == by.pk:
        raise NotAllowedError(_("You cannot end your own role here. You can leave it."))
    if membership.organisation.kind == OrganisationKind.COMPANY:
        raise NotAllowedError(_("End the seat of a company on the company’s page."))


def check_decides(by: User, ending: RoleEnding) -> None:
    """Raises NotAllowedError unless `by` may be the second person."""
    check_role(by, *SECOND)
    if by.pk == ending.proposed_by_id:
        raise NotAllowedError(_("You proposed this. A second operator or an auditor decides."))
    if by.pk == ending.person_id:
        raise NotAllowedError(_("This is your own role. Another person decides."))


def _held(membership: Membership) -> Membership:
    """The role, locked. Those of operators all together: the last two cannot end at once."""
    rows = Membership.objects.current()
    if membership.role == Role.OPERATOR:
        lock_operators()
    held = rows.filter(pk=membership.pk).select_for_update().first()
    if held is None:
        raise EndingDecidedError(_("This role has ended already. Nothing was changed."))
    return held


def _check_an_operator_stays(held: Membership) -> None:
    if held.role == Role.OPERATOR:
        check_an_operator_stays(held.user)


def _decide(ending: RoleEnding, status: str, *, by: User, now: datetime) -> None:
    decided = RoleEnding.objects.waiting().filter(pk=ending.pk)
    if not decided.update(status=status, decided_by=by, decided_at=now):
        raise EndingDecidedError(
            _("This was decided meanwhile. Nothing was changed. Reload the page.")
        )


def _end(held: Membership, *, now: datetime, alone: bool) -> None:
    Membership.objects.filter(pk=held.pk).update(ended_at=now, alone=alone)


def _role_of(by: User) -> str:
    return Role.OPERATOR if by.has_role(Role.OPERATOR) else Role.AUDITOR
