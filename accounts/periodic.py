"""What passes by itself: invitations that nobody answered."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

import jobs
import ledger
from accounts import actions


@jobs.periodic("accounts.expire_invitations", every=timedelta(hours=1))
def expire_invitations() -> None:
    """Close the invitations whose 14 days have passed."""
    actions.expire_invitations(by=ledger.SYSTEM, now=timezone.now())
