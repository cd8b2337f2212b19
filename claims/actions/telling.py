"""Who is told of a proposed claim, each in the transaction of the act."""

from __future__ import annotations

import notifications
from accounts.models import Role, User
from claims.models import ClaimProposal, ProposalQuestion
from notifications import Kind


def _occurrence(proposal: ClaimProposal) -> str:
    """How often it was asked about before: each question is told, and each reply to one."""
    return str(ProposalQuestion.objects.filter(proposal=proposal).count())


def proposed(proposal: ClaimProposal, *, by: User) -> None:
    """Moderators: a claim is proposed, or a question about it was answered."""
    notifications.tell(
        Kind.PROPOSAL_MADE,
        to=notifications.holders(Role.MODERATOR),
        about=proposal,
        by=by,
        occurrence=_occurrence(proposal),
    )


def decided(proposal: ClaimProposal, *, by: User) -> None:
    """Whoever proposed it: it was decided, or there is a question."""
    notifications.tell(
        Kind.PROPOSAL_DECIDED,
        to=notifications.people([proposal.proposed_by_id]),
        about=proposal,
        by=by,
        occurrence=_occurrence(proposal),
    )
