"""What was said: companies, products, the places where they speak, and the claims made there.

Everything a person typed is a *text* of the record; vocabularies, numbers, dates and ids are
*plain*.
"""

from __future__ import annotations

import builtins
from typing import ClassVar, Self
from uuid import uuid4

from django.core.exceptions import ValidationError
from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

import ledger
from accounts.models import Organisation, User
from accounts.pseudonyms import new_pseudonym
from claims.dates import validate_past, validate_plan
from claims.languages import LONGEST as LONGEST_TAG
from claims.languages import validate_language
from claims.localized_text import LocalizedTextField, read
from claims.references import LENGTH, new_reference
from claims.states import (
    CLAIM_PROPOSAL_TRANSITIONS,
    CLAIM_TRANSITIONS,
    OTHERS,
    PROGRESS_TRANSITIONS,
    TAKEN_UP,
    UNDECIDED,
    AspectKind,
    BasisKind,
    Channel,
    ClaimKind,
    ClaimProposalStatus,
    ClaimStatus,
    Comparator,
    EntityRoleKind,
    FlagKind,
    ProductKind,
    Progress,
    Stance,
)
from claims.triggers import ClaimedFigureTrigger, belongs, fixed, same_company
from claims.validators import (
    threshold_faults,
    validate_address,
    validate_currency,
    validate_money,
    validate_unit,
    validate_website,
)


def known(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """The constraint that `field` holds a word of its vocabulary."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


def finite(field: str, digits: int, name: str) -> models.CheckConstraint:
    """The constraint that a number is one: PostgreSQL's NaN is larger than any, and fits every
    other constraint."""
    return models.CheckConstraint(
        condition=Q(**{f"{field}__lt": 10**digits}) | Q(**{field: None}), name=name
    )


def currency_code(name: str) -> models.CheckConstraint:
    """The constraint that a currency has the shape of one. Which codes there are is asked by the
    validator."""
    return models.CheckConstraint(
        condition=Q(currency="") | Q(currency__regex="^[A-Z]{3}$"), name=name
    )


@ledger.recorded(
    name="company", plain=["organisation", "created_at"], text=["name", "website"], public=True
)
class Company(models.Model):
    """The brand. Its legal persons are LegalEntity; the people who answer for it have their seats
    in its `organisation`."""

    EDITED: ClassVar = ("name", "website")  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = LocalizedTextField()
    website = models.URLField(blank=True, validators=[validate_website])
    organisation = models.ForeignKey(Organisation, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return read(self.name, "en").text


@fixed("company_id")
@ledger.recorded(
    name="legal_entity",
    plain=["company", "jurisdiction", "created_at"],
    text=["name", "registration", "seat"],
    public=True,
)
class LegalEntity(models.Model):
    """One legal person of a company."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    name = LocalizedTextField()
    registration = models.CharField(max_length=60, blank=True)
    jurisdiction = models.CharField(max_length=2, help_text="ISO 3166-1")
    seat = LocalizedTextField(
        null=True,
        blank=True,
        default=None,
        help_text="The town of its registered seat, where it can be sued.",
    )
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return read(self.name, "en").text


@fixed("company_id")
@ledger.recorded(
    name="product",
    plain=["company", "kind", "launched_date", "created_at"],
    text=["name"],
    public=True,
)
class Product(models.Model):
    """A model or service of a company."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=ProductKind.choices, default=ProductKind.GOODS)
    name = LocalizedTextField()
    launched_date = models.DateField(null=True, blank=True, validators=[validate_plan])
    created_at = models.DateTimeField()

    class Meta:
        constraints = [known("kind", ProductKind, "product_kind_known")]

    def __str__(self) -> str:
        return read(self.name, "en").text


@fixed("product_id")
@ledger.recorded(
    name="product_option",
    plain=["product", "price", "currency", "priced_date", "created_at"],
    text=["name"],
    public=True,
)
class ProductOption(models.Model):
    """Add a paid option of a product."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    name = LocalizedTextField()
    price = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, validators=[validate_currency], help_text="ISO 4217")
    priced_date = models.DateField(null=True, blank=True, validators=[validate_past])
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(price__gte=0), name="option_price_not_negative"),
            finite("price", 12, "option_price_is_a_number"),
            currency_code("option_currency_is_a_code"),
            models.CheckConstraint(condition=~Q(currency=""), name="option_has_a_currency"),
        ]

    def __str__(self) -> str:
        return read(self.name, "en").text

    def clean(self) -> None:
        validate_money(self.price, self.currency)


