"""Findings of moderators, and which points are judged at all."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from django.core.exceptions import ValidationError
from django.db import transaction
from django.utils.translation import gettext as _

import ledger
from accounts.models import Role, User
from claims.actions import ReasonRequiredError, set_progress
from claims.localized_text import LocalizedText
from claims.models import Aspect, Claim
from claims.states import PROGRESS_TRANSITIONS, Progress
from evidence.exhibits.models import Exhibit
from verdicts import gates
from verdicts.models import (
    Finding,
    FindingExhibit,
    Verdict,
)


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
