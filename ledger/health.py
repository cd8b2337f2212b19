"""How the log is doing, for /readyz and /metrics."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db.models import Count, Max, Min, Q
from django.utils import timezone

from ledger.checkpoint import Checkpoint as Head


@dataclass(frozen=True, slots=True)
class Health:
    """`lag` is how long the oldest waiting change has waited; `stuck` counts what could not become
    an entry."""

    size: int
    signed_at: datetime | None
    pending: int
    stuck: int
    lag: timedelta


def read_health(now: datetime | None = None) -> Health:
    """Read it, in two queries."""
    from ledger.models import Checkpoint, Pending

    waiting = Pending.objects.aggregate(
        pending=Count("id", filter=Q(error="")),
        stuck=Count("id", filter=~Q(error="")),
        oldest=Min("queued_at", filter=Q(error="")),
    )
    last = Checkpoint.objects.order_by("-size").values_list("size", "signed_at").first()
    lag = (
        max((now or timezone.now()) - waiting["oldest"], timedelta())
        if waiting["oldest"]
        else timedelta()
    )
    return Health(
        last[0] if last else 0, last[1] if last else None, waiting["pending"], waiting["stuck"], lag
    )


def older_than_published() -> bool:
    """Whether the published checkpoint covers a larger tree than the database ever signed: then an
    older backup was restored.

    Whether it is ours and says the same is for `verify_record`.
    """
    from ledger.files import LogFiles
    from ledger.models import Checkpoint

    note = LogFiles().checkpoint()
    if note is None:
        return False
    published = Head.parse(note.decode().partition("\n\n")[0] + "\n").size
    signed: int | None = Checkpoint.objects.aggregate(size=Max("size"))["size"]
    return published > (signed or 0)
