"""What the public pages show, gathered in a number of queries that does not grow with what is shown.

Everything here is public: it goes through each model's own `public()`, or belongs to a model that is public as a whole.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection
from django.db.models import Count, Model, Q, QuerySet
from django.urls import reverse

from claims.models import Appearance, Aspect, Claim, ClaimQuerySet, Criterion, Flag, Series, Source
from claims.searching import standing_in
from claims.states import Stance
from evidence.diffing import diff
from evidence.models import (
    Comparison,
    CustodyEvent,
    Disappearance,
    Exhibit,
    Measurement,
    Observation,
    Region,
    Rendition,
    Sighting,
    Teardown,
    TeardownStep,
    Version,
)
from reports import charts, comparing, lines, promises
from reports.models import Report, ReportFile
from reports.prepared import Prepared
from reports.quoting import Quoted, struck, whole
from reports.words import Lang
from verdicts.conformity import plain
from verdicts.models import Finding, FindingExhibit, Incident, Invitation, Reply, Verdict, VerdictDocument, VerdictExhibit

TICKS = 240
BEST = 4
REPORTS = 5  # the newest on a page
EXHIBITS = 200  # on the page of a claim
EDITS = 10  # versions on one page of a source
BLOCKS = 8  # passages of one edit on the page of its source
LONGEST_SHOWN = 60_000  # characters of a text that is compared there; longer ones have their own page


def instant(value: datetime | None) -> str | None:
    """RFC 3339 in UTC, or None."""
    return value.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ") if value else None


# --- pictures of exhibits ----------------------------------------------------------------------------------------------


@dataclass
class Shown:
    """An exhibit with its renditions by name."""

    exhibit: Exhibit
    renditions: dict[str, Rendition]

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


_renditions = Prepared(lambda exhibits: Rendition.objects.filter(exhibit__id__among=exhibits))


def with_pictures(exhibits: Iterable[Exhibit]) -> list[Shown]:
    """Each exhibit with its renditions, in one query."""
    listed = list(exhibits)
    found: dict[UUID, dict[str, Rendition]] = defaultdict(dict)
    for rendition in _renditions([one.pk for one in listed]):
        found[rendition.exhibit_id][rendition.name] = rendition
    return [Shown(exhibit, found[exhibit.pk]) for exhibit in listed]


def best_grade(exhibits: Iterable[Exhibit]) -> str:
    """The best grade among exhibits, source before information; empty if none is graded."""
    return min((f"{one.grade_source}{one.grade_information}" for one in exhibits if one.grade_source), default="")


# --- measured against promised -----------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Measured:
    """One row of the table of a verdict's numbers, as frozen in it."""

    unit: str
    value: str
    expanded: str
    decision: str
    probability: str


def measured_rows(conformity: dict[str, Any] | None) -> list[Measured]:
    """The measurements that a verdict was computed from."""
    return [
        Measured(
            one["unit"],
            one["value"],
            plain(Decimal(one["standard_uncertainty"]) * Decimal(conformity["coverage"])),
            one["decision"],
            one["conformance_probability"],
        )
        for one in (conformity or {}).get("measurements", [])
        if conformity
    ]


@dataclass(frozen=True)
class Numbers:
    """What was measured against what was promised, in one line: the span of the values, exact as they were read."""

    low: str
    high: str
    unit: str
    units: int
    judged: bool

    @property
    def span(self) -> str:
        """`0.01–0.04`, or the one value."""
        return self.low if self.low == self.high else f"{self.low}–{self.high}"


def _span(values: Iterable[Decimal], unit: str, units: int, *, judged: bool) -> Numbers | None:
    read = sorted(values)
    return Numbers(plain(read[0]), plain(read[-1]), unit, units, judged) if read else None


def conformity_chart(verdict: Verdict, criterion: Criterion | None, lang: Lang, words: str, width: int = charts.WIDTH) -> str | None:
    """The chart of a verdict's numbers as SVG, or None where there is nothing to set against a promise."""
    numbers = verdict.conformity
    if not numbers or criterion is None or not numbers["measurements"]:
        return None
    return charts.promised_against_measured(
        property_name=words,
        comparator=numbers["comparator"],
        limit=numbers["limit"],
        unit=numbers["unit"],
        coverage=numbers["coverage"],
        values=[charts.Value(one["unit"], one["value"], one["standard_uncertainty"]) for one in numbers["measurements"]],
        lang=lang,
        width=width,
    )


