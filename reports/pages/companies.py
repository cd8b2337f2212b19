"""What stands on the page of a company: counts on four points, who did what, what came after harm,
figures over time.

Counts, never a score. A share is told only of enough judged points (ENOUGH), and each part says
what it rests on. The number of queries does not grow with what is shown.
"""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any, Final
from uuid import UUID

from django.db.models import Count, Prefetch, Q

from claims import series_figures
from claims.models import (
    Appearance,
    Claim,
    Company,
    EntityRole,
    Flag,
    LegalEntity,
    Product,
    ProductOption,
    Series,
    SeriesNote,
    SeriesPoint,
    Source,
)
from claims.states import ADVERTISING, BINDING, OTHERS, ClaimKind, EntityRoleKind, FlagKind, Stance
from reports.drawing import trends
from reports.drawing.trends import Figure, SeriesNoteMark, VerdictMark
from reports.pages.demonstrations import company_is_demonstration, product_is_demonstration
from reports.wording.report_strings import Lang
from verdicts import response_times
from verdicts.models import Incident, Invitation, Occurrence, Reply, Verdict, VerdictExhibit
from verdicts.replies import reply_statuses
from verdicts.states import InvitationStatus, Rating

#: From how many judged points on a share says more than chance.
ENOUGH: Final = 10
MOST: Final = 200


# --- four points ----------------------------------------------------------------------------------


@dataclass
class Advertising:
    """What was claimed in advertising and what became of it."""

    claims: int
    puffery: int
    judged: list[tuple[str, int]]
    waiting: int
    edited: int
    unavailable: int
    exhibits: int

    @property
    def total(self) -> int:
        """Points that have a verdict."""
        return sum(count for _rating, count in self.judged)

    @property
    def marks(self) -> list[str]:
        """One rating per verdict, best first, at most as many as find room."""
        return [rating for rating, count in self.judged for _ in range(count)][:60]

    @property
    def delivered(self) -> int:
        """Points that were delivered, late or not."""
        return sum(
            count
            for rating, count in self.judged
            if rating in {Rating.DELIVERED, Rating.DELIVERED_LATE}
        )

    @property
    def enough(self) -> bool:
        """Whether a share may be told."""
        return self.total >= ENOUGH


@dataclass
class PromiseRow:
    """One claim beside one paper that binds."""

    claim: Claim
    appearance: Appearance


@dataclass
class Contract:
    """Claims made elsewhere, beside the papers that bind: contract, order page, app."""

    claims: int
    laid: list[PromiseRow]

    def _count(self, stance: str) -> int:
        return sum(row.appearance.says == stance for row in self.laid)

    @property
    def same(self) -> int:
        return self._count(Stance.SAYS_SO)

    @property
    def otherwise(self) -> int:
        return self._count(Stance.SAYS_OTHERWISE)

    @property
    def silent(self) -> int:
        return self._count(Stance.NO_MENTION)

    @property
    def marks(self) -> list[str]:
        """One stance per paper, in order."""
        return [
            stance for stance in Stance.values for row in self.laid if row.appearance.says == stance
        ][:60]


@dataclass
class Disputes:
    """How the company answers when it is asked: each claim about which it was asked counts once, by
    what came of all requests."""

    asked: int
    requests: int
    open: int
    replied: int
    silent: int
    waived: int
    replies: int
    remedied: int


@dataclass
class Chain:
    """An incident with its events and what they say."""

    incident: Incident
    links: list[Link]
    care: response_times.IncidentCare

    @property
    def first(self) -> list[str]:
        """Who acted first, in the order of the vocabulary."""
        return sorted(self.care.acted_first)

    @property
    def pushed(self) -> list[str]:
        """Who acted before the company got in touch."""
        return sorted(self.care.before_contact)


@dataclass
class Link:
    """One event and how long after the harm it came."""

    event: Occurrence
    after: response_times.ResponseTime | None

    @property
    def own(self) -> bool:
        """Whether the company acted."""
        return self.event.actor == "company"