class SourceQuerySet(models.QuerySet["Source"]):
    def watched(self) -> Self:
        """Sources at a web address that are still looked at."""
        return self.filter(watched=True).exclude(url="")


@fixed("company_id")
@ledger.recorded(
    name="source",
    plain=["company", "channel", "lang", "published_at", "watched", "created_at"],
    text=["url", "title", "speaker"],
    public=True,
)
class Source(models.Model):
    """An address where the company speaks, or where others speak of it (states.OTHERS).

    What stood there, and when, is evidence (evidence.Version).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    channel = models.CharField(max_length=20, choices=Channel.choices)
    url = models.URLField(
        max_length=2000,
        blank=True,
        validators=[validate_address],
        help_text="Empty if it was only submitted: a contract, a chat.",
    )
    title = LocalizedTextField()
    speaker = LocalizedTextField(blank=True)
    lang = models.CharField(
        max_length=LONGEST_TAG, default="zh-Hans", validators=[validate_language]
    )
    published_at = models.DateTimeField(null=True, blank=True, validators=[validate_past])
    watched = models.BooleanField(default=True)
    created_at = models.DateTimeField()

    objects = SourceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["url"], condition=~Q(url=""), name="source_url_once"),
            known("channel", Channel, "source_channel_known"),
        ]
        indexes = [models.Index(fields=["company", "-id"])]

    def __str__(self) -> str:
        return read(self.title, "en").text or self.url


@belongs(
    "EXISTS (SELECT FROM claims_legalentity e WHERE e.id = NEW.entity_id AND "
    f"{same_company('product_id', 'claims_product', 'e.company_id')} AND "
    f"{same_company('source_id', 'claims_source', 'e.company_id')})",
    "entity_id", "product_id", "source_id",
)  # fmt: skip
@ledger.recorded(
    name="entity_role",
    plain=["entity", "product", "source", "kind", "from_date", "until_date", "created_at"],
    text=["note"],
    public=True,
)
class EntityRole(models.Model):
    """What one legal person did for one product (or for all of a company's), from when until when,
    and where that is said."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=EntityRoleKind.choices)
    from_date = models.DateField(validators=[validate_plan])
    until_date = models.DateField(null=True, blank=True, validators=[validate_plan])
    note = LocalizedTextField(
        null=True,
        blank=True,
        default=None,
        help_text="Which court, for which part, under which name.",
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("kind", EntityRoleKind, "entity_role_kind_known"),
            models.CheckConstraint(
                condition=Q(until_date=None) | Q(until_date__gte=F("from_date")),
                name="entity_role_ends_after_it_starts",
            ),
        ]


class ClaimQuerySet(models.QuerySet["Claim"]):
    def public(self) -> Self:
        """What anyone may read. Withdrawn claims stay readable, marked as withdrawn."""
        return self.all()

    def with_shown_parts(self) -> Self:
        """Everything that a list row of a claim shows, in a constant number of queries."""
        return self.select_related("company", "product", "option").prefetch_related(
            models.Prefetch("aspect_set", Aspect.objects.order_by("number")),
            models.Prefetch("flag_set", Flag.objects.raised().in_order()),
        )

    def newest(self) -> Self:
        """Newest first; ids are UUIDv7, so the key alone is the order."""
        return self.order_by("-id")


@fixed("company_id")
@belongs(
    same_company("product_id", "claims_product", "NEW.company_id", optional=False)
    + " AND (NEW.option_id IS NULL OR EXISTS (SELECT FROM claims_productoption o WHERE o.id = "
        "NEW.option_id AND o.product_id = NEW.product_id))",
    "company_id", "product_id", "option_id",
)  # fmt: skip
@ledger.transitions("status", CLAIM_TRANSITIONS)
@ledger.recorded(
    name="claim",
    plain=[
        "reference",
        "company",
        "product",
        "option",
        "quote_lang",
        "kind",
        "status",
        "made_at",
        "stake",
        "currency",
        "reconstruction",
        "created_at",
    ],
    text=["quote", "quote_translation", "summary"],
    public=True,
)
class Claim(models.Model):
    """One checkable statement: the words as they were said, and our neutral summary of them."""

    # claims.editing
    EDITED: ClassVar = ("quote", "quote_lang", "quote_translation", "summary", "kind", "status")

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(
        max_length=LENGTH, unique=True, default=new_reference, editable=False
    )
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    option = models.ForeignKey(ProductOption, null=True, blank=True, on_delete=models.PROTECT)
    quote = models.TextField()
    quote_lang = models.CharField(max_length=LONGEST_TAG, validators=[validate_language])
    quote_translation = LocalizedTextField(
        null=True,
        blank=True,
        default=None,
        help_text="Our summary, for readers who cannot read the quote; never rated.",
    )
    summary = LocalizedTextField()
    kind = models.CharField(max_length=10, choices=ClaimKind.choices, default=ClaimKind.EXPRESS)
    status = models.CharField(
        max_length=12, choices=ClaimStatus.choices, default=ClaimStatus.REGISTERED
    )
    made_at = models.DateTimeField(
        null=True, blank=True, help_text="When the claim was made.", validators=[validate_past]
    )
    stake = models.DecimalField(
        max_digits=14,
        decimal_places=2,
        null=True,
        blank=True,
        help_text="The price of the option, or what a buyer paid.",
    )
    currency = models.CharField(max_length=3, blank=True, validators=[validate_currency])
    reconstruction = models.BooleanField(
        default=False,
        help_text="A demonstration: company and people are fictional. Shown wherever the claim is.",
    )
    created_at = models.DateTimeField()

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            known("kind", ClaimKind, "claim_kind_known"),
            known("status", ClaimStatus, "claim_status_known"),
            models.CheckConstraint(
                condition=Q(stake=None, currency="")
                | Q(stake__isnull=False, stake__gte=0) & ~Q(currency=""),
                name="claim_stake_has_a_currency",
            ),
            finite("stake", 12, "claim_stake_is_a_number"),
            currency_code("claim_currency_is_a_code"),
        ]  # That a claim has a quote is asked by the action: an erased one has none.
        indexes = [models.Index(fields=["company", "-id"]), models.Index(fields=["status", "-id"])]

    def __str__(self) -> str:
        return f"{self.reference} {read(self.summary, 'en').text}"

    def clean(self) -> None:
        validate_money(self.stake, self.currency)

    @property
    def stake_is_price(self) -> bool:
        """Whether the money at stake is what the option costs, rather than what somebody paid."""
        return self.option is not None and (self.stake, self.currency) == (
            self.option.price,
            self.option.currency,
        )

    @property
    def checkable(self) -> bool:
        """Puffery is kept, but never judged."""
        return self.kind != ClaimKind.PUFFERY


