"""What was taken back or put right, read from the record: verdicts superseded, claims revised,
flags withdrawn, things withheld."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Q, QuerySet
from django.urls import reverse

from claims.models import Claim, Criterion, Flag
from evidence.exhibits.models import Exhibit
from ledger import history
from ledger.models import Entry
from reports.models import Report
from reports.pages.history import ChangeView, tell
from verdicts.models import Verdict

#: What counts as a correction, by the label of its object.
KINDS: Final[dict[str, str]] = {
    "verdict.superseded": "verdict",
    "claim.revised": "claim",
    "claim.withdrawn": "claim",
    "criterion.revised": "criterion",
    "flag.withdrawn": "flag",
    "exhibit.withheld": "exhibit",
    "report.withheld": "report",
}
#: What has no page of its own, and is shown on that of its claim.
ON_CLAIM: Final = frozenset({"criterion", "flag"})


@dataclass(frozen=True)
class Correction:
    """One correction: what the record says of it, what it was made to, and for a superseded verdict
    the one that stands instead."""

    view: ChangeView
    thing: Any
    reason: str | None
    successor: Verdict | None = None

    @property
    def type(self) -> str:
        """`verdict`, `claim`, `criterion`, `flag`, `exhibit` or `report`."""
        return self.view.change.kind.partition(".")[0]

    @property
    def claim(self) -> Claim | None:
        """The claim that it is about; None for the report of a source."""
        about: dict[str, Callable[[], Claim | None]] = {
            "verdict": lambda: self.thing.aspect.claim,
            "claim": lambda: self.thing,
            "criterion": lambda: self.thing.aspect.claim,
            "flag": lambda: self.thing.claim,
            "exhibit": lambda: self.thing.submission.claim,
            "report": lambda: self.thing.claim,
        }
        return about[self.type]()

    @property
    def reference(self) -> str:
        """Of what was corrected; of a flag or a threshold, that of its claim."""
        return (
            self.claim.reference
            if self.claim and self.type in ON_CLAIM
            else str(self.thing.reference)
        )

    @property
    def address(self) -> str:
        """The page of what was corrected; a flag and a threshold are on that of their claim."""
        if self.type in ON_CLAIM:
            return reverse("reports:claim", args=[self.reference])
        return reverse(f"reports:{self.type}", args=[self.thing.reference])


def corrections() -> QuerySet[Entry]:
    """The entries of all corrections of things that the public may read."""
    which = Q(pk__in=[])
    for kind, label in KINDS.items():
        which |= Q(kind=kind, object_label=label)
    return Entry.objects.filter(which)


def read(entries: Sequence[Entry]) -> list[Correction]:
    """The corrections in `entries`, in their order. The number of queries does not depend on how
    many there are."""
    wanted: dict[str, list[str]] = defaultdict(list)
    for entry in entries:
        wanted[entry.object_label].append(entry.object_id)
    things: dict[str, dict[str, Any]] = {
        "verdict": _found(
            Verdict.objects.public().select_related("aspect__claim__company"), wanted["verdict"]
        ),
        "claim": _found(Claim.objects.public().select_related("company"), wanted["claim"]),
        "criterion": _found(
            Criterion.objects.filter(aspect__claim__in=Claim.objects.public()).select_related(
                "aspect__claim__company"
            ),
            wanted["criterion"],
        ),
        "flag": _found(
            Flag.objects.filter(claim__in=Claim.objects.public()).select_related("claim__company"),
            wanted["flag"],
        ),
        "exhibit": _found(
            Exhibit.objects.public().select_related("submission__claim__company"), wanted["exhibit"]
        ),
        "report": _found(
            Report.objects.select_related("claim__company", "source"), wanted["report"]
        ),
    }
    successors = {
        verdict.supersedes_id: verdict
        for verdict in Verdict.objects.public().filter(supersedes__in=things["verdict"].values())
    }
    # Why a verdict was superseded was said when the one that stands instead was proposed.
    proposed = Entry.objects.filter(
        kind="verdict.proposed", object_label="verdict",
        object_id__in=[str(verdict.pk) for verdict in successors.values()]
    )  # fmt: skip
    changes = history.at(
        [*(entry.index for entry in entries), *proposed.values_list("index", flat=True)]
    )
    why = {
        change.object_id: change.reason for change in changes if change.kind == "verdict.proposed"
    }
    views = {view.change.index: view for view in tell(changes)}
    corrections = []
    for entry in entries:
        thing = things[entry.object_label].get(entry.object_id)
        if thing is None or entry.index not in views:
            continue
        view = views[entry.index]
        successor = successors.get(thing.pk)
        corrections.append(
            Correction(
                view,
                thing,
                why.get(str(successor.pk)) if successor else view.change.reason,
                successor,
            )
        )
    return corrections


def _found(rows: Any, ids: list[str]) -> dict[str, Any]:
    return {str(row.pk): row for row in rows.filter(pk__in=ids)} if ids else {}
