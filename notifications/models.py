"""Who was told what, how each person wants to be told, and the mails of it."""

from __future__ import annotations

from typing import Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

import ledger
from accounts.models import User
from notifications.kinds import Kind

PRIVATE = "private: who was told what, and how; what they were told of is recorded by itself"
#: Unread rows are counted up to this many.
MOST_COUNTED = 100


class NotificationQuerySet(models.QuerySet["Notification"]):
    def of(self, user: User) -> Self:
        """Those of a person."""
        return self.filter(recipient=user)

    def unread(self) -> Self:
        """Those that nobody has marked as read."""
        return self.filter(read_at=None)

    def newest_first(self) -> Self:
        """In the order of the inbox."""
        return self.order_by("-created_at", "-id")

    def up_to(self, row: Notification) -> Self:
        """That row and all that are older."""
        return self.filter(Q(created_at__lt=row.created_at) | _same_moment(row, "lte"))

    def older_than(self, row: Notification) -> Self:
        """What comes after it in the inbox."""
        return self.filter(Q(created_at__lt=row.created_at) | _same_moment(row, "lt"))

    def unread_count(self) -> int:
        """How many are unread, at most MOST_COUNTED."""
        return self.unread()[:MOST_COUNTED].count()


def _same_moment(row: Notification, comparison: str) -> Q:
    return Q(created_at=row.created_at, **{f"id__{comparison}": row.id})


@ledger.derived(reason=PRIVATE)
class Notification(models.Model):
    """One person told of one event, once. `object` is the id of what it is about, `reference` what
    the sentence names and where it leads."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    object = models.UUIDField()
    reference = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    objects = NotificationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["recipient", "kind", "object"], name="notification_told_once"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=[kind.value for kind in Kind]), name="notification_kind_known"
            ),
        ]
        indexes = [
            models.Index(
                fields=["recipient", "-created_at", "-id"], name="notification_newest_first"
            ),
            models.Index(
                fields=["recipient"], condition=Q(read_at=None), name="notification_unread"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.reference}"