@ledger.transitions("progress", PROGRESS_TRANSITIONS)
@ledger.recorded(
    name="aspect",
    plain=["claim", "number", "kind", "progress", "due_date", "cancelled_date", "created_at"],
    text=["statement"],
    public=True,
)
class Aspect(models.Model):
    """One point of a claim that can be judged alone."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    kind = models.CharField(max_length=12, choices=AspectKind.choices)
    statement = LocalizedTextField()
    progress = models.CharField(
        max_length=20, choices=Progress.choices, default=Progress.NOT_YET_RATED
    )
    due_date = models.DateField(
        null=True,
        blank=True,
        help_text="The promised date; empty if it was due on delivery.",
        validators=[validate_plan],
    )
    cancelled_date = models.DateField(
        null=True,
        blank=True,
        help_text="When the company cancelled it.",
        validators=[validate_past],
    )
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "number"], name="aspect_number_once_per_claim"
            ),
            known("kind", AspectKind, "aspect_kind_known"),
            known("progress", Progress, "aspect_progress_known"),
        ]
        indexes = [
            models.Index(
                fields=["due_date"], condition=Q(progress="not_yet_due"), name="aspect_not_yet_due"
            )
        ]

    def __str__(self) -> str:
        return read(self.statement, "en").text


@ClaimedFigureTrigger.on
@ledger.recorded(
    name="criterion",
    plain=[
        "aspect",
        "comparator",
        "value",
        "value_to",
        "unit",
        "tolerance",
        "basis_kind",
        "created_at",
    ],
    text=["property", "conditions", "baseline", "basis", "figure"],
    public=True,
)
class Criterion(models.Model):
    """The threshold of a point: a limit or an interval, with its unit and where it comes from.

    `value_to` is the upper end of `between`; `tolerance` is the half-width of `exactly` and
    `about`, and loosens any other. `baseline` names what a percentage is of.

    `figure` is how the company’s own words state the number and its unit, where they do
    (`BasisKind.CLAIMED`).
    """

    EDITED: ClassVar = ("basis_kind", "basis")  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    aspect = models.OneToOneField(Aspect, on_delete=models.PROTECT)
    property = LocalizedTextField()
    comparator = models.CharField(max_length=10, choices=Comparator.choices)
    value = models.DecimalField(max_digits=20, decimal_places=8)
    value_to = models.DecimalField(max_digits=20, decimal_places=8, null=True, blank=True)
    unit = models.CharField(
        max_length=40, validators=[validate_unit], help_text="As pint reads it: m/s, kW, percent."
    )
    tolerance = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    conditions = LocalizedTextField(blank=True)
    baseline = LocalizedTextField(null=True, blank=True, default=None)
    basis_kind = models.CharField(
        max_length=10, choices=BasisKind.choices, default=BasisKind.SET_BY_US
    )
    basis = LocalizedTextField(blank=True)
    figure = models.CharField(max_length=400, blank=True, default="")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("comparator", Comparator, "criterion_comparator_known"),
            models.CheckConstraint(
                condition=Q(tolerance__gte=0), name="criterion_tolerance_not_negative"
            ),
            models.CheckConstraint(
                condition=Q(comparator="between", value_to__isnull=False, value_to__gt=F("value"))
                | ~Q(comparator="between") & Q(value_to=None),
                name="criterion_between_has_two_values",
            ),
            models.CheckConstraint(
                condition=~Q(comparator__in=["exactly", "about"]) | Q(tolerance__gt=0),
                name="criterion_around_a_value_has_a_tolerance",
            ),
            models.CheckConstraint(
                condition=Q(baseline__isnull=True) | Q(baseline={}) | Q(unit="percent"),
                name="criterion_baseline_is_of_a_percentage",
            ),
            finite("value", 12, "criterion_value_is_a_number"),
            finite("value_to", 12, "criterion_second_value_is_a_number"),
            finite("tolerance", 12, "criterion_tolerance_is_a_number"),
            known("basis_kind", BasisKind, "criterion_basis_kind_known"),
            models.CheckConstraint(
                condition=Q(basis_kind="claimed") | Q(figure=""),
                name="criterion_figure_is_the_companys",
            ),
        ]

    def clean(self) -> None:
        """Each field belongs to its comparator. Raises ValidationError, by field."""
        faults = threshold_faults(
            comparator=self.comparator, value=self.value, value_to=self.value_to,
            tolerance=self.tolerance, unit=self.unit, baseline=bool(self.baseline),
        )  # fmt: skip
        if faults:
            raise ValidationError(faults)

    @builtins.property  # `property` is a field here
    def is_claimed(self) -> bool:
        """Whether the number may be called the company’s: its words state it, and were not
        erased."""
        return self.basis_kind == BasisKind.CLAIMED and bool(self.figure)


class AppearanceQuerySet(models.QuerySet["Appearance"]):
    def saying_so(self) -> Self:
        """Where the claim is made, and not where something else, or nothing, is said about it."""
        return self.filter(Q(stance=Stance.SAYS_SO) | Q(stance=None))

    def by_the_company(self) -> Self:
        """Where the company itself speaks, and not the press, an authority or an exchange about
        it."""
        return self.exclude(source__channel__in=OTHERS)


@belongs(
    "EXISTS (SELECT FROM claims_claim c WHERE c.id = NEW.claim_id AND "
    f"{same_company('source_id', 'claims_source', 'c.company_id', optional=False)})",
    "claim_id", "source_id",
)  # fmt: skip
@ledger.recorded(
    name="appearance",
    plain=["claim", "source", "stance", "created_at"],
    text=["exact", "prefix", "suffix", "fragment", "note"],
    public=True,
)
class Appearance(models.Model):
    """What one source says about this claim: a W3C TextQuoteSelector, or a media fragment
    (`t=62,75`) for what was spoken.

    Most sources say so. One that says otherwise is quoted with its own words; one that never
    mentions it has none to quote.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    stance = models.CharField(  # noqa: DJ001  what was recorded before a source could say anything else has none, and says so
        max_length=14, choices=Stance.choices, null=True, default=Stance.SAYS_SO
    )
    exact = models.TextField(blank=True)
    prefix = models.TextField(blank=True)
    suffix = models.TextField(blank=True)
    fragment = models.CharField(max_length=60, blank=True)
    note = LocalizedTextField(
        null=True,
        blank=True,
        default=None,
        help_text="What readers must know to compare it: what follows from it, what was searched.",
    )
    created_at = models.DateTimeField()

    objects = AppearanceQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "source"], name="appearance_once_per_source"),
            models.CheckConstraint(
                condition=Q(stance=None) | Q(stance__in=Stance.values),
                name="appearance_stance_known",
            ),
            models.CheckConstraint(
                condition=Q(stance=None) | ~Q(stance="no_mention") | Q(exact="", fragment=""),
                name="appearance_without_mention_has_no_quote",
            ),
        ]  # That an appearance points somewhere is asked by the action: an erased one does not.

    @property
    def says(self) -> str:
        """One of Stance."""
        return self.stance or Stance.SAYS_SO


