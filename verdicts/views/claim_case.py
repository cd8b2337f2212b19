"""The case of a claim: its points, replies, and what may be done next."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django import forms
from django.contrib import messages
from django.core.exceptions import ValidationError
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.access import current_account, requires
from accounts.models import Role, User
from accounts.saved_forms import refill, run_once
from claims.editing import EditForm, RowChangedError, clash, refused_status, typed
from claims.localized_text import write
from claims.models import Aspect, Claim
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from evidence.exhibits.models import Submission
from verdicts import actions, evidence_assessment, gates
from verdicts.forms import (
    DiscardForm,
    ExtensionForm,
    InvitationForm,
    LetterForm,
    WaiverForm,
    WaiverRefusalForm,
)
from verdicts.models import Finding, Invitation, Reply, Verdict, Waiver
from verdicts.replies import extended_in_words
from verdicts.representation import representative_count
from verdicts.states import Rating, ReplyStatus, VerdictStatus
from verdicts.views.work_queue import DESK


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


def reasons(sentences: list[str | None]) -> list[str]:
    return list(dict.fromkeys(reason for reason in sentences if reason))


#: Stands for what is not typed yet.
_TYPED = write("en", "…", zh_Hans="…")


def verdict_gates(user: User, aspect: Aspect, now: Any) -> list[str]:
    """What stands against proposing any verdict at all: the gates that do not depend on what is
    typed."""
    gates = actions.proposal_gates(
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
        gates.append(
            _("A verdict on this point is already proposed and awaits the second adjudicator.")
        )
    return reasons(gates)


def _invite_gates(user: User, claim: Claim) -> list[str]:
    return reasons(
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
    elif do == "extend" and invitation:
        later = actions.extend_deadline(
            by=user,
            invitation=invitation,
            working_days=form.cleaned_data["working_days"],
            reason=form.cleaned_data["extension_reason"],
            version=form.cleaned_data["version"],
            now=now,
        )
        messages.success(request, extended_in_words(later))
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
        entries.append(Entry(row, confirm, discard, reasons(confirmable), reasons(discardable)))
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
        (_("Legal entities"), reverse("claims:entities", args=[claim.company_id])),
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
        "extend": ExtensionForm(
            request.POST if do == "extend" else None, row=invitation, auto_id="extend_%s"
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
    for name, bound_form in bound.items():
        refill(request, bound_form, do=name)
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
                sentence = _(
                    "The reply period changed in the meantime: %(status)s. Nothing was saved; "
                    "your text is kept below."
                )
                messages.error(request, sentence % {"status": now_is.get_status_display()})
                form.add_error(
                    None,
                    ValidationError(
                        sentence % {"status": now_is.get_status_display()}, code="clash"
                    ),
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
        "if_sent_now": Invitation(**actions.reply_period(claim.company, now)),
        "extend": bound["extend"],
        "extend_gates": reasons(actions.extension_gates(by=user, invitation=invitation))
        if invitation
        else [],
        "representatives": representative_count(claim.company),
        "replies": Reply.objects.public()
        .filter(invitation__claim=claim)
        .select_related("invitation")
        .in_order(),
        "entries": entries,
        "entry_gates": reasons(actions.entry_gates(by=user, claim=claim)),
        "invite_gates": _invite_gates(user, claim),
        "waiver": waiver,
        "waiver_gates": reasons(actions.waiver_gates(by=user, claim=claim)),
        "agree_gates": reasons(actions.waiver_approval_gates(by=user, waiver=waiver))
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
        (verdict.aspect_id, verdict.status): verdict
        for verdict in open_or_standing.select_related("proposed_by")
    }
    return [
        AspectCase(
            aspect=aspect,
            findings=[finding for finding in findings if finding.aspect_id == aspect.pk],
            standing=verdicts.get((aspect.pk, VerdictStatus.PUBLISHED.value)),
            proposal=verdicts.get((aspect.pk, VerdictStatus.PROPOSED.value)),
            finding_gates=reasons(actions.finding_gates(by=user, aspect=aspect)),
            verdict_gates=verdict_gates(user, aspect, now),
            left_out=evidence_assessment.excluded_measurements(aspect),
            scope_gates=reasons(actions.scope_gates(by=user, aspect=aspect)),
        )
        for aspect in aspects
    ]
