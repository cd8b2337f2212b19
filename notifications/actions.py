"""What a person does with their notifications. Nothing here is in the public record: rows are
private and derived."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, time

from django.db import transaction

from accounts.models import User
from notifications.kinds import GROUPS, Delivery, Group
from notifications.models import Choice, Notification, NotificationQuerySet, Preferences


@transaction.atomic
def mark_read(*, by: User, notification: Notification, now: datetime) -> None:
    """Mark one of one's own as read, and send no mail of it any more. Idempotent; another person's
    stays as it is."""
    _mark(Notification.objects.of(by).filter(pk=notification.pk), now)


@transaction.atomic
def mark_all_read(*, by: User, newest: Notification, now: datetime) -> int:
    """Mark `newest`, which the page showed, and all that are older as read. What came since stays
    unread. Returns how many were marked."""
    return _mark(Notification.objects.of(by).up_to(newest), now)


def _mark(rows: NotificationQuerySet, now: datetime) -> int:
    unread = rows.unread()
    unread.filter(mail=None).update(mail_due_at=None)
    return unread.update(read_at=now)


@dataclass(frozen=True)
class Wishes:
    """How a person wants their mails. An empty language is both; `quiet_from` and `quiet_until` are
    both there or neither."""

    language: str
    time_zone: str
    digest_at: time
    quiet_from: time | None
    quiet_until: time | None
    deliveries: Mapping[Group, Delivery]


class CriticalGroupError(ValueError):
    """The mails of this group cannot be turned off."""


@transaction.atomic
def choose(*, by: User, wishes: Wishes) -> None:
    """Set how one's mails come. Raises CriticalGroupError."""
    Preferences.objects.update_or_create(
        user=by,
        defaults={
            "language": wishes.language,
            "time_zone": wishes.time_zone,
            "digest_at": wishes.digest_at,
            "quiet_from": wishes.quiet_from,
            "quiet_until": wishes.quiet_until,
        },
    )
    for group, delivery in wishes.deliveries.items():
        _set(by, group, delivery)


@transaction.atomic
def turn_off(*, by: User, group: Group) -> None:
    """Turn off the mails of one group; the inbox goes on. Idempotent. Raises
    CriticalGroupError."""
    _set(by, group, Delivery.NONE)


def _set(user: User, group: Group, delivery: Delivery) -> None:
    if GROUPS[group].critical:
        raise CriticalGroupError(group)
    Choice.objects.update_or_create(user=user, group=group, defaults={"delivery": delivery})


@transaction.atomic
def try_address_again(*, by: User) -> None:
    """Forget that one's address refused mails: the mailbox is in order again. Idempotent."""
    Preferences.objects.filter(user=by).update(
        refusals=0, refused_at=None, refused_key="", failing_since=None
    )
