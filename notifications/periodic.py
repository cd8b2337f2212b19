"""What beat ticks: due notifications become mails."""

from __future__ import annotations

from datetime import timedelta

import jobs
from notifications.sending import make_mails


@jobs.periodic("notifications.make_mails", every=timedelta(seconds=20))
def make() -> None:
    """Make the mails of what is due."""
    make_mails()