class FlagQuerySet(models.QuerySet["Flag"]):
    def raised(self) -> Self:
        """Flags that stand now."""
        return self.filter(lifted_at=None)

    def in_order(self) -> Self:
        """What was raised first, first."""
        return self.order_by("raised_at", "id")


@ledger.recorded(name="flag", plain=["claim", "kind", "raised_at", "lifted_at"], public=True)
class Flag(models.Model):
    """Something that is true of a claim whatever its verdict."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    kind = models.CharField(max_length=30, choices=FlagKind.choices)
    raised_at = models.DateTimeField()
    lifted_at = models.DateTimeField(null=True, blank=True)

    objects = FlagQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["claim", "kind"], condition=Q(lifted_at=None), name="flag_raised_once"
            ),
            known("kind", FlagKind, "flag_kind_known"),
        ]


# --- figures over time ----------------------------------------------------------------------------


OF_SERIES = (
    f"EXISTS (SELECT FROM claims_series s WHERE s.id = NEW.series_id AND "
    f"{same_company('source_id', 'claims_source', 's.company_id')})"
)


@fixed("company_id")
@ledger.recorded(
    name="series",
    plain=["company", "reconstruction", "created_at"],
    text=["name", "unit"],
    public=True,
)
class Series(models.Model):
    """A dated series of figures about a company: its market value, a price, the weeks of waiting
    that it shows."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    name = LocalizedTextField()
    unit = LocalizedTextField(help_text="As shown beside the number: HK$ bn, weeks.")
    reconstruction = models.BooleanField(default=False)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return read(self.name, "en").text


