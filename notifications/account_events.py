"""Who is told of what waits in the app below, which cannot call this one."""

from __future__ import annotations

from accounts.actions import endings, invitations
from accounts.models import Role, RoleEnding, RoleInvitation
from notifications.kinds import Kind
from notifications.recipients import holders
from notifications.telling import tell


def invitation_waits(invitation: RoleInvitation) -> None:
    """Who may approve an invitation to a role, but for its proposer."""
    tell(
        Kind.ROLE_INVITATION_WAITING,
        to=holders(Role.OPERATOR, Role.AUDITOR),
        about=invitation,
        by=invitation.proposed_by,
        reference=str(invitation.organisation_id),
    )


def ending_waits(ending: RoleEnding) -> None:
    """Who may confirm the end of a role, but for its proposer and the one concerned."""
    tell(
        Kind.ROLE_ENDING_WAITING,
        to=holders(Role.OPERATOR, Role.AUDITOR).exclude(pk=ending.person_id),
        about=ending,
        by=ending.proposed_by,
        reference=str(ending.membership.organisation_id),
    )


def register() -> None:
    """Have proposals come by here."""
    invitations.after_proposal.add(invitation_waits)
    endings.after_proposal.add(ending_waits)
