"""What the page of a claim and lists of claims show, gathered in a number of queries that does not
grow with what is shown.

Everything here is public: it goes through each model's own `public()`, or belongs to a model that
is public as a whole.
"""

from __future__ import annotations

import hashlib
import json
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Any
from uuid import UUID

from django.db.models import Model
from django.utils import timezone

from claims.compiled_queries import SLOT, CompiledQuery, PreparedStatement
from claims.models import Aspect, Claim, ClaimQuerySet, Criterion, Flag
from claims.searching import contains_words
from claims.states import Stance
from evidence.exhibits.affiliation import affiliations_on
from evidence.exhibits.models import Comparison, Exhibit, Measurement
from ledger import registry
from ledger.proofs import covering
from reports.drawing import charts
from reports.pages import channel_comparison
from reports.pages.built_reports import reports_of
from reports.pages.exhibits import (
    ExhibitView,
    best_grade,
    comparisons_of,
    grade_order,
    with_pictures,
)
from reports.pages.history_objects import last_entry
from reports.pages.quote_diff import QuoteDiff, diff_quote, unchanged_quote
from reports.pages.source_page import AppearanceView, appearance_views
from reports.wording.report_strings import Lang
from ui.numbers import plain
from verdicts import lost_evidence
from verdicts.conformity import INDEPENDENT
from verdicts.lost_evidence import LostEvidence
from verdicts.models import Invitation, Reply, Verdict, VerdictDocument, VerdictExhibit, Waiver
from verdicts.outcome import Numbers, numbers_of, span_of
from verdicts.states import InvitationStatus

BEST = 4
EXHIBITS = 200  # on the page of a claim


# --- measured values and the threshold ------------------------------------------------------------


@dataclass(frozen=True)
class MeasurementView:
    """One row of the table of a verdict's numbers, as frozen in it."""

    unit: str
    value: str
    expanded: str
    decision: str
    probability: str
    affiliation: str = INDEPENDENT


def measured_rows(conformity: dict[str, Any] | None) -> list[MeasurementView]:
    """The measurements that a verdict was computed from."""
    return [
        MeasurementView(
            value["unit"],
            value["value"],
            plain(Decimal(value["standard_uncertainty"]) * Decimal(conformity["coverage"])),
            value["decision"],
            value["conformance_probability"],
            value.get("affiliation", INDEPENDENT),
        )
        for value in (conformity or {}).get("measurements", [])
        if conformity
    ]


def conformity_chart(
    verdict: Verdict, criterion: Criterion | None, lang: Lang, words: str, width: int = charts.WIDTH
) -> str | None:
    """The chart of a verdict's numbers as SVG, or None where there is nothing to set against a
    threshold."""
    numbers = verdict.conformity
    if not numbers or criterion is None or not numbers["measurements"]:
        return None
    return charts.measured_against(
        property_name=words,
        lower=numbers["lower_limit"],
        upper=numbers["upper_limit"],
        claimed=criterion.is_claimed
        and charts.is_claimed_limit(criterion.comparator, criterion.tolerance > 0),
        unit=numbers["unit"],
        coverage=numbers["coverage"],
        values=[
            charts.Value(
                charts.labelled(value["unit"], value.get("affiliation", INDEPENDENT), lang),
                value["value"],
                value["standard_uncertainty"],
            )
            for value in numbers["measurements"]
        ],
        lang=lang,
        width=width,
    )


def chart_digest(verdict: Verdict, criterion: Criterion | None) -> str:
    """Of all that the chart of a verdict's numbers shows, in any language. The numbers are frozen;
    whose figure the threshold is and what its property is called can be corrected."""
    shown = [
        verdict.conformity,
        criterion and [criterion.property, criterion.is_claimed, criterion.tolerance > 0],
    ]
    return hashlib.sha256(json.dumps(shown, sort_keys=True).encode()).hexdigest()[:16]


# --- a claim --------------------------------------------------------------------------------------


