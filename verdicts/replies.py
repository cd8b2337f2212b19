"""What came of everything that a company was asked about a claim. Flags, scorecard, pages and
documents all ask here."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable
from typing import Final
from uuid import UUID

from django.utils.translation import gettext as _

from claims.models import Claim, Company
from ui.in_words import when_in_words
from verdicts.models import Invitation, Reply
from verdicts.states import InvitationStatus

#: What of several requests says most about the company, best first: one reply is a reply, whatever
#: else was asked.
_FIRST: Final = (
    InvitationStatus.REPLIED,
    InvitationStatus.SILENT,
    InvitationStatus.OPEN,
    InvitationStatus.WAIVED,
)


def reply_status(statuses: Collection[str], *, replied: bool) -> str:
    """One InvitationStatus for all requests on one claim; empty when nothing was asked.

    A company that replied once has replied. One that did not is silent from the first deadline that
    passed, though it may be asked again.
    """
    if replied:
        return InvitationStatus.REPLIED.value
    return next((status.value for status in _FIRST if status in statuses), "")


def reply_status_of(claim: Claim) -> str:
    """`reply_status` of everything that was asked about a claim."""
    statuses = Invitation.objects.filter(claim=claim).values_list("status", flat=True)
    return reply_status(
        list(statuses), replied=Reply.objects.public().filter(invitation__claim=claim).exists()
    )


def reply_statuses(company: Company) -> dict[UUID, str]:
    """`reply_status` of each claim about which a company was asked; two queries."""
    asked: dict[UUID, set[str]] = defaultdict(set)
    requests: Iterable[tuple[UUID, str]] = Invitation.objects.filter(
        claim__company=company
    ).values_list("claim", "status")
    for claim, status in requests:
        asked[claim].add(status)
    replied = set(
        Reply.objects.public()
        .filter(invitation__claim__company=company)
        .values_list("invitation__claim", flat=True)
    )
    return {
        claim: reply_status(statuses, replied=claim in replied) for claim, statuses in asked.items()
    }


def extended_in_words(invitation: Invitation) -> str:
    """What is said once a company has more time."""
    return _("The deadline is extended. The reply is now due by %(when)s.") % {
        "when": when_in_words(invitation.deadline_at)
    }
