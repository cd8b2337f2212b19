"""Sources over time: their version lines, what became of the words that stood there, and their
edits.

Everything here is public: it goes through each model's own `public()`, or belongs to a model that
is public as a whole.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any
from uuid import UUID

from django.db.models import Count, QuerySet

from claims.compiled_queries import SLOT, CompiledQuery, PreparedStatement
from claims.models import Appearance, Claim, Source
from claims.moments import format_moment
from claims.proposal_links import propose_from
from claims.states import Stance
from engines.text.diffing import diff
from engines.text.sentences import sentences
from evidence.sources.models import Disappearance, Observation, Sighting, Version
from reports.drawing import version_timeline
from reports.pages import diff_view
from reports.pages.built_reports import reports_of
from reports.pages.demonstrations import source_is_demonstration
from reports.wording.report_strings import Lang
from ui.languages import address

TICKS = 240
EDITS = 10  # versions on one page of a source
BLOCKS = 8  # passages of one edit on the page of its source
LONGEST_SHOWN = (
    60_000  # characters of a text that is compared there; longer ones have their own page
)


#: How many sentences of a version are offered for proposing a claim, and how long one may be.
PROPOSABLE = 20
SHORTEST_PROPOSABLE, LONGEST_PROPOSABLE = 6, 240


def proposable_sentences(version: Version) -> list[tuple[str, str]]:
    """The first sentences of a version, each with the address of the form for proposing a claim
    that it fills in."""
    fitting = (
        sentence
        for each in sentences(version.body[:LONGEST_SHOWN])
        if SHORTEST_PROPOSABLE <= len(sentence := each.strip()) <= LONGEST_PROPOSABLE
    )
    return [
        (sentence, propose_from(version.source, sentence, version.lang))
        for sentence in islice(fitting, PROPOSABLE)
    ]


@dataclass
class VersionTimeline:
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
        return next(
            (
                disappearance
                for disappearance in self.disappearances
                if disappearance.status == "confirmed"
            ),
            None,
        )

    def svgs(self, lang: Lang, title: str, *widths: int) -> list[str]:
        """The version line as inline SVG with its links, at each of several widths; its text is
        escaped by reports.drawing.version_timeline."""
        versions = [
            {
                "number": version.number,
                "not_before": format_moment(version.not_before),
                "not_after": format_moment(version.not_after),
                "sha256": version.digest,
            }
            for version in self.versions
        ]
        gone = [
            {
                "last_seen": format_moment(disappearance.last_seen_at),
                "first_missing": format_moment(disappearance.first_missing_at),
                "back": format_moment(disappearance.reversed_at),
            }
            for disappearance in self.disappearances
            if disappearance.confirmed_at
        ]
        home = address("reports:source", self.source.pk)
        compared = address("reports:diff", self.source.pk)
        addresses = {
            version.number: f"{compared}?to={version.number}"
            if index
            else address("reports:version", self.source.pk, version.number)
            for index, version in enumerate(self.versions)
        }
        links = version_timeline.Links(addresses, f"{home}#disappearances")
        ticks = [str(format_moment(tick)) for tick in self.ticks]
        return [
            version_timeline.version_timeline(
                versions=versions, ticks=ticks, disappearances=gone, looks=self.looks,
                lang=lang, source=title, width=width, links=links,
            )
            for width in widths
        ]  # fmt: skip


_versions = CompiledQuery(
    lambda sources: (
        Version.objects.filter(source__id__among=sources)
        .select_related("capture")
        .defer("body")
        .order_by("number")
    )
)
_disappearances = CompiledQuery(
    lambda sources: Disappearance.objects.filter(source__id__among=sources).order_by(
        "first_missing_at"
    )
)


def _checks_where(condition: str = "true") -> PreparedStatement:
    """Of several sources: when each was checked, at most TICKS times spread over all, and how often
    in all; of those checks (`o`) alone for which the condition holds."""
    sql = f"""
        SELECT source_id, looked_at, n FROM (
            SELECT source_id, looked_at, count(*) OVER (PARTITION BY source_id) AS n,
                   row_number() OVER (PARTITION BY source_id ORDER BY looked_at, id) AS place
            FROM evidence_observation o WHERE source_id = ANY(%s) AND ({condition})
        ) looks
        WHERE place = n OR (place - 1) %% greatest(1, ceil(n / {TICKS}::numeric)::bigint) = 0
        ORDER BY source_id, looked_at
    """  # noqa: S608  of constants; the ids of the sources go as a parameter
    return PreparedStatement(lambda: (sql, (SLOT,)))


_checks = _checks_where()
_checks_to_last_change = _checks_where("""
    looked_at <= (
        SELECT coalesce(max(looked_at) FILTER (WHERE type = 'ok'), min(looked_at))
        FROM evidence_observation n WHERE n.source_id = o.source_id
    ) OR looked_at <= (
        SELECT max(greatest(confirmed_at, reversed_at))
        FROM evidence_disappearance d WHERE d.source_id = o.source_id
    )
