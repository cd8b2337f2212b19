"""Recording a finding, proposing a verdict and deciding on one, each with its preview."""

from __future__ import annotations

from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import current_account, requires
from accounts.models import Role
from accounts.saved_forms import AlreadySentError, refill, run_once
from claims.editing import typed
from claims.fields import PairField
from claims.models import Aspect, Claim, Criterion, Flag
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from evidence.exhibits.models import Exhibit
from verdicts import actions, evidence_assessment, gates, lost_evidence, previews
from verdicts.forms import (
    FindingForm,
    ProposalForm,
    SendBackForm,
)
from verdicts.models import Finding, FindingExhibit, Reply, Verdict
from verdicts.states import VerdictStatus
from verdicts.views.claim_case import reasons, verdict_gates
from verdicts.views.work_queue import DESK


def _aspect(aspect: UUID) -> Aspect:
    return get_object_or_404(Aspect.objects.select_related("claim__company"), pk=aspect)


def _accepted(claim: Claim) -> list[Exhibit]:
    return list(
        Exhibit.objects.public()
        .filter(submission__claim=claim)
        .select_related("submission")
        .seen_first("reference")[:200]
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def finding(request: HttpRequest, aspect: UUID) -> HttpResponse:
    """Record a finding on one point."""
    row, user = _aspect(aspect), current_account(request)
    form = FindingForm(
        request.POST if request.method == "POST" else None, exhibits=_accepted(row.claim)
    )
    refill(request, form)
    if previewed := _preview(request, form):
        given = form.cleaned_data
        previewed["finding"] = (
            {name: given.get(name) for name in ("conclusion", "reasoning", "exhibits")}
            if given
            else None
        )
    elif request.method == "POST" and form.is_valid():
        given = {name: form.cleaned_data[name] for name in ("conclusion", "reasoning", "exhibits")}

        def record() -> str:
            actions.record_finding(by=user, aspect=row, now=timezone.now(), **given)
            messages.success(request, _("Finding saved. It becomes public with a verdict."))
            return reverse("verdicts:case", args=[row.claim.reference])

        try:
            return redirect(run_once(request, record))
        except gates.GateClosedError as closed:
            form.add_error(None, closed.reasons)
        except ValidationError as error:
            form.add_error(None, error.messages)
    context = {
        "aspect": row,
        "claim": row.claim,
        "form": form,
        "gates": reasons(actions.finding_gates(by=user, aspect=row)),
        "exhibits": _accepted(row.claim),
        **previewed,
    }
    return _editor(request, "verdicts/finding.html", context)


def _preview(request: HttpRequest, form: forms.Form) -> dict[str, Any]:
    """What the template of an editor needs for a preview: the form as far as it is valid, and no
    complaint about what is still missing.

    Empty if no preview was asked for.
    """
    if request.method != "POST" or request.POST.get("do") != "preview":
        return {}
    for field in form.fields.values():
        if isinstance(field, PairField):
            field.both = False  # one language is typed before the other
    form.is_valid()
    form.errors.clear()
    return {"previewing": True}


def _editor(request: HttpRequest, template: str, context: dict[str, Any]) -> HttpResponse:
    """An editor's page, or for htmx the preview alone."""
    fragment = bool(context.get("previewing") and request.headers.get("HX-Request"))
    status = 400 if request.method == "POST" and not context.get("previewing") else 200
    response = render(
        request, f"{template}#preview" if fragment else template, context, status=status
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


def _findings(aspect: Aspect) -> list[dict[str, Any]]:
    findings = list(
        Finding.objects.filter(aspect=aspect)
        .select_related("moderator")
        .order_by("created_at", "id")
    )
    pins: dict[UUID, list[str]] = {}
    for pin in (
        FindingExhibit.objects.filter(finding__in=findings)
        .select_related("exhibit")
        .order_by("exhibit__reference")
    ):
        pins.setdefault(pin.finding_id, []).append(pin.exhibit.reference)
    return [{"finding": finding, "exhibits": pins.get(finding.pk, [])} for finding in findings]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.ADJUDICATOR)
def propose(request: HttpRequest, aspect: UUID) -> HttpResponse:
    """Propose a verdict on one point; a second adjudicator decides on it."""
    row, user, now = _aspect(aspect), current_account(request), timezone.now()
    standing = Verdict.objects.current().filter(aspect=row).first()
    returned = Verdict.objects.sent_back().filter(aspect=row, proposed_by=user).first()
    form = ProposalForm(
        request.POST if request.method == "POST" else None,
        exhibits=_accepted(row.claim),
        standing=standing,
        again=returned,
    )
    refill(request, form)
    if previewed := _preview(request, form):
        given = form.cleaned_data
        proposed = previews.draft(
            row, rating=given.get("rating") or "", mechanism=given.get("mechanism") or "",
            rationale=given.get("rationale") or {},
            attempts=given.get("attempts") or {},
        )  # fmt: skip
        if proposed:
            previewed["changes"] = previews.changes(row, proposed, given.get("exhibits") or [])
    elif request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def put() -> str:
            verdict = actions.propose_verdict(
                by=user,
                aspect=row,
                rating=given["rating"],
                mechanism=given["mechanism"],
                rationale=given["rationale"],
                attempts=given["attempts"],
                exhibits=given["exhibits"],
                reason=given.get("reason", ""),
                now=now,
            )
            messages.success(
                request, _("Proposed. It is not public until a second adjudicator approves it.")
            )
            return reverse("verdicts:decide", args=[verdict.reference])

        try:
            return redirect(run_once(request, put))
        except gates.GateClosedError as closed:
            form.add_error(None, closed.reasons)
        except ValidationError as error:
            form.add_error(None, error.messages)
    context = {
        "aspect": row,
        "claim": row.claim,
        "form": form,
        "standing": standing,
        "returned": returned,
        "gates": verdict_gates(user, row, now),
        "findings": _findings(row),
        "conformity": evidence_assessment.assess_evidence(row),
        "left_out": evidence_assessment.excluded_measurements(row),
        "criterion": Criterion.objects.filter(aspect=row).first(),
        **previewed,
    }
    return _editor(request, "verdicts/propose.html", context)


def _replies_since(verdict: Verdict) -> list[Reply]:
    """What the company replied after a verdict was proposed, which its proposer cannot have
    read."""
    return list(
        Reply.objects.public_after(verdict.proposed_at)
        .filter(invitation__claim=verdict.aspect.claim_id)
        .in_order()
    )


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(*DESK)
def decide(request: HttpRequest, ref: str) -> HttpResponse:
    """Approve or return a proposed verdict, as second adjudicator."""
    verdict = resolve_reference(
        Verdict.objects.select_related(
            "aspect__claim__company", "proposed_by", "decided_by", "supersedes"
        ),
        ref,
    )
    if elsewhere := redirect_to_canonical(request, verdict.reference, ref):
        return elsewhere
    user, now = current_account(request), timezone.now()
    do = request.POST.get("do", "") if request.method == "POST" else ""
    open_ = verdict.status == VerdictStatus.PROPOSED
    changed_since = reasons(actions.standing_gates(verdict=verdict, now=now)) if open_ else []
    form = SendBackForm(
        request.POST if do == "reject" else None, initial={"reason": "\n".join(changed_since)}
    )
    refill(request, form, do="reject")
    kept: list[tuple[str, str]] | None = None

    def approved() -> str:
        try:
            actions.approve_verdict(by=user, verdict=verdict, now=now)
        except gates.SentBackError:  # which is stored
            sentence = _(
                "Not published: something changed since it was proposed. It went back to its "
                "proposer, with the list of changes."
            )
            messages.warning(request, sentence)
            return reverse("verdicts:decide", args=[verdict.reference])
        messages.success(request, _("Approved and published."))
        return reverse("reports:claim", args=[verdict.aspect.claim.reference])

    def sent_back() -> str:
        actions.reject_verdict(
            by=user, verdict=verdict, reason=form.cleaned_data["reason"], now=now
        )
        messages.success(request, _("Returned."))
        return reverse("verdicts:case", args=[verdict.aspect.claim.reference])

    try:
        if do == "approve":
            return redirect(run_once(request, approved))
        if do == "reject" and form.is_valid():
            return redirect(run_once(request, sent_back))
        if request.method == "POST" and do not in {"approve", "reject"}:
            raise Http404
    except AlreadySentError as error:
        messages.error(request, error.messages[0])
        return redirect("verdicts:decide", verdict.reference)
    except actions.VerdictChangedError as changed:
        messages.error(
            request,
            _("Someone else decided first: it is now “%(status)s”.")
            % {"status": changed.verdict.get_status_display()},
        )
        verdict = Verdict.objects.select_related(
            "aspect__claim__company", "proposed_by", "decided_by", "supersedes"
        ).get(pk=verdict.pk)
        kept = typed(form)
        if not kept:
            return redirect("verdicts:decide", verdict.reference)
        open_ = False
    pins = list(
        verdict.verdictexhibit_set.select_related("exhibit__submission").order_by(
            "exhibit__reference"
        )
    )
    context = {
        "verdict": verdict,
        "aspect": verdict.aspect,
        "claim": verdict.aspect.claim,
        "form": form,
        "gates": reasons(actions.approver_gates(by=user, verdict=verdict, now=now))
        if open_
        else [],
        "changed_since": changed_since if open_ else [],
        "replies_since": _replies_since(verdict) if open_ else [],
        "may_propose_again": verdict.proposed_by_id == user.pk
        and Verdict.objects.sent_back().filter(pk=verdict.pk).exists(),
        "reject_gates": reasons(actions.rejection_gates(by=user, verdict=verdict)),
        "findings": _findings(verdict.aspect),
        "pins": pins,
        "open": open_,
        "changes": previews.changes(verdict.aspect, verdict, [pin.exhibit for pin in pins])
        if open_
        else None,
        "flags_after": list(
            Flag.objects.raised()
            .filter(claim=verdict.aspect.claim)
            .in_order()
            .values_list("kind", flat=True)
        )
        if open_
        else [],
    }
    context["kept"] = kept
    context["shaken"] = lost_evidence.lost_evidence_among([verdict], now).get(verdict.pk)
    return render(
        request,
        "verdicts/decide.html",
        context,
        status=409 if kept is not None else 400 if form.errors else 200,
    )
