"""What an account wrote here, under its pseudonym or for its company."""

from __future__ import annotations

from typing import Any

from accounts import own_data
from accounts.models import User
from accounts.own_data import rows
from verdicts.models import Finding, Invitation, Reply, Verdict, Waiver


def register() -> None:
    """Have what a person wrote here in the file of their data."""
    own_data.register("verdicts", written)


def written(user: User) -> dict[str, list[dict[str, Any]]]:
    """Findings, proposals, requests for reply and replies, each with the words of this person
    alone."""
    return {
        "findings": rows(
            Finding.objects.filter(moderator=user),
            "aspect__claim__reference", "conclusion", "reasoning", "created_at",
        ),
        "proposed": rows(
            Verdict.objects.filter(proposed_by=user),
            "reference", "rating", "rationale", "attempts", "status", "proposed_at",
        ),
        "requests": rows(
            Invitation.objects.filter(invited_by=user), "claim__reference", "allegation", "sent_at"
        ),
        "replies": rows(
            Reply.objects.filter(recorded_by=user),
            "invitation__claim__reference", "body", "lang", "status", "received_at",
        ),
        "waivers": rows(
            Waiver.objects.filter(proposed_by=user), "invitation__claim__reference", "reason",
            "status",
        ),
    }  # fmt: skip
