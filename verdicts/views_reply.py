"""The company's own pages: what it is asked, and its answer. Nothing here tells who filed, and
nothing that is not public or will be."""

from __future__ import annotations

from datetime import datetime

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Prefetch
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import current_account, requires
from accounts.models import Role
from accounts.saved_forms import refill, run_once
from claims.editing import RowChangedError, clash, refused_status
from claims.models import Appearance, Aspect, Claim
from claims.paging import page_of
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from evidence.exhibits.models import Exhibit, Measurement, Rendition
from verdicts import actions
from verdicts.forms import CompanyExtensionForm, ReplyForm
from verdicts.models import Invitation, Reply
from verdicts.replies import extended_in_words
from verdicts.representation import represented_companies
from verdicts.states import InvitationStatus

#: How many open requests stand above the list of claims.
MOST_WAITING = 50


@require_safe
@never_cache
@requires(Role.COMPANY_REPRESENTATIVE)
def questions(request: HttpRequest) -> HttpResponse:
    """What the user's company may reply to now, the earliest deadline first, and every claim about
    it from the day it was registered, newest first."""
    companies, now = represented_companies(current_account(request)), timezone.now()
    waiting = Invitation.objects.filter(
        claim__company__in=companies, status=InvitationStatus.OPEN, deadline_at__gt=now
    ).select_related("claim__company")
    newest_first = Prefetch(
        "invitation_set", Invitation.objects.order_by("-sent_at", "-id"), to_attr="requests"
    )
    claims = (
        Claim.objects.filter(company__in=companies)
        .select_related("company")
        .prefetch_related(newest_first)
    )
    context = {
        "waiting": waiting.order_by("deadline_at", "id")[:MOST_WAITING],
        "page": page_of(claims, request.GET, by=("-created_at", "-id")),
        "now": now,
    }
    return render(request, "verdicts/questions.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.COMPANY_REPRESENTATIVE)
def reply(request: HttpRequest, ref: str) -> HttpResponse:
    """A reply request: points put to the company, public evidence, deadline, and the reply form
    with a preview."""
    user, now = current_account(request), timezone.now()
    asked = (
        Claim.objects.filter(company__in=represented_companies(user), invitation__isnull=False)
        .select_related("company", "product")
        .distinct()
    )
    claim = resolve_reference(asked, ref)
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    invitation = actions.latest_invitation(claim)
    assert invitation is not None  # the claim was found by it
    data = request.POST if request.method == "POST" else None
    form = ReplyForm(data, invitation=invitation, lang=claim.quote_lang)
    extends = data is not None and data.get("do") == "extend"
    extension = CompanyExtensionForm(data if extends else None, row=invitation)
    if extends:
        form = ReplyForm(None, invitation=invitation, lang=claim.quote_lang)
    refill(request, extension, do="extend")
    if not extends and not getattr(extension, "refilled", False):
        refill(request, form)
    if extends and (later := _extend(request, invitation, extension)):
        return later
    valid = data is not None and not extends and form.is_valid()
    if data is not None and valid and data.get("do") == "publish":

        def answer() -> str:
            actions.record_reply(
                by=user,
                invitation=invitation,
                body=form.cleaned_data["body"],
                lang=form.cleaned_data["lang"],
                now=now,
            )
            messages.success(request, _("Your reply is on the claim page, unedited."))
            return reverse("verdicts:reply", args=[claim.reference])

        try:
            return redirect(run_once(request, answer))
        except ValidationError as error:
            form.add_error(None, error.messages)
            valid = False
    aspects = Aspect.objects.filter(claim=claim).select_related("criterion").order_by("number")
    thumbs = Prefetch("rendition_set", Rendition.objects.filter(name="thumb"), to_attr="thumbs")
    measured = (
        Measurement.objects.public()
        .filter(aspect__claim=claim)
        .select_related("aspect", "teardown__unit")
    )
    context = {
        "claim": claim,
        "invitation": invitation,
        "now": now,
        "form": form,
        "extension": extension if _is_running(invitation, now) else None,
        "extension_days": actions.COMPANY_EXTENSION,
        "extension_gates": list(
            filter(None, actions.extension_gates(by=user, invitation=invitation))
        ),
        "read_once_more": form.cleaned_data
        if valid and data is not None and data.get("do") == "preview"
        else None,
        "replies": Reply.objects.public()
        .filter(invitation__claim=claim)
        .select_related("invitation")
        .in_order(),
        "aspects": aspects,
        "appearances": Appearance.objects.filter(claim=claim)
        .saying_so()
        .select_related("source")
        .order_by("pk"),
        "exhibits": Exhibit.objects.public()
        .filter(submission__claim=claim)
        .prefetch_related(thumbs)
        .seen_first("reference")[:200],
        "measurements": measured.order_by("aspect__number", "teardown__unit__label", "pk")[:200],
    }
    return render(
        request,
        "verdicts/reply.html",
        context,
        status=refused_status(extension if extends else form)
        if data is not None and not context["read_once_more"]
        else 200,
    )


def _is_running(invitation: Invitation, now: datetime) -> bool:
    return invitation.status == InvitationStatus.OPEN and invitation.deadline_at > now


def _extend(
    request: HttpRequest, invitation: Invitation, form: CompanyExtensionForm
) -> HttpResponse | None:
    """Give the company more time, once. None if what was typed has to be shown again."""
    user, now = current_account(request), timezone.now()

    def extend() -> str:
        later = actions.extend_deadline(
            by=user,
            invitation=invitation,
            working_days=actions.COMPANY_EXTENSION,
            reason=form.cleaned_data["extension_reason"],
            version=form.cleaned_data["version"],
            now=now,
        )
        messages.success(request, extended_in_words(later))
        return reverse("verdicts:reply", args=[invitation.claim.reference])

    if not form.is_valid():
        return None
    try:
        return redirect(run_once(request, extend))
    except actions.InvitationChangedError:
        form.add_error(None, _("The reply period is over. You can still reply; it is published."))
    except RowChangedError as changed:
        clash(form, changed)
    except ValidationError as error:
        form.add_error(None, error.messages)
    return None
