"""A notification in words, for page and mail alike, and the page that it leads to."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.urls import NoReverseMatch

from notifications.kinds import KINDS, Kind
from notifications.models import Notification
from ui.languages import address


@dataclass(frozen=True)
class Shown:
    """One notification as its reader sees it, in the language of the page. `url` is empty where
    there is nothing to open any more."""

    id: UUID
    sentence: str
    todo: str
    url: str
    created_at: datetime
    is_read: bool


def show(row: Notification) -> Shown:
    """The row in words. Raises nothing for what is stored."""
    entry = KINDS[Kind(row.kind)]
    try:
        url = address(entry.leads_to, row.reference)
    except NoReverseMatch:
        url = ""
    return Shown(
        id=row.id,
        sentence=str(entry.sentence) % {"reference": row.reference},
        todo=str(entry.todo),
        url=url,
        created_at=row.created_at,
        is_read=row.read_at is not None,
    )
