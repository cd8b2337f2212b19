"""The public document of a verdict: what is served, hashed into the verdict's leaf, and carried in
its bundle.

    {"format": "asclaimed-verdict@v2", "id": …, "reference": …, "claim": {…}, "aspect": {…},
    "rating": …, "salt": …, …}

Canonical JSON without floats. It is written once, at publication, and never again: later changes
(superseded, flags) are other leaves. The `salt` is random, so that the digest in the leaf confirms
nothing to anyone who does not hold the document.
"""

from __future__ import annotations

from typing import Any

from django.conf import settings

from claims.models import Claim, Criterion
from claims.moments import format_moment
from evidence.exhibits.affiliation import affiliations
from evidence.exhibits.models import Exhibit
from ledger.canonical import canonical
from ui.numbers import plain
from verdicts.models import Finding, Invitation, Reply, Verdict
from verdicts.outcome import with_summary
from verdicts.replies import reply_status_of
from verdicts.states import SCORES

FORMAT = "asclaimed-verdict@v2"


def compose(
    *,
    verdict: Verdict,
    claim: Claim,
    findings: list[Finding],
    exhibits: list[tuple[Exhibit, str]],
    invitation: Invitation,
    approved_by: str,
) -> dict[str, Any]:
    """The document of a verdict about to be published. `exhibits` pairs each with the digest of its
    published rendition."""
    criterion = Criterion.objects.filter(aspect=verdict.aspect).first()
    requests = list(Invitation.objects.filter(claim=claim).order_by("sent_at", "id"))
    replies = list(Reply.objects.public().filter(invitation__claim=claim).in_order())
    last = replies[-1] if replies else None
    sides = affiliations([exhibit.submission_id for exhibit, _digest in exhibits])
    return {
        "format": FORMAT,
        "id": str(verdict.pk),
        "reference": verdict.reference,
        "url": f"{settings.SITE_URL}/verdicts/{verdict.reference}/",
        "claim": {
            "id": str(claim.pk),
            "reference": claim.reference,
            "quote": claim.quote,
            "quote_lang": claim.quote_lang,
            "summary": claim.summary,
            "kind": claim.kind,
            "reconstruction": claim.reconstruction,
            "company": claim.company.name,
            "product": claim.product.name,
            "option": claim.option.name if claim.option else None,
            "stake": {"amount": plain(claim.stake), "currency": claim.currency}
            if claim.stake is not None
            else None,
        },
        "aspect": {
            "id": str(verdict.aspect_id),
            "number": verdict.aspect.number,
            "kind": verdict.aspect.kind,
            "statement": verdict.aspect.statement,
            "criterion": {
                "property": criterion.property,
                "comparator": criterion.comparator,
                "value": plain(criterion.value),
                "value_to": None if criterion.value_to is None else plain(criterion.value_to),
                "unit": criterion.unit,
                "tolerance": plain(criterion.tolerance),
                "conditions": criterion.conditions or None,
                "baseline": criterion.baseline or None,
                "basis": criterion.basis or None,
                "basis_kind": criterion.basis_kind,
                "figure": criterion.figure or None,
            }
            if criterion
            else None,
        },
        "rating": verdict.rating,
        "score": SCORES[verdict.rating],
        "mechanism": verdict.mechanism or None,
        "rationale": verdict.rationale,
        "attempts": verdict.attempts or None,
        "method_version": verdict.method_version,
        "conformity": with_summary(verdict.conformity),
        "independent": {
            "units": verdict.units,
            "contributors": verdict.contributors,
            "laboratories": verdict.laboratories,
        },
        "findings": [
            {
                "id": str(finding.pk),
                "conclusion": finding.conclusion,
                "reasoning": finding.reasoning,
            }
            for finding in findings
        ],
        "exhibits": [
            {
                "reference": exhibit.reference,
                "rendition": digest,
                "caption": exhibit.caption or None,
                "grade": f"{exhibit.grade_source}{exhibit.grade_information}" or None,
                "provenance": exhibit.provenance,
                "licence": exhibit.submission.licence,
                "affiliation": sides[exhibit.submission_id],
            }
            for exhibit, digest in exhibits
        ],
        "reply": {
            "status": reply_status_of(claim),
            "asked_at": format_moment(invitation.sent_at),
            "deadline_at": format_moment(invitation.deadline_at),
            "body": last.body if last else None,
            "lang": last.lang if last else None,
            "received_at": format_moment(last.received_at) if last else None,
            "entered": _entered(last) if last else None,
            "requests": [
                _request(
                    invitation, [reply for reply in replies if reply.invitation_id == invitation.pk]
                )
                for invitation in requests
            ],
        },
        "decided_by": [
            {"role": "adjudicator", "name": verdict.proposed_by.pseudonym},
            {"role": "adjudicator", "name": approved_by},
        ],
        "published_at": format_moment(verdict.published_at),
        "supersedes": verdict.supersedes.reference if verdict.supersedes else None,
        "salt": verdict.salt,
    }


def _request(request: Invitation, replies: list[Reply]) -> dict[str, Any]:
    return {
        "asked_at": format_moment(request.sent_at),
        "deadline_at": format_moment(request.deadline_at),
        "status": request.status,
        "replies": [
            {
                "id": str(reply.pk),
                "body": reply.body,
                "lang": reply.lang,
                "received_at": format_moment(reply.received_at),
                "entered": _entered(reply),
            }
            for reply in replies
        ],
    }


def _entered(reply: Reply) -> dict[str, Any] | None:
    """How it came here if the company did not give it itself: moderators entered it from its
    letter, and a second person checked it."""
    if reply.letter_date is None:
        return None
    return {
        "by": "moderators",
        "letter_date": reply.letter_date.isoformat(),
        "checked_by_second_person": True,
    }


def to_text(document: dict[str, Any]) -> str:
    """The served text of a document: RFC 8785."""
    return canonical(document).decode()