# --- sources over time -------------------------------------------------------------------------------------------------


@dataclass
class Line:
    """What a source's version line is drawn from."""

    source: Source
    versions: list[Version] = field(default_factory=list)
    disappearances: list[Disappearance] = field(default_factory=list)
    ticks: list[datetime] = field(default_factory=list)
    looks: int = 0

    @property
    def latest(self) -> Version | None:
        """The version that stood last."""
        return self.versions[-1] if self.versions else None

    @property
    def edits(self) -> list[tuple[Version, Version]]:
        """Each version beside the one before it."""
        return list(zip(self.versions, self.versions[1:], strict=False))

    @property
    def missing(self) -> Disappearance | None:
        """The disappearance that stands now."""
        return next((one for one in self.disappearances if one.status == "confirmed"), None)

    def svg(self, lang: Lang, title: str, width: int = lines.WIDTH) -> str:
        """The version line as inline SVG with its links; its text is escaped by reports.lines."""
        versions = [
            {"number": one.number, "not_before": instant(one.not_before), "not_after": instant(one.not_after), "sha256": one.digest}
            for one in self.versions
        ]
        gone = [
            {"last_seen": instant(one.last_seen_at), "first_missing": instant(one.first_missing_at), "back": instant(one.reversed_at)}
            for one in self.disappearances
            if one.confirmed_at
        ]
        home = reverse("reports:source", args=[self.source.pk])
        compared = reverse("reports:diff", args=[self.source.pk])
        addresses = {
            one.number: f"{compared}?to={one.number}" if index else reverse("reports:version", args=[self.source.pk, one.number])
            for index, one in enumerate(self.versions)
        }
        return lines.version_line(
            versions=versions, ticks=[str(instant(tick)) for tick in self.ticks], disappearances=gone, looks=self.looks, lang=lang,
            source=title, width=width, links=lines.Links(addresses, f"{home}#disappearances"),
        )  # fmt: skip


_versions = Prepared(
    lambda sources: Version.objects.filter(source__id__among=sources).select_related("capture").defer("body").order_by("number")
)
_disappearances = Prepared(lambda sources: Disappearance.objects.filter(source__id__among=sources).order_by("first_missing_at"))


def lines_of(sources: Sequence[Source]) -> dict[UUID, Line]:
    """The version lines of several sources, in three queries. Texts are not read."""
    found = {source.pk: Line(source) for source in sources}
    if not found:
        return found
    for version in _versions(list(found)):
        found[version.source_id].versions.append(version)
    for gone in _disappearances(list(found)):
        found[gone.source_id].disappearances.append(gone)
    with connection.cursor() as cursor:
        cursor.execute(
            """
            SELECT source_id, looked_at, n FROM (
                SELECT source_id, looked_at, count(*) OVER (PARTITION BY source_id) AS n,
                       row_number() OVER (PARTITION BY source_id ORDER BY looked_at, id) AS place
                FROM evidence_observation WHERE source_id = ANY(%s)
            ) looks WHERE place = n OR (place - 1) %% greatest(1, ceil(n / %s::numeric)::bigint) = 0 ORDER BY source_id, looked_at
            """,
            [list(found), TICKS],
        )
        for source_id, looked_at, looks in cursor.fetchall():
            found[source_id].ticks.append(looked_at)
            found[source_id].looks = looks
    return found


@dataclass
class Place:
    """One appearance of a claim: its source, and what became of the words there."""

    appearance: Appearance
    line: Line
    sightings: list[Sighting]

    @property
    def now(self) -> Sighting | None:
        """The words in the version that stood last."""
        return self.sightings[-1] if self.sightings else None

    @property
    def vanished(self) -> Sighting | None:
        """The first version in which the words no longer stood, if they once did."""
        seen = False
        for one in self.sightings:
            if one.kind == "verbatim":
                seen = True
            elif seen:
                return one
        return None


_appearances = Prepared(lambda claim: Appearance.objects.filter(claim=claim).select_related("source").order_by("created_at", "id"))
_sightings = Prepared(lambda appearances: Sighting.objects.filter(appearance__id__among=appearances))


