"""Proposing a claim, one's own proposals, and what moderators decide on each."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any, Final

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import current_account, requires, signed_in
from accounts.models import Role, User
from accounts.permissions import objection, seat_at_a_company
from accounts.saved_forms import refill, run_once
from claims import actions
from claims.bulk_files import COLUMNS, MOST_ROWS
from claims.bulk_proposals import RowResult, RowsRefusedError, check_all, propose_all
from claims.duplicates import find_duplicates, similar_proposals
from claims.editing import resend
from claims.forms_proposals import (
    COMPANIES_LIST,
    AnswerProposalForm,
    BulkForm,
    ClaimProposalForm,
    MergeForm,
    QuestionForm,
    TriageForm,
)
from claims.localized_text import read
from claims.models import ClaimProposal, Company, ProposalQuestion
from claims.multi_form_page import FormAction, multi_form_page
from claims.paging import page_of
from claims.permissions import (
    check_answer_proposal,
    check_propose,
    check_triage,
    check_withdraw_proposal,
)
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from claims.states import Channel, ClaimKind
from ui.languages import page_language

#: How many names of companies are offered while one is typed.
OFFERED: Final = 500


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def propose(request: HttpRequest) -> HttpResponse:
    """Propose a claim. What the address of the page names is filled in."""
    user, now = current_account(request), timezone.now()
    form = ClaimProposalForm(request.POST if request.method == "POST" else None)
    form.prefill(request.GET)
    refill(request, form)
    blocked, status = objection(check_propose, user), 200
    if request.method == "POST":
        status = 400
        if form.is_valid():

            def add() -> str:
                row = actions.propose_claim(by=user, proposal=form.proposal, now=now)
                messages.success(request, _("Proposed. A moderator will decide on it."))
                return reverse("claims:proposal", args=[row.reference])

            try:
                return redirect(run_once(request, add))
            except actions.ProposalQuotaError as error:
                form.add_error(None, error.messages)
                status = 429
            except ValidationError as error:
                form.add_error(None, error.messages)
    left, most = actions.proposals_left(user, now)
    context = {
        "form": form,
        "blocked": blocked,
        "left": left,
        "most": most,
        "companies": _names_of_companies(),
        "companies_list": COMPANIES_LIST,
    }
    return render(request, "claims/propose.html", context, status=status)


def _names_of_companies() -> list[str]:
    names = Company.objects.order_by("-id").values_list("name", flat=True)[:OFFERED]
    return sorted({read(name, page_language()).text for name in names} - {""})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def propose_many(request: HttpRequest) -> HttpResponse:
    """Propose many claims from a file. First the page says what would be made of each row; then
    all are proposed, or none."""
    user, now = current_account(request), timezone.now()
    sent = request.method == "POST"
    form = BulkForm(request.POST, request.FILES) if sent else BulkForm()
    refill(request, form)
    results: list[RowResult] = []
    status = 400 if sent else 200
    if sent and form.is_valid():
        rows = form.cleaned_data["rows"]
        # What was read of a file is shown, and sent again by the button that proposes it.
        resend(form, "content", form.cleaned_data["content"])
        results = check_all(rows)
        status = 200
        if request.POST.get("do") == "propose":

            def add() -> str:
                made = propose_all(by=user, rows=rows, now=now)
                messages.success(request, _("Proposed: %(count)s claims.") % {"count": len(made)})
                return reverse("claims:proposals")

            try:
                return redirect(run_once(request, add))
            except RowsRefusedError:
                form.add_error(None, _("Nothing was proposed. Correct the rows below first."))
                status = 400
            except ValidationError as error:
                form.add_error(None, error.messages)
                status = 429 if isinstance(error, actions.ProposalQuotaError) else 400
    context = {
        "form": form,
        "results": results,
        "faulty": any(result.errors for result in results),
        "columns": COLUMNS,
        "channels": Channel.choices,
        "most": MOST_ROWS,
        "blocked": objection(check_propose, user),
    }
    return render(request, "claims/propose_many.html", context, status=status)


@require_safe
@never_cache
@signed_in
def proposals(request: HttpRequest) -> HttpResponse:
    """The user's proposals, newest first."""
    mine = ClaimProposal.objects.filter(proposed_by=current_account(request))
    page = page_of(mine.select_related("claim"), request.GET, by=("-proposed_at", "-id"))
    return render(request, "claims/proposals.html", {"page": page})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@signed_in
