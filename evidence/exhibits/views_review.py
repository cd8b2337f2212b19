"""The desk's page on one submission: everything that was handed in, and the decision on it."""

from __future__ import annotations

import json
from collections import defaultdict
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.contrib import messages
from django.core.exceptions import ValidationError
from django.db.models import Q
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

import ledger
from accounts.access import current_account, requires
from accounts.models import Role, User
from accounts.permissions import objection
from accounts.saved_forms import refill, run_once
from claims.editing import RowChangedError, clash, refused_status, typed
from claims.models import Aspect
from claims.reference_resolver import redirect_to_canonical, resolve_reference
from engines.decoding.fingerprints import QUALITY
from evidence.exhibits.actions import filing
from evidence.exhibits.affiliation import affiliation
from evidence.exhibits.forms import DECISIONS, DecisionForm, GradeForm
from evidence.exhibits.metadata import described
from evidence.exhibits.models import (
    Clarification,
    CustodyEvent,
    Exhibit,
    Region,
    Rendition,
    SealedView,
    Submission,
)
from evidence.exhibits.permissions import (
    check_can_be_seen,
    check_grade,
    check_mark,
    check_open_sealed,
    check_unreadable,
    check_view_original,
)
from evidence.exhibits.reasons import REASONS, fill, reason
from evidence.exhibits.similar_pictures import SimilarPicture, similar_pictures
from evidence.exhibits.states import Affiliation, SubmissionStatus
from evidence.exhibits.unread import unread_because
from evidence.exhibits.views import best, teardowns_of

KEYS = {
    SubmissionStatus.ACCEPTED.value: "a",
    SubmissionStatus.RETURNED.value: "t",
    SubmissionStatus.REFUSED.value: "r",
}


@dataclass
class ExhibitPanel:
    """One exhibit as the page shows it."""

    exhibit: Exhibit
    picture: Rendition | None
    unread: str
    regions: list[Region]
    alike: list[SimilarPicture]
    form: GradeForm
    metadata: list[tuple[str, str]] | None
    blocked_marking: str | None
    blocked_reading: str | None

    @property
    def comparable(self) -> bool:
        """Whether its fingerprint says anything."""
        return bool(self.exhibit.pdq) and (self.exhibit.pdq_quality or 0) >= QUALITY


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@requires(Role.MODERATOR, Role.ADJUDICATOR, Role.AUDITOR)
def review(request: HttpRequest, ref: str) -> HttpResponse:
    """Review a submission and decide on it. The next submission follows automatically.

    A suggested reason is filled in by the script; without it the button sends the form here, and
    nothing is decided.
    """
    user = current_account(request)
    submission = resolve_reference(
        Submission.objects.visible_to(user).select_related(
            "claim__company", "filed_by", "organisation"
        ),
        ref,
    )
    if elsewhere := redirect_to_canonical(request, submission.reference, ref):
        return elsewhere
    data: QueryDict | None = request.POST if request.method == "POST" else None
    if data is not None and "suggest" in data:
        return _page(request, user, submission, _suggested(data), status=200)
    decision = DecisionForm(data, row=submission)
    sheets = _sheets(user, submission, data)
    if data is None:
        return _page(request, user, submission, None, status=200, decision=decision, sheets=sheets)
    # each is to say what is wrong with it
    valid = [form.is_valid() for form in (decision, *(panel.form for panel in sheets))]
    if all(valid):

        def decide() -> str:
            _decide(user, submission, decision, sheets)
            following = _beside(user, submission)["next"]
            words = {
                "reference": submission.reference,
                "status": SubmissionStatus(decision.cleaned_data["decision"]).label,
            }
            messages.success(request, _("Decided: %(reference)s is now “%(status)s”.") % words)
            return reverse("evidence:review", args=[(following or submission).reference])

        try:
            return redirect(run_once(request, decide))
        except ValidationError as error:
            decision.add_error(None, error.messages)
        except filing.SubmissionChangedError as changed:
            messages.error(
                request,
                _("Someone else decided first: it is now “%(status)s”.")
                % {"status": changed.submission.get_status_display()},
            )
            kept = typed(decision, *(panel.form for panel in sheets))
            submission = Submission.objects.select_related(
                "claim__company", "filed_by", "organisation"
            ).get(pk=submission.pk)
            return _page(request, user, submission, None, status=409, kept=kept)
        except RowChangedError as changed:
            clash(decision, changed)
    return _page(
        request,
        user,
        submission,
        data,
        status=refused_status(decision),
        decision=decision,
        sheets=sheets,
    )


def _decide(
    user: User, submission: Submission, decision: DecisionForm, sheets: list[ExhibitPanel]
) -> None:
    given = [(str(panel.exhibit.pk), panel.form.cleaned_data) for panel in sheets]
    filing.decide_submission(
        by=user, submission=submission, decision=decision.cleaned_data["decision"],
        reason=decision.cleaned_data["reason"], now=timezone.now(),
        version=decision.cleaned_data["version"],
        grades={pk: (grade["source"], grade["information"], grade["why"]) for pk,
        grade in given if grade["source"]},
        captions={pk: grade["caption"] for pk, grade in given if grade["caption"]},
    )  # fmt: skip


def _suggested(data: QueryDict) -> QueryDict:
    """What was sent, with the words of the suggested reason, and its decision, filled in."""
    filled = data.copy()
    if (asked := reason(data.get("suggest", ""))) is not None:
        filled["decision"] = asked.decision
        for lang, words in asked.in_both().items():
            name = f"reason_{lang.replace('-', '_')}"
            filled[name] = fill(filled.get(name, ""), words)
    return filled


