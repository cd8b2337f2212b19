"""What happened after harm: incidents and their dated events."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import Role, User
from accounts.permissions import check_role
from claims.actions import ReasonRequiredError, check_company
from claims.editing import lock_seen
from claims.localized_text import LocalizedText
from claims.models import Company, Product, Source
from verdicts.models import (
    Incident,
    Occurrence,
)
from verdicts.states import Exactness


@transaction.atomic
def open_incident(
    *,
    by: User,
    company: Company,
    title: LocalizedText,
    now: datetime,
    summary: LocalizedText | None = None,
    product: Product | None = None,
    reconstruction: bool = False,
) -> Incident:
    """Create an incident timeline. Raises NotAllowedError, ValidationError."""
    check_role(by, Role.MODERATOR)
    if product is not None and product.company_id != company.pk:
        raise ValidationError(_("The product belongs to another company."))
    incident = Incident(
        company=company,
        product=product,
        title=title,
        summary=summary or {},
        reconstruction=reconstruction,
        created_at=now,
    )
    incident.full_clean()
    with ledger.act("incident.opened", by=by, role=Role.MODERATOR):
        incident.save(force_insert=True)
    return incident


@transaction.atomic
def add_event(
    *,
    by: User,
    incident: Incident,
    kind: str,
    actor: str,
    happened_at: datetime,
    text: LocalizedText,
    now: datetime,
    exact_to: str = Exactness.MINUTE,
    source: Source | None = None,
) -> Occurrence:
    """Add an event to an incident timeline, with its source if there is one. Raises
    NotAllowedError, ValidationError."""
    check_role(by, Role.MODERATOR)
    if happened_at > now:
        raise ValidationError(_("The time of the event is in the future. Check it."))
    check_company(incident.company_id, source)
    event = Occurrence(
        incident=incident,
        kind=kind,
        actor=actor,
        happened_at=happened_at,
        exact_to=exact_to,
        text=text,
        source=source,
        created_at=now,
    )
    event.full_clean()
    with ledger.act("incident.event_added", by=by, role=Role.MODERATOR):
        event.save(force_insert=True)
    return event


@transaction.atomic
def correct_event(
    *,
    by: User,
    event: Occurrence,
    reason: str,
    now: datetime,
    happened_at: datetime | None = None,
    exact_to: str | None = None,
    text: LocalizedText | None = None,
    source: Source | None = None,
    version: str = "",
) -> Occurrence:
    """Correct an event of an incident timeline. The earlier text stays in the change history.
    `version` is what the form was opened on.

    Raises ReasonRequiredError, NotAllowedError, RowChangedError, ValidationError.
    """
    check_role(by, Role.MODERATOR)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(event, version)
    asked = {"happened_at": happened_at, "exact_to": exact_to, "text": text, "source": source}
    changed = [
        name for name, value in asked.items() if value is not None and value != getattr(held, name)
    ]
    if not changed:
        return held
    for name in changed:
        setattr(held, name, asked[name])
    if held.happened_at > now:
        raise ValidationError(_("The time of the event is in the future. Check it."))
    check_company(held.incident.company_id, held.source)
    held.full_clean()
    with ledger.act("incident.event_corrected", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=changed)
    return held
