"""The company's say: requests for a reply, their deadlines, replies and letters, and ending the
reply period early."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import jobs
import ledger
from accounts.models import Role, User
from accounts.permissions import check_role
from claims.actions import lift_flag, raise_flag, set_progress
from claims.dates import AHEAD
from claims.editing import compare
from claims.localized_text import LocalizedText, credit_translations
from claims.models import Aspect, Claim
from claims.states import FlagKind, Progress
from ui.in_words import day_in_words
from verdicts import gates
from verdicts.actions import telling
from verdicts.actions.deadlines import (
    InvitationChangedError,
    close_at_deadline,
    lock_invitation,
    reply_period,
)
from verdicts.models import (
    Invitation,
    Reply,
    Verdict,
    Waiver,
)
from verdicts.replies import reply_status_of
from verdicts.representation import is_representative
from verdicts.states import InvitationStatus, ReplyStatus, VerdictStatus, WaiverStatus


class ReplyChangedError(Exception):
    """Someone else checked this entry first; `reply` is what it became."""

    def __init__(self, reply: Reply) -> None:
        super().__init__(f"the reply is {reply.status}")
        self.reply = reply


def _open_aspects(claim: Claim) -> list[Aspect]:
    """Aspects that have no verdict yet, in their order."""
    return list(
        Aspect.objects.filter(claim=claim)
        .exclude(verdict__status=VerdictStatus.PUBLISHED)
        .order_by("number")
    )


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
    invitation = Invitation(
        claim=claim, allegation=allegation, invited_by=by, sent_at=now,
        **reply_period(claim.company, now),
    )  # fmt: skip
    invitation.full_clean(validate_constraints=False)
    with ledger.act("company.invited", by=by, role=Role.MODERATOR):
        invitation.save(force_insert=True)
    set_progress(
        by=by,
        role=Role.MODERATOR,
        aspects=_open_aspects(claim),
        progress=Progress.REPLY_WINDOW_OPEN,
    )
    close_at_deadline(invitation)
    telling.requested(invitation, by=by)
    return invitation


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
    return _lapse(lock_invitation(invitation), by=by, now=now)


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
        kind=(
            "company.window_closed" if here
            else "company.gave_no_further_reply" if before
            else "company.silent"
        ),
        status=(
            InvitationStatus.REPLIED if here
            else InvitationStatus.NO_FURTHER_REPLY if before
            else InvitationStatus.SILENT
        ),
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
    held = lock_invitation(invitation)
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
    else:
        telling.entered(reply, by=by)
    return reply


def _check_letter_date(invitation: Invitation, came: date, now: datetime) -> None:
    if came > (now + AHEAD).date():
        raise ValidationError(_("The date of the letter is in the future. Check it."))
    if came < (invitation.sent_at - AHEAD).date():
        raise ValidationError(
            _("We requested the reply on %(day)s. An earlier letter is not a reply to it.")
            % {"day": day_in_words(invitation.sent_at)}
        )


def _made_public(
    reply: Reply, invitation: Invitation, *, by: User, role: str, now: datetime
) -> None:
    _flag(invitation.claim, by=by, role=role, now=now)
    telling.replied(reply, by=by)
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
    held = lock_invitation(reply.invitation)
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
    held = lock_invitation(reply.invitation)
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
    held = lock_invitation(invitation)
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
    invitation = lock_invitation(waiver.invitation)
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


def latest_invitation(claim: Claim) -> Invitation | None:
    """The newest invitation of a claim."""
    return Invitation.objects.filter(claim=claim).order_by("-sent_at", "-id").first()