def chains_of(**about: Any) -> list[Chain]:
    """The incidents of a company or a product, newest first; two queries."""
    incidents = list(Incident.objects.filter(**about).select_related("product").newest()[:20])
    events: dict[UUID, list[Occurrence]] = defaultdict(list)
    for event in (
        Occurrence.objects.filter(incident__in=incidents).select_related("source").in_order()
    ):
        events[event.incident_id].append(event)
    chains = []
    for incident in incidents:
        happened = [
            response_times.IncidentEvent.known_to(
                event.kind, event.actor, event.happened_at, event.exact_to
            )
            for event in events[incident.pk]
        ]
        care = response_times.read_chain(happened)
        links = [
            Link(
                event,
                response_times.response_time(care.harm, dated)
                if care.harm is not None and dated.kind != "happened"
                else None,
            )
            for event, dated in zip(events[incident.pk], happened, strict=True)
        ]
        chains.append(Chain(incident, links, care))
    return chains


def scorecard(company: Company) -> dict[str, Any]:
    """Advertising, contract, disputes; incident care is told by `chains_of`."""
    appearances = Appearance.objects.saying_so().filter(claim__company=company)
    advertised = Claim.objects.public().filter(
        company=company, pk__in=appearances.filter(source__channel__in=ADVERTISING).values("claim")
    )
    counts = advertised.aggregate(
        puffery=Count("pk", filter=Q(kind=ClaimKind.PUFFERY)),
        checkable=Count("pk", filter=~Q(kind=ClaimKind.PUFFERY)),
    )
    standing = Verdict.objects.current().filter(aspect__claim__in=advertised)
    ratings = Counter(standing.values_list("rating", flat=True))
    points = advertised.aggregate(n=Count("aspect"))["n"]
    flags = Counter(
        Flag.objects.raised().filter(claim__in=advertised).values_list("kind", flat=True)
    )
    laid = [
        PromiseRow(appearance.claim, appearance)
        for appearance in Appearance.objects.filter(
            claim__company=company, source__channel__in=BINDING
        )
        .exclude(claim__kind=ClaimKind.PUFFERY)
        .filter(claim__in=appearances.exclude(source__channel__in=BINDING).values("claim"))
        .select_related("claim", "source")
        .order_by("claim_id", "source__published_at", "id")[:MOST]
    ]
    came = Counter(reply_statuses(company).values())
    requests = Counter(
        Invitation.objects.filter(claim__company=company).values_list("status", flat=True)
    )
    return {
        "advertising": Advertising(
            claims=counts["checkable"],
            puffery=counts["puffery"],
            judged=[(rating, ratings[rating]) for rating in Rating.values if ratings[rating]],
            waiting=points - sum(ratings.values()),
            edited=flags[FlagKind.EDITED_AFTER_PUBLICATION],
            unavailable=flags[FlagKind.DELETED],
            exhibits=VerdictExhibit.objects.filter(verdict__in=standing)
            .values("exhibit")
            .distinct()
            .count(),
        ),
        "contract": Contract(claims=len({row.claim.pk for row in laid}), laid=laid),
        "disputes": Disputes(
            asked=sum(came.values()),
            requests=sum(requests.values()),
            open=requests[InvitationStatus.OPEN],
            replied=came[InvitationStatus.REPLIED],
            silent=came[InvitationStatus.SILENT],
            waived=came[InvitationStatus.WAIVED],
            replies=Reply.objects.public().filter(invitation__claim__company=company).count(),
            remedied=Flag.objects.raised()
            .filter(claim__company=company, kind=FlagKind.REMEDIED)
            .values("claim")
            .distinct()
            .count(),
        ),
    }


# --- who did what ---------------------------------------------------------------------------------

#: The order in which one asks: who said it, who made it, who sold it, who was paid, who signed, who
#: answers, who repairs.
PARTS: Final = (
    EntityRoleKind.SPOKE,
    EntityRoleKind.MADE,
    EntityRoleKind.SOLD,
    EntityRoleKind.TOOK_MONEY,
    EntityRoleKind.SIGNED,
    EntityRoleKind.ANSWERS,
    EntityRoleKind.SERVICES,
)


