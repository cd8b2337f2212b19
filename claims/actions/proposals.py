"""Claims are proposed by anyone, and moderators decide what becomes of each: registered, merged
with one that stands, recorded as puffery, refused, or returned with a question."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Final

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.crypto import salted_hmac
from django.utils.translation import gettext as _

import ledger
from accounts.models import OrganisationKind, Role, User
from claims.actions import telling
from claims.actions.cases import NewCase, register_case
from claims.actions.claims import NewAspect
from claims.actions.rows import store
from claims.editing import compare
from claims.localized_text import LocalizedText
from claims.models import Claim, ClaimProposal, ProposalQuestion
from claims.permissions import (
    check_answer_proposal,
    check_merge,
    check_propose,
    check_triage,
    check_withdraw_proposal,
)
from claims.states import UNDECIDED, ClaimKind, ClaimProposalStatus

DAY: Final = timedelta(days=1)
#: Bodies whose people file for many, and so propose more in a day.
GROUPS: Final = (
    OrganisationKind.CONSUMER_GROUP,
    OrganisationKind.LABORATORY,
    OrganisationKind.NEWSROOM,
)


class ProposalChangedError(Exception):
    """Someone else decided it first, or its proposer withdrew it; `proposal` is what it became."""

    def __init__(self, proposal: ClaimProposal) -> None:
        super().__init__(f"{proposal.reference} is {proposal.status} already")
        self.proposal = proposal


class ProposalKeyReusedError(Exception):
    """The idempotency key was used before, with other content; `proposal` is what was proposed
    then."""

    def __init__(self, proposal: ClaimProposal) -> None:
        super().__init__(f"the key of {proposal.reference} came with other content")
        self.proposal = proposal


class ProposalQuotaError(ValidationError):
    """The account has proposed as much as it may in a day."""

    def __init__(self, most: int) -> None:
        super().__init__(
            _(
                "You have reached the daily limit of %(most)s proposals. Nothing was saved. "
                "Continue tomorrow."
            )
            % {"most": most},
            code="quota_reached",
        )


@dataclass(frozen=True)
class NewProposal:
    """A claim as somebody proposes it. `place` says where the words are if no `address` leads
    there."""

    quote: str
    quote_lang: str
    channel: str
    company_name: str
    why: str
    address: str = ""
    place: str = ""
    product_name: str = ""


def proposals_left(by: User, now: datetime) -> tuple[int, int]:
    """How many claims an account may still propose today, and how many in a day: more for people
    of a consumer group, a laboratory or a newsroom."""
    for_many = by.membership_set.current().filter(organisation__kind__in=GROUPS).exists()
    most = settings.PROPOSALS_PER_DAY_FOR_GROUPS if for_many else settings.PROPOSALS_PER_DAY
    proposed = ClaimProposal.objects.filter(proposed_by=by, proposed_at__gt=now - DAY).count()
    return max(most - proposed, 0), most


@transaction.atomic
def propose_claim(
    *, by: User, proposal: NewProposal, now: datetime, idempotency_key: str = ""
) -> ClaimProposal:
    """Propose a claim to moderators. The same `idempotency_key` by the same account gives the
    proposal that is there, if it came with the same content.

    Raises NotAllowedError, ProposalQuotaError, ProposalKeyReusedError, ValidationError.
    """
    return propose_claims(by=by, proposals=[proposal], now=now, idempotency_key=idempotency_key)[0]


@transaction.atomic
def propose_claims(
    *, by: User, proposals: Sequence[NewProposal], now: datetime, idempotency_key: str = ""
) -> list[ClaimProposal]:
    """Propose several claims: all of them or none. Of a key that came before, the proposals that
    were made then.

    Raises NotAllowedError, ProposalQuotaError, ProposalKeyReusedError, ValidationError.
    """
    check_propose(by)
    # One proposing of an account at a time: a key sent twice at once is still one, and the limit
    # holds.
    User.objects.select_for_update().get(pk=by.pk)
    content = content_key(proposals)
    keys = [
        idempotency_key and (f"{idempotency_key}#{number}" if number else idempotency_key)
        for number in range(len(proposals))
    ]
    if idempotency_key:
        earlier = ClaimProposal.objects.filter(proposed_by=by, idempotency_key__in=keys)
        rows = {row.idempotency_key: row for row in earlier}
        if rows and (len(rows) < len(keys) or rows[keys[0]].content_key != content):
            raise ProposalKeyReusedError(next(iter(rows.values())))
        if rows:
            return [rows[key] for key in keys]
    left, most = proposals_left(by, now)
    if len(proposals) > left:
        raise ProposalQuotaError(most)
    return [
        _propose(by, proposal, now, key, content)
        for proposal, key in zip(proposals, keys, strict=True)
    ]


def content_key(proposals: Sequence[NewProposal]) -> str:
    """What is compared when an idempotency key comes again: a keyed hash of all that came with
    it."""
    content = repr([sorted(vars(proposal).items()) for proposal in proposals])
    return salted_hmac("claims.proposals", content, algorithm="sha256").hexdigest()


def _propose(
    by: User, proposal: NewProposal, now: datetime, key: str, content: str
) -> ClaimProposal:
    """Propose a claim to moderators."""
    if not proposal.address and not proposal.place.strip():
        raise ValidationError(
            {"address": _("Give the address of the words, or describe where they are.")}
        )
    row = ClaimProposal(
        proposed_by=by, proposed_at=now, proposed_date=now.date(), idempotency_key=key,
        content_key=content if key else "", **vars(proposal),
    )  # fmt: skip
    with ledger.act("claim_proposal.made", by=by, role=Role.CONTRIBUTOR, name=row.pseudonym):
        store(row)
    telling.proposed(row, by=by)
    return row


@transaction.atomic
def answer_proposal(
    *, by: User, proposal: ClaimProposal, answer: str, lang: str, now: datetime
) -> ClaimProposal:
    """Record the proposer's reply to a question. A moderator then decides again.

    Raises NotAllowedError, ProposalChangedError (it was answered, withdrawn or decided meanwhile),
    ValidationError.
    """
    held = ClaimProposal.objects.select_for_update().get(pk=proposal.pk)
    if held.status != ClaimProposalStatus.RETURNED:
        raise ProposalChangedError(held)
    check_answer_proposal(by, held)
    if not answer.strip():
        raise ValidationError(_("Write a reply."))
    row = ProposalQuestion(
        proposal=held,
        number=ProposalQuestion.objects.filter(proposal=held).count() + 1,
        question=held.decision_reason,
        answer=answer.strip(),
        lang=lang,
        answered_at=now,
    )
    undecided = dict.fromkeys(("decided_by", "decided_at", "decided_date"))
    with ledger.act("claim_proposal.answered", by=by, role=Role.CONTRIBUTOR, name=held.pseudonym):
        store(row)
        _move(held, ClaimProposalStatus.PROPOSED, decision_reason={}, **undecided)
    telling.proposed(held, by=by)
    return held


@transaction.atomic
def withdraw_proposal(*, by: User, proposal: ClaimProposal, now: datetime) -> ClaimProposal:
    """Withdraw a proposal that is not decided, by its proposer. Raises NotAllowedError,
    ProposalChangedError."""
    held = ClaimProposal.objects.select_for_update().get(pk=proposal.pk)
    if held.status not in UNDECIDED:
        raise ProposalChangedError(held)
    check_withdraw_proposal(by, held)
    undecided = dict.fromkeys(("decided_by", "decided_at", "decided_date"))
    with ledger.act("claim_proposal.withdrawn", by=by, role=Role.CONTRIBUTOR, name=held.pseudonym):
        _move(held, ClaimProposalStatus.WITHDRAWN, **undecided)
    return held


def _held(proposal: ClaimProposal, version: str) -> ClaimProposal:
    """The proposal as it is stored, locked, if it still waits and is what the page showed. Raises
    ProposalChangedError, RowChangedError."""
    held = ClaimProposal.objects.select_for_update().get(pk=proposal.pk)
    if held.status not in UNDECIDED:
        raise ProposalChangedError(held)
    if version:
        compare(held, version)
    return held


def _move(held: ClaimProposal, status: str, **fields: Any) -> None:
    changed = ClaimProposal.objects.filter(pk=held.pk, status=held.status).update(
        status=status, **fields
    )
    if not changed:
        raise ProposalChangedError(ClaimProposal.objects.get(pk=held.pk))
    held.refresh_from_db()


def _decide(
    held: ClaimProposal,
    status: str,
    *,
    by: User,
    reason: LocalizedText,
    now: datetime,
    claim: Claim | None = None,
) -> None:
    """Decide what becomes of a proposed claim: published, merged, recorded as puffery, not
    accepted, or returned with a question."""
    with ledger.act(f"claim_proposal.{status}", by=by, role=Role.MODERATOR):
        _move(
            held,
            status,
            claim=claim,
            decision_reason=reason,
            decided_by=by,
            decided_at=now,
            decided_date=now.date(),
        )
    telling.decided(held, by=by)


def _check_reason(reason: LocalizedText) -> None:
    if not reason.get("text", "").strip():
        raise ValidationError(
            _("Give a reason. The person who proposed it reads it."), code="reason_missing"
        )


@transaction.atomic
def return_proposal(
    *, by: User, proposal: ClaimProposal, question: LocalizedText, now: datetime, version: str = ""
) -> ClaimProposal:
    """Ask the proposer a question. Raises NotAllowedError, ProposalChangedError, RowChangedError,
    ValidationError."""
    held = _held(proposal, version)
    check_triage(by, held)
    if held.status == ClaimProposalStatus.RETURNED:
        raise ValidationError(_("A question about this proposal already awaits a reply."))
    _check_reason(question)
    _decide(held, ClaimProposalStatus.RETURNED, by=by, reason=question, now=now)
    return held


@transaction.atomic
def refuse_proposal(
    *, by: User, proposal: ClaimProposal, reason: LocalizedText, now: datetime, version: str = ""
) -> ClaimProposal:
    """Do not accept a proposal, with a reason that its proposer reads. Raises NotAllowedError,
    ProposalChangedError, RowChangedError, ValidationError."""
    held = _held(proposal, version)
    check_triage(by, held)
    _check_reason(reason)
    _decide(held, ClaimProposalStatus.REFUSED, by=by, reason=reason, now=now)
    return held


@transaction.atomic
def merge_proposal(
    *,
    by: User,
    proposal: ClaimProposal,
    claim: Claim,
    reason: LocalizedText,
    now: datetime,
    version: str = "",
) -> ClaimProposal:
    """Merge a proposal with a claim that stands and says the same. Raises NotAllowedError,
    ProposalChangedError, RowChangedError, ValidationError."""
    held = _held(proposal, version)
    claim = Claim.objects.select_for_update(of=("self",)).get(pk=claim.pk)
    check_merge(by, held, claim)
    _check_reason(reason)
    _decide(held, ClaimProposalStatus.MERGED, by=by, reason=reason, now=now, claim=claim)
    return held


@transaction.atomic
def register_proposal(
    *,
    by: User,
    proposal: ClaimProposal,
    case: NewCase,
    aspects: list[NewAspect],
    now: datetime,
    reason: LocalizedText | None = None,
    version: str = "",
) -> Claim:
    """Register the claim that was proposed, and say so on the proposal: both or neither. Puffery
    needs a reason.

    Raises NotAllowedError, ProposalChangedError, RowChangedError, ValidationError.
    """
    held = _held(proposal, version)
    check_triage(by, held)
    is_puffery = case.kind == ClaimKind.PUFFERY
    if is_puffery:
        _check_reason(reason or {})
    claim = register_case(by=by, case=case, aspects=aspects, now=now)
    status = ClaimProposalStatus.PUFFERY if is_puffery else ClaimProposalStatus.REGISTERED
    _decide(held, status, by=by, reason=reason or {}, now=now, claim=claim)
    return claim
