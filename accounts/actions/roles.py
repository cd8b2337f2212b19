"""Who may do what: roles are granted and ended, never changed."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import connection, transaction
from django.db.models import Max
from django.utils.translation import gettext as _

import ledger
from accounts.models import (
    Membership,
    Organisation,
    OrganisationKind,
    Role,
    User,
)
from accounts.permissions import (
    APPOINTING,
    NotAllowedError,
    check_operator,
    is_run_by_one,
)
from accounts.seats import JUDGING, YEARS_APART
from ui.in_words import day_in_words

_APPOINTING_LOCK = 0x41637230  # any number that no other advisory lock of this database has


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
    return add_membership(
        by=by,
        user=user,
        organisation=organisation,
        role=role,
        now=now,
        reason=reason,
        alone=alone,
    )


def add_membership(
    *,
    by: ledger.Actor,
    user: User,
    organisation: Organisation,
    role: str,
    now: datetime,
    reason: str,
    alone: bool,
    acting: str = Role.OPERATOR,
    name: str | None = None,
) -> Membership:
    """The membership itself, for actions that checked who may make it; inside their transaction.
    Raises ValidationError."""
    membership = Membership(
        user=user, organisation=organisation, role=role, created_at=now, alone=alone
    )
    membership.full_clean()
    if role in APPOINTING:
        lock_appointing()
    if not User.objects.select_for_update(no_key=True).get(pk=user.pk).is_active:
        raise ValidationError(_("This account cannot be used now. Nothing was changed."))
    _check_seats_apart(user, organisation, role, now)
    with (
        transaction.atomic(),
        ledger.act("role.granted", by=by, role=acting, reason=reason, name=name),
    ):
        membership.save(force_insert=True)
    return membership


def lock_appointing() -> None:
    """Let nobody become an operator or auditor until the caller's transaction ends: whoever
    approves alone is then alone."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_APPOINTING_LOCK])


def lock_operators() -> None:
    """Take the roles of operators in hand, all together: the last two cannot go at once."""
    held = Membership.objects.current().filter(role=Role.OPERATOR)
    list(held.order_by("pk").select_for_update())


def take_in_hand(person: User) -> None:
    """Lock an account whose end is decided, and let nobody become or cease to be an operator or
    auditor meanwhile."""
    lock_appointing()
    lock_operators()
    person.is_active = User.objects.select_for_update(no_key=True).get(pk=person.pk).is_active


def check_an_operator_stays(user: User) -> None:
    """Raises ValidationError if nobody but `user` is an operator with an open account."""
    operators = Membership.objects.overseeing().filter(role=Role.OPERATOR)
    if operators.filter(user=user).exists() and not operators.exclude(user=user).exists():
        raise ValidationError(
            _("This is the last operator. Nothing was changed. Appoint another operator first.")
        )


def _check_seats_apart(user: User, organisation: Organisation, role: str, now: datetime) -> None:
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
    if judging and (left := _last_seat_end(user)) and now < (free := _years_after(left)):
        raise ValidationError(
            _(
                "This account acted for a company until %(left)s. It cannot rate, audit or operate "
                "here before %(free)s. Nothing was changed."
            )
            % {"left": day_in_words(left), "free": day_in_words(free)}
        )


def _last_seat_end(user: User) -> datetime | None:
    """When the account's last seat at a company ended."""
    ends = Membership.objects.company_seats().filter(user=user).aggregate(last=Max("ended_at"))
    last: datetime | None = ends["last"]
    return last


def _years_after(moment: datetime) -> datetime:
    """The same day `YEARS_APART` years later; of a leap day, the day after."""
    year = moment.year + YEARS_APART
    try:
        return moment.replace(year=year)
    except ValueError:
        return moment.replace(year=year, month=3, day=1)


@transaction.atomic
def end_seat(*, by: User, membership: Membership, now: datetime, reason: str) -> None:
    """End a seat at a company; what was done under it stays. Other roles are ended by two people
    (accounts.actions.endings).

    Raises NotAllowedError, ValidationError for another role; does nothing if it has ended before.
    """
    check_operator(by)
    if not Membership.objects.company_seats().filter(pk=membership.pk).exists():
        raise ValidationError(_("This role is ended by two people. Nothing was changed."))
    with ledger.act("role.ended", by=by, role=Role.OPERATOR, reason=reason):
        Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now)
