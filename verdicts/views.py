"""The desk: what waits, a claim's case, findings, the company's say, proposing and approving
verdicts."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from itertools import groupby
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
from django.views.decorators.http import require_http_methods, require_safe

from accounts.access import current_account, requires
from accounts.models import Role, User
from accounts.saved_forms import AlreadySentError, refill, run_once
from claims.editing import EditForm, RowChangedError, clash, refused_status, typed
from claims.fields import PairField
from claims.localized_text import write
from claims.models import Aspect, Claim, Criterion, Flag
from claims.paging import page_of
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from evidence.exhibits.models import Exhibit, Submission
from verdicts import actions, evidence_assessment, gates, lost_evidence, previews
from verdicts.forms import (
    DiscardForm,
    FindingForm,
    InvitationForm,
    LetterForm,
    ProposalForm,
    SendBackForm,
    WaiverForm,
    WaiverRefusalForm,
)
from verdicts.models import Finding, FindingExhibit, Invitation, Reply, Verdict, Waiver
from verdicts.representation import representative_count
from verdicts.states import Rating, ReplyStatus, VerdictStatus
from verdicts.work_items import LATER, NOW, SHORT, SOON, by_urgency, queues, work_item

DESK = (Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR)


# --- the queue ------------------------------------------------------------------------------------


def _kinds() -> list[tuple[str, str]]:
    return [
        ("replies", _("Reply deadlines")),
        ("entries", _("Entered replies to check")),
        ("alerts", _("Alerts")),
        ("proposals", _("Verdicts awaiting the second adjudicator")),
        ("returned", _("Returned verdicts")),
        ("shaken", _("Verdicts whose evidence was withdrawn")),
        ("submissions", _("Submissions to decide")),
        ("aspects", _("Points awaiting a verdict")),
    ]


@require_safe
@never_cache
@requires(*DESK)
def desk(request: HttpRequest) -> HttpResponse:
    """The work queue, most urgent first: the oldest tasks of each kind, or all of one kind."""
    user, now, kinds = current_account(request), timezone.now(), queues()
    show = request.GET.get("show", "")
    show = show if show in kinds else ""
    pages = {
        name: page_of(rows, request.GET if show else {}, by=by, **({} if show else {"size": SHORT}))
        for name, (rows, by) in kinds.items()
        if show in {"", name}
    }
    found = by_urgency(
        [
            work_item(name, row, user=user, now=now)
            for name, page in pages.items()
            for row in page.rows
        ],
        now,
    )
    names = {NOW: _("Urgent"), SOON: _("Soon"), LATER: _("Low priority")}
    groups = [
        (names[urgency], list(rows))
        for urgency, rows in groupby(found, key=lambda one: one.urgency)
    ]
    context = {
        "show": show,
        "page": pages.get(show),
        "groups": groups,
        "kinds": _kinds(),
        "more": {name for name, page in pages.items() if page.next_cursor},
        "now": now,
        "handles_alerts": user.has_role(Role.MODERATOR),
        "registering": reverse("claims:register") if user.has_role(Role.MODERATOR) else "",
    }
    response = render(
        request,
        "verdicts/desk.html#queue" if request.headers.get("HX-Request") else "verdicts/desk.html",
        context,
    )
    patch_vary_headers(response, ["HX-Request"])
    return response


# --- a claim's case -------------------------------------------------------------------------------


@dataclass
class AspectCase:
    """One aspect with what the desk knows of it."""

    aspect: Aspect
    findings: list[Finding]
    standing: Verdict | None
    proposal: Verdict | None
    finding_gates: list[str]
    verdict_gates: list[str]
    left_out: list[str]
    scope_gates: list[str]


def _reasons(found: list[str | None]) -> list[str]:
    return list(dict.fromkeys(reason for reason in found if reason))


#: Stands for what is not typed yet.
_TYPED = write("en", "…", zh_Hans="…")


def _verdict_gates(user: User, aspect: Aspect, now: Any) -> list[str]:
    """What stands against proposing any verdict at all: the gates that do not depend on what is
    typed."""
    found = actions.proposal_gates(
        by=user,
        aspect=aspect,
        rating=Rating.UNVERIFIABLE,
        mechanism="",
        rationale={},
        attempts=_TYPED,
        exhibits=[],
        now=now,
    )
    if Verdict.objects.filter(aspect=aspect, status=VerdictStatus.PROPOSED).exists():
        found.append(
            _("A verdict on this point is already proposed and awaits the second adjudicator.")
        )
    return _reasons(found)


def _invite_gates(user: User, claim: Claim) -> list[str]:
    return _reasons(
        [
            gates.right_role(user, Role.MODERATOR),
            gates.claim_is_rateable(claim),
            gates.conflict_of_interest(user, claim),
        ]
    )


def _do(
    request: HttpRequest,
    do: str,
    claim: Claim,
    invitation: Invitation | None,
    waiver: Waiver | None,
    form: forms.Form,
) -> str:
    """The one action that a button of the case page asks for; where to go on. Raises what the
    action raises, Http404 for anything else."""
    user, now = current_account(request), timezone.now()
    if do == "invite":
        actions.request_reply(
            by=user, claim=claim, allegation=form.cleaned_data["allegation"], now=now
        )
        messages.success(request, _("Reply requested. The company has until the deadline."))
    elif do == "reply" and invitation:
        actions.record_reply(by=user, invitation=invitation, now=now, **form.cleaned_data)
        messages.success(
            request,
            _("Reply saved unedited. It becomes public once another person has checked it."),
        )
    elif do.startswith("confirm:"):
        actions.confirm_reply(by=user, reply=_entry(claim, do), now=now)
        messages.success(
            request, _("Confirmed. The reply is public, marked as entered by moderators.")
        )
    elif do.startswith("discard:"):
        actions.discard_reply(by=user, reply=_entry(claim, do), now=now, **form.cleaned_data)
        messages.success(request, _("Discarded. The entry will not be published."))
    elif do == "waive" and invitation:
        actions.propose_waiver(by=user, invitation=invitation, **form.cleaned_data)
        messages.success(request, _("Proposed. A second adjudicator must approve it."))
    elif do in {"approve-waiver", "refuse-waiver"} and invitation and waiver is None:
        raise actions.InvitationChangedError(invitation)
    elif do == "approve-waiver" and waiver:
        actions.approve_waiver(by=user, waiver=waiver, now=now, **form.cleaned_data)
        messages.success(request, _("Two adjudicators ended the reply period early."))
    elif do == "refuse-waiver" and waiver:
        actions.refuse_waiver(by=user, waiver=waiver, now=now, **form.cleaned_data)
        messages.success(
            request,
            _("The company keeps its reply period. Nothing of the proposal becomes public."),
        )
    else:
        raise Http404
    return reverse("verdicts:case", args=[claim.reference])


def _entry(claim: Claim, do: str) -> Reply:
    """The entered reply that a button names."""
    return Reply.objects.select_related("invitation__claim").get(
        invitation__claim=claim, pk=do.partition(":")[2]
    )


@dataclass
class Entry:
    """A reply that a moderator entered, with what stands against checking it."""

    reply: Reply
    confirm: forms.Form
    discard: forms.Form
    confirm_gates: list[str]
    discard_gates: list[str]


def _entries(user: User, claim: Claim, request: HttpRequest) -> list[Entry]:
    rows = (
        Reply.objects.unchecked()
        .filter(invitation__claim=claim)
        .select_related("invitation__claim", "recorded_by")
        .in_order()
    )
    do = request.POST.get("do", "") if request.method == "POST" else ""
    entries = []
    for row in rows:
        confirm = forms.Form(request.POST if do == f"confirm:{row.pk}" else None)
        discard = DiscardForm(
            request.POST if do == f"discard:{row.pk}" else None, auto_id=f"{row.pk}_%s"
        )
        confirmable, discardable = (
            actions.confirmation_gates(by=user, reply=row),
            actions.check_gates(by=user, reply=row),
        )
        entries.append(Entry(row, confirm, discard, _reasons(confirmable), _reasons(discardable)))
    return entries


def _checked_before(user: User, do: str) -> str:
    """What to say of an entry that waits no more: to who checked it themselves, that it is saved if
    they asked for the same again."""
    verb, _colon, entry = do.partition(":")
    with suppress(ValueError):
        if own := Reply.objects.filter(pk=UUID(entry), checked_by=user).first():
            same = (
                own.status
                == {"confirm": ReplyStatus.CONFIRMED, "discard": ReplyStatus.DISCARDED}[verb]
            )
            return (
                _("You submitted this form before. It is saved once.")
                if same
                else _("You already checked this entry. Nothing new was saved.")
            )
    return _("Someone else checked this entry first. Your decision was not saved.")


def _tools(user: User, claim: Claim) -> list[tuple[str, str]]:
    """Where a moderator corrects what is said of a claim and its company: names and addresses."""
    if not user.has_role(Role.MODERATOR):
        return []
    return [
        (_("Correct or withdraw the claim"), reverse("claims:revise", args=[claim.reference])),
        (_("Flags"), reverse("claims:flags", args=[claim.reference])),
        (_("Thresholds"), reverse("claims:thresholds", args=[claim.reference])),
        (_("What other sources say"), reverse("claims:places", args=[claim.reference])),
        (
            _("Open in the work queue"),
            reverse("claims:entities", args=[claim.company_id]),
        ),
    ]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(*DESK)
def case(request: HttpRequest, ref: str) -> HttpResponse:
    """A claim in the work queue: its points and findings, the reply period, the proposals."""
    user, now = current_account(request), timezone.now()
    claim = resolve_reference(Claim.objects.select_related("company", "product", "option"), ref)
    if elsewhere := redirect_to_canonical(request, claim.reference, ref):
        return elsewhere
    invitation = actions.latest_invitation(claim)
    waiver = (
        Waiver.objects.waiting()
        .filter(invitation=invitation)
        .select_related("proposed_by", "invitation__claim")
        .first()
    )
    do = request.POST.get("do", "") if request.method == "POST" else ""
    bound: dict[str, forms.Form] = {
        "invite": InvitationForm(request.POST if do == "invite" else None),
        "reply": LetterForm(
            request.POST if do == "reply" else None, invitation=invitation, lang=claim.quote_lang
        ),
        "waive": WaiverForm(request.POST if do == "waive" else None),
        "approve-waiver": EditForm(request.POST if do == "approve-waiver" else None, row=waiver),
        "refuse-waiver": WaiverRefusalForm(request.POST if do == "refuse-waiver" else None),
    }
    entries = _entries(user, claim, request)
    for entry in entries:
        bound |= {
            f"confirm:{entry.reply.pk}": entry.confirm,
            f"discard:{entry.reply.pk}": entry.discard,
        }
    for name, one in bound.items():
        refill(request, one, do=name)
    if do.partition(":")[0] in {"confirm", "discard"} and do not in bound:
        messages.error(request, _checked_before(user, do))
        return redirect("verdicts:case", claim.reference)
    status, kept = 200, []
    if request.method == "POST":
        form = bound.get(do)
        if form is None:
            raise Http404
        if form.is_valid():
            try:
                location = run_once(
                    request, lambda: _do(request, do, claim, invitation, waiver, form)
                )
            except ValidationError as error:
                form.add_error(None, error.messages)
            except RowChangedError as changed:
                clash(form, changed)
            except actions.ReplyChangedError:
                messages.error(
                    request,
                    _("Someone else checked this entry first. Your decision was not saved."),
                )
                return redirect("verdicts:case", claim.reference)
            except (actions.InvitationChangedError, actions.WaiverChangedError) as changed:
                now_is = (
                    changed.waiver.invitation
                    if isinstance(changed, actions.WaiverChangedError)
                    else changed.invitation
                )
                said = _(
                    "The reply period changed in the meantime: %(status)s. Nothing was saved; "
                    "your text is kept below."
                )
                messages.error(request, said % {"status": now_is.get_status_display()})
                form.add_error(
                    None,
                    ValidationError(said % {"status": now_is.get_status_display()}, code="clash"),
                )
                invitation, waiver, kept = (
                    now_is,
                    Waiver.objects.waiting().filter(invitation=now_is).first(),
                    typed(form),
                )
            else:
                return redirect(location)
        status = refused_status(form)
    context = {
        "claim": claim,
        "tools": _tools(user, claim),
        "held": _held(user, claim, now),
        "invitation": invitation,
        "takes_letters": invitation is not None and user.has_role(Role.MODERATOR),
        "closes_early": user.has_role(Role.ADJUDICATOR),
        "window_end": actions.window_end(now),
        "representatives": representative_count(claim.company),
        "replies": Reply.objects.public()
        .filter(invitation__claim=claim)
        .select_related("invitation")
        .in_order(),
        "entries": entries,
        "entry_gates": _reasons(actions.entry_gates(by=user, claim=claim)),
        "invite_gates": _invite_gates(user, claim),
        "waiver": waiver,
        "waiver_gates": _reasons(actions.waiver_gates(by=user, claim=claim)),
        "agree_gates": _reasons(actions.waiver_approval_gates(by=user, waiver=waiver))
        if waiver
        else [],
        "invite": bound["invite"],
        "reply_form": bound["reply"],
        "waive": bound["waive"],
        "agree": bound["approve-waiver"],
        "refuse": bound["refuse-waiver"],
        "kept": kept,
        "submissions": Submission.objects.filter(claim=claim).order_by("-filed_at")[:100],
    }
    return render(request, "verdicts/case.html", context, status=status)


def _held(user: User, claim: Claim, now: Any) -> list[AspectCase]:
    aspects = list(Aspect.objects.filter(claim=claim).select_related("claim").order_by("number"))
    findings = list(
        Finding.objects.filter(aspect__in=aspects)
        .select_related("moderator")
        .order_by("created_at", "id")
    )
    open_or_standing = Verdict.objects.filter(
        aspect__in=aspects, status__in=[VerdictStatus.PROPOSED, VerdictStatus.PUBLISHED]
    )
    verdicts = {
        (one.aspect_id, one.status): one for one in open_or_standing.select_related("proposed_by")
    }
    return [
        AspectCase(
            aspect=aspect,
            findings=[one for one in findings if one.aspect_id == aspect.pk],
            standing=verdicts.get((aspect.pk, VerdictStatus.PUBLISHED.value)),
            proposal=verdicts.get((aspect.pk, VerdictStatus.PROPOSED.value)),
            finding_gates=_reasons(actions.finding_gates(by=user, aspect=aspect)),
            verdict_gates=_verdict_gates(user, aspect, now),
            left_out=evidence_assessment.excluded_measurements(aspect),
            scope_gates=_reasons(actions.scope_gates(by=user, aspect=aspect)),
        )
        for aspect in aspects
    ]


def _aspect(aspect: UUID) -> Aspect:
    return get_object_or_404(Aspect.objects.select_related("claim__company"), pk=aspect)


def _accepted(claim: Claim) -> list[Exhibit]:
    return list(
        Exhibit.objects.public()
        .filter(submission__claim=claim)
        .select_related("submission")
        .seen_first("reference")[:200]
    )


# --- findings -------------------------------------------------------------------------------------


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR)
def finding(request: HttpRequest, aspect: UUID) -> HttpResponse:
    """Record a finding on one point."""
    found, user = _aspect(aspect), current_account(request)
    form = FindingForm(
        request.POST if request.method == "POST" else None, exhibits=_accepted(found.claim)
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
            actions.record_finding(by=user, aspect=found, now=timezone.now(), **given)
            messages.success(request, _("Finding saved. It becomes public with a verdict."))
            return reverse("verdicts:case", args=[found.claim.reference])

        try:
            return redirect(run_once(request, record))
        except gates.GateClosedError as closed:
            form.add_error(None, closed.reasons)
        except ValidationError as error:
            form.add_error(None, error.messages)
    context = {
        "aspect": found,
        "claim": found.claim,
        "form": form,
        "gates": _reasons(actions.finding_gates(by=user, aspect=found)),
        "exhibits": _accepted(found.claim),
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


# --- verdicts -------------------------------------------------------------------------------------


def _findings(aspect: Aspect) -> list[dict[str, Any]]:
    findings = list(
        Finding.objects.filter(aspect=aspect)
        .select_related("moderator")
        .order_by("created_at", "id")
    )
    pins: dict[UUID, list[str]] = {}
    for one in (
        FindingExhibit.objects.filter(finding__in=findings)
        .select_related("exhibit")
        .order_by("exhibit__reference")
    ):
        pins.setdefault(one.finding_id, []).append(one.exhibit.reference)
    return [{"finding": one, "exhibits": pins.get(one.pk, [])} for one in findings]


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.ADJUDICATOR)
def propose(request: HttpRequest, aspect: UUID) -> HttpResponse:
    """Propose a verdict on one point; a second adjudicator decides on it."""
    found, user, now = _aspect(aspect), current_account(request), timezone.now()
    standing = Verdict.objects.current().filter(aspect=found).first()
    returned = Verdict.objects.sent_back().filter(aspect=found, proposed_by=user).first()
    form = ProposalForm(
        request.POST if request.method == "POST" else None,
        exhibits=_accepted(found.claim),
        standing=standing,
        again=returned,
    )
    refill(request, form)
    if previewed := _preview(request, form):
        given = form.cleaned_data
        proposed = previews.draft(
            found, rating=given.get("rating") or "", mechanism=given.get("mechanism") or "",
            rationale=given.get("rationale") or {},
            attempts=given.get("attempts") or {},
        )  # fmt: skip
        if proposed:
            previewed["changes"] = previews.changes(found, proposed, given.get("exhibits") or [])
    elif request.method == "POST" and form.is_valid():
        given = form.cleaned_data

        def put() -> str:
            verdict = actions.propose_verdict(
                by=user,
                aspect=found,
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
        "aspect": found,
        "claim": found.claim,
        "form": form,
        "standing": standing,
        "returned": returned,
        "gates": _verdict_gates(user, found, now),
        "findings": _findings(found),
        "conformity": evidence_assessment.assess_evidence(found),
        "left_out": evidence_assessment.excluded_measurements(found),
        "criterion": Criterion.objects.filter(aspect=found).first(),
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
    changed_since = _reasons(actions.standing_gates(verdict=verdict, now=now)) if open_ else []
    form = SendBackForm(
        request.POST if do == "reject" else None, initial={"reason": "\n".join(changed_since)}
    )
    refill(request, form, do="reject")
    kept: list[tuple[str, str]] | None = None

    def approved() -> str:
        try:
            actions.approve_verdict(by=user, verdict=verdict, now=now)
        except gates.SentBackError:  # which is stored
            said = _(
                "Not published: something changed since it was proposed. It went back to its "
                "proposer, with the list of changes."
            )
            messages.warning(request, said)
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
        "gates": _reasons(actions.approver_gates(by=user, verdict=verdict, now=now))
        if open_
        else [],
        "changed_since": changed_since if open_ else [],
        "replies_since": _replies_since(verdict) if open_ else [],
        "may_propose_again": verdict.proposed_by_id == user.pk
        and Verdict.objects.sent_back().filter(pk=verdict.pk).exists(),
        "reject_gates": _reasons(actions.rejection_gates(by=user, verdict=verdict)),
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
