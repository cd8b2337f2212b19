"""A built report and its files."""

from __future__ import annotations

from typing import Any

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.safestring import mark_safe
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import everyone
from claims.localized_text import read as claim_read
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from engines.storage.blobs import BlobMissingError
from reports.documents.report_files import store
from reports.models import Report, ReportFile, ReportKind
from reports.pages import report_view
from reports.pages.dependencies import claim_key, company_key, source_key
from reports.pages.public_pages import public_page, shows
from reports.pages.views import KEPT_FOR_NOW, gone, unchanged
from reports.wording.report_strings import Lang
from ui.languages import page_language

WITHHELD_REPORT = _(
    "Something in this report was permanently deleted, so its files are withheld. The log keeps "
    "that it was built."
)
LINE_WIDTHS = (960, 350)
INLINE = {"application/pdf", "text/html", "image/svg+xml"}


@require_safe
@everyone
@public_page
def report(request: HttpRequest, ref: str) -> HttpResponse:
    """A report: its claim or source, what it was made from, and its files."""
    row = resolve_reference(Report.objects.select_related("claim", "source__company"), ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    files = list(ReportFile.objects.filter(report=row).order_by("name"))
    content = report_view.read(row, files)
    context: dict[str, Any] = {
        "report": row,
        "files": report_view.file_views(files),
        "told": content,
    }
    if content is not None and row.kind == ReportKind.SNAPSHOT:
        lang: Lang = page_language()
        title = claim_read(row.source.title, lang).text if row.source else ""
        drawn = [report_view.line_of(content, lang, title, width) for width in LINE_WIDTHS]
        context |= {
            "versions": report_view.versions_of(content),
            "disappearances": report_view.disappearances_of(content),
            "drawn": mark_safe("".join(drawn)),  # noqa: S308  reports.drawing.version_timeline escapes every text it draws
            "looks": len(content["observations"]),
        }
    elif content is not None:
        context |= {
            "holds": report_view.holds(content),
            "verdicts": report_view.verdict_addresses(content),
        }
    if row.claim:
        shows(request, claim_key(row.claim_id), company_key(row.claim.company_id))
    elif row.source:
        shows(request, source_key(row.source_id), company_key(row.source.company_id))
    return render(request, "reports/report.html", context)


@require_safe
@everyone
def file(request: HttpRequest, ref: str, name: str) -> HttpResponseBase:
    """A file of a report, byte for byte. Shown where a browser may show it, and even then with no
    right to run anything."""
    row = resolve_reference(Report.objects.all(), ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    wanted = get_object_or_404(ReportFile, report=row, name=name)
    if row.withheld_at:
        return gone(request, WITHHELD_REPORT)
    if known := unchanged(request, wanted.digest):
        return known
    try:
        content = store().open(wanted.digest)
    except (BlobMissingError, ValueError):
        raise Http404 from None
    inline = wanted.media_type in INLINE
    response = FileResponse(
        content,
        as_attachment=not inline,
        filename=f"{row.reference}-{name}",
        content_type=wanted.media_type,
    )
    response["Cache-Control"] = KEPT_FOR_NOW
    response["ETag"] = f'"{wanted.digest}"'
    # a sandbox would keep browsers from opening their PDF viewer
    if wanted.media_type != "application/pdf":
        response["Content-Security-Policy"] = (
            "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
        )
    return response
