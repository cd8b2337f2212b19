"""Who was told what, how each person wants to be told, and the mails of it."""

from __future__ import annotations

from datetime import time
from typing import Final, Self
from uuid import uuid4

from django.db import models
from django.db.models import Q

import ledger
from accounts.models import User
from notifications.kinds import GROUPS, Delivery, Group, Kind
from notifications.states import MAIL_TRANSITIONS, MailState

PRIVATE = "private: who was told what, and how; what they were told of is recorded by itself"
#: Refusals for good, each within REFUSALS_REMEMBERED of the one before, after which an address is
#: marked as failing.
MOST_REFUSALS: Final = 3
#: Where a day begins and ends for whoever has not said; a mail a day comes at this hour.
ZONE: Final = "Asia/Shanghai"
DIGEST_AT: Final = time(8)
#: The zones to choose from: every database knows them, so that telling never fails on one.
ZONES: Final = (
    "Asia/Shanghai", "Asia/Hong_Kong", "Asia/Taipei", "Asia/Singapore", "Asia/Tokyo",
    "Asia/Kolkata", "Asia/Dubai", "Europe/Moscow", "Europe/Berlin", "Europe/London",
    "UTC", "America/Sao_Paulo", "America/New_York", "America/Chicago", "America/Los_Angeles",
    "Australia/Sydney",
)  # fmt: skip
LANGUAGES: Final = ("", "en", "zh-hans")
OPTIONAL: Final = [group.value for group in Group if not GROUPS[group].critical]
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
    the sentence names and where it leads. `mail_due_at` is null where no mail is wanted."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    kind = models.CharField(max_length=40)
    object = models.UUIDField()
    reference = models.CharField(max_length=40, blank=True)
    created_at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)
    mail_due_at = models.DateTimeField(null=True, blank=True)
    mail = models.ForeignKey("Mail", null=True, blank=True, on_delete=models.SET_NULL)

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
            models.Index(
                fields=["mail_due_at"],
                condition=Q(mail=None, mail_due_at__isnull=False),
                name="notification_mail_due",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} · {self.reference}"


@ledger.derived(reason=PRIVATE)
class Preferences(models.Model):
    """How one person wants their mails, and whether they arrive. An empty language is both. Quiet
    hours begin and end at times of day of their zone, over midnight too.

    `refusals` were for good, of the address whose keyed digest is `refused_key`.
    """

    user = models.OneToOneField(
        User, primary_key=True, on_delete=models.CASCADE, related_name="notification_preferences"
    )
    language = models.CharField(max_length=10, blank=True)
    time_zone = models.CharField(max_length=40, default=ZONE)
    quiet_from = models.TimeField(null=True, blank=True)
    quiet_until = models.TimeField(null=True, blank=True)
    digest_at = models.TimeField(default=DIGEST_AT)
    refusals = models.PositiveSmallIntegerField(default=0)
    refused_at = models.DateTimeField(null=True, blank=True)
    refused_key = models.CharField(max_length=64, blank=True)
    failing_since = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(language__in=LANGUAGES), name="preferences_language_known"
            ),
            models.CheckConstraint(condition=Q(time_zone__in=ZONES), name="preferences_zone_known"),
            models.CheckConstraint(
                condition=Q(quiet_from=None, quiet_until=None)
                | Q(quiet_from__isnull=False, quiet_until__isnull=False),
                name="preferences_quiet_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(refusals=0, refused_at=None, refused_key="")
                | Q(refusals__gt=0, refused_at__isnull=False) & ~Q(refused_key=""),
                name="preferences_refused_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(failing_since=None) | Q(refusals__gte=MOST_REFUSALS),
                name="preferences_failing_after_refusals",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.user_id}"


@ledger.derived(reason=PRIVATE)
class Choice(models.Model):
    """How one group reaches one person, where they chose. What is critical cannot be chosen."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    group = models.CharField(max_length=20)
    delivery = models.CharField(max_length=10)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["user", "group"], name="choice_once"),
            models.CheckConstraint(condition=Q(group__in=OPTIONAL), name="choice_group_optional"),
            models.CheckConstraint(
                condition=Q(delivery__in=[delivery.value for delivery in Delivery]),
                name="choice_delivery_known",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group}: {self.delivery}"


@ledger.transitions("state", MAIL_TRANSITIONS)
@ledger.derived(reason=PRIVATE)
class Mail(models.Model):
    """One mail to one person about one group. Its id is its Message-ID, by which a bounce names it.

    `address_key` is a keyed digest of the mailbox that it went to, `answer` the code of the server
    that refused it: never its words, which quote addresses.
    """

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    recipient = models.ForeignKey(User, on_delete=models.CASCADE, related_name="+")
    group = models.CharField(max_length=20)
    state = models.CharField(max_length=10, choices=MailState.choices, default=MailState.WAITING)
    created_at = models.DateTimeField()
    claimed_at = models.DateTimeField(null=True, blank=True)
    ended_at = models.DateTimeField(null=True, blank=True)
    address_key = models.CharField(max_length=64, blank=True)
    answer = models.CharField(max_length=20, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(state__in=MailState.values), name="mail_state_known"
            ),
            models.CheckConstraint(
                condition=Q(group__in=[group.value for group in Group]), name="mail_group_known"
            ),
            models.CheckConstraint(
                condition=~Q(state__in=[MailState.SENDING, MailState.SENT])
                | Q(claimed_at__isnull=False),
                name="mail_claimed_before_sent",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.group} · {self.state}"
