"""Reports that were built, newest first, with their files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from claims.models import Claim, Source
from reports.models import Report, ReportFile
from reports.pages.prepared import Prepared

REPORTS = 5  # on a page


@dataclass
class Built:
    """A report with its files."""

    report: Report
    files: list[ReportFile]


_reports_of_claim = Prepared(
    lambda one: Report.objects.filter(claim=one, withheld_at=None).order_by("-created_at", "-id")[
        :REPORTS
    ]
)
_reports_of_source = Prepared(
    lambda one: Report.objects.filter(source=one, withheld_at=None).order_by("-created_at", "-id")[
        :REPORTS
    ]
)
_report_files = Prepared(
    lambda reports: ReportFile.objects.filter(report__id__among=reports).order_by("name")
)


def reports_of(about: Claim | Source) -> list[Built]:
    """The newest reports about a claim or a source."""
    reports = (
        _reports_of_claim(about.pk) if isinstance(about, Claim) else _reports_of_source(about.pk)
    )
    files: dict[UUID, list[ReportFile]] = defaultdict(list)
    for one in _report_files([one.pk for one in reports]):
        files[one.report_id].append(one)
    return [Built(one, files[one.pk]) for one in reports]
