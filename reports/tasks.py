"""The work of this room: building reports from a checkpoint."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

import jobs
from claims.models import Claim, Source
from ledger.models import Checkpoint, Entry
from ledger.sequencing import sequence
from reports import building
from verdicts.models import Verdict


def checkpoint_now() -> Checkpoint:
    """Log what waits to be logged, then give the newest checkpoint. Raises jobs.Retry when another sequencer is at it."""
    sequence()
    checkpoint = Checkpoint.objects.order_by("-size").first()
    if checkpoint is None:
        raise jobs.Retry("nothing is logged yet", after=timedelta(seconds=1))
    return checkpoint


@jobs.handler("reports.discrepancy", queue="report")
def discrepancy(work: jobs.Work) -> None:
    """Build the discrepancy report of a claim once every verdict that stands on it is in the log."""
    claim = Claim.objects.select_related("company", "product", "option").get(pk=work.payload["claim"])
    work.progress(0, 3, "logging")
    checkpoint = checkpoint_now()
    standing = [str(pk) for pk in Verdict.objects.standing().filter(aspect__claim=claim).values_list("pk", flat=True)]
    logged = Entry.objects.filter(
        object_label="verdicts.verdict", object_id__in=standing, kind="verdict.published", index__lt=checkpoint.size
    ).values("object_id")
    if logged.distinct().count() < len(standing):
        raise jobs.Retry("a verdict is not logged yet", after=timedelta(seconds=1))
    work.progress(1, 3, "typesetting")
    built = building.build_discrepancy(claim, checkpoint)
    work.progress(2, 3, "storing")
    with work.finish():
        building.keep(built, now=timezone.now())


@jobs.handler("reports.snapshot", queue="report")
def snapshot(work: jobs.Work) -> None:
    """Build the version-diff snapshot of a source that disappeared."""
    source = Source.objects.select_related("company").get(pk=work.payload["source"])
    checkpoint = checkpoint_now()
    built = building.build_snapshot(source, checkpoint)
    with work.finish():
        building.keep(built, now=timezone.now())