@dataclass
class Judgement:
    """One aspect with its threshold, what was measured and concluded, and the exhibits that the
    verdict rests on."""

    aspect: Aspect
    criterion: Criterion | None
    verdict: Verdict | None
    people: list[dict[str, str]]
    measured: list[MeasurementView]
    measurements: list[Measurement]
    exhibits: list[Exhibit]
    index: int | None
    shaken: LostEvidence | None = None

    @property
    def grade(self) -> str:
        """The best grade among the exhibits that the verdict rests on."""
        return best_grade(self.exhibits)

    @property
    def numbers(self) -> Numbers | None:
        """What the verdict was computed from; before a verdict, what is accepted, if all of it is
        in the threshold's unit."""
        if self.verdict and self.verdict.conformity:
            return numbers_of(self.verdict.conformity)
        counted = [measurement for measurement in self.measurements if not measurement.side]
        if self.criterion is None or any(
            measurement.unit_name != self.criterion.unit for measurement in counted
        ):
            return None
        units = {measurement.teardown.unit.identity for measurement in counted}
        return span_of(
            [measurement.value for measurement in counted],
            self.criterion.unit,
            len(units),
            judged=False,
        )

    @property
    def chart_height(self) -> int:
        """How high the chart of the verdict's numbers is, in the units of its width of 640: the
        page keeps the room for it."""
        return charts.height_of(len(self.measured))

    @property
    def chart_digest(self) -> str:
        """Of what that chart shows: its address carries it, so that a correction is another
        address."""
        return chart_digest(self.verdict, self.criterion) if self.verdict else ""


@cache
def _last_entries_of(label: str) -> PreparedStatement:
    return PreparedStatement(
        lambda: (
            """
            SELECT object_id, max(index) FROM ledger_entry
            WHERE object_label = %s AND object_id = ANY(%s::text[]) GROUP BY object_id
            """,
            (label, SLOT),
        )
    )


def last_entries(rows: Iterable[Model]) -> dict[str, int]:
    """The index of the last entry in the log on each of several rows of one model, by its primary
    key as text; rows that are not logged yet are absent."""
    listed = list(rows)
    if not listed:
        return {}
    return dict(_last_entries_of(registry.of(listed[0]).name).ask([row.pk for row in listed]))


def decided_by(verdict: Verdict) -> list[dict[str, str]]:
    """Who concluded a verdict (with its document read), role and pseudonym, as the published
    document says."""
    document: VerdictDocument | None = getattr(verdict, "verdictdocument", None)
    people: list[dict[str, str]] = json.loads(document.body)["decided_by"] if document else []
    return people


_aspects = CompiledQuery(
    lambda claim: Aspect.objects.filter(claim=claim).select_related("criterion").order_by("number")
)
_standing = CompiledQuery(
    lambda aspects: (
        Verdict.objects.current()
        .filter(aspect__id__among=aspects)
        .select_related("verdictdocument")
    )
)
_accepted = CompiledQuery(
    lambda aspects: (
        Measurement.objects.public()
        .filter(aspect__id__among=aspects)
        .select_related("teardown__unit")
        .order_by("teardown__unit__label", "measured_date", "pk")
    )
)
_pins = CompiledQuery(
    lambda verdicts: (
        VerdictExhibit.objects.filter(
            verdict__id__among=verdicts, exhibit__in=Exhibit.objects.public()
        )
        .select_related("exhibit")
        .only("verdict", "exhibit__grade_source", "exhibit__grade_information")
    )
)


_shaken = CompiledQuery(
    lambda verdicts: (
        Verdict.objects.shaken().filter(id__among=verdicts).select_related("aspect__claim")
    )
)