@dataclass
class Part:
    """One part (made it, signed …) with what each legal person of the map has in it."""

    kind: str
    cells: list[list[EntityRole]]

    @property
    def notes(self) -> list[EntityRole]:
        """Roles that say something more."""
        return [role for cell in self.cells for role in cell if role.note]

    @property
    def known(self) -> bool:
        """Whether anybody is known to have it."""
        return any(self.cells)


@dataclass
class Map:
    """Legal persons across, parts down."""

    entities: list[LegalEntity]
    parts: list[Part] = field(default_factory=list)


def map_of(company: Company) -> Map:
    """Who did what; two queries."""
    entities = list(LegalEntity.objects.filter(company=company).order_by("created_at", "id"))
    roles = list(
        EntityRole.objects.filter(entity__in=entities)
        .select_related("entity", "product", "source")
        .order_by("from_date", "id")
    )
    return Map(
        entities,
        [
            Part(
                kind,
                [
                    [role for role in roles if role.kind == kind and role.entity_id == entity.pk]
                    for entity in entities
                ],
            )
            for kind in PARTS
        ],
    )


# --- figures over time ----------------------------------------------------------------------------


@dataclass
class SeriesNoteView:
    """A note beside a series, with the differences that follow from its figures."""

    note: SeriesNote
    computed: list[series_figures.Difference]
    number: int = 0

    @property
    def apart(self) -> list[Decimal]:
        """How far the stated figure is from each computed one."""
        return (
            [abs(difference.value - self.note.stated_value) for difference in self.computed]
            if self.note.stated_value is not None
            else []
        )


@dataclass
class SeriesChartView:
    """A series with its figures and notes, and the digest of all that its picture shows."""

    series: Series
    points: list[SeriesPoint]
    notes: list[SeriesNoteView]

    @property
    def sources(self) -> list[Source]:
        """Where the figures stand, each once."""
        return list({point.source_id: point.source for point in self.points}.values())

    @property
    def digest(self) -> str:
        """Changes when the picture does."""
        seen = [(point.on_date, point.value, point.source_id) for point in self.points]
        noted = [
            (view.note.from_date, view.note.until_date, view.note.stated_value)
            for view in self.notes
        ]
        return _digest(self.series.name, self.series.unit, seen, noted)

    def svg(self, lang: Lang, name: str, unit: str, width: int) -> str:
        """The picture."""
        return trends.figures_over_time(
            name, unit,
            [Figure(point.on_date, point.value, str(point.source_id)) for point in self.points],
            [
                SeriesNoteMark(view.note.from_date, view.note.until_date, view.note.stated_value,
                tuple(each.value for each in view.computed))
                for view in self.notes
            ],
            lang, width,
        )  # fmt: skip


def _digest(*parts: object) -> str:
    return hashlib.sha256(repr(parts).encode()).hexdigest()[:16]


def series_of(**about: Any) -> list[SeriesChartView]:
    """The series of a company, or one; three queries."""
    rows = list(Series.objects.filter(**about).order_by("id")[:20])
    points: dict[UUID, list[SeriesPoint]] = defaultdict(list)
    for point in (
        SeriesPoint.objects.filter(series__in=rows)
        .select_related("source")
        .order_by("on_date", "created_at", "id")
    ):
        points[point.series_id].append(point)
    notes: dict[UUID, list[SeriesNoteView]] = defaultdict(list)
    for note in (
        SeriesNote.objects.filter(series__in=rows)
        .select_related("source")
        .order_by("from_date", "created_at", "id")
    ):
        given = [
            series_figures.FigurePoint(point.on_date, point.value, str(point.source_id))
            for point in points[note.series_id]
        ]
        computed = (
            series_figures.differences(given, note.from_date, note.until_date)
            if note.until_date
            else []
        )
        notes[note.series_id].append(SeriesNoteView(note, computed))
    for noted in notes.values():
        days = sorted({view.note.from_date for view in noted if view.note.until_date is None})
        for view in noted:
            view.number = days.index(view.note.from_date) + 1 if view.note.until_date is None else 0
    return [SeriesChartView(series, points[series.pk], notes[series.pk]) for series in rows]


