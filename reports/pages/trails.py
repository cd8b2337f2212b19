"""Which objects make up the history of a claim: itself and all that hangs on it, whatever room it is in.

The page and the API both read this list, so that neither can tell less than the other.
"""

from __future__ import annotations

from typing import Any

from django.db import connection

from claims.models import Appearance, Aspect, Claim, Criterion, Flag
from evidence.models import CustodyEvent, Exhibit, Measurement, Part, SealedView, Sighting, Submission, Teardown, TeardownStep
from ledger import history, registry
from ledger.history import Change
from verdicts.models import Finding, FindingExhibit, Invitation, Reply, Verdict, VerdictExhibit


def claim_objects(claim: Claim) -> dict[str, list[Any]]:
    """The ids of a claim and of what hangs on it, by object label. What is not public among them, history itself leaves out."""
    aspects = list(Aspect.objects.filter(claim=claim).values_list("pk", flat=True))
    of_claim: dict[Any, Any] = {
        Criterion: Criterion.objects.filter(aspect__in=aspects),
        Appearance: Appearance.objects.filter(claim=claim),
        Flag: Flag.objects.filter(claim=claim),
        Sighting: Sighting.objects.filter(appearance__claim=claim),
        Submission: Submission.objects.public().filter(claim=claim),
        Exhibit: Exhibit.objects.public().filter(submission__claim=claim),
        CustodyEvent: CustodyEvent.objects.public().filter(exhibit__submission__claim=claim),
        SealedView: SealedView.objects.public().filter(submission__claim=claim),
        Teardown: Teardown.objects.public().filter(submission__claim=claim),
        Part: Part.objects.public().filter(teardown__submission__claim=claim),
        TeardownStep: TeardownStep.objects.public().filter(teardown__submission__claim=claim),
        Measurement: Measurement.objects.public().filter(aspect__in=aspects),
        Finding: Finding.objects.public().filter(aspect__in=aspects),
        FindingExhibit: FindingExhibit.objects.public().filter(finding__aspect__in=aspects),
        Invitation: Invitation.objects.public().filter(claim=claim),
        Reply: Reply.objects.public().filter(invitation__claim=claim),
        Verdict: Verdict.objects.public().filter(aspect__in=aspects),
        VerdictExhibit: VerdictExhibit.objects.public().filter(verdict__aspect__in=aspects),
    }
    found = {registry.of(model).name: list(rows.values_list("pk", flat=True)) for model, rows in of_claim.items()}
    return {"claim": [claim.pk], "aspect": aspects, **{label: ids for label, ids in found.items() if ids}}


def last_entry(claim: Claim) -> int | None:
    """The index of the newest entry of the log on a claim or anything that hangs on it; None while nothing of it is logged."""
    objects = [(label, str(key)) for label, keys in claim_objects(claim).items() for key in keys]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT max(newest) FROM unnest(%s::text[], %s::text[]) o(label, id),
            LATERAL (SELECT max(e.index) FROM ledger_entry e WHERE e.object_label = o.label AND e.object_id = o.id) e(newest)
            """,
            [[label for label, _key in objects], [key for _label, key in objects]],
        )
        found: int | None = cursor.fetchone()[0]
    return found


def claim_changes(claim: Claim, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """The public history of a claim, newest first, continued below log index `before`."""
    return history.of_all(claim_objects(claim), before=before, limit=limit)
