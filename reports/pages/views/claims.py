"""Front, lists, a claim and its history, a verdict."""

from __future__ import annotations

import json
from contextlib import nullcontext
from datetime import date
from typing import Any, Final
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.template.response import TemplateResponse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import override
from django.views.decorators.http import require_safe

from accounts.access import everyone
from accounts.expensive_reads import cached_picture, count_expensive_read
from accounts.permissions import objection
from claims.localized_text import read
from claims.models import Claim, ClaimQuerySet, Criterion
from claims.paging import page_of
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from claims.references import read_reference
from claims.searching import UnselectiveSearchError, check_selective, search_timeout
from claims.states import ClaimKind, FlagKind
from evidence.exhibits.permissions import check_takes_evidence
from ledger.models import Entry
from ledger.proofs import covering
from reports.drawing import charts
from reports.drawing.palette import in_both_schemes
from reports.pages import claim_page_data, exhibits, listing, previews
from reports.pages.dependencies import (
    CLAIMS,
    DISAPPEARANCES,
    EDITS,
    VERDICTS,
    claim_key,
    company_key,
    product_key,
    source_key,
)
from reports.pages.history import acts, tell
from reports.pages.history_objects import claim_changes
from reports.pages.public_pages import made_now, public_page, shows, shows_entries
from reports.pages.views import gone, kept_picture
from reports.wording.report_strings import Lang
from ui.languages import page_language
from verdicts.lost_evidence import lost_evidence_among
from verdicts.models import Finding, Reply, Verdict, VerdictDocument, VerdictExhibit
from verdicts.states import Rating

SHOWN = 8
HISTORY = 40
FACETS: Final[dict[str, Any]] = {
    "rating": Rating.choices,
    "flag": FlagKind.choices,
    "kind": ClaimKind.choices,
    "company": (),
}


@require_safe
@everyone
@public_page
def front(request: HttpRequest) -> HttpResponse:
    """The front page: latest verdicts, latest edits, sources no longer available."""
    context = {
        "verdicts": listing.newest_verdicts(SHOWN),
        "edits": listing.newest_edits(SHOWN),
        "disappearances": listing.newest_disappearances(SHOWN),
    }
    shows(request, VERDICTS, EDITS, DISAPPEARANCES, as_list=True)
    return TemplateResponse(request, "reports/front.html", context)


def _uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _narrowed(*, q: str, company: str, rating: str, flag: str, kind: str) -> ClaimQuerySet:
    return claim_page_data.claims_found(
        words=q, company=_uuid(company), rating=rating, flag=flag, kind=kind
    )


@require_safe
@everyone
@public_page
def claims(request: HttpRequest) -> HttpResponse:
    """Claims by keyword and facets, newest first. A reference leads to its page."""
    asked = {
        name: request.GET.get(name, "").strip()[:200]
        for name in ("q", "company", "rating", "flag", "kind")
    }
    reference = read_reference(asked["q"])
    if reference:
        for model, name in ((Claim, "claim"), (Verdict, "verdict")):
            if model.objects.public().filter(reference=reference).exists():
                return redirect(f"reports:{name}", reference)
    narrowed = {name: value for name, value in asked.items() if value}
    try:
        check_selective(asked["q"])
    except UnselectiveSearchError as error:
        # htmx puts no answer of 400 on the page.
        status = 200 if request.headers.get("HX-Request") == "true" else 400
        return render(
            request,
            "reports/claims.html",
            {"asked": asked, "narrowed": narrowed, "not_useful": str(error)},
            status=status,
        )
    if asked["q"]:
        count_expensive_read(request)
    with search_timeout() if asked["q"] else nullcontext():
        page = page_of(_narrowed(**asked).with_shown_parts(), request.GET)
        context = {
            "page": page,
            "rows": claim_page_data.rows_of(page.rows),
            "asked": asked,
            "narrowed": narrowed,
            "facets": listing.facets_of(
                asked,
                _narrowed,
                {name: dict(values) for name, values in FACETS.items()},
                page_language(),
            ),
            "titles": {
                "rating": _("Verdict"),
                "flag": _("Flag"),
                "kind": _("Kind"),
                "company": _("Company"),
            },
        }
    shows(request, CLAIMS, as_list=True)
    return render(request, "reports/claims.html", context)


def _claim(ref: str) -> Claim:
    for row in claim_page_data.claims_by_reference(ref):
        return row
    return resolve_reference(
        Claim.objects.public().select_related("company", "product", "option"), ref
    )


