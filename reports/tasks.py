"""The work of this app: building reports from a checkpoint."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta

from django.utils import timezone

import jobs
from ledger.models import Checkpoint
from reports.documents import report_files
from reports.page_changes import forget_changes


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