def judgements_of(claim: Claim, sides: Mapping[UUID, str]) -> list[Judgement]:
    """Every aspect of a claim with what stands on it. `sides` has the affiliation of each public
    submission."""
    aspects = {aspect.pk: aspect for aspect in _aspects(claim.pk)}
    for aspect in aspects.values():
        aspect.claim = claim  # read already, with its company
    verdicts: dict[UUID, Verdict] = {}
    for verdict in _standing(list(aspects)):
        verdict.aspect = aspects[verdict.aspect_id]
        verdicts[verdict.aspect_id] = verdict
    measurements: dict[UUID, list[Measurement]] = defaultdict(list)
    for measured in _accepted(list(aspects)):
        measurements[measured.aspect_id].append(measured)
    for measured in (measurement for rows in measurements.values() for measurement in rows):
        side = sides.get(measured.teardown.submission_id, INDEPENDENT)
        measured.side = "" if side == INDEPENDENT else side
    now = timezone.now()
    missing = {
        verdict.pk: lost_evidence.read_lost_evidence(verdict, now)
        for verdict in _shaken([verdict.pk for verdict in verdicts.values()])
    }
    pins: dict[UUID, list[Exhibit]] = defaultdict(list)
    for pin in _pins([verdict.pk for verdict in verdicts.values()]):
        pins[pin.verdict_id].append(pin.exhibit)
    indexes = last_entries(verdicts.values())
    return [
        Judgement(
            aspect=aspect,
            criterion=getattr(aspect, "criterion", None),
            verdict=(concluded := verdicts.get(aspect.pk)),
            people=decided_by(concluded) if concluded else [],
            measured=measured_rows(concluded.conformity) if concluded else [],
            measurements=measurements[aspect.pk],
            exhibits=pins[concluded.pk] if concluded else [],
            index=indexes.get(str(concluded.pk)) if concluded else None,
            shaken=missing.get(concluded.pk) if concluded else None,
        )
        for aspect in aspects.values()
    ]


@dataclass
class Answer:
    """The company's right of reply on a claim."""

    invitation: Invitation
    replies: list[Reply]
    waiver: Waiver | None


_invitations = CompiledQuery(
    lambda claim: Invitation.objects.filter(claim=claim).order_by("-sent_at", "-id")
)
_replies = CompiledQuery(
    lambda invitations: (
        Reply.objects.public()
        .filter(invitation__id__among=invitations)
        .select_related("invitation")
        .in_order()
    )
)
_waivers = CompiledQuery(
    lambda invitations: Waiver.objects.public().filter(invitation__id__among=invitations)
)


def answers_of(claim: Claim) -> list[Answer]:
    """Every invitation of a claim, newest first, with the replies and why it was closed early."""
    invitations = _invitations(claim.pk)
    replies: dict[UUID, list[Reply]] = defaultdict(list)
    for reply in _replies([invitation.pk for invitation in invitations]):
        replies[reply.invitation_id].append(reply)
    waived = [
        invitation.pk for invitation in invitations if invitation.status == InvitationStatus.WAIVED
    ]
    waivers = {waiver.invitation_id: waiver for waiver in _waivers(waived)} if waived else {}
    return [
        Answer(invitation, replies[invitation.pk], waivers.get(invitation.pk))
        for invitation in invitations
    ]


def quoted(claim: Claim, place: AppearanceView | None) -> QuoteDiff:
    """The claim's words with those struck that no longer stand where they were said."""
    if (
        place is None
        or place.now is None
        or place.now.stands
        or place.appearance.exact != claim.quote
    ):
        return unchanged_quote(claim.quote)
    if (
        place.now.kind == "reworded" and not place.now.passage
    ):  # the passage was erased: what is gone from it cannot be told
        return unchanged_quote(claim.quote)
    return diff_quote(claim.quote, place.now.passage)


def telling(
    shown: Sequence[ExhibitView], judgements: Sequence[Judgement], count: int = BEST
) -> list[ExhibitView]:
    """The few photos to show first: what verdicts rest on before the rest, better grades before
    worse, no two with the same caption.

    What cannot be shown comes after all that can, whatever rests on it.
    """
    pinned = {exhibit.pk for judgement in judgements for exhibit in judgement.exhibits}

    def weight(view: ExhibitView) -> tuple[Any, ...]:
        grade = grade_order(f"{view.exhibit.grade_source}{view.exhibit.grade_information}")
        return (
            view.exhibit.pk not in pinned,
            grade,
            view.exhibit.provenance != "P2",
            view.exhibit.reference,
        )

    first: list[ExhibitView] = []
    again: list[ExhibitView] = []
    seen: set[str] = set()
    for view in sorted((view for view in shown if view.thumb), key=weight):
        caption = (
            json.dumps(view.exhibit.caption, sort_keys=True)
            if view.exhibit.caption
            else str(view.exhibit.pk)
        )
        (again if caption in seen else first).append(view)
        seen.add(caption)
    return (first + again + sorted((view for view in shown if view.thumb is None), key=weight))[
        :count
    ]


