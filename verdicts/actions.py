"""Every change to what is concluded: findings, the company's say, proposing and approving verdicts.

Each action checks its gates (verdicts.gates) with the rows it is about to change locked, so that
two people acting at once get one result and one sentence.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import jobs
import ledger
from accounts.models import Role, User
from accounts.permissions import check_role
from claims.actions import ReasonRequiredError, check_company, lift_flag, raise_flag, set_progress
from claims.dates import AHEAD
from claims.editing import compare, lock_seen
from claims.localized_text import LocalizedText, credit_translations
from claims.models import Aspect, Claim, Company, Product, Source
from claims.states import PROGRESS_TRANSITIONS, FlagKind, Progress
from evidence.exhibits.models import Exhibit, Submission
from ledger import erasure
from verdicts import gates
from verdicts.basis import METHOD_VERSION as METHOD_VERSION
from verdicts.basis import basis_of, differences, exhibits_of, holding_request, widest_renditions
from verdicts.document import compose, to_text
from verdicts.evidence_assessment import assess_evidence as assess_evidence
from verdicts.evidence_assessment import counted_submissions, findings_that_count
from verdicts.evidence_assessment import excluded_measurements as excluded_measurements
from verdicts.evidence_assessment import independence as independence
from verdicts.models import (
    Finding,
    FindingExhibit,
    Incident,
    Invitation,
    Occurrence,
    Reply,
    Verdict,
    VerdictDocument,
    VerdictExhibit,
    Waiver,
)
from verdicts.replies import reply_status_of
from verdicts.reply_window import deadline
from verdicts.representation import is_representative
from verdicts.states import Exactness, InvitationStatus, ReplyStatus, VerdictStatus, WaiverStatus

#: The reason of a proposal that gives none. A leaf with a reason and one without would tell whether
#: a verdict stands on the point.
FIRST = "First verdict on this point."


class VerdictChangedError(Exception):
    """Someone else decided this proposal first; `verdict` is what it became."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.reference} is {verdict.status} already")
        self.verdict = verdict


class InvitationChangedError(Exception):
    """The reply window is not in the state that the change needs."""

    def __init__(self, invitation: Invitation) -> None:
        super().__init__(f"the invitation is {invitation.status}")
        self.invitation = invitation


