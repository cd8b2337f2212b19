"""Moments as they are written: RFC 3339, in UTC."""

from __future__ import annotations

from datetime import UTC, datetime

from django.utils.dateparse import parse_datetime


def read_moment(text: str) -> datetime | None:
    """The moment in UTC that an RFC 3339 time with its offset names, or None: not such a time, or
    beyond the years 1 to 9999 in UTC."""
    try:
        moment = parse_datetime(text)
        return moment.astimezone(UTC) if moment is not None and moment.tzinfo is not None else None
    except (ValueError, OverflowError):
        return None


def format_moment(moment: datetime | None) -> str | None:
    """RFC 3339 in UTC with microseconds, as documents and the log write it; None of None."""
    return (
        moment.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")
        if moment
        else None
    )
