"""When something that stands in a report is erased, its files go, views answer 410, and a job
builds the report anew without it.

That a report was built, when and from which checkpoint, stays; `withheld_at` says that its files
are gone. Its PDFs, pages, bundles and charts go together, for the erased words may stand in each.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NamedTuple

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

import jobs
import ledger
from claims.moments import format_moment
from engines.storage.blobs import BlobMissingError
from evidence.exhibits.models import Exhibit
from evidence.sources.models import Version
from ledger import erasure
from ledger.erasure import Target
from reports.documents.report_files import store
from reports.models import Report, ReportFile, ReportKind
from verdicts.models import Reply


class Place(NamedTuple):
    """Which texts of a model stand in reports, and how the claims and sources that reports are
    about are related to it."""

    fields: frozenset[str]
    claim: str = ""
    source: str = ""


def _place(*fields: str, claim: str = "", source: str = "") -> Place:
    return Place(frozenset(fields), claim, source)


STANDS_IN_REPORTS: Final[Mapping[str, Place]] = {
    "company": _place("name", claim="company", source="company"),
    "legal_entity": _place(
        "name", "registration", claim="company__legalentity", source="company__legalentity"
    ),
    "product": _place("name", claim="product"),
    "product_option": _place("name", claim="option"),
    "source": _place("url", "title", "speaker", claim="appearance__source", source="pk"),
    "claim": _place("quote", "summary", claim="pk", source="appearance__claim"),
    "aspect": _place("statement", claim="aspect"),
    "criterion": _place(
        "property", "conditions", "baseline", "basis", "figure", claim="aspect__criterion"
    ),
    "version": _place(
        "title", "body", "digest", claim="appearance__source__version", source="version"
    ),
    "sighting": _place("passage", claim="appearance__sighting", source="appearance__sighting"),
    "submission": _place("pseudonym", claim="submission"),
    "exhibit": _place("caption", "grade_reason", "digest", claim="submission__exhibit"),
    "custody_event": _place(
        "agent", "note", "happened_at", claim="submission__exhibit__custodyevent"
    ),
    "unit": _place("label", claim="submission__teardown__unit"),
    "teardown": _place("title", claim="submission__teardown"),
    "part": _place("name", claim="submission__teardown__part"),
    "teardown_step": _place("done", "seen", claim="submission__teardown__teardownstep"),
    "measurement": _place(
        "quantity", "instrument", "method", "conditions", claim="submission__teardown__measurement"
    ),
    "finding": _place("reasoning", claim="aspect__finding"),
    "invitation": _place("allegation", claim="invitation"),
    "waiver": _place("reason", claim="invitation__waiver"),
    "reply": _place("body", claim="invitation__reply"),
    "verdict": _place("rationale", "attempts", "conformity", "salt", claim="aspect__verdict"),
}


def register() -> None:
    """Have `manage.py erase` come by here."""
    erasure.register(withhold, "reports")


def withhold(target: Target) -> None:
    """Withhold every report that has the deleted value, and request new ones. Idempotent.

    The rows and the jobs first, in one transaction, then the files: interrupted, the next run
    removes what is left.
    """
    place = STANDS_IN_REPORTS.get(target.label)
    if place is None or place.fields.isdisjoint(target.fields):
        return
    about = Q(pk__in=[])
    if place.claim:
        about |= Q(**{f"claim__{place.claim}": target.object_id})
    if place.source:
        about |= Q(**{f"source__{place.source}": target.object_id})
    reports = Report.objects.filter(pk__in=Report.objects.filter(about).values("pk"))
    mark = _mark(target)
    affected = [report for report in reports.filter(withheld_at=None) if _holds(report, mark)]
    with transaction.atomic():
        with ledger.act("report.withheld", by=ledger.SYSTEM, role="system"):
            Report.objects.filter(
                pk__in=[report.pk for report in affected], withheld_at=None
            ).update(withheld_at=timezone.now())
        for report in affected:
            subject = (
                {"claim": report.claim_id} if report.claim_id else {"source": report.source_id}
            )
            jobs.enqueue(
                f"reports.{report.kind}", subject, key=f"{report.kind}:without:{report.pk}"
            )
    served = ReportFile.objects.filter(report__withheld_at=None).values("digest")
    gone = ReportFile.objects.filter(report__in=reports.exclude(withheld_at=None)).exclude(
        digest__in=served
    )
    for digest in set(gone.values_list("digest", flat=True)):
        store().remove(digest)


def _mark(target: Target) -> str | None:
    """Words of report.json by which a report that holds the object is known, or None where nothing
    of the kind stands in it."""
    if target.label in {"finding", "verdict"}:
        return target.object_id
    if target.label == "exhibit":
        return Exhibit.objects.values_list("reference", flat=True).get(pk=target.object_id)
    if target.label == "version":
        return Version.objects.values_list("capture__digest", flat=True).get(pk=target.object_id)
    if target.label == "reply":
        return format_moment(
            Reply.objects.values_list("received_at", flat=True).get(pk=target.object_id)
        )
    return None


def _holds(report: Report, mark: str | None) -> bool:
    if mark is None:
        return True
    name = "report.json" if report.kind == ReportKind.DISCREPANCY else "snapshot.json"
    try:
        with store().open(
            ReportFile.objects.values_list("digest", flat=True).get(report=report, name=name)
        ) as file:
            return mark.encode() in file.read()
    except BlobMissingError:
        return True