@belongs(OF_SERIES, "series_id", "source_id")
@ledger.recorded(
    name="series_point", plain=["series", "source", "on_date", "value", "created_at"], public=True
)
class SeriesPoint(models.Model):
    """One figure as one source gives it. Two sources that differ are two points, and nothing is
    averaged."""

    EDITED: ClassVar = ("value",)  # claims.editing

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    series = models.ForeignKey(Series, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    on_date = models.DateField(validators=[validate_past])
    value = models.DecimalField(max_digits=20, decimal_places=4)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["series", "on_date", "source"], name="series_point_once_per_day_and_source"
            ),
            finite("value", 16, "series_point_is_a_number"),
        ]


@belongs(OF_SERIES, "series_id", "source_id")
@ledger.recorded(
    name="series_note",
    plain=["series", "source", "from_date", "until_date", "stated_value", "created_at"],
    text=["text"],
    public=True,
)
class SeriesNote(models.Model):
    """What happened on a day or between two, beside a series. It may carry a figure that someone
    stated for the difference."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    series = models.ForeignKey(Series, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    from_date = models.DateField(validators=[validate_plan])
    until_date = models.DateField(null=True, blank=True, validators=[validate_plan])
    text = LocalizedTextField()
    stated_value = models.DecimalField(max_digits=20, decimal_places=4, null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(until_date=None) | Q(until_date__gt=F("from_date")),
                name="series_note_ends_after_it_starts",
            ),
            models.CheckConstraint(
                condition=Q(stated_value=None) | Q(until_date__isnull=False),
                name="series_note_states_a_difference_between_two_days",
            ),
            finite("stated_value", 16, "series_note_states_a_number"),
        ]


class ClaimProposalQuerySet(models.QuerySet["ClaimProposal"]):
    def public(self) -> Self:
        """Proposals that were taken up: all that the public may know to exist."""
        return self.filter(status__in=TAKEN_UP)

    def visible_to(self, user: User) -> Self:
        """What `user` may read: those at the desk all unless they act for a company, everyone else
        their own."""
        if user.has_role("moderator", "adjudicator", "auditor") and not user.has_company_seat:
            return self
        return self.filter(proposed_by=user)

    def waiting(self) -> Self:
        """What moderators have still to decide."""
        return self.filter(status=ClaimProposalStatus.PROPOSED)

    def undecided(self) -> Self:
        """What waits for a moderator, or for an answer."""
        return self.filter(status__in=UNDECIDED)


@ledger.transitions("status", CLAIM_PROPOSAL_TRANSITIONS)
@ledger.recorded(
    name="claim_proposal",
    plain=["status", "channel", "quote_lang", "proposed_date", "decided_date", "claim"],
    text=[
        "reference",
        "pseudonym",
        "quote",
        "address",
        "place",
        "company_name",
        "product_name",
        "why",
        "proposed_by",
        "proposed_at",
        "decision_reason",
        "decided_by",
        "decided_at",
        "idempotency_key",
        "content_key",
    ],
    # What a proposer typed may name people: the claim that came of it is the text that everyone
    # reads.
    closed=[
        "reference",
        "quote",
        "address",
        "place",
        "company_name",
        "product_name",
        "why",
        "proposed_by",
        "proposed_at",
        "decision_reason",
        "decided_by",
        "decided_at",
        "idempotency_key",
        "content_key",
        "act_reason",
    ],
    coarse=True,
    public="public",
)
class ClaimProposal(models.Model):
    """A claim that somebody asks moderators to register: the words, where they stand, and what is
    thought to be wrong with them.

    Its id is random and its pseudonym its own, so that two proposals of one person cannot be
    linked, and nobody can tell when one was made.
    """

    # claims.editing
    EDITED: ClassVar = ("status", "quote", "address", "decision_reason", "claim", "answers")

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    reference = models.CharField(
        max_length=LENGTH, unique=True, default=new_reference, editable=False
    )
    proposed_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="+")
    pseudonym = models.CharField(max_length=40, default=new_pseudonym)
    status = models.CharField(
        max_length=12, choices=ClaimProposalStatus.choices, default=ClaimProposalStatus.PROPOSED
    )
    quote = models.TextField()
    quote_lang = models.CharField(max_length=LONGEST_TAG, validators=[validate_language])
    channel = models.CharField(max_length=20, choices=Channel.choices)
    address = models.URLField(max_length=2000, blank=True, validators=[validate_address])
    place = models.TextField(
        blank=True, help_text="Where the words are, if no address leads there: a shop, a contract."
    )
    company_name = models.CharField(max_length=200)
    product_name = models.CharField(max_length=200, blank=True)
    why = models.TextField(help_text="What the proposer thinks is wrong, or why it matters.")
    proposed_at = models.DateTimeField()
    proposed_date = models.DateField()
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT)
    decision_reason = LocalizedTextField(blank=True)
    decided_by = models.ForeignKey(
        User, null=True, blank=True, on_delete=models.PROTECT, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    decided_date = models.DateField(null=True, blank=True)
    idempotency_key = models.CharField(max_length=100, blank=True)
    content_key = models.CharField(max_length=64, blank=True)

    objects = ClaimProposalQuerySet.as_manager()

    class Meta:
        constraints = [
            known("status", ClaimProposalStatus, "claim_proposal_status_known"),
            known("channel", Channel, "claim_proposal_channel_known"),
            models.UniqueConstraint(
                fields=["proposed_by", "idempotency_key"],
                condition=~Q(idempotency_key=""),
                name="claim_proposal_idempotent_per_account",
            ),
            models.CheckConstraint(
                condition=Q(claim=None) & ~Q(status__in=TAKEN_UP)
                | Q(claim__isnull=False, status__in=TAKEN_UP),
                name="claim_proposal_taken_up_has_a_claim",
            ),
            models.CheckConstraint(
                condition=Q(
                    decided_by=None,
                    decided_at=None,
                    decided_date=None,
                    status__in=["proposed", "withdrawn"],
                )
                | Q(decided_by__isnull=False, decided_at__isnull=False, decided_date__isnull=False),
                name="claim_proposal_decided_all_or_none",
            ),
            models.CheckConstraint(
                condition=Q(decided_by=None) | ~Q(decided_by=F("proposed_by")),
                name="claim_proposal_not_decided_by_its_proposer",
            ),
        ]
        indexes = [
            models.Index(
                fields=["proposed_at"],
                condition=Q(status="proposed"),
                name="claim_proposal_waiting",
            ),
            models.Index(fields=["proposed_by", "-proposed_at"]),
        ]

    def __str__(self) -> str:
        return self.reference

    @property
    def answers(self) -> int:
        """How often its proposer answered: who decides has seen as many."""
        return ProposalQuestion.objects.filter(proposal=self).count()


@ledger.recorded(
    name="proposal_question",
    plain=["proposal", "number"],
    text=["question", "answer", "lang", "answered_at"],
    closed=["question", "answer", "lang", "answered_at"],
)
class ProposalQuestion(models.Model):
    """A question with which a proposal was returned, and what its proposer answered. Between the
    two and moderators."""

    id = models.UUIDField(primary_key=True, default=uuid4, editable=False)
    proposal = models.ForeignKey(ClaimProposal, on_delete=models.PROTECT)
    number = models.PositiveSmallIntegerField()
    question = LocalizedTextField(blank=True)
    answer = models.TextField()
    lang = models.CharField(max_length=LONGEST_TAG, validators=[validate_language])
    answered_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["proposal", "number"], name="proposal_question_number_once"
            )
        ]
