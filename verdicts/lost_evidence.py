"""What is left of a standing verdict when evidence that it rests on is withdrawn by its submitter,
or its file deleted.

The verdict stays as it was published until two adjudicators replace it. Meanwhile desk and pages
say that, since when, and which of our rules it would no longer meet today.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Q
from django.utils.translation import gettext as _

import jobs
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Submission
from evidence.exhibits.states import ExhibitStatus, SubmissionStatus
from verdicts.actions import proposal_gates
from verdicts.basis import changed_numbers, exhibits_of
from verdicts.evidence_assessment import findings_that_count
from verdicts.models import Verdict


@dataclass(frozen=True)
class LostEvidence:
    """`withdrawn` and `erased` are what is gone; `gates` has a sentence for each rule that a
    verdict like this would not meet today."""

    verdict: Verdict
    withdrawn: list[Submission]
    erased: list[str]
    gates: list[str]
    changes: list[str]

    @property
    def since(self) -> datetime | None:
        """When the first of it was withdrawn."""
        return min(
            (submission.withdrawn_at for submission in self.withdrawn if submission.withdrawn_at),
            default=None,
        )


def lost_evidence_among(verdicts: Iterable[Verdict], now: datetime) -> dict[UUID, LostEvidence]:
    """Those of `verdicts` that evidence is missing from, by id. One query where there is none."""
    rows = (
        Verdict.objects.shaken()
        .filter(pk__in=[verdict.pk for verdict in verdicts])
        .select_related("aspect__claim")
    )
    return {row.pk: read_lost_evidence(row, now) for row in rows}


def read_lost_evidence(verdict: Verdict, now: datetime) -> LostEvidence:
    """What is gone from under a standing verdict, and every gate asked again with what is left."""
    pins = exhibits_of(verdict)
    left = [
        exhibit
        for exhibit in pins
        if exhibit.submission.status == SubmissionStatus.ACCEPTED
        and exhibit.status != ExhibitStatus.WITHHELD
    ]
    gates = proposal_gates(
        by=None, aspect=verdict.aspect, rating=verdict.rating, mechanism=verdict.mechanism,
        rationale=verdict.rationale,
        attempts=verdict.attempts, exhibits=left, now=now,
    )  # fmt: skip
    if not findings_that_count(verdict.aspect):
        gates.append(_("No finding on this point counts any more."))
    named = Q(
        findingexhibit__finding__aspect=verdict.aspect,
        findingexhibit__finding__created_at__lte=verdict.published_at,
    )
    rests_on = Exhibit.objects.filter(named | Q(pk__in=[exhibit.pk for exhibit in pins]))
    since = (
        verdict.proposed_at
    )  # what was withdrawn before the approval would have sent the proposal back
    measured = Q(teardown__measurement__aspect=verdict.aspect, decided_at__lte=since)
    withdrawn = Submission.objects.filter(
        Q(exhibit__in=rests_on) | measured, status=SubmissionStatus.WITHDRAWN
    )
    return LostEvidence(
        verdict=verdict,
        withdrawn=list(
            withdrawn.exclude(withdrawn_at__lt=since).distinct().order_by("withdrawn_at", "pk")
        ),
        erased=sorted(
            rests_on.filter(status=ExhibitStatus.WITHHELD)
            .values_list("reference", flat=True)
            .distinct()
        ),
        gates=[gate for gate in gates if gate],
        changes=changed_numbers(verdict, left),
    )


def report_again(submission: Submission) -> None:
    """A claim with a public verdict gets its report built anew when evidence on it is withdrawn."""
    claim = submission.claim_id
    if Verdict.objects.public().filter(aspect__claim=claim).exists():
        jobs.enqueue(
            "reports.discrepancy",
            {"claim": str(claim)},
            key=f"discrepancy:{claim}:withdrawn:{submission.pk}",
        )


def register() -> None:
    """Have withdrawals of evidence come by here."""
    filing.after_withdrawal.add(report_again)