@require_safe
@everyone
@public_page
def claim(request: HttpRequest, ref: str) -> HttpResponse:
    """A claim: what was claimed, what was found, the strength of evidence, the company reply,
    and how to verify it."""
    row = _claim(ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    context = {
        **claim_page_data.claim_page(row),
        "takes_no_evidence": objection(check_takes_evidence, row),
    }
    rated = [judgement.verdict for judgement in context["rated"]]
    shows(
        request,
        *_names_on(row),
        *(source_key(place.appearance.source_id) for place in context["all_places"]),
    )
    shows_entries(request)
    if any(judgement.shaken for judgement in context["judgements"]):
        made_now(request)
    context |= previews.head(name="claim", reference=row.reference, verdicts=rated)
    return TemplateResponse(request, "reports/claim.html", context)


@require_safe
@everyone
def claim_card(request: HttpRequest, ref: str) -> HttpResponse:
    """The picture of a claim for links on other sites."""
    row = _claim(ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    return previews.answer(request, previews.of_claim(row, page_language()))


@require_safe
@everyone
def verdict_card(request: HttpRequest, ref: str) -> HttpResponse:
    """The picture of a verdict for links on other sites. 404 for one whose document is withheld."""
    row = _verdict(ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    if not VerdictDocument.objects.filter(pk=row.pk).exists():
        raise Http404
    return previews.answer(request, previews.of_verdict(row, page_language()))


@require_safe
@everyone
def old_card(request: HttpRequest, kind: str, ref: str, lang: Lang) -> HttpResponse:
    """The former address of a preview picture. It redirects."""
    with override(lang.lower()):
        return redirect(f"reports:{kind}-card", ref, permanent=True)


def _names_on(claim: Claim) -> list[str]:
    """The keys of a claim and of what it names."""
    return [claim_key(claim.pk), company_key(claim.company_id), product_key(claim.product_id)]


@require_safe
@everyone
@public_page
def history(request: HttpRequest, ref: str) -> HttpResponse:
    """The change history of a claim, field by field, newest first."""
    row = _claim(ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    before = request.GET.get("before", "")
    changes = claim_changes(
        row,
        before=int(before) if before.isdecimal() and len(before) < 19 else None,
        limit=HISTORY + 1,
    )
    context = {
        "claim": row,
        "acts": acts(tell(changes[:HISTORY])),
        "older": changes[HISTORY - 1].index if len(changes) > HISTORY else None,
        "before": before,
    }
    shows(request, *_names_on(row))
    shows_entries(request)
    return render(request, "reports/history.html", context)


def _verdict(ref: str) -> Verdict:
    public = Verdict.objects.public().select_related(
        "aspect__claim__company", "aspect__claim__product", "supersedes", "superseded_by"
    )
    return resolve_reference(public, ref)


@require_safe
@everyone
@public_page
def verdict(request: HttpRequest, ref: str) -> HttpResponse:
    """One verdict as published, with its reasons, its measurements and its proof."""
    row = _verdict(ref)
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    published = VerdictDocument.objects.filter(pk=row.pk).first()
    if published is None:
        return gone(
            request,
            _(
                "Something in this verdict was permanently deleted, so its document is withheld. "
                "Its log entry and its proof stay."
            ),
        )
    assert row.published_at is not None  # it has a document
    criterion = Criterion.objects.filter(aspect=row.aspect_id).first()
    measured = claim_page_data.measured_rows(row.conformity)
    document: dict[str, Any] = json.loads(published.body)
    pins = list(
        VerdictExhibit.objects.filter(verdict=row)
        .select_related("exhibit__submission")
        .order_by("exhibit__reference")
    )
    public = exhibits.with_pictures(
        pin.exhibit for pin in pins if pin.exhibit.submission.status == "accepted"
    )
    index = (
        Entry.objects.filter(
            object_label="verdict", object_id=str(row.pk), kind="verdict.published"
        )
        .order_by("index")
        .values_list("index", flat=True)
        .first()
    )
    context = {
        "verdict": row,
        "claim": row.aspect.claim,
        "document": document,
        "letter_date": date.fromisoformat(entered["letter_date"])
        if (entered := document["reply"]["entered"])
        else None,
        "criterion": criterion,
        "measured": measured,
        "judgement": claim_page_data.Judgement(
            row.aspect, criterion, row, [], measured, [], [], None
        ),
        "exhibits": public,
        "withheld": [
            pin.exhibit.reference for pin in pins if pin.exhibit.submission.status != "accepted"
        ],
        "findings": Finding.objects.public()
        .filter(aspect=row.aspect_id, pk__in=[finding["id"] for finding in document["findings"]])
        .order_by("created_at", "id"),
        "successor": row.successor,
        "shaken": lost_evidence_among([row], timezone.now()).get(row.pk),
        "replies_since": list(
            Reply.objects.public_after(row.published_at)
            .filter(invitation__claim=row.aspect.claim_id)
            .in_order()
        ),
        "index": index,
        "checkpoint": covering(index),
    }
    shows(request, *_names_on(row.aspect.claim))
    shows_entries(request)
    if context["shaken"]:
        made_now(request)
    context |= previews.head(name="verdict", reference=row.reference, verdicts=[row])
    return TemplateResponse(request, "reports/verdict.html", context)


@require_safe
@everyone
def chart(request: HttpRequest, ref: str, lang: Lang, size: str = "wide") -> HttpResponse:
    """The chart of a verdict's numbers. Asked for under the digest of what it shows, it may be kept
    for ever; otherwise for a minute."""
    row = _verdict(ref)
    criterion = Criterion.objects.filter(aspect=row.aspect_id).first()
    words = read(criterion.property, lang).text if criterion else ""
    width = charts.NARROW if size == "narrow" else charts.WIDTH

    def draw() -> bytes:
        svg = claim_page_data.conformity_chart(row, criterion, lang, words, width)
        return in_both_schemes(svg).encode() if svg else b""

    digest = claim_page_data.chart_digest(row, criterion)
    svg = cached_picture(request, "conformity", json.dumps([digest, words, lang, width]), draw)
    if not svg:
        raise Http404
    return kept_picture(request, svg, digest)
