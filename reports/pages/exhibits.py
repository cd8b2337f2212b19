"""Exhibits as they are shown: with their pictures, laid beside one another, and told in teardowns.

Everything here is public: it goes through each model's own `public()`, or belongs to a model that
is public as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from django.db.models import Q

from claims.compiled_queries import CompiledQuery
from evidence.exhibits.affiliation import affiliations
from evidence.exhibits.models import (
    Comparison,
    CustodyEvent,
    Exhibit,
    Measurement,
    Region,
    Rendition,
    Teardown,
    TeardownStep,
)
from evidence.exhibits.states import Affiliation
from ui.numbers import plain
from verdicts.models import Finding, FindingExhibit, Verdict


@dataclass
class ExhibitView:
    """An exhibit with its renditions by name."""

    exhibit: Exhibit
    renditions: dict[str, Rendition]
    affiliation: str = Affiliation.INDEPENDENT.value

    @property
    def side(self) -> str:
        """From which company's side it is; empty if from none."""
        return "" if self.affiliation == Affiliation.INDEPENDENT else self.affiliation

    def _best(self, *names: str) -> Rendition | None:
        return next((self.renditions[name] for name in names if name in self.renditions), None)

    @property
    def thumb(self) -> Rendition | None:
        """The small picture, or the next larger one."""
        return self._best("thumb", "page", "full")

    @property
    def page(self) -> Rendition | None:
        """The picture of a page's width."""
        return self._best("page", "full", "thumb")

    @property
    def full(self) -> Rendition | None:
        """The largest."""
        return self._best("full", "page", "thumb")


_renditions = CompiledQuery(lambda exhibits: Rendition.objects.filter(exhibit__id__among=exhibits))


def with_pictures(
    exhibits: Iterable[Exhibit], sides: Mapping[UUID, str] | None = None
) -> list[ExhibitView]:
    """Each exhibit with its renditions and from whose side it is (read here unless given), in a
    number of queries that does not grow."""
    listed = list(exhibits)
    renditions: dict[UUID, dict[str, Rendition]] = defaultdict(dict)
    for rendition in _renditions([exhibit.pk for exhibit in listed]):
        renditions[rendition.exhibit_id][rendition.name] = rendition
    if sides is None:
        sides = affiliations({exhibit.submission_id for exhibit in listed})
    return [
        ExhibitView(
            exhibit,
            renditions[exhibit.pk],
            sides.get(exhibit.submission_id, Affiliation.INDEPENDENT.value),
        )
        for exhibit in listed
    ]


def best_grade(exhibits: Iterable[Exhibit]) -> str:
    """The best grade among exhibits; empty if none is graded."""
    return min(
        (
            f"{exhibit.grade_source}{exhibit.grade_information}"
            for exhibit in exhibits
            if exhibit.grade_source
        ),
        key=grade_order,
        default="",
    )


def grade_order(grade: str) -> tuple[bool, str]:
    """What to sort grades by, the best first: source before information, but what could not be
    judged (6) after all that could."""
    return grade[-1:] in ("", "6"), grade or "Z"


@dataclass
class ComparisonView:
    """What was advertised beside what was received, each with its pictures."""

    comparison: Comparison
    before: ExhibitView
    after: ExhibitView


def comparisons_of(
    pairs: Iterable[Comparison], read: Iterable[ExhibitView] = ()
) -> list[ComparisonView]:
    """Public comparisons that can be shown; two more queries if they are of exhibits that are not
    among those `read` already."""
    pictures = {view.exhibit.pk: view for view in read}
    if (
        missing := {pk for pair in pairs for pk in (pair.before_id, pair.after_id)}
        - pictures.keys()
    ):
        pictures |= {
            view.exhibit.pk: view
            for view in with_pictures(Exhibit.objects.public().filter(pk__in=missing))
        }
    compared = [
        ComparisonView(pair, pictures[pair.before_id], pictures[pair.after_id])
        for pair in pairs
        if {pair.before_id, pair.after_id}
        <= pictures.keys()  # one may have been taken back since the first query
    ]
    return [
        comparison for comparison in compared if comparison.before.page and comparison.after.page
    ]


@dataclass
class TeardownView:
    """A teardown told from beginning to end: each step with its picture, then what was measured."""

    teardown: Teardown
    steps: list[tuple[TeardownStep, ExhibitView | None]] = field(default_factory=list)
    measurements: list[tuple[Measurement, str]] = field(default_factory=list)


def teardowns_with(exhibit: Exhibit) -> list[TeardownView]:
    """The public teardowns in which an exhibit shows a step."""
    teardowns = (
        Teardown.objects.public()
        .filter(teardownstep__exhibit=exhibit)
        .select_related("unit", "laboratory")
        .order_by("pk")
    )
    views = {teardown.pk: TeardownView(teardown) for teardown in teardowns}
    steps = list(
        TeardownStep.objects.public()
        .filter(teardown__in=views)
        .select_related("part", "exhibit__submission")
        .order_by("teardown", "number")
    )
    pictures = {
        view.exhibit.pk: view
        for view in with_pictures({s.exhibit.pk: s.exhibit for s in steps if s.exhibit}.values())
    }
    for step in steps:
        views[step.teardown_id].steps.append(
            (step, pictures.get(step.exhibit_id) if step.exhibit_id else None)
        )
    for measurement in (
        Measurement.objects.public()
        .filter(teardown__in=views)
        .select_related("aspect")
        .order_by("measured_date", "pk")
    ):
        views[measurement.teardown_id].measurements.append(
            (measurement, plain(measurement.standard_uncertainty * 2))
        )
    return list(views.values())


def exhibit_page(exhibit: Exhibit) -> dict[str, Any]:
    """Everything on the page of a public exhibit."""
    [shown] = with_pictures([exhibit])
    verdicts = (
        Verdict.objects.public()
        .filter(verdictexhibit__exhibit=exhibit)
        .select_related("aspect")
        .newest()
    )
    named = FindingExhibit.objects.filter(
        exhibit=exhibit, finding__in=Finding.objects.public()
    ).select_related("finding__aspect")
    with_it = (
        Comparison.objects.public().filter(Q(before=exhibit) | Q(after=exhibit)).order_by("pk")
    )
    return {
        "exhibit": exhibit,
        "shown": shown,
        "claim": exhibit.submission.claim,
        "regions": list(Region.objects.public().filter(exhibit=exhibit).order_by("number")),
        "comparisons": comparisons_of(with_it),
        "custody": list(
            CustodyEvent.objects.public().filter(exhibit=exhibit).order_by("happened_at", "id")
        ),
        "verdicts": list(verdicts),
        "findings": [pin.finding for pin in named.order_by("finding__created_at")],
        "teardowns": teardowns_with(exhibit),
    }
