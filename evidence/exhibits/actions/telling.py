"""Who is told of what happens to a submission, each in the transaction of the act."""

from __future__ import annotations

from typing import Final

import notifications
from accounts.models import Role, User
from claims.models import Claim
from evidence.exhibits.models import Clarification, Submission
from evidence.exhibits.states import SubmissionStatus
from notifications import Kind

_DECIDED: Final = {
    SubmissionStatus.ACCEPTED.value: Kind.SUBMISSION_ACCEPTED,
    SubmissionStatus.RETURNED.value: Kind.SUBMISSION_RETURNED,
    SubmissionStatus.REFUSED.value: Kind.SUBMISSION_REFUSED,
}


def filed(submission: Submission, *, by: User) -> None:
    """Moderators: there is a submission to review."""
    notifications.tell(
        Kind.SUBMISSION_FILED, to=notifications.holders(Role.MODERATOR), about=submission, by=by
    )


def answered(clarification: Clarification, *, by: User) -> None:
    """Moderators: a question was answered."""
    notifications.tell(
        Kind.SUBMISSION_ANSWERED,
        to=notifications.holders(Role.MODERATOR),
        about=clarification,
        by=by,
        reference=clarification.submission.reference,
    )


def decided(submission: Submission, decision: str, *, by: User) -> None:
    """The submitter: what was decided. Each question is told, though the submission is the same."""
    questions = Clarification.objects.filter(submission=submission).count()
    notifications.tell(
        _DECIDED[decision],
        to=notifications.people([submission.filed_by_id]),
        about=submission,
        by=by,
        occurrence=str(questions) if decision == SubmissionStatus.RETURNED else "",
    )


def claim_withdrawn(claim: Claim) -> None:
    """Who submitted evidence on a claim: it was withdrawn."""
    filed_here = Submission.objects.filter(claim=claim).exclude(
        status__in=[SubmissionStatus.REFUSED, SubmissionStatus.WITHDRAWN]
    )
    notifications.tell(
        Kind.CLAIM_WITHDRAWN,
        to=notifications.people(filed_here.values("filed_by")),
        about=claim,
    )