def places_of(claim: Claim) -> list[Place]:
    """Every appearance of a claim, oldest first."""
    appearances = _appearances(claim.pk)
    return _placed(appearances, lines_of([one.source for one in appearances]))


def _placed(appearances: list[Appearance], drawn: dict[UUID, Line]) -> list[Place]:
    sightings: dict[UUID, dict[UUID, Sighting]] = defaultdict(dict)
    for sighting in _sightings([one.pk for one in appearances]):
        sightings[sighting.appearance_id][sighting.version_id] = sighting
    placed = []
    for one in appearances:
        place = Place(one, drawn[one.source_id], [])
        for version in place.line.versions:  # read already, and in order
            if found := sightings[one.pk].get(version.pk):
                found.version = version
                place.sightings.append(found)
        placed.append(place)
    return placed


# --- a claim -----------------------------------------------------------------------------------------------------------


@dataclass
class Judgement:
    """One aspect with what was promised, measured and concluded, and the exhibits that the verdict rests on."""

    aspect: Aspect
    criterion: Criterion | None
    verdict: Verdict | None
    people: list[dict[str, str]]
    measured: list[Measured]
    measurements: list[Measurement]
    exhibits: list[Exhibit]
    index: int | None

    @property
    def grade(self) -> str:
        """The best grade among the exhibits that the verdict rests on."""
        return best_grade(self.exhibits)

    @property
    def numbers(self) -> Numbers | None:
        """What the verdict was computed from; before a verdict, what is accepted, if all of it is in the promise's unit."""
        if self.verdict and self.verdict.conformity:
            held = self.verdict.conformity
            return _span((Decimal(one["value"]) for one in held["measurements"]), held["unit"], held["units"], judged=True)
        if self.criterion is None or any(one.unit_name != self.criterion.unit for one in self.measurements):
            return None
        units = {one.teardown.unit.identity for one in self.measurements}
        return _span((one.value for one in self.measurements), self.criterion.unit, len(units), judged=False)

    @property
    def chart_height(self) -> int:
        """How high the chart of the verdict's numbers is, in the units of its width of 640: the page keeps the room for it."""
        return charts.height_of(len(self.measured))


def last_entries(rows: Iterable[Model]) -> dict[str, int]:
    """The index of each row's last entry in the log, by its primary key as text; rows that are not logged yet are absent."""
    listed = list(rows)
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT object_id, max(index) FROM ledger_entry WHERE object_label = ANY(%s) AND object_id = ANY(%s) GROUP BY object_id",
            [list({one._meta.label_lower for one in listed}), [str(one.pk) for one in listed]],
        )
        return dict(cursor.fetchall())


def decided_by(verdict: Verdict) -> list[dict[str, str]]:
    """Who concluded a verdict (with its document read), role and pseudonym, as the published document says."""
    document: VerdictDocument | None = getattr(verdict, "verdictdocument", None)
    people: list[dict[str, str]] = json.loads(document.body)["decided_by"] if document else []
    return people


_aspects = Prepared(lambda claim: Aspect.objects.filter(claim=claim).select_related("criterion").order_by("number"))
_standing = Prepared(lambda aspects: Verdict.objects.standing().filter(aspect__id__among=aspects).select_related("verdictdocument"))
_accepted = Prepared(
    lambda aspects: (
        Measurement.objects.public()
        .filter(aspect__id__among=aspects)
        .select_related("teardown__unit")
        .order_by("teardown__unit__label", "measured_date", "pk")
    )
)
_pins = Prepared(
    lambda verdicts: (
        VerdictExhibit.objects.filter(verdict__id__among=verdicts, exhibit__in=Exhibit.objects.public())
        .select_related("exhibit")
        .only("verdict", "exhibit__grade_source", "exhibit__grade_information")
    )
)