class ReplyChangedError(Exception):
    """Someone else checked this entry first; `reply` is what it became."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the reply is {reply.status}")
        self.reply = reply


# --- findings -------------------------------------------------------------------------------------


def finding_gates(*, by: User, aspect: Aspect) -> list[str | None]:
    """What stands against `by` recording a finding on `aspect`."""
    return [
        gates.right_role(by, Role.MODERATOR),
        gates.claim_is_rateable(aspect.claim),
        gates.in_scope(aspect),
        gates.conflict_of_interest(by, aspect.claim),
    ]


@transaction.atomic
def record_finding(
    *,
    by: User,
    aspect: Aspect,
    conclusion: str,
    reasoning: LocalizedText,
    exhibits: Sequence[Exhibit],
    now: datetime,
) -> Finding:
    """Record a moderator's finding from accepted exhibits, with its reasons. Raises
    GateClosedError, ValidationError.

    One that was sent while a verdict was being approved is refused: it would open as if the verdict
    had been made from it.
    """
    Claim.objects.select_for_update().get(pk=aspect.claim_id)
    aspect.refresh_from_db(fields=["progress"])
    if Verdict.objects.public().filter(aspect=aspect, published_at__gte=now).exists():
        raise ValidationError(
            _(
                "A verdict on this point was published just now. Nothing was saved. Read it, then "
                "send the finding again."
            )
        )
    gates.require(
        *finding_gates(by=by, aspect=aspect), gates.accepted_exhibits(exhibits, aspect.claim)
    )
    finding = Finding(
        aspect=aspect, moderator=by, conclusion=conclusion, reasoning=reasoning, created_at=now
    )
    finding.full_clean(validate_constraints=False)
    with ledger.act("finding.recorded", by=by, role=Role.MODERATOR):
        finding.save(force_insert=True)
        FindingExhibit.objects.bulk_create(
            [FindingExhibit(finding=finding, exhibit=exhibit) for exhibit in exhibits]
        )
    set_progress(by=by, role=Role.MODERATOR, aspects=[aspect], progress=Progress.IN_PROGRESS)
    return finding


# --- what is judged -------------------------------------------------------------------------------


def scope_gates(*, by: User, aspect: Aspect) -> list[str | None]:
    """What stands against `by` saying whether `aspect` is judged at all."""
    return [
        gates.right_role(by, Role.MODERATOR),
        gates.claim_is_rateable(aspect.claim),
        gates.conflict_of_interest(by, aspect.claim),
        gates.unrated(aspect),
    ]


@transaction.atomic
def rule_out(*, by: User, aspect: Aspect, reason: str) -> None:
    """Rule a point out of scope. Idempotent. Raises GateClosedError, ReasonRequiredError."""
    _change_scope(by, aspect, reason, kind="aspect.ruled_out", progress=Progress.OUT_OF_SCOPE)


@transaction.atomic
def take_up_again(*, by: User, aspect: Aspect, reason: str) -> None:
    """Bring a point back into scope; the company gets another request for reply. Idempotent.

    Raises GateClosedError, ReasonRequiredError.
    """
    _change_scope(by, aspect, reason, kind="aspect.taken_up_again", progress=Progress.NOT_YET_RATED)


def _change_scope(by: User, aspect: Aspect, reason: str, *, kind: str, progress: str) -> None:
    held = Aspect.objects.select_for_update(of=("self",)).select_related("claim").get(pk=aspect.pk)
    gates.require(*scope_gates(by=by, aspect=held))
    if not reason.strip():
        raise ReasonRequiredError
    with ledger.act(kind, by=by, role=Role.MODERATOR, reason=reason):
        if progress in PROGRESS_TRANSITIONS[held.progress]:
            Aspect.objects.filter(pk=held.pk, progress=held.progress).update(progress=progress)


# --- the company's say ----------------------------------------------------------------------------


def _open_aspects(claim: Claim) -> list[Aspect]:
    """Aspects that have no verdict yet, in their order."""
    return list(
        Aspect.objects.filter(claim=claim)
        .exclude(verdict__status=VerdictStatus.PUBLISHED)
        .order_by("number")
    )


def window_end(now: datetime) -> datetime:
    """Until when a company that is asked now may answer."""
    window = getattr(settings, "REPLY_WINDOW", None)
    return now + window if window else deadline(now, working_days=settings.REPLY_WINDOW_DAYS)


@transaction.atomic
def request_reply(
    *, by: User, claim: Claim, allegation: LocalizedText, now: datetime
) -> Invitation:
    """Request a reply from the company and set its deadline. Idempotent for the same text.

    Raises GateClosedError, ValidationError, and InvitationChangedError where it was asked something
    else and its clock still runs.
    """
    gates.require(
        gates.right_role(by, Role.MODERATOR),
        gates.claim_is_rateable(claim),
        gates.conflict_of_interest(by, claim),
    )
    Claim.objects.select_for_update().get(pk=claim.pk)
    standing = Invitation.objects.filter(claim=claim, status=InvitationStatus.OPEN).first()
    if standing and standing.allegation != allegation:
        raise InvitationChangedError(standing)
    if standing:
        return standing
    ends = window_end(now)
    invitation = Invitation(
        claim=claim, allegation=allegation, invited_by=by, sent_at=now, deadline_at=ends
    )
    invitation.full_clean(validate_constraints=False)
    with ledger.act("company.invited", by=by, role=Role.MODERATOR):
        invitation.save(force_insert=True)
    set_progress(
        by=by,
        role=Role.MODERATOR,
        aspects=_open_aspects(claim),
        progress=Progress.REPLY_WINDOW_OPEN,
    )
    jobs.enqueue(
        "verdicts.close_window",
        {"invitation": str(invitation.pk)},
        key=f"close_window:{invitation.pk}",
        after=ends,
    )
    return invitation


def _lock_invitation(invitation: Invitation) -> Invitation:
    """The request, locked after its claim: what comes of two requests on one claim is written down
    one after the other."""
    Claim.objects.select_for_update().get(pk=invitation.claim_id)
    return (
        Invitation.objects.select_for_update(of=("self",))
        .select_related("claim__company")
        .get(pk=invitation.pk)
    )


def _close(
    invitation: Invitation, *, by: ledger.Actor, role: str, kind: str, now: datetime, **fields: Any
) -> None:
    was_open = invitation.status == InvitationStatus.OPEN
    # a reply that comes late does not say that the window was open until then
    closed = invitation.closed_at or now
    with ledger.act(kind, by=by, role=role):
        changed = Invitation.objects.filter(pk=invitation.pk, status=invitation.status).update(
            closed_at=closed, **fields
        )
    if not changed:
        raise InvitationChangedError(Invitation.objects.get(pk=invitation.pk))
    invitation.refresh_from_db()
    if was_open:  # a late reply to one request does not close another that is open
        set_progress(
            by=by, role=role, aspects=_open_aspects(invitation.claim), progress=Progress.IN_REVIEW
        )


def _flag(claim: Claim, *, by: ledger.Actor, role: str, now: datetime) -> None:
    """The flags of reply and of none by the deadline say what came of all that was asked, and never
    both. Call it with the claim locked."""
    came = reply_status_of(claim)
    flags = {
        FlagKind.COMPANY_REPLIED: InvitationStatus.REPLIED,
        FlagKind.COMPANY_SILENT: InvitationStatus.SILENT,
    }
    for kind, wanted in flags.items():
        if came == wanted:
            raise_flag(by=by, claim=claim, kind=kind, now=now, role=role)
        else:
            lift_flag(by=by, claim=claim, kind=kind, now=now, role=role)


@transaction.atomic
def close_window(*, by: ledger.Actor, invitation: Invitation, now: datetime) -> bool:
    """The deadline passed. Returns False if the window was closed before, is still open, or waits
    for an entered reply to be checked."""
    return _lapse(_lock_invitation(invitation), by=by, now=now)


def _lapse(held: Invitation, *, by: ledger.Actor, now: datetime) -> bool:
    """Record the outcome of a request for reply whose deadline has passed, once entered replies
    are checked. Call it with the claim locked."""
    if held.status != InvitationStatus.OPEN or held.deadline_at > now:
        return False
    if (
        Reply.objects.unchecked()
        .filter(invitation=held, received_at__lte=held.deadline_at)
        .exists()
    ):
        return False
    replies = Reply.objects.public().filter(invitation__claim=held.claim)
    here, before = replies.filter(invitation=held).exists(), replies.exists()
    _close(
        held, by=by, role="system", now=now,
        kind="company.window_closed" if here else "company.gave_no_further_reply" if before else "company.silent",
        status=InvitationStatus.REPLIED if here else InvitationStatus.NO_FURTHER_REPLY if before else InvitationStatus.SILENT,
    )  # fmt: skip
    _flag(held.claim, by=by, role="system", now=now)
    return True


def entry_gates(*, by: User, claim: Claim) -> list[str | None]:
    """What stands against `by` entering a reply that came to us by letter."""
    return [gates.right_role(by, Role.MODERATOR), gates.conflict_of_interest(by, claim)]


@transaction.atomic
def record_reply(
    *,
    by: User,
    invitation: Invitation,
    body: str,
    lang: str,
    now: datetime,
    letter_date: date | None = None,
) -> Reply:
    """Record the company's reply unedited, late ones too. Idempotent for the same text.

    Given by who speaks for the company, it is public at once and the first one closes the window.
    Entered by a moderator from a letter that came on `letter_date` (today unless given), it waits
    for a second person (`confirm_reply`), and never closes the window. Raises NotAllowedError,
    ValidationError.
    """
    check_role(by, Role.MODERATOR, Role.COMPANY_REPRESENTATIVE)
    given = by.has_role(Role.COMPANY_REPRESENTATIVE)
    gates.require(
        *(
            [is_representative(by, invitation.claim.company)]
            if given
            else entry_gates(by=by, claim=invitation.claim)
        )
    )
    held = _lock_invitation(invitation)
    if not body.strip():
        raise ValidationError(_("The reply is empty. Enter the company’s words."))
    came = None if given else letter_date or now.date()
    if came is not None:
        _check_letter_date(held, came, now)
    kept = Reply.objects.filter(invitation=held, body=body, lang=lang)
    if same := (
        kept.filter(status=ReplyStatus.GIVEN)
        if given
        else kept.exclude(status=ReplyStatus.DISCARDED)
    ).first():
        return same
    reply = Reply(
        invitation=held, status=ReplyStatus.GIVEN if given else ReplyStatus.ENTERED, body=body,
        lang=lang, letter_date=came,
        received_at=now, recorded_by=by,
    )  # fmt: skip
    reply.full_clean()
    role = Role.COMPANY_REPRESENTATIVE if given else Role.MODERATOR
    with ledger.act("company.replied" if given else "reply.entered", by=by, role=role):
        reply.save(force_insert=True)
    if given:
        if held.status != InvitationStatus.REPLIED:
            _close(
                held,
                by=by,
                role=role,
                kind="company.replied",
                now=now,
                status=InvitationStatus.REPLIED,
            )
        _made_public(reply, held, by=by, role=role, now=now)
    return reply


def _check_letter_date(invitation: Invitation, came: date, now: datetime) -> None:
    if came > (now + AHEAD).date():
        raise ValidationError(_("The date of the letter is in the future. Check it."))
    if came < (invitation.sent_at - AHEAD).date():
        raise ValidationError(
            _("We requested the reply on %(day)s. An earlier letter is not a reply to it.")
            % {"day": invitation.sent_at.date().isoformat()}
        )


def _made_public(
    reply: Reply, invitation: Invitation, *, by: User, role: str, now: datetime
) -> None:
    _flag(invitation.claim, by=by, role=role, now=now)
    # a report says what came of the request
    if Verdict.objects.public().filter(aspect__claim=invitation.claim).exists():
        jobs.enqueue(
            "reports.discrepancy",
            {"claim": str(invitation.claim_id)},
            key=f"discrepancy:{invitation.claim_id}:{reply.pk}",
        )


def check_gates(*, by: User, reply: Reply) -> list[str | None]:
    """What stands against `by` discarding an entered reply."""
    return [
        gates.right_role(by, Role.MODERATOR, Role.ADJUDICATOR),
        gates.conflict_of_interest(by, reply.invitation.claim),
    ]


def confirmation_gates(*, by: User, reply: Reply) -> list[str | None]:
    """What stands against `by` confirming an entered reply."""
    own = (
        _("You entered this reply, so another person must compare it with the letter.")
        if reply.recorded_by_id == by.pk
        else None
    )
    return [*check_gates(by=by, reply=reply), own]


@transaction.atomic
def confirm_reply(*, by: User, reply: Reply, now: datetime) -> None:
    """Confirm a reply entered from a letter, by another person who compared it. It becomes
    public.

    The window stays open until its deadline, or a waiver; where the deadline passed while the entry
    waited, it closes now. Raises GateClosedError, ReplyChangedError.
    """
    gates.require(*confirmation_gates(by=by, reply=reply))
    held = _lock_invitation(reply.invitation)
    _check_entry(reply, by=by, kind="reply.confirmed", status=ReplyStatus.CONFIRMED, now=now)
    if held.status in {
        InvitationStatus.SILENT,
        InvitationStatus.NO_FURTHER_REPLY,
        InvitationStatus.WAIVED,
    }:
        _close(
            held,
            by=by,
            role=_role(by),
            kind="company.replied",
            now=now,
            status=InvitationStatus.REPLIED,
        )
    _made_public(reply, held, by=by, role=_role(by), now=now)
    _lapse(held, by=ledger.SYSTEM, now=now)


@transaction.atomic
def discard_reply(*, by: User, reply: Reply, reason: str, now: datetime) -> None:
    """Discard a reply entered from a letter. It never becomes public. Also by the person who
    entered it.

    Raises GateClosedError, ReplyChangedError, ValidationError.
    """
    gates.require(*check_gates(by=by, reply=reply))
    if not reason.strip():
        raise ValidationError(_("Give the reason for discarding the entry."))
    held = _lock_invitation(reply.invitation)
    _check_entry(
        reply, by=by, kind="reply.discarded", status=ReplyStatus.DISCARDED, now=now, reason=reason
    )
    _lapse(held, by=ledger.SYSTEM, now=now)


def _role(by: User) -> str:
    return Role.MODERATOR if by.has_role(Role.MODERATOR) else Role.ADJUDICATOR


def _check_entry(
    reply: Reply, *, by: User, kind: str, status: str, now: datetime, reason: str = ""
) -> None:
    with ledger.act(kind, by=by, role=_role(by), reason=reason, reason_public=False):
        changed = (
            Reply.objects.unchecked()
            .filter(pk=reply.pk)
            .update(status=status, checked_by=by, checked_at=now)
        )
    if not changed:
        raise ReplyChangedError(Reply.objects.get(pk=reply.pk))


class WaiverChangedError(Exception):
    """The proposal to close early was decided before; `waiver` is what it is now."""

    def __init__(self, waiver: Waiver) -> None:
        super().__init__(f"waiver {waiver.pk} is {waiver.status}")
        self.waiver = waiver


@transaction.atomic
def propose_waiver(*, by: User, invitation: Invitation, reason: LocalizedText) -> Waiver:
    """Propose to end a reply period early, with a reason. Not public. Raises GateClosedError,
    InvitationChangedError."""
    gates.require(*waiver_gates(by=by, claim=invitation.claim))
    if not reason.get("text", "").strip():
        raise ValidationError(_("Give the reason for ending the reply period early."))
    held = _lock_invitation(invitation)
    if (
        held.status != InvitationStatus.OPEN
        or Waiver.objects.waiting().filter(invitation=held).exists()
    ):
        raise InvitationChangedError(held)
    waiver = Waiver(
        invitation=held, reason=credit_translations(reason, Role.ADJUDICATOR), proposed_by=by
    )
    waiver.full_clean(validate_constraints=False)
    with ledger.act("waiver.proposed", by=by, role=Role.ADJUDICATOR):
        waiver.save(force_insert=True)
    return waiver


def waiver_gates(*, by: User, claim: Claim) -> list[str | None]:
    """What stands against `by` proposing to close the time to reply early, or refusing it."""
    return [gates.right_role(by, Role.ADJUDICATOR), gates.conflict_of_interest(by, claim)]


def waiver_approval_gates(*, by: User, waiver: Waiver) -> list[str | None]:
    """What stands against `by` agreeing to close it."""
    claim = waiver.invitation.claim
    same = (
        _("You proposed to end the reply period early, so another person must approve it.")
        if waiver.proposed_by_id == by.pk
        else None
    )
    return [
        *waiver_gates(by=by, claim=claim),
        same,
        gates.still_free_to_waive(waiver.proposed_by, claim),
    ]


@transaction.atomic
def approve_waiver(*, by: User, waiver: Waiver, now: datetime, version: str = "") -> None:
    """Approve the early end of a reply period, by a second adjudicator. The reason becomes
    public.

    Raises GateClosedError, InvitationChangedError, WaiverChangedError, RowChangedError.
    """
    invitation, held = _lock_waiver(waiver)
    gates.require(*waiver_approval_gates(by=by, waiver=held))
    if invitation.status != InvitationStatus.OPEN:
        raise InvitationChangedError(invitation)
    if held.status != WaiverStatus.PROPOSED:
        raise WaiverChangedError(held)
    if version:
        compare(held, version)
    _decide_waiver(held, by=by, kind="waiver.approved", status=WaiverStatus.APPROVED, now=now)
    _close(
        invitation, by=by, role=Role.ADJUDICATOR, kind="waiver.approved", now=now,
        status=InvitationStatus.WAIVED,
        waiver_proposed_by=held.proposed_by, waiver_approved_by=by,
    )  # fmt: skip
    _flag(invitation.claim, by=by, role=Role.ADJUDICATOR, now=now)


@transaction.atomic
def refuse_waiver(*, by: User, waiver: Waiver, reason: str, now: datetime) -> None:
    """Decline the early end of a reply period. The proposal never becomes public. Also by the
    person who proposed it.

    Raises GateClosedError, WaiverChangedError, ValidationError.
    """
    _invitation, held = _lock_waiver(waiver)
    gates.require(*waiver_gates(by=by, claim=held.invitation.claim))
    if not reason.strip():
        raise ValidationError(_("Give the reason for keeping the reply period."))
    if held.status != WaiverStatus.PROPOSED:
        raise WaiverChangedError(held)
    _decide_waiver(
        held, by=by, kind="waiver.refused", status=WaiverStatus.REFUSED, now=now, reason=reason
    )


def _lock_waiver(waiver: Waiver) -> tuple[Invitation, Waiver]:
    """The request and its waiver, locked in this order."""
    invitation = _lock_invitation(waiver.invitation)
    held = (
        Waiver.objects.select_for_update(of=("self",))
        .select_related("proposed_by", "invitation__claim")
        .get(pk=waiver.pk)
    )
    return invitation, held


def _decide_waiver(
    waiver: Waiver, *, by: User, kind: str, status: str, now: datetime, reason: str = ""
) -> None:
    with ledger.act(kind, by=by, role=Role.ADJUDICATOR, reason=reason, reason_public=False):
        Waiver.objects.filter(pk=waiver.pk).update(status=status, decided_by=by, decided_at=now)


# --- verdicts -------------------------------------------------------------------------------------


def latest_invitation(claim: Claim) -> Invitation | None:
    """The newest invitation of a claim."""
    return Invitation.objects.filter(claim=claim).order_by("-sent_at", "-id").first()


def _unchecked(claim: Claim) -> list[Reply]:
    """What was entered from letters on a claim and nobody else has compared with them yet."""
    return list(
        Reply.objects.unchecked().filter(invitation__claim=claim).select_related("invitation")
    )


def proposal_gates(
    *,
    by: User | None,
    aspect: Aspect,
    rating: str,
    mechanism: str,
    rationale: LocalizedText,
    attempts: LocalizedText,
    exhibits: Sequence[Exhibit],
    now: datetime,
) -> list[str | None]:
    """What stands against `by` proposing this verdict; without `by`, what stands against it whoever
    proposes it, and whenever."""
    claim, findings = aspect.claim, findings_that_count(aspect)
    passed_over = Finding.objects.filter(aspect=aspect).count() - len(findings)
    of_the_person = [
        gates.right_role(by, Role.ADJUDICATOR),
        gates.conflict_of_interest(by, claim),
        gates.findings_of_another(by, findings, passed_over),
        gates.accepted_by_another(by, exhibits, counted_submissions(aspect, exhibits)),
        gates.discarded_none(by, claim),
        gates.reply_period_over(latest_invitation(claim), now),
        gates.letters_checked(_unchecked(claim)),
    ] if by else []  # fmt: skip
    return [
        *of_the_person,
        gates.claim_is_rateable(claim),
        gates.in_scope(aspect),
        gates.company_asked(aspect),
        gates.accepted_exhibits(exhibits, claim),
        gates.rests_on_something(rating, exhibits),
        gates.best_evidence(rating, exhibits),
        gates.attempts_listed(rating, attempts),
        gates.due_date_passed(rating, aspect, now),
        gates.consistent_with_numbers(rating, mechanism, assess_evidence(aspect)),
        gates.both_languages(rationale, attempts),
    ]


@transaction.atomic
def propose_verdict(
    *,
    by: User,
    aspect: Aspect,
    rating: str,
    rationale: LocalizedText,
    exhibits: Sequence[Exhibit],
    now: datetime,
    mechanism: str = "",
    attempts: LocalizedText | None = None,
    reason: str = "",
) -> Verdict:
    """Propose a verdict. Not public. It would replace a current verdict, with a reason.

    Raises GateClosedError, ValidationError.
    """
    claim = Claim.objects.select_for_update().get(pk=aspect.claim_id)
    aspect.refresh_from_db(fields=["progress"])
    aspect.claim = claim
    rationale, attempts = (
        credit_translations(rationale, Role.ADJUDICATOR),
        credit_translations(attempts or {}, Role.ADJUDICATOR),
    )
    gates.require(
        *proposal_gates(
            by=by,
            aspect=aspect,
            rating=rating,
            mechanism=mechanism,
            rationale=rationale,
            attempts=attempts,
            exhibits=exhibits,
            now=now,
        )
    )
    standing = Verdict.objects.current().filter(aspect=aspect).first()
    if standing and not reason.strip():
        raise ValidationError(
            _("This point already has a verdict. Give the reason for replacing it.")
        )
    if Verdict.objects.filter(aspect=aspect, status=VerdictStatus.PROPOSED).exists():
        raise ValidationError(
            _("A verdict on this point is already proposed and awaits the second adjudicator.")
        )
    conformity = assess_evidence(aspect)
    units, contributors, laboratories = independence(aspect, exhibits)
    widest = widest_renditions(exhibits)
    verdict = Verdict(
        aspect=aspect, rating=rating, mechanism=mechanism, rationale=rationale, attempts=attempts,
        method_version=METHOD_VERSION,
        supersedes=standing, conformity=conformity.to_json() if conformity else None, units=units,
        contributors=contributors,
        laboratories=laboratories, proposed_from=basis_of(aspect, exhibits), proposed_by=by,
        proposed_at=now,
    )  # fmt: skip
    verdict.full_clean(validate_constraints=False)
    with ledger.act(
        "verdict.proposed", by=by, role=Role.ADJUDICATOR, reason=reason if reason.strip() else FIRST
    ):
        verdict.save(force_insert=True)
        VerdictExhibit.objects.bulk_create(
            [
                VerdictExhibit(
                    verdict=verdict, exhibit=one, rendition_digest=widest.get(one.pk, "")
                )
                for one in exhibits
            ]
        )
    return verdict


def approver_gates(*, by: User, verdict: Verdict, now: datetime) -> list[str | None]:
    """What stands against `by` approving `verdict` now, whatever it says. Another person, or
    another day, may do it."""
    return [
        gates.right_role(by, Role.ADJUDICATOR),
        gates.four_eyes(by, verdict),
        gates.conflict_of_interest(by, verdict.aspect.claim),
        gates.wrote_no_finding(by, Finding.objects.filter(aspect=verdict.aspect)),
        gates.accepted_none(by, counted_submissions(verdict.aspect, exhibits_of(verdict))),
        gates.discarded_none(by, verdict.aspect.claim),
        gates.reply_period_over(holding_request(verdict), now),
        gates.letters_checked(_unchecked(verdict.aspect.claim)),
    ]


def standing_gates(*, verdict: Verdict, now: datetime) -> list[str | None]:
    """What stands against publishing `verdict` as it was proposed: every gate asked again of the
    proposer, the authors of the findings and the evidence, and each difference between what it was
    made from and what is there now."""
    return [
        gates.still_free_to_propose(verdict.proposed_by, verdict.aspect.claim,
        findings_that_count(verdict.aspect)),
        gates.proposer_discarded_none(verdict.proposed_by, verdict.aspect.claim),
        *proposal_gates(
            by=None, aspect=verdict.aspect, rating=verdict.rating, mechanism=verdict.mechanism,
            rationale=verdict.rationale,
            attempts=verdict.attempts, exhibits=exhibits_of(verdict), now=now,
        ),
        *differences(verdict),
    ]  # fmt: skip


def approve_verdict(*, by: User, verdict: Verdict, now: datetime) -> Verdict:
    """The second person approves: the verdict is published, or goes back to its proposer where it
    no longer holds as it was proposed.

    Raises VerdictChangedError when it was decided before, GateClosedError where `by` may not
    approve it now (nothing is changed), and SentBackError, which is stored when it is raised.
    """
    try:
        return _publish(by=by, verdict=verdict, now=now)
    except gates.SentBackError as closed:
        _send_back(by=by, verdict=verdict, reason="\n".join(closed.reasons), now=now)
        raise


@transaction.atomic
def _publish(*, by: User, verdict: Verdict, now: datetime) -> Verdict:
    """1. lock the proposal and all that it is weighed from, and ask every gate again; 2. supersede
    what stands; 3. compose the document and publish by compare-and-set; 4. write down the jobs that
    publish its file and build the reports."""
    erasure.block_erasure()
    _lock_evidence(verdict)
    locked = Verdict.objects.select_for_update(of=("self", "aspect"))
    held = locked.select_related("aspect__claim", "proposed_by", "supersedes").get(pk=verdict.pk)
    if held.status != VerdictStatus.PROPOSED:
        raise VerdictChangedError(held)
    gates.require(*approver_gates(by=by, verdict=held, now=now))
    if closed := [reason for reason in standing_gates(verdict=held, now=now) if reason]:
        raise gates.SentBackError(closed)
    claim = Claim.objects.select_related("company", "product", "option").get(
        pk=held.aspect.claim_id
    )
    invitation = holding_request(held)
    assert invitation is not None  # reply_period_over was asked above
    held.published_at, held.salt = now, secrets.token_hex(32)
    pins = held.verdictexhibit_set.select_related("exhibit__submission").order_by(
        "exhibit__reference"
    )
    text = to_text(
        compose(
            verdict=held,
            claim=claim,
            findings=findings_that_count(held.aspect),
            exhibits=[(pin.exhibit, pin.rendition_digest) for pin in pins],
            invitation=invitation,
            approved_by=by.pseudonym,
        )
    )
    with ledger.act("verdict.superseded", by=by, role=Role.ADJUDICATOR):
        Verdict.objects.current().filter(aspect=held.aspect).update(status=VerdictStatus.SUPERSEDED)
    with ledger.act("verdict.published", by=by, role=Role.ADJUDICATOR):
        published = Verdict.objects.filter(pk=held.pk, status=VerdictStatus.PROPOSED).update(
            status=VerdictStatus.PUBLISHED, decided_by=by, decided_at=now, published_at=now,
            salt=held.salt,
            document_digest=hashlib.sha256(text.encode()).hexdigest(),
        )  # fmt: skip
    if not published:
        raise VerdictChangedError(Verdict.objects.get(pk=held.pk))
    set_progress(by=by, role=Role.ADJUDICATOR, aspects=[held.aspect], progress=Progress.RATED)
    VerdictDocument.objects.create(verdict=held, body=text)
    jobs.enqueue("verdicts.publish", {"verdict": str(held.pk)}, key=f"publish:{held.pk}")
    jobs.enqueue(
        "reports.discrepancy", {"claim": str(claim.pk)}, key=f"discrepancy:{claim.pk}:{held.pk}"
    )
    held.refresh_from_db()
    return held


def _lock_evidence(verdict: Verdict) -> None:
    """Nobody submits, withdraws or decides on evidence on the claim until the verdict is decided.
    The claim first, as everywhere."""
    claim = Claim.objects.select_for_update().get(aspect=verdict.aspect_id)
    list(
        Submission.objects.select_for_update(of=("self",))
        .filter(claim=claim)
        .order_by("pk")
        .values_list("pk")
    )


def rejection_gates(*, by: User, verdict: Verdict) -> list[str | None]:
    """What stands against `by` sending `verdict` back."""
    return [
        gates.right_role(by, Role.ADJUDICATOR),
        gates.four_eyes(by, verdict),
        gates.conflict_of_interest(by, verdict.aspect.claim),
    ]


@transaction.atomic
def reject_verdict(*, by: User, verdict: Verdict, reason: str, now: datetime) -> None:
    """The second person sends a proposal back, with a reason; what it would have superseded is free
    for the next proposal.

    Raises GateClosedError, VerdictChangedError, ValidationError.
    """
    gates.require(*rejection_gates(by=by, verdict=verdict))
    if not reason.strip():
        raise ValidationError(_("Give the reason for returning it."))
    _send_back(by=by, verdict=verdict, reason=reason, now=now)


@transaction.atomic
def _send_back(*, by: User, verdict: Verdict, reason: str, now: datetime) -> None:
    """Return a proposal to its proposer: the second adjudicator returned it, or its basis has
    changed."""
    with ledger.act(
        "verdict.sent_back", by=by, role=Role.ADJUDICATOR, reason=reason, reason_public=False
    ):
        changed = Verdict.objects.filter(pk=verdict.pk, status=VerdictStatus.PROPOSED).update(
            status=VerdictStatus.REJECTED,
            decided_by=by,
            decided_at=now,
            supersedes=None,
            sent_back_reason=reason,
        )
    if not changed:
        raise VerdictChangedError(Verdict.objects.get(pk=verdict.pk))


# --- after harm -----------------------------------------------------------------------------------


@transaction.atomic
def open_incident(
    *,
    by: User,
    company: Company,
    title: LocalizedText,
    now: datetime,
    summary: LocalizedText | None = None,
    product: Product | None = None,
    reconstruction: bool = False,
) -> Incident:
    """Create an incident timeline. Raises NotAllowedError, ValidationError."""
    check_role(by, Role.MODERATOR)
    if product is not None and product.company_id != company.pk:
        raise ValidationError(_("The product belongs to another company."))
    incident = Incident(
        company=company,
        product=product,
        title=title,
        summary=summary or {},
        reconstruction=reconstruction,
        created_at=now,
    )
    incident.full_clean()
    with ledger.act("incident.opened", by=by, role=Role.MODERATOR):
        incident.save(force_insert=True)
    return incident


@transaction.atomic
def add_event(
    *,
    by: User,
    incident: Incident,
    kind: str,
    actor: str,
    happened_at: datetime,
    text: LocalizedText,
    now: datetime,
    exact_to: str = Exactness.MINUTE,
    source: Source | None = None,
) -> Occurrence:
    """Add an event to an incident timeline, with its source if there is one. Raises
    NotAllowedError, ValidationError."""
    check_role(by, Role.MODERATOR)
    if happened_at > now:
        raise ValidationError(_("The time of the event is in the future. Check it."))
    check_company(incident.company_id, source)
    event = Occurrence(
        incident=incident,
        kind=kind,
        actor=actor,
        happened_at=happened_at,
        exact_to=exact_to,
        text=text,
        source=source,
        created_at=now,
    )
    event.full_clean()
    with ledger.act("incident.event_added", by=by, role=Role.MODERATOR):
        event.save(force_insert=True)
    return event


@transaction.atomic
def correct_event(
    *,
    by: User,
    event: Occurrence,
    reason: str,
    now: datetime,
    happened_at: datetime | None = None,
    exact_to: str | None = None,
    text: LocalizedText | None = None,
    source: Source | None = None,
    version: str = "",
) -> Occurrence:
    """Correct an event of an incident timeline. The earlier text stays in the change history.
    `version` is what the form was opened on.

    Raises ReasonRequiredError, NotAllowedError, RowChangedError, ValidationError.
    """
    check_role(by, Role.MODERATOR)
    if not reason.strip():
        raise ReasonRequiredError
    held = lock_seen(event, version)
    asked = {"happened_at": happened_at, "exact_to": exact_to, "text": text, "source": source}
    changed = [
        name for name, value in asked.items() if value is not None and value != getattr(held, name)
    ]
    if not changed:
        return held
    for name in changed:
        setattr(held, name, asked[name])
    if held.happened_at > now:
        raise ValidationError(_("The time of the event is in the future. Check it."))
    check_company(held.incident.company_id, held.source)
    held.full_clean()
    with ledger.act("incident.event_corrected", by=by, role=Role.MODERATOR, reason=reason):
        held.save(update_fields=changed)
    return held