""")


def version_timelines(
    sources: Sequence[Source], *, to_last_change: bool = False
) -> dict[UUID, VersionTimeline]:
    """The version lines of several sources, in three queries. Texts are not read.

    `to_last_change`: with the checks up to the one that found the last change, or with the first
    alone, so that a check that finds nothing new changes no line.
    """
    timelines = {source.pk: VersionTimeline(source) for source in sources}
    if not timelines:
        return timelines
    for version in _versions(list(timelines)):
        timelines[version.source_id].versions.append(version)
    for gone in _disappearances(list(timelines)):
        timelines[gone.source_id].disappearances.append(gone)
    checks = _checks_to_last_change if to_last_change else _checks
    for source_id, looked_at, number in checks.ask(list(timelines)):
        timelines[source_id].ticks.append(looked_at)
        timelines[source_id].looks = number
    return timelines


@dataclass
class AppearanceView:
    """One appearance of a claim: its source, and what became of the words there."""

    appearance: Appearance
    line: VersionTimeline
    sightings: list[Sighting]

    @property
    def now(self) -> Sighting | None:
        """The words in the version that stood last."""
        return self.sightings[-1] if self.sightings else None

    @property
    def vanished(self) -> Sighting | None:
        """The first version in which the words no longer stood, if they once did and it was not our
        extractor that lost them."""
        seen, before = False, None
        for sighting in self.sightings:
            if sighting.stands:
                seen = True
            elif seen and not diff_view.ours(before, sighting.version):
                return sighting
            before = sighting.version
        return None


_appearances = CompiledQuery(
    lambda claim: (
        Appearance.objects.filter(claim=claim).select_related("source").order_by("created_at", "id")
    )
)
_sightings = CompiledQuery(
    lambda appearances: Sighting.objects.filter(appearance__id__among=appearances)
)


def appearance_views(claim: Claim) -> list[AppearanceView]:
    """Every appearance of a claim, oldest first, its source's line up to the last change there."""
    appearances = _appearances(claim.pk)
    sources = [appearance.source for appearance in appearances]
    return _placed(appearances, version_timelines(sources, to_last_change=True))


def _placed(
    appearances: list[Appearance], drawn: dict[UUID, VersionTimeline]
) -> list[AppearanceView]:
    sightings: dict[UUID, dict[UUID, Sighting]] = defaultdict(dict)
    for sighting in _sightings([appearance.pk for appearance in appearances]):
        sightings[sighting.appearance_id][sighting.version_id] = sighting
    placed = []
    for appearance in appearances:
        place = AppearanceView(appearance, drawn[appearance.source_id], [])
        for version in place.line.versions:  # read already, and in order
            if standing := sightings[appearance.pk].get(version.pk):
                standing.version = version
                place.sightings.append(standing)
        placed.append(place)
    return placed


@dataclass
class EditView:
    """One version with what changed in it against the one before. No `blocks`: there is nothing
    before, or too much to show here."""

    version: Version
    before: Version | None = None
    whose: diff_view.ChangeCause | None = None
    blocks: list[diff_view.Block] = field(default_factory=list)
    gone: int = 0
    came: int = 0
    more: int = 0
    withheld: bool = False


def edit_views(line: VersionTimeline, upto: int) -> tuple[list[EditView], int | None]:
    """The newest EDITS versions up to number `upto`, newest first, and the number to go on with.
    One query reads their texts."""
    shown = [version for version in line.versions if version.number <= upto][-EDITS:]
    if not shown:
        return [], None
    older = next(
        (version.number for version in reversed(line.versions) if version.number < shown[0].number),
        None,
    )
    before = {new.pk: old for old, new in line.edits}
    needed = {version.pk for version in shown} | {
        before[version.pk].pk for version in shown if version.pk in before
    }
    texts = dict(
        Version.objects.filter(pk__in=needed, characters__lte=LONGEST_SHOWN).values_list(
            "pk", "body"
        )
    )
    edits = []
    for version in reversed(shown):
        old = before.get(version.pk)
        edit = EditView(version, old, diff_view.whose(old, version) if old else None)
        edit.withheld = version.withheld or bool(old and old.withheld)
        if old and not edit.withheld and version.pk in texts and old.pk in texts:
            changed = diff(texts[old.pk], texts[version.pk])
            blocks = diff_view.only_changes(diff_view.blocks(changed))
            edit.gone, edit.came = changed.characters_gone, changed.characters_came
            edit.blocks, edit.more = (
                blocks[:BLOCKS],
                sum(1 for block in blocks[BLOCKS:] if block.changed),
            )
        edits.append(edit)
    return edits, older


def source_page_data(source: Source, *, upto: int) -> dict[str, Any]:
    """Everything on the page of a source but its list of looks."""
    line = version_timelines([source])[source.pk]
    appearances = list(
        Appearance.objects.filter(source=source).select_related("claim").order_by("created_at")
    )
    placed = _placed(appearances, {source.pk: line})
    edits, older = edit_views(line, upto)
    return {
        "source": source,
        "line": line,
        "edits": edits,
        "older": older,
        "newer": bool(line.latest and upto < line.latest.number),
        "tally": list(
            Observation.objects.filter(source=source)
            .values("type")
            .annotate(n=Count("id"))
            .order_by("-n", "type")
        ),
        "places": [place for place in placed if place.appearance.says == Stance.SAYS_SO],
        "beside": [place for place in placed if place.appearance.says != Stance.SAYS_SO],
        "reconstruction": source_is_demonstration(source),
        "reports": reports_of(source),
    }


def neighbours(version: Version) -> QuerySet[Version]:
    """All versions of the same source, without their texts."""
    return Version.objects.filter(source=version.source_id).defer("body").in_order()
