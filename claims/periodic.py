"""What passes by itself: days for which something was promised."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

import jobs
import ledger
from claims import actions


@jobs.periodic("claims.mark_overdue", every=timedelta(hours=1))
def mark_overdue() -> None:
    """Say of every point whose promised date has passed that it has."""
    actions.mark_overdue(by=ledger.SYSTEM, now=timezone.now())
