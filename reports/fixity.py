"""The files of reports against the digests in their rows. What was withheld by an erasure is
expected no more."""

from __future__ import annotations

from collections.abc import Iterator

from ledger import fixity
from reports.documents.report_files import store
from reports.models import ReportFile

BATCH = 1000


def register() -> None:
    """Have `verify_record` read this app's files."""
    fixity.register("reports", files)


def files() -> Iterator[fixity.FileOrFault]:
    """Every file of every report that is served."""
    kept = store()
    rows = (
        ReportFile.objects.filter(report__withheld_at=None)
        .order_by()
        .values_list("digest", "name", "report__reference")
    )
    for digest, name, reference in rows.iterator(chunk_size=BATCH):
        what = f"{name} of report {reference}"
        try:
            yield kept.path(digest), digest, what
        except ValueError:
            yield f"{what} has an address that is no SHA-256"
