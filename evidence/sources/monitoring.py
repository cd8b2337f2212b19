"""Which sources are due for a look, asked for in a fair order, and which are late."""

from __future__ import annotations

import time
from datetime import datetime
from uuid import UUID

from django.conf import settings
from django.db.models import Exists, F, Func, OuterRef, QuerySet, Value, Window
from django.db.models.functions import RowNumber

import jobs
from claims.models import Source
from evidence.sources.models import Watch

BATCH = 500
MOST = 100_000  # of one sweep; their ids are held in memory
OBSERVE = "evidence.observe"


def sweep(*, now: datetime, seconds: float) -> bool:
    """Ask for a look at what is due, in batches, for so many seconds. Returns whether something due
    is left.

    Belongs in a transaction: a look is asked for and its next time written together. A look has one
    key for each time that it is due, so that asking again asks for nothing, and whose last look is
    still open is not asked for: a queue that is behind does not grow.
    """
    until = time.monotonic() + seconds
    while missing := list(_without_a_row().values_list("pk", flat=True)[:BATCH]):
        Watch.objects.bulk_create(
            [Watch(source_id=pk, next_look_at=now) for pk in missing], ignore_conflicts=True
        )
        if time.monotonic() >= until:
            return True
    due = _due(now)
    for start in range(0, len(due), BATCH):
        if start and time.monotonic() >= until:
            return True
        _ask(due[start : start + BATCH], now)
    return len(due) == MOST


def _without_a_row() -> QuerySet[Source]:
    return Source.objects.watched().exclude(Exists(Watch.objects.filter(source=OuterRef("pk"))))


def _due(now: datetime) -> list[UUID]:
    """The sources whose time has come, one of each host before a second of any: a host with a
    thousand pages holds up no other."""
    host = Func(F("source__url"), Value("/"), Value(3), function="split_part")
    turn = Window(RowNumber(), partition_by=[host], order_by=["next_look_at", "source_id"])
    rows = (
        Watch.objects.filter(next_look_at__lte=now, source__watched=True)
        .annotate(turn=turn)
        .order_by("turn", "next_look_at", "source_id")
    )
    asked = {
        UUID(pk)
        for pk in jobs.Job.objects.open_of(OBSERVE).values_list("payload__source", flat=True)
    }
    return list(rows.exclude(pk__in=asked).values_list("source_id", flat=True)[:MOST])


def _ask(due: list[UUID], now: datetime) -> None:
    locked = (
        Watch.objects.filter(pk__in=due, next_look_at__lte=now)
        .select_for_update(skip_locked=True, of=("self",))
        .in_bulk()
    )
    rows = [locked[pk] for pk in due if pk in locked]
    jobs.enqueue_many(
        OBSERVE,
        {f"look:{row.pk}:{row.next_look_at.timestamp():.6f}": {"source": row.pk} for row in rows},
    )
    Watch.objects.filter(pk__in=[row.pk for row in rows]).update(
        next_look_at=now + settings.WATCH_EVERY
    )


def overdue(now: datetime) -> int:
    """How many watched sources wait for a look longer than it takes until the next sweep: not asked
    for yet, or asked for and not done.

    A sweep comes twice in each period; a quarter of one is left for the sweep itself and for the
    looks.
    """
    late = now - settings.WATCH_EVERY * 3 / 4
    unasked = Watch.objects.filter(source__watched=True, next_look_at__lt=late)
    asked = jobs.Job.objects.open_of(OBSERVE).filter(created_at__lt=late)
    waiting = {str(pk) for pk in unasked.values_list("pk", flat=True)} | set(
        asked.values_list("payload__source", flat=True)
    )
    return len(waiting) + _without_a_row().filter(created_at__lt=late).count()
