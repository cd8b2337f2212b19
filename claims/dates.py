"""Which days and moments can be meant: what happened lies behind us, what was announced not beyond
any plan.

A year 1, 202 or 9999 is a slip of the pen, and would stand in a signed record for good. These are
validators of columns and form fields, so every entry point refuses alike, with a sentence that says
what is wrong.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

FIRST_YEAR: Final = 1900
YEARS_AHEAD: Final = 50
#: Somewhere it is tomorrow already, and clocks differ.
AHEAD: Final = timedelta(days=1)


def _day(value: date | datetime) -> date:
    if not isinstance(value, datetime):
        return value
    try:
        return value.astimezone(UTC).date()
    except (OverflowError, ValueError):  # at the ends of time
        return value.date()


def _check_first(day: date) -> None:
    if day.year < FIRST_YEAR:
        raise ValidationError(
            _("%(day)s is before %(year)s. Nothing was saved. Check the year.")
            % {"day": day.isoformat(), "year": FIRST_YEAR},
            code="date",
        )


def validate_past(value: date | datetime) -> None:
    """Of what happened: from 1900 until now. Raises ValidationError."""
    day = _day(value)
    _check_first(day)
    ahead = (
        value > timezone.now() + AHEAD
        if isinstance(value, datetime) and value.tzinfo
        else day > timezone.now().date() + AHEAD
    )
    if ahead:
        raise ValidationError(
            _("%(day)s is in the future. Nothing was saved. Check the date.")
            % {"day": day.isoformat()},
            code="date",
        )


def validate_plan(value: date | datetime) -> None:
    """Of what was agreed or announced: from 1900 until fifty years from now. Raises
    ValidationError."""
    day = _day(value)
    _check_first(day)
    if day.year > timezone.now().year + YEARS_AHEAD:
        raise ValidationError(
            _("%(day)s is more than %(years)s years from now. Nothing was saved. Check the year.")
            % {"day": day.isoformat(), "years": YEARS_AHEAD},
            code="date",
        )
