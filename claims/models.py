"""What was said: companies, products, the places where they speak, and the claims made there.

Everything a person typed is a *text* of the record; vocabularies, numbers, dates and ids are *plain* (DESIGN §4).
"""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

import ledger
from claims.references import LENGTH, new_reference
from claims.states import (
    AspectKind,
    Channel,
    ClaimKind,
    ClaimStatus,
    Comparator,
    EntityRoleKind,
    FlagKind,
    ProductKind,
    Progress,
)
from claims.written import WrittenField, read


def known(field: str, choices: type[models.TextChoices], name: str) -> models.CheckConstraint:
    """The constraint that `field` holds a word of its vocabulary."""
    return models.CheckConstraint(condition=Q(**{f"{field}__in": choices.values}), name=name)


@ledger.recorded(plain=["created_at"], text=["name", "website"], public=True)
class Company(models.Model):
    """The brand. Its legal persons are LegalEntity."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    name = WrittenField()
    website = models.URLField(blank=True)
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return read(self.name, "en").text


@ledger.recorded(plain=["company", "jurisdiction", "created_at"], text=["name", "registration"], public=True)
class LegalEntity(models.Model):
    """One legal person of a company."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    name = WrittenField()
    registration = models.CharField(max_length=60, blank=True)
    jurisdiction = models.CharField(max_length=2, help_text="ISO 3166-1")
    created_at = models.DateTimeField()

    def __str__(self) -> str:
        return read(self.name, "en").text


@ledger.recorded(plain=["company", "kind", "launched_date", "created_at"], text=["name"], public=True)
class Product(models.Model):
    """A model or service of a company."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=ProductKind.choices, default=ProductKind.GOODS)
    name = WrittenField()
    launched_date = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [known("kind", ProductKind, "product_kind_known")]

    def __str__(self) -> str:
        return read(self.name, "en").text


@ledger.recorded(plain=["product", "price", "currency", "priced_date", "created_at"], text=["name"], public=True)
class ProductOption(models.Model):
    """A priced option of a product."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    name = WrittenField()
    price = models.DecimalField(max_digits=14, decimal_places=2)
    currency = models.CharField(max_length=3, help_text="ISO 4217")
    priced_date = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(price__gte=0), name="option_price_not_negative")]

    def __str__(self) -> str:
        return read(self.name, "en").text


class SourceQuerySet(models.QuerySet["Source"]):
    def watched(self) -> Self:
        """Sources at a web address that are still looked at."""
        return self.filter(watched=True).exclude(url="")


@ledger.recorded(
    plain=["company", "channel", "lang", "published_at", "watched", "created_at"],
    text=["url", "title", "speaker"],
    public=True,
)
class Source(models.Model):
    """An address where the company speaks. What stood there, and when, is evidence (evidence.Version)."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    channel = models.CharField(max_length=20, choices=Channel.choices)
    url = models.URLField(max_length=2000, blank=True, help_text="Empty for what was only handed in: a contract, a chat.")
    title = WrittenField()
    speaker = WrittenField(blank=True)
    lang = models.CharField(max_length=12, default="zh-Hans")
    published_at = models.DateTimeField(null=True, blank=True)
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


@ledger.recorded(plain=["entity", "product", "source", "kind", "from_date", "until_date", "created_at"], public=True)
class EntityRole(models.Model):
    """What one legal person did for one product (or for all of a company's), from when until when, and where that is said."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    entity = models.ForeignKey(LegalEntity, on_delete=models.PROTECT)
    product = models.ForeignKey(Product, null=True, blank=True, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, null=True, blank=True, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=EntityRoleKind.choices)
    from_date = models.DateField()
    until_date = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("kind", EntityRoleKind, "entity_role_kind_known"),
            models.CheckConstraint(
                condition=Q(until_date=None) | Q(until_date__gte=F("from_date")), name="entity_role_ends_after_it_starts"
            ),
        ]


class ClaimQuerySet(models.QuerySet["Claim"]):
    def public(self) -> Self:
        """What anyone may read. Withdrawn claims stay readable, marked as withdrawn."""
        return self.all()

    def with_shown_parts(self) -> Self:
        """Everything that a list row of a claim shows, in a constant number of queries."""
        return self.select_related("company", "product", "option").prefetch_related("aspect_set", "flag_set")

    def newest(self) -> Self:
        """Newest first; ids are UUIDv7, so the key alone is the order."""
        return self.order_by("-id")