@require_POST
@never_cache
@requires(Role.MODERATOR)
def open_sealed(request: HttpRequest, ref: str) -> HttpResponse:
    """The confidential data of a submission, shown in this response only. Each view is logged
    first, so this is a form and no link.

    The form of the decision comes along, so that nothing typed is lost.
    """
    user = current_account(request)
    submission = resolve_reference(
        Submission.objects.visible_to(user).select_related(
            "claim__company", "filed_by", "organisation"
        ),
        ref,
    )
    filing.open_sealed(by=user, submission=submission, now=timezone.now())
    return _page(request, user, submission, request.POST, status=200, opened=True)


def _page(  # noqa: PLR0913 — what the page shows
    request: HttpRequest,
    user: User,
    submission: Submission,
    data: QueryDict | None,
    *,
    status: int,
    decision: DecisionForm | None = None,
    sheets: list[ExhibitPanel] | None = None,
    opened: bool = False,
    kept: list[tuple[str, str]] | None = None,
) -> HttpResponse:
    """The page. Without forms they are bound to `data` and shown as they are, without complaint
    about what is still missing."""
    if decision is None or sheets is None:
        decision, sheets = (
            DecisionForm(data, row=submission),
            _sheets(user, submission, data, opened=opened),
        )
        for form in (decision, *(panel.form for panel in sheets)):
            form.is_valid()
            form.errors.clear()
    refill(request, decision, *(panel.form for panel in sheets))
    chosen = decision["decision"].value()
    context = {
        "submission": submission,
        "side": "" if (side := affiliation(submission)) == Affiliation.INDEPENDENT else side,
        "aspects": Aspect.objects.filter(claim=submission.claim)
        .select_related("criterion")
        .order_by("number"),
        "sheets": sheets,
        "decision": decision,
        "decisions": [(value, label, KEYS[value], value == chosen) for value, label in DECISIONS],
        "reasons": [
            (value, [reason for reason in REASONS if reason.decision == value])
            for value, _label in DECISIONS
        ],
        "clarifications": Clarification.objects.filter(submission=submission).order_by("number"),
        "blocked": filing.decision_blocked(by=user, submission=submission),
        "teardowns": teardowns_of(submission),
        "opened": opened,
        "kept": kept,
        "contact": ledger.unseal(submission, "contact") if opened and submission.contact else "",
        "anything_sealed": bool(submission.contact)
        or any(panel.exhibit.metadata for panel in sheets),
        "marks": user.has_role(Role.MODERATOR),
        "seal_blocked": objection(check_open_sealed, user, submission),
        "sealed_views": SealedView.objects.filter(submission=submission).order_by("-opened_at")[
            :20
        ],
        "custody": CustodyEvent.objects.filter(exhibit__submission=submission)
        .select_related("exhibit")
        .order_by("happened_at", "id"),
        "may_view_original": bool(sheets)
        and objection(check_view_original, user, sheets[0].exhibit) is None,
        **_beside(user, submission),
    }
    return render(request, "evidence/review.html", context, status=status)


def _beside(user: User, submission: Submission) -> dict[str, Any]:
    """The submissions that wait before and after this one, in the order of the desk, and how many
    wait. Own ones are others' work."""
    waiting = Submission.objects.waiting().exclude(filed_by=user).exclude(pk=submission.pk)
    later = waiting.filter(
        Q(filed_at__gt=submission.filed_at) | Q(filed_at=submission.filed_at, pk__gt=submission.pk)
    )
    earlier = waiting.filter(
        Q(filed_at__lt=submission.filed_at) | Q(filed_at=submission.filed_at, pk__lt=submission.pk)
    )
    return {
        "next": later.first() or earlier.first(),
        "previous": earlier.order_by("-filed_at", "-pk").first(),
        "others_waiting": waiting.count(),
    }


def _sheets(
    user: User, submission: Submission, data: QueryDict | None, *, opened: bool = False
) -> list[ExhibitPanel]:
    exhibits = list(
        Exhibit.objects.filter(submission=submission)
        .select_related("submission__claim")
        .seen_first("number")
    )
    unread = unread_because(exhibits)
    pictures: dict[UUID, dict[str, Rendition]] = defaultdict(dict)
    for rendition in Rendition.objects.filter(exhibit__submission=submission):
        pictures[rendition.exhibit_id][rendition.name] = rendition
    regions: dict[UUID, list[Region]] = defaultdict(list)
    for region in Region.objects.filter(exhibit__submission=submission).order_by("number"):
        regions[region.exhibit_id].append(region)
    others = similar_pictures(exhibits)
    # Who they are is the same question for each exhibit, so it is asked once.
    marking = objection(check_mark, user, submission)
    reading = objection(check_grade, user, exhibits[0]) if exhibits else None
    return [
        ExhibitPanel(
            exhibit=exhibit,
            picture=best(pictures[exhibit.pk]),
            unread=unread.get(exhibit.pk, ""),
            regions=regions[exhibit.pk],
            alike=others[exhibit.pk],
            form=GradeForm(data, exhibit=exhibit),
            metadata=described(json.loads(str(ledger.unseal(exhibit, "metadata"))))
            if opened and exhibit.metadata
            else None,
            blocked_marking=marking or objection(check_can_be_seen, exhibit),
            blocked_reading=reading or objection(check_unreadable, exhibit),
        )
        for exhibit in exhibits
    ]
