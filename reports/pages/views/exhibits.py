"""A public exhibit, and the pictures of public exhibits."""

from __future__ import annotations

from django.http import FileResponse, Http404, HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.http import require_safe

from accounts.access import everyone
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from engines.storage.blobs import BlobMissingError
from evidence.exhibits.models import Exhibit, Rendition
from evidence.stores import renditions
from reports.pages.dependencies import claim_key, company_key, product_key
from reports.pages.exhibits import exhibit_page
from reports.pages.public_pages import public_page, shows
from reports.pages.views import KEPT_FOR_NOW, unchanged


@require_safe
@everyone
@public_page
def exhibit(request: HttpRequest, ref: str) -> HttpResponse:
    """An exhibit: the picture, its annotations, its evidence grade, its chain of custody."""
    row = resolve_reference(
        Exhibit.objects.public().select_related("submission__claim__company"), ref
    )
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    claim = row.submission.claim
    shows(
        request, claim_key(claim.pk), company_key(claim.company_id), product_key(claim.product_id)
    )
    return render(request, "reports/exhibit.html", exhibit_page(row))


@require_safe
@everyone
def media(request: HttpRequest, digest: str) -> HttpResponseBase:
    """A picture made from a public exhibit's pixels. Its address is its SHA-256, so it never
    changes."""
    rendition = Rendition.objects.filter(
        digest=digest, exhibit__in=Exhibit.objects.public()
    ).first()
    if rendition is None:
        raise Http404
    if known := unchanged(request, digest):
        return known
    try:
        file = renditions().open(digest)
    except (BlobMissingError, ValueError):
        raise Http404 from None
    response = FileResponse(file, content_type=rendition.media_type)
    response["Cache-Control"] = KEPT_FOR_NOW
    response["ETag"] = f'"{digest}"'
    response["Content-Security-Policy"] = "sandbox; default-src 'none'"
    return response
