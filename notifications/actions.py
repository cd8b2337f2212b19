"""What a person does with their notifications. Nothing here is in the public record: rows are
private and derived."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

from accounts.models import User
from notifications.models import Notification


@transaction.atomic
def mark_read(*, by: User, notification: Notification, now: datetime) -> None:
    """Mark one of one's own as read. Idempotent; another person's stays as it is."""
    Notification.objects.of(by).unread().filter(pk=notification.pk).update(read_at=now)


@transaction.atomic
def mark_all_read(*, by: User, newest: Notification, now: datetime) -> int:
    """Mark `newest`, which the page showed, and all that are older as read. What came since stays
    unread. Returns how many were marked."""
    return Notification.objects.of(by).unread().up_to(newest).update(read_at=now)
