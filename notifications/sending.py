"""From due notifications to mails that are sent at most once.

1. `make_mails`: what is due becomes one mail for each person and group, with a job each, in one
   transaction. 2. `claim`, committed before anything is sent. 3. The server's answer is noted.
Who is killed between 2 and 3 leaves a mail of which nobody knows whether it went: it becomes
`unknown` and is not sent again. The inbox has what it said.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Now

import jobs
from accounts.models import User
from notifications.kinds import GROUPS, Delivery, Group, kinds_of
from notifications.mails import address_key
from notifications.models import (
    MOST_REFUSALS,
    Choice,
    Mail,
    Notification,
    NotificationQuerySet,
    Preferences,
)
from notifications.states import MailState

#: How many notifications become mails in one transaction.
MOST_AT_ONCE: Final = 20_000
#: A refusal that follows another after a longer time begins a new count.
REFUSALS_REMEMBERED: Final = timedelta(days=30)

_MAKE_MAILS: Final = """
WITH due AS MATERIALIZED (
    SELECT id, recipient_id FROM notifications_notification
    WHERE mail_id IS NULL AND read_at IS NULL AND mail_due_at <= statement_timestamp()
        AND kind = ANY(%s)
    ORDER BY mail_due_at LIMIT %s FOR UPDATE SKIP LOCKED
), addressed AS MATERIALIZED (
    SELECT recipient_id, gen_random_uuid() AS mail
    FROM (SELECT DISTINCT recipient_id FROM due) AS person
), made AS (
    INSERT INTO notifications_mail
        (id, recipient_id, "group", state, created_at, address_key, answer)
    SELECT mail, recipient_id, %s, %s, statement_timestamp(), '', '' FROM addressed
    RETURNING id
), joined AS (
    UPDATE notifications_notification AS row SET mail_id = addressed.mail
    FROM due JOIN addressed USING (recipient_id) WHERE row.id = due.id
)
SELECT id FROM made
"""


@transaction.atomic
def make_mails() -> int:
    """Make the mails of everything that is due and still unread, and a job for each. Returns how
    many there are."""
    made: list[UUID] = []
    with connection.cursor() as cursor:
        for group in Group:
            values: list[Any] = [kinds_of(group), MOST_AT_ONCE, group, MailState.WAITING]
            cursor.execute(_MAKE_MAILS, values)
            made += [row[0] for row in cursor.fetchall()]
    if made:
        jobs.enqueue_many("notifications.send", {f"mail:{pk}": {"mail": pk} for pk in made})
    return len(made)


def to_tell(mail: Mail) -> NotificationQuerySet:
    """What the mail says: what is still unread of it, the oldest first. Nothing for an account that
    is closed, or that turned the group off meanwhile, or whose address fails (but for what is
    critical)."""
    rows = Notification.objects.filter(mail=mail).unread().order_by("created_at", "id")
    if not mail.recipient.is_active:
        return rows.none()
    if not GROUPS[Group(mail.group)].critical and (failing_since(mail.recipient) or _is_off(mail)):
        return rows.none()
    return rows


def _is_off(mail: Mail) -> bool:
    chosen = Choice.objects.filter(user=mail.recipient_id, group=mail.group)
    return chosen.filter(delivery=Delivery.NONE).exists()


def failing_since(user: User) -> datetime | None:
    """Since when mails do not reach the address that the account has now; None if they do."""
    key = address_key(user.email)
    own = Preferences.objects.filter(user=user, refused_key=key).only("failing_since").first()
    return own.failing_since if own else None


def claim(mail: Mail) -> bool:
    """Take the mail for sending; of two workers one gets it."""
    waiting = Mail.objects.filter(pk=mail.pk, state=MailState.WAITING)
    key = address_key(mail.recipient.email)
    return waiting.update(state=MailState.SENDING, claimed_at=Now(), address_key=key) == 1


def move(mail: Mail, before: set[MailState], after: MailState, answer: str = "") -> bool:
    """Note what became of a mail, if it is still in one of the states `before`."""
    ended = None if after == MailState.WAITING else Now()
    rows = Mail.objects.filter(pk=mail.pk, state__in=before)
    return rows.update(state=after, answer=answer, ended_at=ended) == 1


@transaction.atomic
def note_refusal(mail: Mail, *, now: datetime) -> None:
    """The mailbox that `mail` went to refused for good: after MOST_REFUSALS it is marked as
    failing. Nothing is noted where the account has another address meanwhile."""
    if mail.address_key != address_key(mail.recipient.email):
        return
    Preferences.objects.get_or_create(user=mail.recipient)
    own = Preferences.objects.select_for_update().get(user=mail.recipient)
    remembered = (
        own.refused_key == mail.address_key
        and own.refused_at is not None
        and now - own.refused_at <= REFUSALS_REMEMBERED
    )
    own.refusals = own.refusals + 1 if remembered else 1
    own.refused_at, own.refused_key = now, mail.address_key
    failing = own.refusals >= MOST_REFUSALS
    own.failing_since = (own.failing_since or now) if failing else None
    own.save(update_fields=["refusals", "refused_at", "refused_key", "failing_since"])