@ledger.recorded(
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
    text=["quote", "summary"],
    public=True,
)
class Claim(models.Model):
    """One checkable statement: the words as they were said, and our neutral summary of them."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    reference = models.CharField(max_length=LENGTH, unique=True, default=new_reference, editable=False)
    company = models.ForeignKey(Company, on_delete=models.PROTECT)
    product = models.ForeignKey(Product, on_delete=models.PROTECT)
    option = models.ForeignKey(ProductOption, null=True, blank=True, on_delete=models.PROTECT)
    quote = models.TextField()
    quote_lang = models.CharField(max_length=12)
    summary = WrittenField()
    kind = models.CharField(max_length=10, choices=ClaimKind.choices, default=ClaimKind.EXPRESS)
    status = models.CharField(max_length=12, choices=ClaimStatus.choices, default=ClaimStatus.REGISTERED)
    made_at = models.DateTimeField(null=True, blank=True, help_text="When it was said, in the world.")
    stake = models.DecimalField(
        max_digits=14, decimal_places=2, null=True, blank=True, help_text="Money a buyer paid on the strength of it."
    )
    currency = models.CharField(max_length=3, blank=True)
    reconstruction = models.BooleanField(
        default=False, help_text="Played through again to show how the record works; said wherever it is shown."
    )
    created_at = models.DateTimeField()

    objects = ClaimQuerySet.as_manager()

    class Meta:
        constraints = [
            known("kind", ClaimKind, "claim_kind_known"),
            known("status", ClaimStatus, "claim_status_known"),
            models.CheckConstraint(
                condition=Q(stake=None, currency="") | Q(stake__isnull=False, stake__gte=0) & ~Q(currency=""),
                name="claim_stake_has_a_currency",
            ),
        ]  # That a claim has a quote is asked by the action: an erased one has none.
        indexes = [models.Index(fields=["company", "-id"]), models.Index(fields=["status", "-id"])]

    def __str__(self) -> str:
        return f"{self.reference} {read(self.summary, 'en').text}"

    @property
    def checkable(self) -> bool:
        """Puffery is kept, but never judged."""
        return self.kind != ClaimKind.PUFFERY


@ledger.recorded(
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
    statement = WrittenField()
    progress = models.CharField(max_length=20, choices=Progress.choices, default=Progress.NOT_YET_RATED)
    due_date = models.DateField(null=True, blank=True, help_text="When it was promised for; empty if it was promised as delivered.")
    cancelled_date = models.DateField(null=True, blank=True, help_text="When the company said it will not come.")
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "number"], name="aspect_number_once_per_claim"),
            known("kind", AspectKind, "aspect_kind_known"),
            known("progress", Progress, "aspect_progress_known"),
        ]

    def __str__(self) -> str:
        return read(self.statement, "en").text


@ledger.recorded(
    plain=["aspect", "comparator", "value", "unit", "tolerance", "created_at"],
    text=["property", "conditions", "basis"],
    public=True,
)
class Criterion(models.Model):
    """A promised quantity: one-sided, with its unit and where the limit comes from."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    aspect = models.OneToOneField(Aspect, on_delete=models.PROTECT)
    property = WrittenField()
    comparator = models.CharField(max_length=10, choices=Comparator.choices)
    value = models.DecimalField(max_digits=20, decimal_places=8)
    unit = models.CharField(max_length=40, help_text="As pint reads it: m/s, kW, percent.")
    tolerance = models.DecimalField(max_digits=20, decimal_places=8, default=0)
    conditions = WrittenField(blank=True)
    basis = WrittenField(blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("comparator", Comparator, "criterion_comparator_known"),
            models.CheckConstraint(condition=Q(tolerance__gte=0), name="criterion_tolerance_not_negative"),
        ]


@ledger.recorded(plain=["claim", "source", "created_at"], text=["exact", "prefix", "suffix", "fragment"], public=True)
class Appearance(models.Model):
    """This claim in this source: a W3C TextQuoteSelector, or a media fragment (`t=62,75`) for what was spoken."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    claim = models.ForeignKey(Claim, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    exact = models.TextField(blank=True)
    prefix = models.TextField(blank=True)
    suffix = models.TextField(blank=True)
    fragment = models.CharField(max_length=60, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["claim", "source"], name="appearance_once_per_source"),
        ]  # That an appearance points somewhere is asked by the action: an erased one does not.


class FlagQuerySet(models.QuerySet["Flag"]):
    def raised(self) -> Self:
        """Flags that stand now."""
        return self.filter(lifted_at=None)


@ledger.recorded(plain=["claim", "kind", "raised_at", "lifted_at"], public=True)
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
            models.UniqueConstraint(fields=["claim", "kind"], condition=Q(lifted_at=None), name="flag_raised_once"),
            known("kind", FlagKind, "flag_kind_known"),
        ]
