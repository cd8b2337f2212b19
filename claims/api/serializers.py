"""What was said, as JSON. Numbers are decimal strings, written texts carry their language and
translations."""

from __future__ import annotations

from typing import Any

from django.core.exceptions import ValidationError as DjangoValidationError
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from claims.languages import language_tag
from claims.models import (
    Appearance,
    Aspect,
    Claim,
    Company,
    Criterion,
    Flag,
    LegalEntity,
    Product,
    ProductOption,
    Series,
    SeriesNote,
    SeriesPoint,
    Source,
)
from claims.series_figures import FigurePoint, differences
from claims.states import Stance


class LanguageField(serializers.CharField):
    """The BCP 47 tag of a language, any there is."""

    def __init__(self, **options: Any) -> None:
        super().__init__(
            **{
                "max_length": 80,
                "help_text": "A language by its BCP 47 tag: `zh-Hans`, `en`, `de`, `pt-BR`.",
                **options,
            }
        )

    def to_internal_value(self, data: Any) -> str:
        """The tag as it is written. Raises ValidationError."""
        try:
            return language_tag(super().to_internal_value(data))
        except DjangoValidationError as error:
            raise serializers.ValidationError(error.messages) from None


LOCALIZED_TEXT_SCHEMA = {
    "type": "object",
    "properties": {
        "lang": {"type": "string", "enum": ["zh-Hans", "en"]},
        "text": {"type": "string"},
        "translations": {
            "type": "object",
            "additionalProperties": {
                "type": "object",
                "properties": {
                    "text": {"type": "string"},
                    "role": {"type": "string"},
                    "name": {"type": "string"},
                },
                "required": ["text", "role", "name"],
            },
        },
    },
}


@extend_schema_field(LOCALIZED_TEXT_SCHEMA)
class LocalizedTextJSON(serializers.JSONField):
    """A written text with its translations; `{}`, or null where that is allowed, when there is
    none."""


class CompanySerializer(serializers.ModelSerializer[Company]):
    name = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Company
        fields = ["id", "name", "website"]


class LegalEntitySerializer(serializers.ModelSerializer[LegalEntity]):
    name = LocalizedTextJSON(read_only=True)
    seat = LocalizedTextJSON(read_only=True, allow_null=True)

    class Meta:
        model = LegalEntity
        fields = ["id", "company", "name", "registration", "jurisdiction", "seat"]


class ProductSerializer(serializers.ModelSerializer[Product]):
    name = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Product
        fields = ["id", "company", "kind", "name", "launched_date"]


class OptionSerializer(serializers.ModelSerializer[ProductOption]):
    name = LocalizedTextJSON(read_only=True)

    class Meta:
        model = ProductOption
        fields = ["id", "name", "price", "currency"]


class SourceSerializer(serializers.ModelSerializer[Source]):
    title = LocalizedTextJSON(read_only=True)
    speaker = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Source
        fields = [
            "id",
            "company",
            "channel",
            "url",
            "title",
            "speaker",
            "lang",
            "published_at",
            "watched",
        ]


class CriterionSerializer(serializers.ModelSerializer[Criterion]):
    property = LocalizedTextJSON(read_only=True)
    conditions = LocalizedTextJSON(read_only=True)
    baseline = LocalizedTextJSON(read_only=True, allow_null=True)
    basis = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Criterion
        fields = [
            "property",
            "comparator",
            "value",
            "value_to",
            "unit",
            "tolerance",
            "conditions",
            "baseline",
            "basis",
            "basis_kind",
            "figure",
        ]


class AspectSerializer(serializers.ModelSerializer[Aspect]):
    statement = LocalizedTextJSON(read_only=True)
    criterion = serializers.SerializerMethodField()

    class Meta:
        model = Aspect
        fields = [
            "id",
            "number",
            "kind",
            "statement",
            "progress",
            "due_date",
            "cancelled_date",
            "criterion",
        ]

    @extend_schema_field(CriterionSerializer(allow_null=True))
    def get_criterion(self, aspect: Aspect) -> Any:
        criterion = getattr(aspect, "criterion", None)
        return CriterionSerializer(criterion).data if criterion else None


class AppearanceSerializer(serializers.ModelSerializer[Appearance]):
    stance = serializers.ChoiceField(choices=Stance.choices, source="says", read_only=True)
    note = LocalizedTextJSON(read_only=True, allow_null=True)

    class Meta:
        model = Appearance
        fields = ["id", "source", "stance", "exact", "prefix", "suffix", "fragment", "note"]


class FlagSerializer(serializers.ModelSerializer[Flag]):
    class Meta:
        model = Flag
        fields = ["kind", "raised_at", "lifted_at"]


class ClaimSerializer(serializers.ModelSerializer[Claim]):
    """A claim as it stands in a list."""

    quote_translation = LocalizedTextJSON(read_only=True, allow_null=True)
    summary = LocalizedTextJSON(read_only=True)
    company = CompanySerializer(read_only=True)
    product = ProductSerializer(read_only=True)
    option = OptionSerializer(read_only=True, allow_null=True)
    aspects = AspectSerializer(source="aspect_set", many=True, read_only=True)
    flags = serializers.SerializerMethodField()

    class Meta:
        model = Claim
        fields = [
            "id", "reference", "company", "product", "option", "quote", "quote_lang",
            "quote_translation", "summary", "kind", "status",
            "made_at", "stake", "currency", "reconstruction", "flags", "aspects", "created_at",
        ]  # fmt: skip

    def get_flags(self, claim: Claim) -> list[str]:
        return sorted(flag.kind for flag in claim.flag_set.all())


class ClaimDetailSerializer(ClaimSerializer):
    """A claim with everywhere it stands."""

    appearances = AppearanceSerializer(source="appearance_set", many=True, read_only=True)

    class Meta(ClaimSerializer.Meta):
        fields = [*ClaimSerializer.Meta.fields, "appearances"]


class SeriesPointSerializer(serializers.ModelSerializer[SeriesPoint]):
    class Meta:
        model = SeriesPoint
        fields = ["on_date", "value", "source"]


class SeriesNoteSerializer(serializers.ModelSerializer[SeriesNote]):
    """`computed` holds the difference between every figure of the one day and every figure of the
    other: none is averaged."""

    text = LocalizedTextJSON(read_only=True)
    computed = serializers.SerializerMethodField()

    class Meta:
        model = SeriesNote
        fields = ["from_date", "until_date", "text", "stated_value", "computed", "source"]

    @extend_schema_field(serializers.ListField(child=serializers.CharField()))
    def get_computed(self, note: SeriesNote) -> list[str]:
        if note.until_date is None:
            return []
        points = [
            FigurePoint(point.on_date, point.value, str(point.source_id))
            for point in note.series.seriespoint_set.all()
        ]
        return [
            format(difference.value, "f")
            for difference in differences(points, note.from_date, note.until_date)
        ]


class SeriesSerializer(serializers.ModelSerializer[Series]):
    """A dated series with every figure and what is noted beside it."""

    name = LocalizedTextJSON(read_only=True)
    unit = LocalizedTextJSON(read_only=True)
    points = SeriesPointSerializer(source="seriespoint_set", many=True, read_only=True)
    notes = SeriesNoteSerializer(source="seriesnote_set", many=True, read_only=True)

    class Meta:
        model = Series
        fields = ["id", "company", "name", "unit", "reconstruction", "points", "notes"]