_shown_exhibits = CompiledQuery(
    lambda claim: (
        Exhibit.objects.public()
        .filter(submission__claim=claim)
        .select_related("submission")
        .seen_first("reference")[:EXHIBITS]
    )
)
_flags = CompiledQuery(lambda claim: Flag.objects.raised().filter(claim=claim).in_order())
_comparisons = CompiledQuery(
    lambda claim: Comparison.objects.public().filter(claim=claim).order_by("pk")
)


claims_by_reference = CompiledQuery(
    lambda reference: (
        Claim.objects.public()
        .filter(reference=reference)
        .select_related("company", "product", "option")
    )
)


def claim_page(claim: Claim) -> dict[str, Any]:
    """Everything on the page of a claim."""
    places = appearance_views(claim)  # with the checks up to what was found last
    stating = [place for place in places if place.appearance.says == Stance.SAYS_SO]
    exhibits = _shown_exhibits(claim.pk)
    sides = affiliations_on(claim.pk)
    shown = with_pictures(exhibits, sides)
    judgements = judgements_of(claim, sides)
    answers = answers_of(claim)
    replies = [reply for answer in answers for reply in answer.replies]
    first = next(
        (place for place in stating if place.line.versions), stating[0] if stating else None
    )
    index = last_entry(claim)
    return {
        "claim": claim,
        "judgements": judgements,
        "places": stating,
        "all_places": places,
        "elsewhere": channel_comparison.compare_channels(places),
        "first": first,
        "quoted": quoted(claim, first),
        "flags": _flags(claim.pk),
        "shots": shown,
        "first_shots": telling(shown, judgements),
        "comparisons": comparisons_of(_comparisons(claim.pk), shown),
        "grade": best_grade(exhibits),
        "submissions": len({exhibit.submission_id for exhibit in exhibits}),
        "answers": answers,
        "reply": max(replies, key=lambda reply: (reply.received_at, reply.pk), default=None),
        "reports": reports_of(claim),
        "index": index,
        "checkpoint": covering(index),
        "rated": [judgement for judgement in judgements if judgement.verdict],
    }


# --- lists ----------------------------------------------------------------------------------------


def claims_found(
    *,
    words: str = "",
    company: UUID | None = None,
    rating: str = "",
    flag: str = "",
    kind: str = "",
) -> ClaimQuerySet:
    """Public claims by their words and facets."""
    claims = Claim.objects.public()
    if words:
        claims = claims.filter(contains_words(words))
    if company:
        claims = claims.filter(company=company)
    if rating:
        claims = claims.filter(
            pk__in=Verdict.objects.current().filter(rating=rating).values("aspect__claim")
        )
    if flag:
        claims = claims.filter(pk__in=Flag.objects.raised().filter(kind=flag).values("claim"))
    if kind:
        claims = claims.filter(kind=kind)
    return claims


@dataclass
class Row:
    """A claim in a list."""

    claim: Claim
    aspects: list[tuple[Aspect, Verdict | None]]
    flags: list[str]


def rows_of(claims: Sequence[Claim]) -> list[Row]:
    """Claims (with their shown parts read already) beside what stands on them; one query."""
    verdicts = {
        verdict.aspect_id: verdict
        for verdict in Verdict.objects.current()
        .filter(aspect__claim__in=claims)
        .defer("rationale", "conformity")
    }
    return [
        Row(
            claim,
            [
                (aspect, verdicts.get(aspect.pk))
                for aspect in sorted(claim.aspect_set.all(), key=lambda aspect: aspect.number)
            ],
            [flag.kind for flag in claim.flag_set.all()],
        )
        for claim in claims
    ]
