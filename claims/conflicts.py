"""Who may not touch a case because of who they are. One question, asked before every act at the
desk.

This app knows the seat at a company. Apps above say what they know (`register`): evidence adds what
someone filed themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from django.db.models import Q
from django.utils.translation import gettext as _

from accounts.models import Membership, OrganisationKind, User
from accounts.permissions import NotAllowedError, seat_at_a_company
from claims.models import Claim, ClaimProposal

Rule = Callable[[User, Claim], str | None]
ProposalRule = Callable[[User, ClaimProposal], str | None]
_rules: Final[list[Rule]] = []
_proposal_rules: Final[list[ProposalRule]] = []
#: Bodies of this installation: to belong to one of them together is no common interest.
OUR_OWN: Final = (OrganisationKind.OPERATOR, OrganisationKind.MODERATION_TEAM)


def register(rule: Rule) -> None:
    """Ask `rule` as well. Twice is once."""
    if rule not in _rules:
        _rules.append(rule)


def register_for_proposals(rule: ProposalRule) -> None:
    """Ask `rule` of claims that are proposed as well. Twice is once."""
    if rule not in _proposal_rules:
        _proposal_rules.append(rule)


def own_proposal(user: User, claim: Claim) -> str | None:
    """Who proposed a claim said what is wrong with it, so somebody else judges it."""
    if ClaimProposal.objects.filter(claim=claim, proposed_by=user).exists():
        return _("You proposed this claim, so another person must rate it.")
    return None


register(own_proposal)


def own_colleague(user: User, proposal: ClaimProposal) -> str | None:
    """Nor does a moderator decide for the group, laboratory or newsroom that they belong to, or
    belonged to since."""
    since = Q(ended_at=None) | Q(ended_at__gte=proposal.proposed_at)
    theirs = Membership.objects.filter(since, user=proposal.proposed_by_id).exclude(
        organisation__kind__in=OUR_OWN
    )
    if Membership.objects.filter(
        since, user=user, organisation__in=theirs.values("organisation")
    ).exists():
        return _(
            "You and whoever proposed this belong to one organisation, so another person must "
            "decide on it."
        )
    return None


register_for_proposals(own_colleague)


def conflict_on_proposal(user: User, proposal: ClaimProposal) -> str | None:
    """The first sentence that stands against `user` deciding on a proposed claim, or None."""
    if proposal.proposed_by_id == user.pk:
        return _("You proposed this yourself, so another person must decide on it.")
    if reason := seat_at_a_company(user):
        return reason
    return next((reason for rule in _proposal_rules if (reason := rule(user, proposal))), None)


def check_no_conflict_on_proposal(user: User, proposal: ClaimProposal) -> None:
    """Raises NotAllowedError with the sentence that stands against deciding on a proposal."""
    if reason := conflict_on_proposal(user, proposal):
        raise NotAllowedError(reason)


def conflict_of_interest(user: User, claim: Claim) -> str | None:
    """The first sentence that stands against `user` acting on `claim` at the desk, or None."""
    if reason := seat_at_a_company(user):
        return reason
    return next((reason for rule in _rules if (reason := rule(user, claim))), None)


def check_no_conflict(user: User, claim: Claim) -> None:
    """Raises NotAllowedError with the sentence of a conflict of interest."""
    if reason := conflict_of_interest(user, claim):
        raise NotAllowedError(reason)
