"""Views of claims at the desk: registering, correcting, withdrawing. Reading them is everyone's, in
reports."""

from __future__ import annotations

from decimal import Decimal
from functools import partial
from typing import Any

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import current_account, requires
from accounts.models import Role
from accounts.permissions import objection
from accounts.saved_forms import refill, run_once
from claims import actions
from claims.editing import RowChangedError, clash, refused_status
from claims.forms import (
    ASPECTS,
    AspectForm,
    ClaimForm,
    DuplicatesUnseenError,
    FlagForm,
    RevisionForm,
    ThresholdForm,
    WithdrawalForm,
    show_as_typed,
)
from claims.forms_proposals import ProposalOutcomeForm, as_proposed
from claims.models import Claim, ClaimProposal, Criterion, Flag
from claims.multi_form_page import FormAction, multi_form_page
from claims.permissions import check_revise, check_triage, check_withdraw_flag
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from claims.states import BasisKind, ClaimKind


def _aspect(form: AspectForm) -> actions.NewAspect:
    given = form.cleaned_data
    criterion = None
    if given["property"]:
        criterion = actions.NewCriterion(
            property=given["property"], comparator=given["comparator"], value=given["value"],
            unit=given["unit"], value_to=given["value_to"],
            tolerance=given["tolerance"] or Decimal(0), baseline=given["baseline"] or None,
            conditions=given["conditions"], basis=given["basis"],
            basis_kind=given["basis_kind"] or BasisKind.SET_BY_US,
        )  # fmt: skip
    return actions.NewAspect(given["kind"], given["statement"], given["due_date"], criterion)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def register(request: HttpRequest) -> HttpResponse:
    """Publish a claim with its points and its source.

    While it is typed, what may be in the record already is shown beside it: the same form is sent
    with `check`, and nothing is saved.
    """
    checks = request.method == "POST" and "check" in request.POST
    data = request.POST if request.method == "POST" and not checks else None
    user, proposed = current_account(request), _proposed(request)
    form = ClaimForm(data, initial=_begun(request, proposed))
    aspects = [AspectForm(data, prefix=f"aspect-{n}") for n in range(1, ASPECTS + 1)]
    outcome = ProposalOutcomeForm(data, proposal=proposed, prefix="outcome") if proposed else None
    sent = [form, *aspects, *([outcome] if outcome else [])]
    refill(request, *sent)
    if checks:
        for bound in sent:
            show_as_typed(bound, request.POST)
        form.find_alike()
    if outcome:
        outcome.asked_kind = form["kind"].value()
    valid = (
        [bound.is_valid() for bound in sent] if data is not None else [False]
    )  # each is to say what is wrong with it
    if all(valid):

        def add() -> str:
            form.check_duplicates()
            points = [_aspect(aspect) for aspect in aspects if aspect.cleaned_data["statement"]]
            given: dict[str, Any] = {"by": user, "case": form.case, "aspects": points}
            if proposed and outcome:
                given |= {"proposal": proposed, **outcome.cleaned_data}
            act = actions.register_proposal if proposed else actions.register_case
            claim = act(now=timezone.now(), **given)
            messages.success(request, _("Claim published. We are checking its source."))
            return reverse("reports:claim", args=[claim.reference])

        try:
            return redirect(run_once(request, add))
        except DuplicatesUnseenError as error:
            form.add_error("different", error)
        except ValidationError as error:
            form.add_error(None, error.messages)
        except RowChangedError as changed:
            clash(outcome or form, changed)
        except actions.ProposalChangedError as changed:
            return _proposal_changed(request, changed)
    form.offer_sources()
    context = {
        "form": form,
        "aspects": aspects,
        "outcome": outcome,
        "proposal": proposed,
        "blocked": objection(check_triage, user, proposed) if proposed else None,
        "other_sources": request.POST.get("offered_for", "") != form.offered_for,
    }
    fragment = checks and request.headers.get("HX-Request")
    template = "claims/register.html#checked" if fragment else "claims/register.html"
    status = 200 if data is None else refused_status(*sent)
    response = render(request, template, context, status=status)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _begun(request: HttpRequest, proposed: ClaimProposal | None) -> dict[str, Any]:
    """What the form starts with: the proposal, and the kind that the address names."""
    kind = request.GET.get("kind")
    begun = {"kind": kind} if kind in ClaimKind else {}
    return (as_proposed(proposed) | begun) if proposed else begun


