"""Reports that were built, newest first, with their files."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from claims.compiled_queries import CompiledQuery
from claims.models import Claim, Source
from reports.models import Report, ReportFile

REPORTS = 5  # on a page


@dataclass
class BuiltReport:
    """A report with its files."""

    report: Report
    files: list[ReportFile]


_reports_of_claim = CompiledQuery(
    lambda claim: Report.objects.filter(claim=claim, withheld_at=None).order_by(
        "-created_at", "-id"
    )[:REPORTS]
)
_reports_of_source = CompiledQuery(
    lambda source: Report.objects.filter(source=source, withheld_at=None).order_by(
        "-created_at", "-id"
    )[:REPORTS]
)
_report_files = CompiledQuery(
    lambda reports: ReportFile.objects.filter(report__id__among=reports).order_by("name")
)


def reports_of(about: Claim | Source) -> list[BuiltReport]:
    """The newest reports about a claim or a source."""
    reports = (
        _reports_of_claim(about.pk) if isinstance(about, Claim) else _reports_of_source(about.pk)
    )
    files: dict[UUID, list[ReportFile]] = defaultdict(list)
    for file in _report_files([report.pk for report in reports]):
        files[file.report_id].append(file)
    return [BuiltReport(report, files[report.pk]) for report in reports]
