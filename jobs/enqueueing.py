"""Writing a job down, in the transaction of the row it serves."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Now
from uuid_utils.compat import uuid7

from failpoints import failpoint
from jobs import messaging, registry
from jobs.models import MAX_BATCH, Job
from jobs.states import State

# A transaction that writes thousands of jobs must not notify thousands of times while a person
# waits: beyond this many things to do on commit, the dispatcher notifies instead.
MAX_NOTIFICATIONS_PER_COMMIT = 64

PayloadValue = str | int | bool | None


class NotInTransactionError(Exception):
    """enqueue() was called outside `transaction.atomic()`: the job could be lost between two
    commits."""


def enqueue(
    kind: str,
    payload: Mapping[str, PayloadValue | UUID],
    *,
    key: str,
    after: datetime | timedelta | None = None,
) -> Job:
    """Write a job of `kind` into the caller's transaction and notify the workers on commit.

    `payload` holds ids and other short plain values. The same `key` twice is one job: the first row
    is returned, whatever its state, and a key is remembered for `settings.JOBS_KEEP` after its job
    was done. `after` delays the job: until a time, or by a span of the database's clock.

    Raises NotInTransactionError, registry.UnknownKindError, and ValueError for a payload that holds
    more than ids.
    """
    _in_transaction(kind)
    handler = registry.get_handler(kind)
    notifies = after is None and _notifications_left() > 0
    due: models.expressions.Combinable | datetime = (
        Now() if after is None else Now() + after if isinstance(after, timedelta) else after
    )
    job = Job(
        kind=kind,
        queue=handler.queue,
        dedupe_key=key,
        payload=plain(payload),
        run_after=due,
        # Optimistic: should the notification fail, the dispatcher takes the row up after
        # settings.JOBS_RESEND.
        sent_at=Now() if notifies else None,
    )
    while True:
        # Waits for another transaction that is just inserting the same key, and does nothing if
        # that one commits.
        Job.objects.bulk_create([job], ignore_conflicts=True)
        stored = Job.objects.filter(dedupe_key=key).first()
        if stored is not None:
            break
        # The row in our way was cleaned up between the two statements: the key is free again.
    if notifies and stored.id == job.id:
        transaction.on_commit(lambda: _notify(stored.id, stored.queue))
    return stored


def enqueue_many(kind: str, payloads: Mapping[str, Mapping[str, PayloadValue | UUID]]) -> None:
    """Write a job of `kind` for each key and payload into the caller's transaction, in one
    statement, and notify the workers on commit.

    A key that is there already stays the job that it is. Kinds whose jobs are done together get one
    notification for MAX_BATCH of them.

    Raises NotInTransactionError, registry.UnknownKindError, and ValueError for a payload that holds
    more than ids.
    """
    _in_transaction(kind)
    handler = registry.get_handler(kind)
    ids = [uuid7() for _ in payloads]
    step = MAX_BATCH if handler.together else 1
    notified = ids[: _notifications_left() * step]
    values = [json.dumps(plain(payload)) for payload in payloads.values()]
    with transaction.get_connection().cursor() as cursor:
        cursor.execute(
            _WRITE_MANY,
            [
                kind,
                handler.queue.value,
                State.QUEUED.value,
                len(notified),
                ids,
                list(payloads),
                values,
            ],
        )
    for job_id in notified[::step]:
        transaction.on_commit(partial(_notify, job_id, handler.queue))


# As `enqueue` does it; row by row through the model it costs ten times as much.
_WRITE_MANY = """
INSERT INTO jobs_job
    (id, kind, queue, dedupe_key, payload, state, attempts, waits, run_after,
     sent_at, last_error, progress, created_at)
SELECT id, %s, %s, key, payload, %s, 0, 0, statement_timestamp(),
    CASE WHEN number <= %s THEN statement_timestamp() END, '', '{}', statement_timestamp()
FROM unnest(%s::uuid[], %s::text[], %s::jsonb[]) WITH ORDINALITY AS piece (id, key, payload, number)
ON CONFLICT DO NOTHING
"""


def _in_transaction(kind: str) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransactionError(
            f"{kind}: enqueue belongs inside transaction.atomic(), with the row that the job serves"
        )


def _notifications_left() -> int:
    """How often this transaction may still notify; never when the broker is known to be away."""
    return (
        0
        if messaging.circuit_open()
        else max(0, MAX_NOTIFICATIONS_PER_COMMIT - len(transaction.get_connection().run_on_commit))
    )


def _notify(job_id: UUID, queue: str) -> None:
    failpoint("enqueue.committed")
    messaging.notify(job_id, queue)


def plain(payload: Mapping[str, PayloadValue | UUID]) -> dict[str, PayloadValue]:
    """The payload with UUIDs as words. Raises ValueError for text, lists and anything else that
    belongs in a row."""
    result: dict[str, PayloadValue] = {}
    for name, value in payload.items():
        if isinstance(value, UUID):
            value = str(value)
        if not (value is None or isinstance(value, (str, int))) or (
            isinstance(value, str) and len(value) > 200
        ):
            raise ValueError(f"{name}: a payload holds ids, not what they stand for")
        result[name] = value
    return result
