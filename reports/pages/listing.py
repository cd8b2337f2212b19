"""What the lists of the public pages show: facets with their counts, the newest verdicts, edits and
disappearances.

As in `reports.pages.claim_page_data`, the number of queries does not grow with what is shown, and
everything is public.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from uuid import UUID

from django.db.models import Count, Exists, OuterRef

from claims.compiled_queries import CompiledQuery
from claims.localized_text import read
from claims.models import Appearance, Claim, ClaimQuerySet, Company, Criterion, Flag
from evidence.sources.models import Disappearance, Sighting, Version
from reports.pages.claim_page_data import Judgement, measured_rows
from reports.pages.demonstrations import demonstration_sources
from reports.pages.quote_diff import QuoteDiff, diff_quote
from verdicts.models import Verdict
from verdicts.states import VerdictStatus

COUNTED: Final = 2_000  # claims: counting further tells a reader no more, and costs
MOST: Final = 12  # companies offered


@dataclass(frozen=True)
class Option:
    """One value of a facet. `n` claims have it, or at least so many if `more`."""

    value: str
    label: str
    n: int
    more: bool
    chosen: bool


@dataclass(frozen=True)
class Facet:
    """A way to narrow a list of claims."""

    name: str
    options: list[Option]

    @property
    def chosen(self) -> bool:
        """Whether one of its values narrows the list now."""
        return any(option.chosen for option in self.options)


@dataclass(frozen=True)
class _Base:
    """The claims that a facet is counted over: the newest that fit all other facets."""

    claims: ClaimQuerySet
    counts: dict[str, Counter[str]]
    more: bool

    def having(self, name: str) -> Counter[str]:
        """How many of them have each value of a facet."""
        held = self.claims.values("pk")[:COUNTED]
        if name == "rating":
            ratings = (
                Verdict.objects.current()
                .filter(aspect__claim__in=held)
                .values_list("rating", "aspect__claim")
                .distinct()
            )
            return Counter(rating for rating, _claim in ratings)
        if name == "flag":
            return Counter(
                dict(
                    Flag.objects.raised()
                    .filter(claim__in=held)
                    .values_list("kind")
                    .annotate(n=Count("id"))
                )
            )
        return self.counts[name]


def _base(claims: ClaimQuerySet) -> _Base:
    rows = list(claims.newest().values_list("kind", "company_id")[:COUNTED])
    counts = {
        "kind": Counter(kind for kind, _company in rows),
        "company": Counter(str(company) for _kind, company in rows),
    }
    return _Base(claims.newest(), counts, len(rows) == COUNTED)


def _is_id(text: str) -> bool:
    try:
        return bool(UUID(text))
    except ValueError:
        return False


def facets_of(
    asked: dict[str, str],
    narrowed: Callable[..., ClaimQuerySet],
    labels: dict[str, dict[str, str]],
    lang: str,
) -> list[Facet]:
    """Each facet with the number of claims behind each value, all the other facets staying as they
    are.

    Counting stops at COUNTED claims, the newest, so that it costs the same in any record; a count
    is then a "so many or more".
    """
    facets = []
    whole = _base(narrowed(**asked))
    for name, words in labels.items():
        base = _base(narrowed(**{**asked, name: ""})) if asked[name] else whole
        counts, more = base.having(name), base.more
        if name == "company":
            offered = [
                *(value for value, _n in counts.most_common(MOST)),
                *filter(_is_id, [asked[name]]),
            ]
            known = {
                str(company.pk): read(company.name, lang).text
                for company in Company.objects.filter(pk__in=offered)
            }
        else:
            known = words
        options = [
            Option(value, label, counts[value], more, value == asked[name])
            for value, label in known.items()
            if counts[value] or value == asked[name]
        ]
        if name == "company":
            options.sort(key=lambda option: -option.n)
        facets.append(Facet(name, options))
    return facets


@dataclass
class ConclusionItem:
    """A claim with the verdicts on it that were published last."""

    claim: Claim
    judgements: list[Judgement]


_criteria = CompiledQuery(lambda aspects: Criterion.objects.filter(aspect__id__among=aspects))


def newest_verdicts(count: int) -> list[ConclusionItem]:
    """The verdicts published last that stand, those of one claim together."""
    verdicts = (
        Verdict.objects.announced()
        .newest()
        .select_related("aspect__claim__company", "aspect__claim__product")[:count]
    )
    criteria = {
        criterion.aspect_id: criterion
        for criterion in _criteria([verdict.aspect_id for verdict in verdicts])
    }
    by_claim: dict[UUID, ConclusionItem] = {}
    for verdict in verdicts:
        held = by_claim.setdefault(
            verdict.aspect.claim_id, ConclusionItem(verdict.aspect.claim, [])
        )
        held.judgements.append(
            Judgement(
                verdict.aspect,
                criteria.get(verdict.aspect_id),
                verdict,
                [],
                measured_rows(verdict.conformity),
                [],
                [],
                None,
            )
        )
    for concluded in by_claim.values():
        concluded.judgements.sort(key=lambda judgement: judgement.aspect.number)
    return list(by_claim.values())


def newest_replaced(count: int) -> list[Verdict]:
    """The verdicts that were replaced last, each with its successor."""
    replaced = Verdict.objects.filter(status=VerdictStatus.SUPERSEDED).order_by(
        "-superseded_by__published_at", "-id"
    )
    return list(
        replaced.select_related(
            "aspect__claim__company", "aspect__claim__product", "superseded_by"
        )[:count]
    )


@dataclass
class EditItem:
    """A text that was changed, and each quote that no longer stands in it as it was said.
    `reconstruction`: of a demonstration."""

    version: Version
    quotes: list[tuple[Claim, QuoteDiff]]
    reconstruction: bool


_changed = CompiledQuery(
    lambda versions: (
        Sighting.objects.filter(version__id__among=versions)
        .changed()
        .select_related("appearance__claim")
        .order_by("id")
    )
)


def newest_edits(count: int) -> list[EditItem]:
    """The texts changed last in sources where a claim stands, with the words no longer in them."""
    claimed = Appearance.objects.values("source")
    read_before = Version.objects.filter(source=OuterRef("source"), number=OuterRef("number") - 1)
    same_reader = read_before.filter(
        extractor=OuterRef("extractor"), extractor_version=OuterRef("extractor_version")
    )
    edits = Version.objects.filter(
        Exists(same_reader), number__gt=1, source__in=claimed
    )  # what another extractor read is no edit
    versions = list(edits.select_related("source__company").defer("body").order_by("-id")[:count])
    quotes: dict[UUID, list[tuple[Claim, QuoteDiff]]] = defaultdict(list)
    for sighting in _changed([version.pk for version in versions]):
        if sighting.appearance.exact and (sighting.kind == "absent" or sighting.passage):
            quotes[sighting.version_id].append(
                (sighting.appearance.claim, diff_quote(sighting.appearance.exact, sighting.passage))
            )
    played = demonstration_sources(version.source_id for version in versions)
    return [
        EditItem(version, quotes[version.pk], version.source_id in played) for version in versions
    ]


@dataclass
class DisappearanceItem:
    """A source that is no longer available, with the words that stood in it."""

    gone: Disappearance
    appearances: list[Appearance]
    reconstruction: bool


_stood = CompiledQuery(
    lambda sources: (
        Appearance.objects.filter(source__id__among=sources)
        .exclude(exact="")
        .select_related("claim")
        .order_by("id")
    )
)


def newest_disappearances(count: int) -> list[DisappearanceItem]:
    """The sources confirmed last as no longer available."""
    disappearances = list(
        Disappearance.objects.filter(status="confirmed")
        .select_related("source__company")
        .order_by("-confirmed_at", "-id")[:count]
    )
    stood: dict[UUID, list[Appearance]] = defaultdict(list)
    for appearance in _stood([gone.source_id for gone in disappearances]):
        stood[appearance.source_id].append(appearance)
    played = demonstration_sources(gone.source_id for gone in disappearances)
    return [
        DisappearanceItem(gone, stood[gone.source_id][:3], gone.source_id in played)
        for gone in disappearances
    ]