def judgements_of(claim: Claim) -> tuple[list[Judgement], int | None]:
    """Every aspect of a claim, and the index of the claim's own last entry in the log."""
    aspects = {one.pk: one for one in _aspects(claim.pk)}
    for one in aspects.values():
        one.claim = claim  # read already, with its company
    verdicts: dict[UUID, Verdict] = {}
    for verdict in _standing(list(aspects)):
        verdict.aspect = aspects[verdict.aspect_id]
        verdicts[verdict.aspect_id] = verdict
    measurements: dict[UUID, list[Measurement]] = defaultdict(list)
    for measured in _accepted(list(aspects)):
        measurements[measured.aspect_id].append(measured)
    pins: dict[UUID, list[Exhibit]] = defaultdict(list)
    for pin in _pins([one.pk for one in verdicts.values()]):
        pins[pin.verdict_id].append(pin.exhibit)
    indexes = last_entries([claim, *verdicts.values()])
    judgements = [
        Judgement(
            aspect=aspect,
            criterion=getattr(aspect, "criterion", None),
            verdict=(concluded := verdicts.get(aspect.pk)),
            people=decided_by(concluded) if concluded else [],
            measured=measured_rows(concluded.conformity) if concluded else [],
            measurements=measurements[aspect.pk],
            exhibits=pins[concluded.pk] if concluded else [],
            index=indexes.get(str(concluded.pk)) if concluded else None,
        )
        for aspect in aspects.values()
    ]
    return judgements, indexes.get(str(claim.pk))


@dataclass
class Answer:
    """The company's right of reply on a claim."""

    invitation: Invitation
    replies: list[Reply]


_invitations = Prepared(lambda claim: Invitation.objects.filter(claim=claim).order_by("-sent_at", "-id"))
_replies = Prepared(lambda invitations: Reply.objects.filter(invitation__id__among=invitations).order_by("received_at", "id"))


def answers_of(claim: Claim) -> list[Answer]:
    """Every invitation of a claim, newest first, with the replies."""
    invitations = _invitations(claim.pk)
    replies: dict[UUID, list[Reply]] = defaultdict(list)
    for reply in _replies([one.pk for one in invitations]):
        replies[reply.invitation_id].append(reply)
    return [Answer(one, replies[one.pk]) for one in invitations]


@dataclass
class Built:
    """A report with its files."""

    report: Report
    files: list[ReportFile]


_reports_of_claim = Prepared(lambda one: Report.objects.filter(claim=one, withheld_at=None).order_by("-created_at", "-id")[:REPORTS])
_reports_of_source = Prepared(lambda one: Report.objects.filter(source=one, withheld_at=None).order_by("-created_at", "-id")[:REPORTS])
_report_files = Prepared(lambda reports: ReportFile.objects.filter(report__id__among=reports).order_by("name"))


def reports_of(about: Claim | Source) -> list[Built]:
    """The newest reports about a claim or a source."""
    reports = _reports_of_claim(about.pk) if isinstance(about, Claim) else _reports_of_source(about.pk)
    files: dict[UUID, list[ReportFile]] = defaultdict(list)
    for one in _report_files([one.pk for one in reports]):
        files[one.report_id].append(one)
    return [Built(one, files[one.pk]) for one in reports]


def quoted(claim: Claim, place: Place | None) -> Quoted:
    """The claim's words with those struck that no longer stand where they were said."""
    if place is None or place.now is None or place.now.kind == "verbatim" or place.appearance.exact != claim.quote:
        return whole(claim.quote)
    if place.now.kind == "reworded" and not place.now.passage:  # the passage was erased: what is gone from it cannot be told
        return whole(claim.quote)
    return struck(claim.quote, place.now.passage)


def telling(shown: Sequence[Shown], judgements: Sequence[Judgement], count: int = BEST) -> list[Shown]:
    """The few photos to show first: what verdicts rest on before the rest, better grades before worse, no two with the same caption."""
    pinned = {one.pk for judgement in judgements for one in judgement.exhibits}

    def weight(one: Shown) -> tuple[Any, ...]:
        grade = f"{one.exhibit.grade_source}{one.exhibit.grade_information}" if one.exhibit.grade_source else "Z"
        return (one.thumb is None, one.exhibit.pk not in pinned, grade, one.exhibit.provenance != "P2", one.exhibit.reference)

    first: list[Shown] = []
    again: list[Shown] = []
    seen: set[str] = set()
    for one in sorted(shown, key=weight):
        caption = json.dumps(one.exhibit.caption, sort_keys=True) if one.exhibit.caption else str(one.exhibit.pk)
        (again if caption in seen else first).append(one)
        seen.add(caption)
    return (first + again)[:count]


_shown_exhibits = Prepared(
    lambda claim: Exhibit.objects.public().filter(submission__claim=claim).select_related("submission").order_by("reference")[:EXHIBITS]
)
_flags = Prepared(lambda claim: Flag.objects.raised().filter(claim=claim).order_by("raised_at", "id"))
_comparisons = Prepared(lambda claim: Comparison.objects.public().filter(claim=claim).order_by("pk"))


