"""Views for what happened after harm: incidents of a company, and the chain of events of each."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import current_account, requires
from accounts.models import Role
from claims.models import Company
from claims.multi_form_page import FormAction, multi_form_page
from verdicts import actions
from verdicts.forms import EventCorrectionForm, EventForm, IncidentForm
from verdicts.models import Incident, Occurrence

MOST = 500


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def incidents(request: HttpRequest, company: UUID) -> HttpResponse:
    """The incident timelines of a company, and a new one."""
    row, by, now = (
        get_object_or_404(Company, pk=company),
        current_account(request),
        timezone.now(),
    )

    def begin(**given: Any) -> None:
        actions.open_incident(by=by, company=row, now=now, **given)

    acts = {
        "incident": FormAction(
            lambda data: IncidentForm(data, company=row),
            begin,
            _("Incident created. Add the events in order."),
        )
    }
    rows = Incident.objects.filter(company=row).select_related("product").newest()
    return multi_form_page(
        request,
        acts,
        "verdicts/incidents.html",
        {"company": row, "tab": "incidents", "incidents": rows[:MOST]},
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def incident(request: HttpRequest, incident: UUID) -> HttpResponse:
    """One incident timeline: add an event, or correct one."""
    row, by, now = (
        get_object_or_404(Incident.objects.select_related("company"), pk=incident),
        current_account(request),
        timezone.now(),
    )
    chain = list(Occurrence.objects.filter(incident=row).select_related("source").in_order()[:MOST])
    mended = next(
        (
            event
            for event in chain
            if str(event.pk) == (request.POST.get("event") or request.GET.get("event"))
        ),
        None,
    )
    acts = {
        "event": FormAction(
            lambda data: EventForm(data, company=row.company),
            lambda **given: actions.add_event(by=by, incident=row, now=now, **given),
            _("Event added."),
        )
    }
    if mended is not None:

        def mend(**given: Any) -> None:
            actions.correct_event(by=by, event=mended, now=now, **given)

        sentence = _("Corrected. The earlier text stays in the change history.")
        acts["correct"] = FormAction(
            lambda data: EventCorrectionForm(data, event=mended), mend, sentence
        )
    context = {
        "company": row.company,
        "tab": "incidents",
        "incident": row,
        "chain": chain,
        "mended": mended,
    }
    return multi_form_page(request, acts, "verdicts/incident.html", context)