def proposal(request: HttpRequest, ref: str) -> HttpResponse:
    """One proposal of the user: what became of it and why, a question to answer, and
    withdrawal."""
    user, now = current_account(request), timezone.now()
    own = resolve_reference(
        ClaimProposal.objects.filter(proposed_by=user).select_related("claim"), ref
    )
    if elsewhere := redirect_to_canonical(request, own.reference, ref):
        return elsewhere
    acts = {
        "answer": FormAction(
            AnswerProposalForm,
            partial(actions.answer_proposal, by=user, proposal=own, now=now),
            _("Reply sent. A moderator will decide again."),
        ),
        "withdraw": FormAction(
            forms.Form,
            partial(actions.withdraw_proposal, by=user, proposal=own, now=now),
            _("Proposal withdrawn."),
        ),
    }
    context = {
        "proposal": own,
        "questions": _questions(own),
        "answer_blocked": objection(check_answer_proposal, user, own),
        "withdraw_blocked": objection(check_withdraw_proposal, user, own),
    }
    return _decided_page(request, acts, "claims/proposal.html", context)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR)
def triage(request: HttpRequest, ref: str) -> HttpResponse:
    """A proposal beside what may be the same, and the decision on it."""
    user, now = current_account(request), timezone.now()
    row = resolve_reference(
        ClaimProposal.objects.visible_to(user).select_related("claim", "proposed_by"), ref
    )
    if elsewhere := redirect_to_canonical(request, row.reference, ref):
        return elsewhere
    alike = find_duplicates(
        companies=[row.company_name],
        products=[row.product_name],
        quote=row.quote,
        address=row.address,
    )
    given: dict[str, Any] = {"by": user, "proposal": row, "now": now}
    acts = {
        "merge": FormAction(
            partial(MergeForm, proposal=row, similar=alike.claims),
            partial(actions.merge_proposal, **given),
            _("Merged. The proposer reads your reason."),
        ),
        "ask": FormAction(
            partial(QuestionForm, proposal=row),
            partial(actions.return_proposal, **given),
            _("Question sent to the proposer."),
        ),
        "refuse": FormAction(
            partial(TriageForm, proposal=row),
            partial(actions.refuse_proposal, **given),
            _("Not accepted. The proposer reads your reason."),
        ),
    }
    blocked = objection(check_triage, user, row)
    register = f"{reverse('claims:register')}?proposal={row.reference}"
    context = {
        "proposal": row,
        "alike": alike,
        "others": similar_proposals(row),
        "questions": _questions(row),
        "blocked": blocked,
        "registering": "" if blocked else register,
        "as_puffery": "" if blocked else f"{register}&kind={ClaimKind.PUFFERY}",
        "seat": _seat_of(row.proposed_by),
    }
    return _decided_page(request, acts, "claims/triage.html", context)


def _seat_of(proposer: User) -> str:
    """A sentence for moderators where whoever proposed it acts for a company."""
    if seat_at_a_company(proposer):
        return _("Whoever proposed this acts for a company.")
    return ""


def _questions(row: ClaimProposal) -> list[ProposalQuestion]:
    return list(ProposalQuestion.objects.filter(proposal=row).order_by("number"))


def _decided_page(
    request: HttpRequest, acts: Mapping[str, FormAction], template: str, context: dict[str, Any]
) -> HttpResponse:
    """A page with forms; if someone else decided meanwhile, it says what became of it."""
    try:
        return multi_form_page(request, acts, template, context)
    except actions.ProposalChangedError as changed:
        messages.error(
            request,
            _("Nothing was saved. This proposal has changed; it is now “%(status)s”.")
            % {"status": changed.proposal.get_status_display()},
        )
        return redirect(request.path)