def claim_page(claim: Claim) -> dict[str, Any]:
    """Everything on the page of a claim."""
    places = places_of(claim)
    said = [one for one in places if one.appearance.says == Stance.SAYS_SO]
    exhibits = _shown_exhibits(claim.pk)
    shown = with_pictures(exhibits)
    judgements, index = judgements_of(claim)
    first = next((one for one in said if one.line.versions), said[0] if said else None)
    return {
        "claim": claim,
        "judgements": judgements,
        "places": said,
        "elsewhere": promises.beside(places),
        "first": first,
        "quoted": quoted(claim, first),
        "flags": _flags(claim.pk),
        "shots": shown,
        "first_shots": telling(shown, judgements),
        "comparisons": comparisons_of(_comparisons(claim.pk), shown),
        "grade": best_grade(exhibits),
        "submissions": len({one.submission_id for one in exhibits}),
        "answers": answers_of(claim),
        "reports": reports_of(claim),
        "index": index,
        "rated": [one for one in judgements if one.verdict],
    }


# --- lists -------------------------------------------------------------------------------------------------------------


def claims_found(*, words: str = "", company: UUID | None = None, rating: str = "", flag: str = "", kind: str = "") -> ClaimQuerySet:
    """Public claims by their words and facets."""
    claims = Claim.objects.public()
    if words:
        claims = claims.filter(standing_in(words))
    if company:
        claims = claims.filter(company=company)
    if rating:
        claims = claims.filter(pk__in=Verdict.objects.standing().filter(rating=rating).values("aspect__claim"))
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
    verdicts = {one.aspect_id: one for one in Verdict.objects.standing().filter(aspect__claim__in=claims).defer("rationale", "conformity")}
    return [
        Row(
            claim,
            [(aspect, verdicts.get(aspect.pk)) for aspect in sorted(claim.aspect_set.all(), key=lambda one: one.number)],
            [flag.kind for flag in claim.flag_set.all() if flag.lifted_at is None],
        )
        for claim in claims
    ]


@dataclass
class Compared:
    """What was promised beside what was delivered, each with its pictures."""

    comparison: Comparison
    before: Shown
    after: Shown


def comparisons_of(pairs: Iterable[Comparison], read: Iterable[Shown] = ()) -> list[Compared]:
    """Public comparisons that can be shown; two more queries if they are of exhibits that are not among those `read` already."""
    pictures = {one.exhibit.pk: one for one in read}
    if missing := {pk for pair in pairs for pk in (pair.before_id, pair.after_id)} - pictures.keys():
        pictures |= {one.exhibit.pk: one for one in with_pictures(Exhibit.objects.public().filter(pk__in=missing))}
    compared = [
        Compared(pair, pictures[pair.before_id], pictures[pair.after_id])
        for pair in pairs
        if {pair.before_id, pair.after_id} <= pictures.keys()  # one may have been taken back since the first query
    ]
    return [one for one in compared if one.before.page and one.after.page]


@dataclass
class TornDown:
    """A teardown told from beginning to end: each step with its picture, then what was measured."""

    teardown: Teardown
    steps: list[tuple[TeardownStep, Shown | None]] = field(default_factory=list)
    measurements: list[tuple[Measurement, str]] = field(default_factory=list)


def teardowns_with(exhibit: Exhibit) -> list[TornDown]:
    """The public teardowns in which an exhibit shows a step."""
    teardowns = Teardown.objects.public().filter(teardownstep__exhibit=exhibit).select_related("unit", "laboratory").order_by("pk")
    told = {one.pk: TornDown(one) for one in teardowns}
    steps = list(
        TeardownStep.objects.public().filter(teardown__in=told).select_related("part", "exhibit__submission").order_by("teardown", "number")
    )
    pictures = {one.exhibit.pk: one for one in with_pictures({s.exhibit.pk: s.exhibit for s in steps if s.exhibit}.values())}
    for step in steps:
        told[step.teardown_id].steps.append((step, pictures.get(step.exhibit_id) if step.exhibit_id else None))
    for one in Measurement.objects.public().filter(teardown__in=told).select_related("aspect").order_by("measured_date", "pk"):
        told[one.teardown_id].measurements.append((one, plain(one.standard_uncertainty * 2)))
    return list(told.values())


