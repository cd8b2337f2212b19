"""What an account holds here: its submissions and what was written in them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import ledger
from accounts import own_data
from accounts.models import User
from accounts.own_data import Sealed, rows
from evidence.exhibits.models import Clarification, Exhibit, StagedPhoto, Submission


def register() -> None:
    """Have the submissions of a person in the file of their data."""
    own_data.register("submissions", submissions, contacts)
    own_data.register(
        "photos_not_sent",
        lambda user: rows(
            StagedPhoto.objects.kept().filter(user=user), "filename", "size", "created_at"
        ),
    )


def submissions(user: User) -> list[dict[str, Any]]:
    """Those of the account, with the contact only where it is the person's own: an organisation
    gives that of somebody else."""
    own = (
        Submission.objects.filter(filed_by=user)
        .select_related("claim", "organisation")
        .order_by("filed_at", "pk")
    )
    return [_submission(row) for row in own]


def contacts(user: User) -> Iterator[Sealed]:
    """The contacts that the person gave of themselves."""
    own = Submission.objects.filter(filed_by=user, organisation=None, contact__isnull=False)
    return (Sealed("submission", str(row.pk), ("contact",)) for row in own)


def _submission(row: Submission) -> dict[str, Any]:
    return {
        "reference": row.reference,
        "claim": row.claim.reference,
        "status": row.status,
        "pseudonym": row.pseudonym,
        "organisation": row.organisation.name if row.organisation else None,
        "filed_at": row.filed_at,
        "narrative": row.narrative,
        "narrative_lang": row.narrative_lang,
        "licence": row.licence,
        "contact": None if row.organisation else ledger.unseal(row, "contact"),
        "decision_reason": row.decision_reason,
        "withdrawn_at": row.withdrawn_at,
        "withdrawal_reason": row.withdrawal_reason,
        "questions": rows(
            Clarification.objects.filter(submission=row),
            "question",
            "answer",
            "lang",
            "answered_at",
        ),
        "files": [
            {
                "reference": exhibit.reference,
                "filename": ledger.unseal(exhibit, "filename"),
                "media_type": exhibit.media_type,
                "size": exhibit.size,
                "caption": exhibit.caption,
                "status": exhibit.status,
            }
            for exhibit in Exhibit.objects.filter(submission=row).order_by("number")
        ],
    }
