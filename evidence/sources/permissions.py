"""Who may hand in a copy of a source and close an alert."""

from __future__ import annotations

from accounts.models import Role, User
from accounts.permissions import check_role
from claims.conflicts import check_no_conflict
from evidence.sources.models import Alert


def check_upload(user: User) -> None:
    """Moderators hand in saved copies of a source, under their name. Raises NotAllowedError."""
    check_role(user, Role.MODERATOR)


def check_handle_alert(user: User, alert: Alert) -> None:
    """A moderator without a conflict of interest takes note of what happened to a claim or a
    source. Raises NotAllowedError."""
    check_role(user, Role.MODERATOR)
    if alert.claim is not None:
        check_no_conflict(user, alert.claim)
