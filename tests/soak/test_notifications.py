"""Ten thousand notifications, and workers killed all along: each mail goes out at most once, and
at most one for each kill is not known to have gone.

SOAK_MAILS says how many.
"""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.notifications.test_sending import (
    PLACES,
    check_sent_once,
    kept,
    killed_while_sending,
    settle,
    with_crowd,
)

__all__ = ["kept"]
MAILS = int(os.environ.get("SOAK_MAILS", "10000"))
KILLS = 60


@pytest.mark.promise("a notification is mailed at most once, whoever is killed")
@pytest.mark.django_db(transaction=True)
def test_ten_thousand_mails_are_sent_once_each_while_workers_are_killed(
    kept: Path, figure: Callable[[str], None]
) -> None:
    with_crowd(MAILS)
    for kill in range(KILLS):
        killed_while_sending(PLACES[kill % len(PLACES)], after=MAILS // KILLS // 2)
    settle(seconds=600)
    figure(f"{MAILS:,} mails, {KILLS} kills")
    check_sent_once(kept, MAILS, KILLS)
