"""The workflows of an invitation to a role and of the end of one."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class RoleInvitationStatus(models.TextChoices):
    PROPOSED = "proposed", _("awaiting a second person")
    REFUSED = "refused", _("refused")
    INVITED = "invited", _("sent")
    ACCEPTED = "accepted", _("accepted")
    DECLINED = "declined", _("declined by the invited person")
    EXPIRED = "expired", _("expired")
    WITHDRAWN = "withdrawn", _("withdrawn")


ROLE_INVITATION_TRANSITIONS: dict[str, frozenset[str]] = {
    RoleInvitationStatus.PROPOSED: frozenset(
        {
            RoleInvitationStatus.INVITED,
            RoleInvitationStatus.REFUSED,
            RoleInvitationStatus.WITHDRAWN,
        }
    ),
    RoleInvitationStatus.INVITED: frozenset(
        {
            RoleInvitationStatus.ACCEPTED,
            RoleInvitationStatus.DECLINED,
            RoleInvitationStatus.EXPIRED,
            RoleInvitationStatus.WITHDRAWN,
        }
    ),
    RoleInvitationStatus.REFUSED: frozenset(),
    RoleInvitationStatus.ACCEPTED: frozenset(),
    RoleInvitationStatus.DECLINED: frozenset(),
    RoleInvitationStatus.EXPIRED: frozenset(),
    RoleInvitationStatus.WITHDRAWN: frozenset(),
}
#: Those on which somebody still has to act.
OPEN: frozenset[str] = frozenset({RoleInvitationStatus.PROPOSED, RoleInvitationStatus.INVITED})


class RoleEndingStatus(models.TextChoices):
    PROPOSED = "proposed", _("awaiting a second person")
    DONE = "done", _("role ended")
    REFUSED = "refused", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")


ROLE_ENDING_TRANSITIONS: dict[str, frozenset[str]] = {
    RoleEndingStatus.PROPOSED: frozenset(
        {RoleEndingStatus.DONE, RoleEndingStatus.REFUSED, RoleEndingStatus.WITHDRAWN}
    ),
    RoleEndingStatus.DONE: frozenset(),
    RoleEndingStatus.REFUSED: frozenset(),
    RoleEndingStatus.WITHDRAWN: frozenset(),
}


class SuspensionStatus(models.TextChoices):
    PROPOSED = "proposed", _("awaiting a second person")
    IN_FORCE = "in_force", _("suspended")
    REFUSED = "refused", _("declined")
    WITHDRAWN = "withdrawn", _("withdrawn")
    LIFTED = "lifted", _("restored")


SUSPENSION_TRANSITIONS: dict[str, frozenset[str]] = {
    SuspensionStatus.PROPOSED: frozenset(
        {SuspensionStatus.IN_FORCE, SuspensionStatus.REFUSED, SuspensionStatus.WITHDRAWN}
    ),
    SuspensionStatus.IN_FORCE: frozenset({SuspensionStatus.LIFTED}),
    SuspensionStatus.REFUSED: frozenset(),
    SuspensionStatus.WITHDRAWN: frozenset(),
    SuspensionStatus.LIFTED: frozenset(),
}
