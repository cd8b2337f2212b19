"""Figures over time: series, their points and notes."""

from __future__ import annotations

from datetime import date, datetime
from decimal import Decimal

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import Role, User
from claims.actions.companies import check_company
from claims.actions.rows import ReasonRequiredError, store
from claims.editing import lock_seen
from claims.localized_text import LocalizedText
from claims.models import (
    Company,
    Series,
    SeriesNote,
    SeriesPoint,
    Source,
)
from claims.permissions import check_register


@transaction.atomic
def add_series(
    *,
    by: User,
    company: Company,
    name: LocalizedText,
    unit: LocalizedText,
    now: datetime,
    reconstruction: bool = False,
) -> Series:
    """Create a series of market data about a company, still empty."""
    check_register(by)
    with ledger.act("series.added", by=by, role=Role.MODERATOR):
        return store(
            Series(
                company=company, name=name, unit=unit, reconstruction=reconstruction, created_at=now
            )
        )


@transaction.atomic
def add_point(
    *, by: User, series: Series, source: Source, on_date: date, value: Decimal, now: datetime
) -> SeriesPoint:
    """Add the figure that one source gives for a day. The same figure again changes nothing;
    another is a correction."""
    check_register(by)
    check_company(series.company_id, source)
    point = SeriesPoint.objects.filter(series=series, source=source, on_date=on_date).first()
    if point is not None:
        if point.value != value:
            raise ValidationError(
                _("This source already has a figure for that day. Correct it and give a reason.")
            )
        return point
    with ledger.act("series.point_added", by=by, role=Role.MODERATOR):
        return store(
            SeriesPoint(series=series, source=source, on_date=on_date, value=value, created_at=now)
        )


@transaction.atomic
def correct_point(
    *, by: User, point: SeriesPoint, value: Decimal, reason: str, now: datetime, version: str = ""
) -> SeriesPoint:
    """Correct a figure that was copied wrongly. The earlier one stays in the change history. Raises
    ReasonRequiredError, NotAllowedError, RowChangedError."""
    check_register(by)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(point, version)
    if held.value == value:
        return held
    held.value = value
    held.full_clean()
    with ledger.act("series.point_corrected", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=["value"])
    return held


@transaction.atomic
def annotate_series(
    *,
    by: User,
    series: Series,
    text: LocalizedText,
    from_date: date,
    now: datetime,
    until_date: date | None = None,
    stated_value: Decimal | None = None,
    source: Source | None = None,
) -> SeriesNote:
    """Add a note to a series: what happened on a day or between two, and which difference
    someone stated for it.

    A stated difference stands beside the computed one; neither is mended by the other. Raises
    NotAllowedError, ValidationError.
    """
    check_register(by)
    if stated_value is not None and until_date is None:
        raise ValidationError(_("A stated difference is between two days. Enter both."))
    check_company(series.company_id, source)
    note = SeriesNote(
        series=series,
        source=source,
        from_date=from_date,
        until_date=until_date,
        text=text,
        stated_value=stated_value,
        created_at=now,
    )
    with ledger.act("series.annotated", by=by, role=Role.MODERATOR):
        return store(note)
