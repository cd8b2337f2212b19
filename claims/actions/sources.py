"""Addresses at which a company, or others about it, speak."""

from __future__ import annotations

from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction

import jobs
import ledger
from accounts.models import Role, User
from claims.actions.companies import ELSEWHERE
from claims.actions.rows import store
from claims.localized_text import LocalizedText
from claims.models import (
    Company,
    Source,
)
from claims.permissions import check_register


@transaction.atomic
def add_source(
    *,
    by: User,
    company: Company,
    channel: str,
    title: LocalizedText,
    now: datetime,
    url: str = "",
    speaker: LocalizedText | None = None,
    lang: str = "zh-Hans",
    published_at: datetime | None = None,
    watched: bool = True,
) -> Source:
    """Add a source. The same address again returns the existing source."""
    check_register(by)
    if url and (known := Source.objects.filter(url=url).first()):
        if known.company_id != company.pk:
            raise ValidationError(ELSEWHERE, code="other_company")
        return known
    source = Source(
        company=company, channel=channel, url=url, title=title, speaker=speaker or {}, lang=lang,
        published_at=published_at, watched=watched and bool(url), created_at=now,
    )  # fmt: skip
    with ledger.act("source.added", by=by, role=Role.MODERATOR):
        store(source)
    if source.watched:
        jobs.enqueue("evidence.observe", {"source": str(source.pk)}, key=f"look:{source.pk}:first")
    return source


@transaction.atomic
def stop_monitoring(*, by: ledger.Actor, source: Source, role: str = Role.MODERATOR) -> None:
    """Stop monitoring a source. Idempotent. Raises NotAllowedError."""
    if isinstance(by, User):
        check_register(by)
    with ledger.act("source.unwatched", by=by, role=role):
        Source.objects.filter(pk=source.pk, watched=True).update(watched=False)
