"""Who may change what was said."""

from __future__ import annotations

from allauth.account.models import EmailAddress
from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.permissions import NotAllowedError, check_role
from claims.conflicts import check_no_conflict, check_no_conflict_on_proposal
from claims.models import Claim, ClaimProposal, Flag
from claims.states import UNDECIDED, WITHDRAWABLE, ClaimProposalStatus, ClaimStatus


def check_register(user: User) -> None:
    """Raises NotAllowedError unless `user` is a moderator."""
    check_role(user, Role.MODERATOR)


def check_revise(user: User, claim: Claim) -> None:
    """Raises NotAllowedError unless `user` is a moderator without a conflict of interest and the
    claim still stands."""
    check_role(user, Role.MODERATOR)
    check_no_conflict(user, claim)
    if claim.status == ClaimStatus.WITHDRAWN:
        raise NotAllowedError(
            _(
                "AsClaimed withdrew this claim from its record. You can still read it, but it no "
                "longer changes."
            )
        )


def check_withdraw_flag(user: User, flag: Flag) -> None:
    """A moderator takes back a flag that what we saw or did raised. Raises NotAllowedError."""
    check_revise(user, flag.claim)
    if flag.kind not in WITHDRAWABLE:
        raise NotAllowedError(
            _("This flag follows the requests for a reply. It cannot be changed by hand.")
        )


def check_propose(user: User) -> None:
    """Anyone with a confirmed address may propose a claim. Raises NotAllowedError."""
    if not user.is_authenticated:
        raise NotAllowedError(_("Sign in to propose a claim."))
    if not EmailAddress.objects.filter(user=user, verified=True).exists():
        raise NotAllowedError(_("Confirm your email address first. Then you can propose a claim."))


def check_triage(user: User, proposal: ClaimProposal) -> None:
    """A moderator decides on a proposed claim: not their own, not for a body that they belong to,
    and without a conflict of interest. Raises NotAllowedError."""
    check_role(user, Role.MODERATOR)
    check_no_conflict_on_proposal(user, proposal)
    if proposal.status not in UNDECIDED:
        raise NotAllowedError(_("This proposal was already decided."))


def check_merge(user: User, proposal: ClaimProposal, claim: Claim) -> None:
    """Who may decide on a proposal merges it with a claim that stands, if they may touch that one
    too. Raises NotAllowedError."""
    check_triage(user, proposal)
    check_revise(user, claim)


def check_answer_proposal(user: User, proposal: ClaimProposal) -> None:
    """The proposer answers the question with which a proposal was returned. Raises
    NotAllowedError."""
    if proposal.proposed_by_id != user.pk:
        raise NotAllowedError(_("Only the person who proposed it can reply."))
    if proposal.status != ClaimProposalStatus.RETURNED:
        raise NotAllowedError(_("No question about this proposal awaits a reply."))


def check_withdraw_proposal(user: User, proposal: ClaimProposal) -> None:
    """The proposer withdraws what is not decided. Raises NotAllowedError."""
    if proposal.proposed_by_id != user.pk:
        raise NotAllowedError(_("Only the person who proposed it can withdraw it."))
    if proposal.status not in UNDECIDED:
        raise NotAllowedError(_("This proposal was already decided or withdrawn."))
