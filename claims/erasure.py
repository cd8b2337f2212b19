"""When a quote is erased, the words of it that a threshold keeps as the company's figure go with
it."""

from __future__ import annotations

from claims.models import Appearance, Claim, Criterion
from ledger import erasure, registry
from ledger.erasure import Target

QUOTED = {"claim": "quote", "appearance": "exact"}


def register() -> None:
    """Have `manage.py erase` come by here."""
    erasure.register(follow, "claims")


def follow(target: Target) -> None:
    """Erase the figures of the claim that stand in no other text of it. May run again."""
    if QUOTED.get(target.label) not in target.fields:
        return
    about = (
        {"pk": target.object_id} if target.label == "claim" else {"appearance": target.object_id}
    )
    for claim in Claim.objects.filter(**about):
        texts = [
            claim.quote,
            *Appearance.objects.filter(claim=claim)
            .saying_so()
            .by_the_company()
            .values_list("exact", flat=True),
        ]
        for criterion in Criterion.objects.filter(aspect__claim=claim).exclude(figure=""):
            if not any(criterion.figure in text for text in texts):
                erasure.follow(target, registry.of(Criterion).name, criterion.pk, ["figure"])
