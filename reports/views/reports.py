"""A built report and its files."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.doors import everyone
from claims.lookup import by_reference, canonical
from evidence.blobs import Missing
from reports.building import store
from reports.models import Report, ReportFile
from reports.views import gone

WITHHELD_REPORT = _("Something in this report was erased, so its files are withheld. That it was built stands in the record.")
INLINE = {"application/pdf", "text/html", "image/svg+xml"}


@require_safe
@everyone
def report(request: HttpRequest, ref: str) -> HttpResponse:
    """What the report is about, what it was made from, and its files."""
    found = by_reference(Report.objects.select_related("claim", "source__company"), ref)
    if elsewhere := canonical(request, found.reference, ref):
        return elsewhere
    return render(request, "reports/report.html", {"report": found, "files": ReportFile.objects.filter(report=found).order_by("name")})


@require_safe
@everyone
def file(request: HttpRequest, ref: str, name: str) -> HttpResponseBase:
    """A file of a report, byte for byte. Shown where a browser may show it, and even then with no right to run anything."""
    found = by_reference(Report.objects.all(), ref)
    if elsewhere := canonical(request, found.reference, ref):
        return elsewhere
    wanted = get_object_or_404(ReportFile, report=found, name=name)
    if found.withheld_at:
        return gone(request, WITHHELD_REPORT)
    try:
        content = store().open(wanted.digest)
    except (Missing, ValueError):
        raise Http404 from None
    inline = wanted.media_type in INLINE
    response = FileResponse(content, as_attachment=not inline, filename=f"{found.reference}-{name}", content_type=wanted.media_type)
    response["Cache-Control"] = "public, max-age=31536000, immutable"
    response["ETag"] = f'"{wanted.digest}"'
    if wanted.media_type != "application/pdf":  # a sandbox would keep browsers from opening their PDF viewer
        response["Content-Security-Policy"] = "sandbox; default-src 'none'; style-src 'unsafe-inline'; img-src data:"
    return response
