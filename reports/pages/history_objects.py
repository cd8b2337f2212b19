"""Which objects make up the history of a claim: itself and all that hangs on it, whatever app it is
in.

The page and the API both read this list, so that neither can tell less than the other.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any, Final, cast
from uuid import UUID

from django.db import connection
from django.db.models import QuerySet, TextField, Value
from django.db.models.functions import Cast

from claims.compiled_queries import SLOT, CompiledQuery, PreparedStatement
from claims.models import Appearance, Aspect, Claim, Criterion, Flag
from evidence.exhibits.models import (
    Comparison,
    CustodyEvent,
    Exhibit,
    Measurement,
    Part,
    Region,
    SealedView,
    Submission,
    Teardown,
    TeardownStep,
)
from evidence.sources.models import Sighting
from ledger import history, registry
from ledger.history import Change
from verdicts.models import (
    Finding,
    FindingExhibit,
    Invitation,
    Reply,
    Verdict,
    VerdictExhibit,
    Waiver,
)


def _labelled(claim: UUID) -> QuerySet[Any]:
    """Label and id of a claim and of what hangs on it, in one query."""
    of_claim: list[QuerySet[Any]] = [
        Claim.objects.filter(pk=claim),
        Aspect.objects.filter(claim=claim),
        Criterion.objects.filter(aspect__claim=claim),
        Appearance.objects.filter(claim=claim),
        Flag.objects.filter(claim=claim),
        Sighting.objects.filter(appearance__claim=claim),
        Submission.objects.public().filter(claim=claim),
        Exhibit.objects.public().filter(submission__claim=claim),
        Region.objects.public().filter(exhibit__submission__claim=claim),
        Comparison.objects.public().filter(claim=claim),
        CustodyEvent.objects.public().filter(exhibit__submission__claim=claim),
        SealedView.objects.public().filter(submission__claim=claim),
        Teardown.objects.public().filter(submission__claim=claim),
        Part.objects.public().filter(teardown__submission__claim=claim),
        TeardownStep.objects.public().filter(teardown__submission__claim=claim),
        Measurement.objects.public().filter(aspect__claim=claim),
        Finding.objects.public().filter(aspect__claim=claim),
        FindingExhibit.objects.public().filter(finding__aspect__claim=claim),
        Invitation.objects.public().filter(claim=claim),
        Waiver.objects.public().filter(invitation__claim=claim),
        Reply.objects.public().filter(invitation__claim=claim),
        Verdict.objects.public().filter(aspect__claim=claim),
        VerdictExhibit.objects.public().filter(verdict__aspect__claim=claim),
    ]
    labelled = [
        rows.annotate(
            label=Value(registry.of(rows.model).name), key=Cast("pk", TextField())
        ).values_list("label", "key")
        for rows in of_claim
    ]
    objects: QuerySet[Any] = labelled[0].union(*labelled[1:], all=True)
    return objects


_OBJECTS: Final = CompiledQuery[Claim](_labelled)


def claim_objects(claim: Claim) -> dict[str, list[str]]:
    """The ids, as text, of a claim and of what hangs on it, by object label. What is not public
    among them, history itself leaves out."""
    keys: dict[str, list[str]] = defaultdict(list)
    with connection.cursor() as cursor:
        cursor.execute(*_OBJECTS.sql(claim.pk))
        for label, key in cursor.fetchall():
            keys[label].append(key)
    return dict(keys)


def _newest() -> tuple[str, tuple[Any, ...]]:
    objects, params = _OBJECTS.sql(SLOT)
    return (
        f"""
        SELECT max(newest) FROM ({objects}) o(label, id),
        LATERAL (SELECT max(e.index) FROM ledger_entry e
                 WHERE e.object_label = o.label AND e.object_id = o.id) e(newest)
        """,  # noqa: S608  written by Django's compiler from constants; the claim's id goes as a parameter
        params,
    )


_NEWEST: Final = PreparedStatement(_newest)


def last_entry(claim: Claim) -> int | None:
    """The index of the newest entry of the log on a claim or anything that hangs on it; None while
    nothing of it is logged."""

    [(index,)] = _NEWEST.ask(claim.pk)
    return cast(int | None, index)


def claim_changes(claim: Claim, *, before: int | None = None, limit: int = 50) -> list[Change]:
    """The public history of a claim, newest first, continued below log index `before`."""
    return history.of_all(claim_objects(claim), before=before, limit=limit)
