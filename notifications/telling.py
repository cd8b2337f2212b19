"""The one call by which people are told."""

from __future__ import annotations

from typing import Any, Protocol
from uuid import UUID, uuid5

from django.core.exceptions import EmptyResultSet
from django.db import connection, transaction
from django.db.models import QuerySet

from accounts.models import User
from notifications.kinds import Kind


class Told(Protocol):
    """What can be told of: a row with an id."""

    @property
    def pk(self) -> Any: ...


class NotInTransactionError(Exception):
    """tell() was called outside the transaction of the act: people could be told of what was then
    taken back."""


_TELL = """
INSERT INTO notifications_notification
    (id, recipient_id, kind, object, reference, created_at)
SELECT gen_random_uuid(), person.id, %s, %s, %s, statement_timestamp()
FROM ({people}) AS told (id)
JOIN accounts_user AS person ON person.id = told.id AND person.is_active
WHERE person.id IS DISTINCT FROM %s
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
    with connection.cursor() as cursor:
        cursor.execute(_TELL.format(people=sql), [kind.value, event, shown, *parameters, actor])
        return int(cursor.rowcount)
