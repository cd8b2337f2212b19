"""Reply deadlines: how long a company has, and giving it more time."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import jobs
import ledger
from accounts.models import Role, User
from claims.editing import compare
from claims.models import Claim, Company, LegalEntity
from verdicts import gates
from verdicts.actions import telling
from verdicts.models import MOST_WORKING_DAYS, Invitation
from verdicts.reply_window import deadline
from verdicts.representation import is_representative
from verdicts.states import InvitationStatus
from verdicts.working_days import is_known

#: What a company may give itself, once for each request.
COMPANY_EXTENSION: Final = 5
#: More countries than these are not looked at: their holidays would add nothing a reader can check.
MOST_COUNTRIES: Final = 20


class InvitationChangedError(Exception):
    """The reply window is not in the state that the change needs."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(f"the invitation is {invitation.status}")
        self.invitation = invitation


def lock_invitation(invitation: Invitation) -> Invitation:
    """The request, locked after its claim: what comes of two requests on one claim is written down
    one after the other."""
    Claim.objects.select_for_update().get(pk=invitation.claim_id)
    return (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("claim__company")
        .get(pk=invitation.pk)
    )


def working_countries(company: Company) -> list[str]:
    """The countries (ISO 3166-1) whose working days count for a company: those of its legal
    entities of which we know the holidays."""
    rows = LegalEntity.objects.filter(company=company).values_list("jurisdiction", flat=True)
    return sorted({country for country in rows.distinct() if is_known(country)})[:MOST_COUNTRIES]


def reply_period(company: Company, now: datetime) -> dict[str, Any]:
    """The fields of a request that is sent now: until when its company may reply, and by which
    days that was counted."""
    if window := getattr(settings, "REPLY_WINDOW", None):
        return {"deadline_at": now + window}
    countries, days = working_countries(company), settings.REPLY_WINDOW_DAYS
    end = deadline(now, working_days=days, countries=countries)
    return {
        "deadline_at": end.at,
        "working_days": days,
        "countries": ",".join(countries),
        "provisional": end.provisional,
    }


def close_at_deadline(invitation: Invitation) -> None:
    """Have what came of a request written down when its deadline has passed."""
    jobs.enqueue(
        "verdicts.close_window",
        {"invitation": str(invitation.pk)},
        key=f"close_window:{invitation.pk}:{invitation.deadline_at.isoformat()}",
        after=invitation.deadline_at,
    )


def extension_gates(*, by: User, invitation: Invitation) -> list[str | None]:
    """What stands against `by` giving more time: a moderator at any time, the company itself
    once."""
    if by.has_role(Role.COMPANY_REPRESENTATIVE):
        taken = _("The company has extended this deadline once already. Write to us for more time.")
        return [
            is_representative(by, invitation.claim.company),
            taken if invitation.extended_by_company else None,
        ]
    return [
        gates.right_role(by, Role.MODERATOR),
        gates.conflict_of_interest(by, invitation.claim),
    ]


@transaction.atomic
def extend_deadline(
    *,
    by: User,
    invitation: Invitation,
    working_days: int,
    reason: str,
    now: datetime,
    version: str = "",
) -> Invitation:
    """Extend a company's reply deadline by working days, with a public reason. Returns the request
    as it is then.

    A moderator does it any number of times, up to 60 working days in all; the company itself once,
    by 5. Raises GateClosedError, ValidationError, RowChangedError, and InvitationChangedError where
    time is over.
    """
    held = lock_invitation(invitation)
    gates.require(*extension_gates(by=by, invitation=held))
    if held.status != InvitationStatus.OPEN or held.deadline_at <= now:
        raise InvitationChangedError(held)
    if version:
        compare(held, version)
    own = by.has_role(Role.COMPANY_REPRESENTATIVE)
    _check_extension(held, working_days, reason, own=own)
    countries = [country for country in (held.countries or "").split(",") if country]
    end = deadline(held.deadline_at, working_days=working_days, countries=countries)
    role = Role.COMPANY_REPRESENTATIVE if own else Role.MODERATOR
    with ledger.act("company.deadline_extended", by=by, role=role, reason=reason):
        Invitation.objects.filter(pk=held.pk).update(
            deadline_at=end.at,
            first_deadline_at=held.first_deadline_at or held.deadline_at,
            extended_by_company=True if own else held.extended_by_company,
            working_days=(held.working_days or 0) + working_days,
            provisional=bool(held.provisional) or end.provisional,
        )
    held.refresh_from_db()
    close_at_deadline(held)
    telling.extended(held, by=by)
    return held


def _check_extension(held: Invitation, working_days: int, reason: str, *, own: bool) -> None:
    if not reason.strip():
        raise ValidationError(_("Give the reason for more time. It is public."))
    if own and working_days != COMPANY_EXTENSION:
        raise ValidationError(
            _("A company can extend its deadline by %(days)s working days.")
            % {"days": COMPANY_EXTENSION}
        )
    left = MOST_WORKING_DAYS - (held.working_days or 0)
    if not 1 <= working_days <= left:
        raise ValidationError(
            _("A reply period has at most %(most)s working days. %(left)s more can be given.")
            % {"most": MOST_WORKING_DAYS, "left": left}
        )
