"""What happens every second: due periods become jobs, exhausted jobs fail, and workers are notified
again of jobs nobody took.

Every step is safe to be done twice, by two tickers at once, or to be killed anywhere.
"""

from __future__ import annotations

import logging
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import F
from django.db.models.functions import Now

from jobs import messaging, registry
from jobs.models import Job
from jobs.states import OPEN, Queue, State

log = logging.getLogger(__name__)

# The dispatcher fills a queue up to here and no further. A sweep without such a mark notifies again
# and again of the same waiting jobs, and buries the broker.
LOW_WATER = 100
# Any constant: the name of the lock under which one dispatcher at a time reads the depth of a queue
# and fills it.
DISPATCH_LOCK = 0x6A6F6273


def run_cycle() -> None:
    """One beat: schedule, set aside, dispatch."""
    schedule_due()
    fail_exhausted()
    dispatch()


def schedule_due() -> int:
    """Write the job of every period that has begun, unless an earlier one is still open. Returns
    how many were new.

    Two tickers write the same dedupe key for the same period, because both count periods by the
    database's clock; the second insert does nothing.
    """
    wanted = registry.periodics()
    if not wanted:
        return 0
    busy = set(
        Job.objects.filter(kind__in=[p.name for p in wanted], state__in=sorted(OPEN)).values_list(
            "kind", flat=True
        )
    )
    now = database_seconds()
    rows = [
        Job(
            kind=p.name, queue=p.queue, dedupe_key=f"{p.name}:{now // int(p.every.total_seconds())}"
        )
        for p in wanted
        if p.name not in busy
    ]
    fresh = {row.dedupe_key for row in rows} - set(
        Job.objects.filter(dedupe_key__in=[row.dedupe_key for row in rows]).values_list(
            "dedupe_key", flat=True
        )
    )
    Job.objects.bulk_create([row for row in rows if row.dedupe_key in fresh], ignore_conflicts=True)
    return len(fresh)


def database_seconds() -> int:
    """Whole seconds since the Unix epoch by the database's clock."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT floor(extract(epoch FROM clock_timestamp()))::bigint")
        (now,) = cursor.fetchone()
    return int(now)


def fail_exhausted() -> int:
    """Fail jobs whose last attempt ended without a word: they kill or freeze whoever works on
    them."""
    count = Job.objects.exhausted().update(
        state=State.FAILED,
        token=None,
        lease_until=None,
        finished_at=Now(),
        last_error="the worker vanished at the last attempt",
    )
    if count:
        log.error("%d jobs were set aside: their workers vanished.", count)
    return count


def dispatch() -> int:
    """Notify workers of undispatched jobs, at most up to LOW_WATER messages per queue. Returns how
    many were sent.

    Sent before it is noted: killed in between, a message is sent once more, which costs one look at
    a row.
    """
    notified_count = 0
    with transaction.atomic():
        if not _acquire_dispatch_lock():
            return 0
        for queue in Queue.values:
            waiting = _undispatched(queue)
            depth = messaging.queue_depth(queue) if waiting else 0
            if depth is None:
                break  # The broker is away. Nothing is lost: the rows stay undispatched.
            notified = []
            for job_id in waiting[: max(0, LOW_WATER - depth)]:
                if not messaging.notify(job_id, queue):
                    break
                notified.append(job_id)
            Job.objects.filter(pk__in=notified).update(sent_at=Now())
            notified_count += len(notified)
    return notified_count


def _undispatched(queue: str) -> list[UUID]:
    rows = (
        Job.objects.undispatched()
        .filter(queue=queue)
        .order_by(F("sent_at").asc(nulls_first=True), "run_after")
    )
    return list(rows.values_list("id", flat=True)[:LOW_WATER])


def _acquire_dispatch_lock() -> bool:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [DISPATCH_LOCK])
        (mine,) = cursor.fetchone()
    return bool(mine)


def delete_expired() -> int:
    """Forget jobs done long ago; periodic ones, which are many and whose key matters for one
    period, after an hour or two periods."""
    periods = {p.name: p.every for p in registry.periodics()}
    count, _ = Job.objects.exclude(kind__in=list(periods)).expired(settings.JOBS_KEEP).delete()
    for name, every in periods.items():
        count += (
            Job.objects.filter(kind=name)
            .expired(max(settings.JOBS_KEEP_PERIODIC, every * 2))
            .delete()[0]
        )
    return count
