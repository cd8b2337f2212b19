"""Writing a job down, in the transaction of the row it serves."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial
from uuid import UUID

from django.db import models, transaction
from django.db.models.functions import Now

from failpoints import failpoint
from jobs import bell, registry
from jobs.models import TOGETHER, Job

# A transaction that writes thousands of jobs must not ring thousands of times while a person waits:
# beyond this many things to do on commit, the dispatcher rings instead.
RINGS_PER_COMMIT = 64

PayloadValue = str | int | bool | None


class NotInTransaction(Exception):
    """enqueue() was called outside `transaction.atomic()`: the job could be lost between two commits."""


def enqueue(kind: str, payload: Mapping[str, PayloadValue | UUID], *, key: str, after: datetime | timedelta | None = None) -> Job:
    """Write a job of `kind` into the caller's transaction and ring for it on commit.

    `payload` holds ids and other short plain values. The same `key` twice is one job: the first row is returned, whatever
    its state, and a key is remembered for `settings.JOBS_KEEP` after its job was done. `after` delays the job: until a
    time, or by a span of the database's clock.

    Raises NotInTransaction, registry.UnknownKind, and ValueError for a payload that holds more than ids.
    """
    _in_transaction(kind)
    handler = registry.find(kind)
    rings = after is None and _rings_left() > 0
    due: models.expressions.Combinable | datetime = Now() if after is None else Now() + after if isinstance(after, timedelta) else after
    job = Job(
        kind=kind,
        queue=handler.queue,
        dedupe_key=key,
        payload=plain(payload),
        run_after=due,
        # Optimistic: should the ring fail, the dispatcher takes the row up after settings.JOBS_RESEND.
        sent_at=Now() if rings else None,
    )
    while True:
        # Waits for another transaction that is just inserting the same key, and does nothing if that one commits.
        Job.objects.bulk_create([job], ignore_conflicts=True)
        stored = Job.objects.filter(dedupe_key=key).first()
        if stored is not None:
            break
        # The row in our way was cleaned up between the two statements: the key is free again.
    if rings and stored.id == job.id:
        transaction.on_commit(lambda: _ring(stored))
    return stored


def enqueue_many(kind: str, payloads: Mapping[str, Mapping[str, PayloadValue | UUID]]) -> None:
    """Write a job of `kind` for each key and payload into the caller's transaction, in one statement, and ring for them on commit.

    A key that is there already stays the job that it is. Kinds whose jobs are done together get one ring for TOGETHER of them.

    Raises NotInTransaction, registry.UnknownKind, and ValueError for a payload that holds more than ids.
    """
    _in_transaction(kind)
    handler = registry.find(kind)
    rows = [Job(kind=kind, queue=handler.queue, dedupe_key=key, payload=plain(payload)) for key, payload in payloads.items()]
    step = TOGETHER if handler.together else 1
    rung = rows[: _rings_left() * step]
    for row in rung:
        row.sent_at = Now()
    Job.objects.bulk_create(rows, ignore_conflicts=True)
    for row in rung[::step]:
        transaction.on_commit(partial(_ring, row))


def _in_transaction(kind: str) -> None:
    if not transaction.get_connection().in_atomic_block:
        raise NotInTransaction(f"{kind}: enqueue belongs inside transaction.atomic(), with the row that the job serves")


def _rings_left() -> int:
    """How often this transaction may still ring; never when the broker is known to be away."""
    return 0 if bell.quiet() else max(0, RINGS_PER_COMMIT - len(transaction.get_connection().run_on_commit))


def _ring(job: Job) -> None:
    failpoint("enqueue.committed")
    bell.ring(job.id, job.queue)


def plain(payload: Mapping[str, PayloadValue | UUID]) -> dict[str, PayloadValue]:
    """The payload with UUIDs as words. Raises ValueError for text, lists and anything else that belongs in a row."""
    result: dict[str, PayloadValue] = {}
    for name, value in payload.items():
        if isinstance(value, UUID):
            value = str(value)
        if not (value is None or isinstance(value, (str, int))) or (isinstance(value, str) and len(value) > 200):
            raise ValueError(f"{name}: a payload holds ids, not what they stand for")
        result[name] = value
    return result
