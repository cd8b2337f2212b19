"""When something that stands in a published document is erased, the document is withheld: row and
file go, and views answer 410.

The verdict itself stays: its rating, its leaf, its proof. With the document goes its salt; without
it nobody can try out words until they fit the digest in the leaf.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from ledger import erasure, registry
from ledger.erasure import Target
from verdicts.models import Verdict, VerdictDocument
from verdicts.published_files import remove_document

VERDICT: Final = registry.of(Verdict).name
# Whose texts stand in a document, which of them, and how a verdict is related to it.
STANDS_IN_DOCUMENTS: Final[Mapping[str, tuple[frozenset[str], str]]] = {
    VERDICT: (frozenset({"rationale", "attempts", "conformity", "salt"}), "pk"),
    "finding": (frozenset({"reasoning"}), "aspect__finding"),
    "reply": (frozenset({"body"}), "aspect__claim__invitation__reply"),
    "exhibit": (frozenset({"caption"}), "verdictexhibit__exhibit"),
    "unit": (frozenset({"label"}), "aspect__measurement__teardown__unit"),
    "aspect": (frozenset({"statement"}), "aspect"),
    "criterion": (
        frozenset({"property", "conditions", "baseline", "basis", "figure"}),
        "aspect__criterion",
    ),
    "claim": (frozenset({"quote", "summary"}), "aspect__claim"),
    "company": (frozenset({"name"}), "aspect__claim__company"),
    "product": (frozenset({"name"}), "aspect__claim__product"),
    "product_option": (frozenset({"name"}), "aspect__claim__option"),
}


class WithheldError(Exception):
    """The document of this verdict was erased; views answer 410."""

    def __init__(self, verdict: Verdict) -> None:
        super().__init__(f"the document of {verdict.reference} is withheld")
        self.verdict = verdict


def register() -> None:
    """Have `manage.py erase` come by here."""
    erasure.register(withhold, "verdicts")


def withhold(target: Target) -> None:
    """Remove every document in which the erased value stands. May run again.

    The row goes before the file: a publishing job that is under way looks at the row last
    (verdicts.tasks).
    """
    fields, relation = STANDS_IN_DOCUMENTS.get(target.label, (frozenset(), ""))
    if fields.isdisjoint(target.fields):
        return
    for verdict in Verdict.objects.public().filter(**{relation: target.object_id}).distinct():
        body = (
            VerdictDocument.objects.filter(verdict=verdict).values_list("body", flat=True).first()
        )
        if body is not None and not _stands_in(target, json.loads(body)):
            continue
        VerdictDocument.objects.filter(verdict=verdict).delete()
        remove_document(str(verdict.pk))
        if verdict.salt:
            erasure.follow(target, VERDICT, verdict.pk, ["salt"])
        if target.label == "unit" and verdict.conformity:
            erasure.follow(target, VERDICT, verdict.pk, ["conformity"])


def _stands_in(target: Target, document: Mapping[str, Any]) -> bool:
    """Whether a document of a related verdict really holds the object: later findings, replies and
    measurements it does not."""
    if target.label == "finding":
        return any(finding["id"] == target.object_id for finding in document["findings"])
    if target.label == "reply":
        return any(
            reply["id"] == target.object_id
            for request in document["reply"]["requests"]
            for reply in request["replies"]
        )
    if target.label == "unit":
        return document["conformity"] is not None
    return True


def is_withheld(verdict: UUID) -> bool:
    """Whether an erasure is the reason why a published verdict has no document."""
    for label, (fields, relation) in STANDS_IN_DOCUMENTS.items():
        gone = erasure.erased(label, *fields)
        if gone and Verdict.objects.filter(pk=verdict, **{f"{relation}__in": gone}).exists():
            return True
    return False
