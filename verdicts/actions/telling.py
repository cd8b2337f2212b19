"""Who is told of what is concluded, each in the transaction of the act."""

from __future__ import annotations

import ledger
import notifications
from notifications import Kind
from verdicts.models import Invitation
from verdicts.representation import representatives


def requested(invitation: Invitation, *, by: ledger.Actor) -> None:
    """The representatives: their company is asked for a reply."""
    notifications.tell(
        Kind.REPLY_REQUESTED,
        to=representatives(invitation.claim.company),
        about=invitation,
        by=by,
        reference=invitation.claim.reference,
    )