def _proposed(request: HttpRequest) -> ClaimProposal | None:
    """The proposal that the address names, if it names one. Raises Http404."""
    ref = request.GET.get("proposal", "")
    rows = ClaimProposal.objects.visible_to(current_account(request))
    return resolve_reference(rows, ref) if ref else None


def _proposal_changed(request: HttpRequest, changed: actions.ProposalChangedError) -> HttpResponse:
    """To the proposal, which somebody decided or withdrew while its claim was typed."""
    messages.error(
        request,
        _("No claim was published. The proposal has changed; it is now “%(status)s”.")
        % {"status": changed.proposal.get_status_display()},
    )
    return redirect("claims:triage", changed.proposal.reference)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def flags(request: HttpRequest, ref: str) -> HttpResponse:
    """Withdraw a wrong flag, with the reason."""
    claim = resolve_reference(Claim.objects.all(), ref)
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    user, now, sent = current_account(request), timezone.now(), request.POST.get("do")
    # One that was lifted meanwhile is still there for who has just sent its form.
    flags = [
        flag
        for flag in Flag.objects.filter(claim=claim).select_related("claim").in_order()
        if not flag.lifted_at or str(flag.pk) == sent
    ]
    acts = {
        str(flag.pk): FormAction(
            partial(FlagForm, flag=flag, blocked=objection(check_withdraw_flag, user, flag)),
            partial(actions.withdraw_flag, by=user, flag=flag, now=now),
            _("Flag withdrawn."),
        )
        for flag in flags
    }
    return multi_form_page(request, acts, "claims/flags.html", {"claim": claim})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def thresholds(request: HttpRequest, ref: str) -> HttpResponse:
    """Whose figure each threshold of a claim is, and where it comes from; corrected with a
    reason."""
    claim = resolve_reference(Claim.objects.all(), ref)
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    user, now = current_account(request), timezone.now()
    blocked = objection(check_revise, user, claim)
    acts = {
        str(criterion.pk): FormAction(
            partial(ThresholdForm, criterion=criterion, blocked=blocked),
            partial(actions.revise_criterion, by=user, criterion=criterion, now=now),
            _("Corrected. The earlier data stay in the change history."),
        )
        for criterion in Criterion.objects.filter(aspect__claim=claim)
        .select_related("aspect")
        .order_by("aspect__number")
    }
    return multi_form_page(request, acts, "claims/thresholds.html", {"claim": claim})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def revise(request: HttpRequest, ref: str) -> HttpResponse:
    """Correct or withdraw a claim, with the reason."""
    claim = resolve_reference(Claim.objects.all(), ref)
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    user, do = (
        current_account(request),
        request.POST.get("do", "") if request.method == "POST" else "",
    )
    form = RevisionForm(request.POST if do == "revise" else None, claim=claim)
    withdrawal = WithdrawalForm(
        request.POST if do == "withdraw" else None, row=claim, prefix="withdrawal"
    )
    refill(request, form, do="revise")
    refill(request, withdrawal, do="withdraw")
    sent = withdrawal if do == "withdraw" else form

    def revised() -> str:
        actions.revise_claim(by=user, claim=claim, now=timezone.now(), **form.cleaned_data)
        messages.success(request, _("Corrected. The first wording stays in the change history."))
        return reverse("reports:history", args=[claim.reference])

    def withdrawn() -> str:
        actions.withdraw_claim(by=user, claim=claim, now=timezone.now(), **withdrawal.cleaned_data)
        messages.success(request, _("Claim withdrawn."))
        return reverse("reports:claim", args=[claim.reference])

    try:
        if do == "revise" and form.is_valid():
            return redirect(run_once(request, revised))
        if do == "withdraw" and withdrawal.is_valid():
            return redirect(run_once(request, withdrawn))
    except ValidationError as error:
        sent.add_error(None, error.messages)
    except RowChangedError as changed:
        clash(sent, changed)
    context = {
        "claim": claim,
        "form": form,
        "withdrawal": withdrawal,
        "blocked": objection(check_revise, user, claim),
    }
    return render(
        request,
        "claims/revise.html",
        context,
        status=refused_status(sent) if request.method == "POST" else 200,
    )
