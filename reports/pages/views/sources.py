"""A source over time: its versions, what changed, every look; and the bytes of a capture."""

from __future__ import annotations

from collections.abc import Iterable
from urllib.parse import urlsplit
from uuid import UUID

from django.conf import settings
from django.http import (
    FileResponse,
    Http404,
    HttpRequest,
    HttpResponse,
    HttpResponseBase,
    HttpResponseRedirect,
)
from django.shortcuts import get_object_or_404, render
from django.utils.translation import gettext_lazy as _
from django.views.decorators.http import require_safe

from accounts.access import everyone
from claims.models import Source
from claims.paging import page_of
from claims.proposal_links import propose_from
from engines.storage.blobs import BlobMissingError
from evidence.sources.diff_cache import cached_diff
from evidence.sources.models import Capture, Observation, Sighting, Version
from evidence.stores import originals
from reports.pages import diff_view, source_page
from reports.pages.claim_page_data import last_entries
from reports.pages.dependencies import (
    claim_key,
    company_key,
    company_page_key,
    looks_key,
    source_key,
)
from reports.pages.public_pages import public_page, shows, shows_entries
from reports.pages.views import KEPT_FOR_NOW, gone, unchanged
from reports.wording.report_strings import DOES_NOT_PROVE
from ui.languages import page_language

#: How the two texts may stand: as the width of the screen has it (empty),
#: in line, or beside each other.
VIEWS = {"inline", "sides"}
MOST = 10**8
#: A page of more pieces of text than this takes seconds to write, and nobody reads it.
SHOWN_PIECES = 4_000
SHOWN_CHANGES = 500
WITHHELD_TEXT = _(
    "This text was permanently deleted. The log keeps that there was a version, and when."
)


@require_safe
@everyone
@public_page
def source(request: HttpRequest, source: UUID) -> HttpResponse:
    """A source: its versions, its changes and every check."""
    row = get_object_or_404(Source.objects.select_related("company"), pk=source)
    looks = page_of(
        Observation.objects.filter(source=row).select_related("version").defer("version__body"),
        request.GET,
    )
    shown = source_page.source_page_data(row, upto=_number(request, "upto", MOST))
    context = {
        **shown,
        "page": looks,
        "looks_open": "after" in request.GET,
        "proposing": propose_from(row),
    }
    shows(
        request,
        source_key(row.pk),
        looks_key(row.pk),
        company_page_key(row.company_id),
        *(claim_key(view.appearance.claim_id) for view in [*shown["places"], *shown["beside"]]),
    )
    return render(request, "reports/source.html", context)


@require_safe
@everyone
@public_page
def version(request: HttpRequest, source: UUID, number: int) -> HttpResponse:
    """One version as text. Foreign markup is never shown as markup."""
    row = get_object_or_404(
        Version.objects.select_related("source__company", "capture"), source=source, number=number
    )
    if row.withheld:
        return gone(request, WITHHELD_TEXT)
    sightings = (
        Sighting.objects.filter(version=row)
        .select_related("appearance__claim")
        .order_by("appearance__created_at")
    )
    context = {
        "version": row,
        "source": row.source,
        "versions": source_page.neighbours(row),
        "sightings": sightings,
        "proves_not": DOES_NOT_PROVE[row.capture.provenance].to(page_language()),
        "entry": last_entries([row]).get(str(row.pk)),
        "proposable": source_page.proposable_sentences(row),
        "proposing": propose_from(row.source),
    }
    _shows_text(request, row.source, sightings)
    shows_entries(request)
    return render(request, "reports/version.html", context)


def _shows_text(request: HttpRequest, source: Source, sightings: Iterable[Sighting]) -> None:
    shows(
        request,
        source_key(source.pk),
        company_key(source.company_id),
        *(claim_key(sighting.appearance.claim_id) for sighting in sightings),
    )


def _number(request: HttpRequest, name: str, instead: int) -> int:
    text = request.GET.get(name, "")
    return int(text) if text.isdecimal() and len(text) < 9 else instead


@require_safe
@everyone
@public_page
def difference(request: HttpRequest, source: UUID) -> HttpResponse:
    """Changes between two versions: only what changed, or the full text, inline or side by
    side."""
    row = get_object_or_404(Source.objects.select_related("company"), pk=source)
    versions = list(Version.objects.filter(source=row).defer("body").in_order())
    if len(versions) < 2:
        raise Http404
    new = _number(request, "to", versions[-1].number)
    old = _number(request, "from", new - 1)
    pair = {
        version.number: version
        for version in Version.objects.filter(source=row, number__in={old, new}).select_related(
            "capture"
        )
    }
    if old not in pair or new not in pair or old == new:
        raise Http404
    if pair[old].withheld or pair[new].withheld:
        return gone(request, WITHHELD_TEXT)
    changed = cached_diff(request, pair[old], pair[new])
    everything = request.GET.get("all") == "1"
    whole = diff_view.blocks(changed)
    view = request.GET.get("view", "")
    shown, not_shown = diff_view.at_most(
        whole if everything else diff_view.only_changes(whole), SHOWN_PIECES
    )
    numbers = [version.number for version in versions]
    sightings = (
        Sighting.objects.filter(version=pair[new])
        .select_related("appearance__claim")
        .order_by("appearance__created_at")
    )
    context = {
        "source": row,
        "versions": versions,
        "old": pair[old],
        "new": pair[new],
        "diff": changed,
        "blocks": shown,
        "not_shown": not_shown,
        "changes": changed.changes[:SHOWN_CHANGES],
        "view": view if view in VIEWS else "",
        "everything": everything,
        "whose": diff_view.whose(pair[old], pair[new]),
        "earlier": old if old - 1 in numbers else None,
        "later": new + 1 if new + 1 in numbers else None,
        "sightings": sightings,
    }
    _shows_text(request, row, sightings)
    return render(request, "reports/diff.html", context)


def _capture(source: UUID, capture: UUID) -> tuple[Capture, bool]:
    """A capture whose bytes anyone may have, and whether its text was erased. Raises Http404."""
    row = get_object_or_404(Capture.objects.public(), pk=capture, source=source)
    return row, row.version_set.filter(digest="").exists()


@require_safe
@everyone
def capture(request: HttpRequest, source: UUID, capture: UUID) -> HttpResponseBase:
    """The preserved bytes: at the content host, since untrusted files never leave from here."""
    _found, withheld = _capture(source, capture)
    if withheld:
        return gone(request, WITHHELD_TEXT)
    return HttpResponseRedirect(
        f"{urlsplit(settings.SITE_URL).scheme}://{settings.CONTENT_HOST}{request.path}"
    )


@require_safe
@everyone
def capture_bytes(request: HttpRequest, source: UUID, capture: UUID) -> HttpResponseBase:
    """The preserved bytes at the content host, to keep and not to open: an attachment of no type
    that a browser would run."""
    row, withheld = _capture(source, capture)
    if withheld:
        return HttpResponse(
            f"{WITHHELD_TEXT}\n", status=410, content_type="text/plain; charset=utf-8"
        )
    if known := unchanged(request, row.digest):
        return known
    try:
        file = originals().open(row.digest)
    except (BlobMissingError, ValueError):
        raise Http404 from None
    response = FileResponse(
        file,
        as_attachment=True,
        filename=f"capture-{row.pk}.bin",
        content_type="application/octet-stream",
    )
    response["Cache-Control"] = KEPT_FOR_NOW
    response["ETag"] = f'"{row.digest}"'
    return response