def exhibit_page(exhibit: Exhibit) -> dict[str, Any]:
    """Everything on the page of a public exhibit."""
    [shown] = with_pictures([exhibit])
    verdicts = Verdict.objects.public().filter(verdictexhibit__exhibit=exhibit).select_related("aspect").newest()
    named = FindingExhibit.objects.filter(exhibit=exhibit, finding__in=Finding.objects.public()).select_related("finding__aspect")
    with_it = Comparison.objects.public().filter(Q(before=exhibit) | Q(after=exhibit)).order_by("pk")
    return {
        "exhibit": exhibit,
        "shown": shown,
        "claim": exhibit.submission.claim,
        "regions": list(Region.objects.public().filter(exhibit=exhibit).order_by("number")),
        "comparisons": comparisons_of(with_it),
        "custody": list(CustodyEvent.objects.public().filter(exhibit=exhibit).order_by("happened_at", "id")),
        "verdicts": list(verdicts),
        "findings": [one.finding for one in named.order_by("finding__created_at")],
        "teardowns": teardowns_with(exhibit),
    }


@dataclass
class Edit:
    """One version with what changed in it against the one before. No `blocks`: there is nothing before, or too much to show here."""

    version: Version
    before: Version | None = None
    whose: comparing.Whose | None = None
    blocks: list[comparing.Block] = field(default_factory=list)
    gone: int = 0
    came: int = 0
    more: int = 0
    withheld: bool = False


def edits_of(line: Line, upto: int) -> tuple[list[Edit], int | None]:
    """The newest EDITS versions up to number `upto`, newest first, and the number to go on with. One query reads their texts."""
    shown = [one for one in line.versions if one.number <= upto][-EDITS:]
    if not shown:
        return [], None
    older = next((one.number for one in reversed(line.versions) if one.number < shown[0].number), None)
    before = {new.pk: old for old, new in line.edits}
    needed = {one.pk for one in shown} | {before[one.pk].pk for one in shown if one.pk in before}
    texts = dict(Version.objects.filter(pk__in=needed, characters__lte=LONGEST_SHOWN).values_list("pk", "body"))
    found = []
    for version in reversed(shown):
        old = before.get(version.pk)
        edit = Edit(version, old, comparing.whose(old, version) if old else None)
        edit.withheld = version.withheld or bool(old and old.withheld)
        if old and not edit.withheld and version.pk in texts and old.pk in texts:
            changed = diff(texts[old.pk], texts[version.pk])
            blocks = comparing.only_changes(comparing.blocks(changed))
            edit.gone, edit.came = changed.characters_gone, changed.characters_came
            edit.blocks, edit.more = blocks[:BLOCKS], sum(1 for block in blocks[BLOCKS:] if block.changed)
        found.append(edit)
    return found, older


def _reconstructed(source: Source) -> bool:
    """Whether it was made up for a series of figures or an incident that is played through again."""
    return (
        Series.objects.filter(Q(seriespoint__source=source) | Q(seriesnote__source=source), reconstruction=True).exists()
        or Incident.objects.filter(occurrence__source=source, reconstruction=True).exists()
    )


def source_page(source: Source, *, upto: int) -> dict[str, Any]:
    """Everything on the page of a source but its list of looks."""
    line = lines_of([source])[source.pk]
    appearances = list(Appearance.objects.filter(source=source).select_related("claim").order_by("created_at"))
    placed = _placed(appearances, {source.pk: line})
    edits, older = edits_of(line, upto)
    return {
        "source": source,
        "line": line,
        "edits": edits,
        "older": older,
        "newer": bool(line.latest and upto < line.latest.number),
        "tally": list(Observation.objects.filter(source=source).values("type").annotate(n=Count("id")).order_by("-n", "type")),
        "places": [one for one in placed if one.appearance.says == Stance.SAYS_SO],
        "beside": [one for one in placed if one.appearance.says != Stance.SAYS_SO],
        "reconstruction": any(one.claim.reconstruction for one in appearances) or _reconstructed(source),
        "reports": reports_of(source),
    }


def neighbours(version: Version) -> QuerySet[Version]:
    """All versions of the same source, without their texts."""
    return Version.objects.filter(source=version.source_id).defer("body").in_order()
