"""Verdicts: proposed by one adjudicator, published or returned by another."""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import jobs
import ledger
from accounts.models import Role, User
from claims.actions import set_progress
from claims.localized_text import LocalizedText, credit_translations
from claims.models import Aspect, Claim
from claims.states import Progress
from evidence.exhibits.models import Exhibit, Submission
from ledger import erasure
from verdicts import gates
from verdicts.actions import telling
from verdicts.actions.replies import latest_invitation
from verdicts.basis import (
    METHOD_VERSION,
    basis_of,
    differences,
    exhibits_of,
    holding_request,
    widest_renditions,
)
from verdicts.document import compose, to_text
from verdicts.evidence_assessment import (
    assess_evidence,
    counted_submissions,
    findings_that_count,
    independence,
)
from verdicts.models import (
    Finding,
    Reply,
    Verdict,
    VerdictDocument,
    VerdictExhibit,
)
from verdicts.states import VerdictStatus

#: The reason of a proposal that gives none. A leaf with a reason and one without would tell whether
#: a verdict stands on the point.
FIRST = "First verdict on this point."


class VerdictChangedError(Exception):
    """Someone else decided this proposal first; `verdict` is what it became."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"{verdict.reference} is {verdict.status} already")
        self.verdict = verdict


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
                    verdict=verdict, exhibit=exhibit, rendition_digest=widest.get(exhibit.pk, "")
                )
                for exhibit in exhibits
            ]
        )
    telling.proposed(verdict, by=by)
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
    telling.published(held, by=by)
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
    telling.sent_back(verdict, by=by)
