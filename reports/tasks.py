"""The work of this app: building reports from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Final

from django.utils import timezone

import jobs
import notifications
from accounts.models import Role
from claims.models import Claim
from jobs.models import Job
from jobs.states import State
from ledger.models import Checkpoint
from notifications import Kind
from reports.documents import report_files
from reports.page_changes import forget_changes

#: For how long a failure is still told of, should telling itself have failed.
TOLD_FOR: Final = timedelta(days=1)


@contextmanager
def _at_checkpoint() -> Iterator[Checkpoint]:
    """building.at_checkpoint; when the record does not come to rest, the job waits and tries
    again."""
    try:
        with report_files.at_checkpoint() as checkpoint:
            yield checkpoint
    except report_files.RecordBusyError:
        raise jobs.Retry("the record did not come to rest", after=timedelta(seconds=1)) from None


@jobs.handler("reports.discrepancy", queue="report")
def discrepancy(work: jobs.Work) -> None:
    """Build the discrepancy report of a claim from the newest checkpoint; every verdict that stands
    is under it."""
    work.progress(0, 3, "logging")
    with _at_checkpoint() as checkpoint:
        gathered = report_files.gather_discrepancy(work.payload["claim"], checkpoint)
    work.progress(1, 3, "typesetting")
    built = report_files.make(gathered)
    work.progress(2, 3, "storing")
    _keep(work, built)


@jobs.handler("reports.snapshot", queue="report")
def snapshot(work: jobs.Work) -> None:
    """Build the version-diff snapshot of a source that is no longer available."""
    work.progress(0, 3, "logging")
    with _at_checkpoint() as checkpoint:
        gathered = report_files.gather_snapshot(work.payload["source"], checkpoint)
    work.progress(1, 3, "typesetting")
    built = report_files.make(gathered)
    work.progress(2, 3, "storing")
    _keep(work, built)


def _keep(work: jobs.Work, built: report_files.ReportFiles) -> None:
    try:
        with work.finish():
            report_files.keep(built, now=timezone.now())
    except report_files.OutdatedError:
        raise jobs.Retry(
            "something was erased while the report was made", after=timedelta(seconds=1)
        ) from None


@jobs.periodic("reports.clean_page_changes", every=timedelta(minutes=5))
def clean_page_changes() -> None:
    """Forget which pages were concerned by changes that every follower has been told."""
    forget_changes()


@jobs.periodic("reports.tell_failed", every=timedelta(minutes=5))
def tell_failed() -> None:
    """Moderators are told of each report that could not be made, once for each failure."""
    failed = Job.objects.filter(
        kind__in=["reports.discrepancy", "reports.snapshot"],
        state=State.FAILED,
        finished_at__gt=timezone.now() - TOLD_FOR,
    )
    for job in failed.order_by("finished_at"):
        claim = Claim.objects.filter(pk=job.payload.get("claim")).first()
        notifications.tell(
            Kind.REPORT_FAILED if claim else Kind.SNAPSHOT_FAILED,
            to=notifications.holders(Role.MODERATOR),
            about=job,
            reference=claim.reference if claim else str(job.payload.get("source", "")),
            occurrence=str(job.finished_at),
        )
