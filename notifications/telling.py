"""The one call by which people are told."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID, uuid5

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from notifications.kinds import GROUPS, KINDS, Delivery, Kind
from notifications.models import DIGEST_AT, ZONE


class Told(Protocol):
    """What can be told of: a row with an id."""

    @property
    def pk(self) -> Any: ...


class NotInTransactionError(Exception):
    """tell() was called outside the transaction of the act: people could be told of what was then
    taken back."""


# When the mail is due, in the zone of whoever is told: at once but for quiet hours, at the next
# hour of the daily mail, never.
_TELL = """
WITH chosen AS (
    SELECT person.id, own.quiet_from, own.quiet_until,
        coalesce(own.digest_at, cast(%s AS time)) AS digest_at,
        coalesce(own.time_zone, %s) AS zone,
        statement_timestamp() AT TIME ZONE coalesce(own.time_zone, %s) AS here,
        CASE WHEN %s THEN %s ELSE coalesce(choice.delivery, %s) END AS delivery
    FROM ({people}) AS told (id)
    JOIN accounts_user AS person ON person.id = told.id AND person.is_active
    LEFT JOIN notifications_preferences AS own ON own.user_id = person.id
    LEFT JOIN notifications_choice AS choice ON choice.user_id = person.id AND choice."group" = %s
    WHERE person.id IS DISTINCT FROM %s
), awaited AS (
    SELECT id, zone, here, delivery, CASE
        WHEN delivery = 'daily' THEN digest_at
        WHEN quiet_from < quiet_until AND here::time >= quiet_from AND here::time < quiet_until
            OR quiet_from > quiet_until AND (here::time >= quiet_from OR here::time < quiet_until)
            THEN quiet_until
    END AS hour
    FROM chosen
)
INSERT INTO notifications_notification
    (id, recipient_id, kind, object, reference, created_at, mail_due_at)
SELECT gen_random_uuid(), id, %s, %s, %s, statement_timestamp(), CASE
    WHEN delivery = 'none' THEN NULL
    WHEN hour IS NULL THEN statement_timestamp()
    WHEN here::time < hour THEN (here::date + hour) AT TIME ZONE zone
    ELSE (here::date + 1 + hour) AT TIME ZONE zone
END
FROM awaited
ON CONFLICT DO NOTHING
"""


def tell(
    kind: Kind,
    *,
    to: QuerySet[User],
    about: Told,
    by: object = None,
    reference: str | None = None,
    occurrence: str = "",
) -> int:
    """Tell the people in `to` of what `by` did, in the caller's transaction; never `by` themselves,
    and nobody twice of the same. Returns how many were told.

    `reference` is what the sentence names and what the page it leads to is found by: that of
    `about`, unless another is given. `occurrence` tells apart what happens to `about` several
    times. Raises NotInTransactionError.
    """
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransactionError(kind)
    shown = getattr(about, "reference", "") if reference is None else reference
    event = uuid5(about.pk, occurrence) if occurrence else about.pk
    actor: UUID | None = by.pk if isinstance(by, User) else None
    try:
        sql, parameters = to.order_by().values("pk").query.sql_with_params()
    except EmptyResultSet:
        return 0
    entry, group = GROUPS[KINDS[kind].group], KINDS[kind].group
    choice: list[Any] = [entry.critical, Delivery.AT_ONCE, entry.delivery]
    with connection.cursor() as cursor:
        cursor.execute(
            _TELL.format(people=sql),
            [
                DIGEST_AT.isoformat(), ZONE, ZONE, *choice, *parameters, group, actor,
                kind.value, event, shown,
            ],
        )  # fmt: skip
        return int(cursor.rowcount)
