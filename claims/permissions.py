"""Who may change what was said."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.permissions import NotAllowedError, check_role
from claims.conflicts import check_no_conflict
from claims.models import Claim, Flag
from claims.states import WITHDRAWABLE, ClaimStatus


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