@dataclass
class History:
    """The standing verdicts on a company, newest first, and the digest of their picture."""

    verdicts: Sequence[Verdict]

    @property
    def judged(self) -> list[VerdictMark]:
        return [
            VerdictMark(verdict.published_at.date(), verdict.rating)
            for verdict in self.verdicts
            if verdict.published_at
        ]

    @property
    def digest(self) -> str:
        """Changes when the picture does."""
        return _digest(sorted(self.judged))

    def svg(self, lang: Lang, width: int) -> str:
        """The picture."""
        return trends.verdicts_over_time(self.judged, lang, width)


def verdicts_of(company: Company) -> History:
    """The newest standing verdicts on a company's claims; one query."""
    rows = (
        Verdict.objects.current()
        .filter(aspect__claim__company=company)
        .select_related("aspect__claim")
        .newest()
    )
    return History(list(rows.defer("rationale", "conformity")[:MOST]))


# --- pages ----------------------------------------------------------------------------------------


@dataclass
class CompanyRow:
    """A company in the list."""

    company: Company
    claims: int
    products: int
    incidents: int
    ratings: list[tuple[str, int]]


def listed(companies: Iterable[Company]) -> list[CompanyRow]:
    """Companies with what stands on them; four queries."""
    rows = list(companies)
    tally: dict[str, dict[UUID, int]] = {}
    for name, model in (("claims", Claim), ("products", Product), ("incidents", Incident)):
        counted = (
            model._default_manager.filter(company__in=rows)
            .order_by()
            .values_list("company")
            .annotate(n=Count("pk"))
        )
        tally[name] = dict(counted)
    ratings: dict[UUID, Counter[str]] = defaultdict(Counter)
    for company, rating, count in (
        Verdict.objects.current()
        .filter(aspect__claim__company__in=rows)
        .order_by()
        .values_list("aspect__claim__company", "rating")
        .annotate(n=Count("pk"))
    ):
        ratings[company][rating] += count
    return [
        CompanyRow(
            company, tally["claims"].get(company.pk, 0), tally["products"].get(company.pk, 0),
            tally["incidents"].get(company.pk, 0),
            [
                (rating, ratings[company.pk][rating])
                for rating in Rating.values
                if ratings[company.pk][rating]
            ],
        )
        for company in rows
    ]  # fmt: skip


def company_page(company: Company) -> dict[str, Any]:
    """Everything on the page of a company but its list of claims."""
    sources = list(Source.objects.filter(company=company).order_by("-published_at", "-id")[:60])
    options = Prefetch(
        "productoption_set", ProductOption.objects.order_by("-price", "id")
    )  # as on the product's own page
    return {
        "company": company,
        **scorecard(company),
        "chains": chains_of(company=company),
        "map": map_of(company),
        "series": series_of(company=company),
        "history": verdicts_of(company),
        "products": list(
            Product.objects.filter(company=company).prefetch_related(options).order_by("-id")[:60]
        ),
        "own": [source for source in sources if source.channel not in OTHERS],
        "others": [source for source in sources if source.channel in OTHERS],
        "reconstruction": company_is_demonstration(company),
        "enough": ENOUGH,
    }


def product_page(product: Product) -> dict[str, Any]:
    """Everything on the page of a product but its list of claims."""
    roles = (
        EntityRole.objects.filter(product=product)
        .select_related("entity", "source")
        .order_by("from_date", "id")
    )
    by_kind: dict[str, list[EntityRole]] = defaultdict(list)
    for role in roles:
        by_kind[role.kind].append(role)
    options = list(product.productoption_set.order_by("-price", "id"))
    claimed = Counter(Claim.objects.filter(product=product).values_list("option_id", flat=True))
    return {
        "product": product,
        "options": [(option, claimed[option.pk]) for option in options],
        "roles": [(kind, by_kind[kind]) for kind in PARTS if by_kind[kind]],
        "chains": chains_of(product=product),
        "reconstruction": product_is_demonstration(product),
    }
