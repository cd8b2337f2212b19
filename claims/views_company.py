"""Views for what the record knows of a company: legal persons, figures, sources, and where a
promise stands."""

from __future__ import annotations

from functools import partial
from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import current_account, requires
from accounts.models import Membership, Role
from accounts.permissions import objection
from claims import actions
from claims.forms_company import (
    CompanyForm,
    EntityForm,
    NoteForm,
    PlaceForm,
    PointCorrectionForm,
    PointForm,
    RoleForm,
    SeatEndForm,
    SeatForm,
    SeriesForm,
    SourceForm,
)
from claims.models import (
    Appearance,
    Claim,
    Company,
    EntityRole,
    LegalEntity,
    Series,
    SeriesNote,
    SeriesPoint,
    Source,
)
from claims.multi_form_page import FormAction, multi_form_page
from claims.permissions import check_revise
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from claims.websites import mail_domain

MOST = 500


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def company(request: HttpRequest, company: UUID) -> HttpResponse:
    """A company's name and website, corrected with a reason."""
    row, by, now = (
        get_object_or_404(Company, pk=company),
        current_account(request),
        timezone.now(),
    )
    acts = {
        "revise": FormAction(
            partial(CompanyForm, company=row),
            partial(actions.revise_company, by=by, company=row, now=now),
            _("Corrected. The earlier data stay in the change history."),
        )
    }
    return multi_form_page(request, acts, "claims/company.html", {"company": row, "tab": "company"})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.OPERATOR)
def seats(request: HttpRequest, company: UUID) -> HttpResponse:
    """The seats of a company: who can reply for it."""
    row, by, now = (
        get_object_or_404(Company, pk=company),
        current_account(request),
        timezone.now(),
    )
    held = Membership.objects.current().filter(
        organisation=row.organisation, role=Role.COMPANY_REPRESENTATIVE
    )
    rows = (
        list(held.select_related("user").order_by("created_at")[:MOST])
        if row.organisation_id
        else []
    )
    acts = {
        "give": FormAction(
            SeatForm,
            partial(actions.give_seat, by=by, company=row, now=now),
            _("They can now reply for the company."),
        ),
        **{
            str(membership.pk): FormAction(
                partial(SeatEndForm, membership=membership),
                partial(actions.end_seat, by=by, company=row, membership=membership, now=now),
                _("Seat ended. Their replies stay."),
            )
            for membership in rows
        },
    }
    return multi_form_page(
        request, acts, "claims/seats.html", {"company": row, "domain": mail_domain(row.website)}
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def entities(request: HttpRequest, company: UUID) -> HttpResponse:
    """The legal entities of a company, their registered seats and roles."""
    row, by, now = (
        get_object_or_404(Company, pk=company),
        current_account(request),
        timezone.now(),
    )

    def add(*, seat: Any, **given: Any) -> None:
        actions.add_entity(by=by, company=row, now=now, seat=seat or None, **given)

    def give(*, note: Any, **given: Any) -> None:
        actions.give_entity_role(by=by, now=now, note=note or None, **given)

    acts = {
        "entity": FormAction(EntityForm, add, _("Legal entity saved.")),
        "role": FormAction(lambda data: RoleForm(data, company=row), give, _("Role saved.")),
    }
    roles = (
        EntityRole.objects.filter(entity__company=row)
        .select_related("entity", "product", "source")
        .order_by("from_date", "id")
    )
    context = {
        "company": row,
        "tab": "entities",
        "entities": LegalEntity.objects.filter(company=row).order_by("id")[:MOST],
        "roles": roles[:MOST],
    }
    return multi_form_page(request, acts, "claims/entities.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def figures(request: HttpRequest, company: UUID) -> HttpResponse:
    """The market data of a company, and a new series."""
    row, by, now = (
        get_object_or_404(Company, pk=company),
        current_account(request),
        timezone.now(),
    )
    acts = {
        "series": FormAction(
            SeriesForm,
            lambda **given: actions.add_series(by=by, company=row, now=now, **given),
            _("Series created."),
        )
    }
    context = {
        "company": row,
        "tab": "figures",
        "series": Series.objects.filter(company=row).order_by("id")[:MOST],
    }
    return multi_form_page(request, acts, "claims/figures.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def series(request: HttpRequest, series: UUID) -> HttpResponse:
    """One series of market data: its figures, each with its source, and its notes."""
    row, by, now = (
        get_object_or_404(Series.objects.select_related("company"), pk=series),
        current_account(request),
        timezone.now(),
    )

    def correct(*, point: Any, **given: Any) -> None:
        actions.correct_point(by=by, now=now, point=point, **{**given, "version": point.seen})

    acts = {
        "point": FormAction(
            lambda data: PointForm(data, company=row.company),
            lambda **given: actions.add_point(by=by, series=row, now=now, **given),
            _("Figure saved."),
        ),
        "note": FormAction(
            lambda data: NoteForm(data, company=row.company),
            lambda **given: actions.annotate_series(by=by, series=row, now=now, **given),
            _("Note saved."),
        ),
        "correct": FormAction(
            lambda data: PointCorrectionForm(data, series=row),
            correct,
            _("Corrected. The earlier text stays in the change history."),
        ),
    }
    context = {
        "company": row.company,
        "tab": "figures",
        "one": row,
        "points": SeriesPoint.objects.filter(series=row)
        .select_related("source")
        .order_by("on_date", "id")[:MOST],
        "notes": SeriesNote.objects.filter(series=row)
        .select_related("source")
        .order_by("from_date", "id")[:MOST],
    }
    return multi_form_page(request, acts, "claims/series.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def sources(request: HttpRequest, company: UUID) -> HttpResponse:
    """The sources of a company, and a new one."""
    row, by, now = (
        get_object_or_404(Company, pk=company),
        current_account(request),
        timezone.now(),
    )

    def add(**given: Any) -> None:
        actions.add_source(by=by, company=row, now=now, **given)

    acts = {"source": FormAction(SourceForm, add, _("Source saved."))}
    context = {
        "company": row,
        "tab": "sources",
        "sources": Source.objects.filter(company=row).order_by("-id")[:MOST],
    }
    return multi_form_page(request, acts, "claims/sources.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def places(request: HttpRequest, ref: str) -> HttpResponse:
    """How each source compares with a claim: consistent, different, not mentioned."""
    claim, by, now = (
        resolve_reference(Claim.objects.select_related("company"), ref),
        current_account(request),
        timezone.now(),
    )
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    placed = list(Appearance.objects.filter(claim=claim).select_related("source").order_by("id"))
    free = (
        Source.objects.filter(company=claim.company)
        .exclude(pk__in=[appearance.source_id for appearance in placed])
        .order_by("-id")
    )

    def place(*, note: Any, **given: Any) -> None:
        actions.place_claim(by=by, claim=claim, now=now, note=note or None, **given)

    acts = {
        "place": FormAction(
            lambda data: PlaceForm(data, sources=free),
            place,
            _("Source added. We are searching for the quote."),
        )
    }
    context = {
        "company": claim.company,
        "claim": claim,
        "places": placed,
        "blocked": objection(check_revise, by, claim),
        "none_free": not free.exists(),
    }
    return multi_form_page(request, acts, "claims/places.html", context)
