"""Companies and products: what was claimed, contracted, done after harm and answered, and who did
what. With their pictures."""

from __future__ import annotations

import json
from typing import cast
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.template.response import TemplateResponse
from django.views.decorators.http import require_safe

from accounts.access import everyone
from accounts.expensive_reads import cached_picture
from claims.localized_text import read
from claims.models import Claim, Company, Product
from claims.paging import page_of
from reports.drawing import trends
from reports.pages import claim_page_data, companies
from reports.pages.dependencies import (
    COMPANIES,
    company_key,
    company_page_key,
    product_page_key,
)
from reports.pages.public_pages import public_page, shows
from reports.pages.views import kept_picture
from reports.wording.report_strings import Lang

WIDTHS = {"wide": trends.WIDE, "narrow": trends.NARROW}


@require_safe
@everyone
@public_page
def all_companies(request: HttpRequest) -> HttpResponse:
    """All companies, newest first, with their counts."""
    page = page_of(Company.objects.all(), request.GET)
    shows(request, COMPANIES, as_list=True)
    return render(
        request, "reports/companies.html", {"page": page, "rows": companies.listed(page.rows)}
    )


@require_safe
@everyone
@public_page
def company(request: HttpRequest, company: UUID) -> HttpResponse:
    """A company: scorecard, claims, incident timelines, legal entities, market data."""
    row = get_object_or_404(Company, pk=company)
    page = page_of(Claim.objects.public().filter(company=row).with_shown_parts(), request.GET)
    context = {
        **companies.company_page(row),
        "page": page,
        "rows": claim_page_data.rows_of(page.rows),
    }
    shows(request, company_page_key(row.pk))
    return TemplateResponse(request, "reports/company.html", context)


@require_safe
@everyone
@public_page
def product(request: HttpRequest, product: UUID) -> HttpResponse:
    """A product: its paid options and prices, legal entities, and claims."""
    row = get_object_or_404(Product.objects.select_related("company"), pk=product)
    page = page_of(Claim.objects.public().filter(product=row).with_shown_parts(), request.GET)
    context = {
        **companies.product_page(row),
        "page": page,
        "rows": claim_page_data.rows_of(page.rows),
    }
    shows(request, product_page_key(row.pk), company_key(row.company_id))
    return TemplateResponse(request, "reports/product.html", context)


@require_safe
@everyone
def verdicts_chart(request: HttpRequest, company: UUID, lang: str, size: str) -> HttpResponse:
    """The verdicts on a company over time, as a picture."""
    history = companies.verdicts_of(get_object_or_404(Company, pk=company))
    if lang not in {"en", "zh-Hans"} or size not in WIDTHS or not history.verdicts:
        raise Http404
    key = f"{history.digest}:{lang}:{size}"
    svg = cached_picture(
        request, "verdicts", key, lambda: history.svg(cast(Lang, lang), WIDTHS[size]).encode()
    )
    return kept_picture(request, svg, history.digest)


@require_safe
@everyone
def series_chart(request: HttpRequest, series: UUID, lang: str, size: str) -> HttpResponse:
    """A chart of market data with its notes."""
    drawn = next(iter(companies.series_of(pk=series)), None)
    if lang not in {"en", "zh-Hans"} or size not in WIDTHS or drawn is None or not drawn.points:
        raise Http404
    name, unit = read(drawn.series.name, lang).text, read(drawn.series.unit, lang).text
    key = json.dumps([drawn.digest, lang, size, name, unit])
    svg = cached_picture(
        request,
        "series",
        key,
        lambda: drawn.svg(cast(Lang, lang), name, unit, WIDTHS[size]).encode(),
    )
    return kept_picture(request, svg, drawn.digest)
