"""How long a company has to answer. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

SATURDAY = 5


def deadline(sent_at: datetime, *, working_days: int) -> datetime:
    """The end of the reply window: the same time of day, `working_days` days later, Saturdays and
    Sundays not counted."""
    day = sent_at
    left = working_days
    while left:
        day += timedelta(days=1)
        if day.weekday() < SATURDAY:
            left -= 1
    return day
