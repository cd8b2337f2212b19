"""What was found, as JSON. Nothing here names who filed: a submission has a pseudonym of its own
and a day."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any
from uuid import UUID

from django.urls import reverse
from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from accounts.api.strict import StrictSerializer
from claims.api.references import ReferenceField
from claims.api.serializers import LanguageField, LocalizedTextJSON
from claims.models import Claim
from evidence.exhibits.affiliation import affiliations
from evidence.exhibits.models import (
    Clarification,
    Comparison,
    Exhibit,
    Region,
    Rendition,
    Submission,
)
from evidence.exhibits.states import Affiliation, Licence
from evidence.sources.models import Disappearance, Observation, Sighting, Version


class VersionSerializer(serializers.ModelSerializer[Version]):
    """A version without its text."""

    class Meta:
        model = Version
        fields = [
            "id", "source", "number", "title", "lang", "characters", "digest", "extractor",
            "extractor_version", "not_before", "not_after",
        ]  # fmt: skip


class FullVersionSerializer(VersionSerializer):
    """A version with its text."""

    class Meta(VersionSerializer.Meta):
        fields = [*VersionSerializer.Meta.fields, "body"]


class ObservationSerializer(serializers.ModelSerializer[Observation]):
    class Meta:
        model = Observation
        fields = [
            "id",
            "source",
            "type",
            "method",
            "looked_at",
            "status",
            "final_url",
            "reason",
            "version",
            "elapsed_ms",
        ]


class SightingSerializer(serializers.ModelSerializer[Sighting]):
    class Meta:
        model = Sighting
        fields = ["id", "appearance", "version", "kind", "start", "end", "passage", "similarity"]


class DisappearanceSerializer(serializers.ModelSerializer[Disappearance]):
    class Meta:
        model = Disappearance
        fields = [
            "id",
            "source",
            "type",
            "status",
            "last_seen_at",
            "first_missing_at",
            "confirmations",
            "confirmed_at",
            "reversed_at",
        ]


class RenditionSerializer(serializers.ModelSerializer[Rendition]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = Rendition
        fields = ["name", "digest", "media_type", "width", "height", "size", "url"]

    def get_url(self, rendition: Rendition) -> str:
        return reverse("reports:media", args=[rendition.digest])


class RegionSerializer(serializers.ModelSerializer[Region]):
    """A marked part of a picture, per mille of its width and height from the upper left."""

    caption = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Region
        fields = ["number", "x", "y", "width", "height", "caption"]


class ComparisonSerializer(serializers.ModelSerializer[Comparison]):
    """What was advertised (`before`) set against what was received (`after`); both are references
    of exhibits."""

    title = LocalizedTextJSON(read_only=True)
    before = serializers.CharField(source="before.reference", read_only=True)
    after = serializers.CharField(source="after.reference", read_only=True)
    reconstruction = serializers.BooleanField(source="claim.reconstruction", read_only=True)

    class Meta:
        model = Comparison
        fields = ["id", "claim", "before", "after", "title", "reconstruction"]


class ExhibitSerializer(serializers.ModelSerializer[Exhibit]):
    """A published exhibit: its renditions, grade and provenance. `licence` says what others may do
    with it; `show` forbids reuse."""

    caption = LocalizedTextJSON(read_only=True)
    grade_reason = LocalizedTextJSON(read_only=True)
    renditions = RenditionSerializer(source="rendition_set", many=True, read_only=True)
    regions = RegionSerializer(source="region_set", many=True, read_only=True)
    claim = serializers.UUIDField(source="submission.claim_id", read_only=True)
    pseudonym = serializers.CharField(source="submission.pseudonym", read_only=True)
    filed_date = serializers.DateField(source="submission.filed_date", read_only=True)
    licence = serializers.ChoiceField(
        source="submission.licence", choices=Licence.choices, read_only=True
    )
    affiliation = serializers.SerializerMethodField()
    _sides: Mapping[UUID, str] = MappingProxyType({})
    reconstruction = serializers.BooleanField(
        source="submission.claim.reconstruction", read_only=True
    )

    class Meta:
        model = Exhibit
        fields = [
            "id", "reference", "claim", "pseudonym", "filed_date", "affiliation", "licence",
            "reconstruction", "number", "caption",
            "media_type",
            "width", "height", "status", "provenance", "grade_source", "grade_information",
            "grade_reason", "renditions",
            "regions",
        ]  # fmt: skip

    @extend_schema_field(serializers.ChoiceField(choices=Affiliation.choices))
    def get_affiliation(self, exhibit: Exhibit) -> str:
        """From whose side it is. Asked once for all exhibits of an answer."""
        if exhibit.submission_id not in self._sides:
            listed = (
                self.root.instance
                if isinstance(self.root, serializers.ListSerializer)
                else [exhibit]
            )
            self._sides = affiliations([submission.submission_id for submission in listed or []])
        return self._sides[exhibit.submission_id]


class OwnExhibitSerializer(serializers.ModelSerializer[Exhibit]):
    """An exhibit as its own filer sees it before the decision."""

    caption = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Exhibit
        fields = ["id", "reference", "number", "caption", "status"]


class ClarificationSerializer(serializers.ModelSerializer[Clarification]):
    """A question with which the submission was returned, and what was answered."""

    question = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Clarification
        fields = ["number", "question", "answer", "lang", "answered_at"]


class SubmissionSerializer(serializers.ModelSerializer[Submission]):
    """A submission as its own filer sees it."""

    exhibits = OwnExhibitSerializer(source="exhibit_set", many=True, read_only=True)
    decision_reason = LocalizedTextJSON(read_only=True)
    clarifications = ClarificationSerializer(source="clarification_set", many=True, read_only=True)

    class Meta:
        model = Submission
        fields = [
            "id", "reference", "claim", "pseudonym", "status", "narrative", "narrative_lang",
            "licence", "filed_date", "decided_date",
            "decision_reason", "clarifications", "exhibits",
        ]  # fmt: skip


class NewSubmissionSerializer(StrictSerializer):
    """What is sent as `multipart/form-data`; photos may be repeated."""

    claim = ReferenceField(queryset=Claim.objects.public())
    narrative = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    narrative_lang = LanguageField()
    licence = serializers.ChoiceField(choices=Licence.choices)
    contact = serializers.CharField(max_length=300, allow_blank=True, default="", write_only=True)
    photos = serializers.ListField(
        child=serializers.FileField(allow_empty_file=False), default=list, max_length=40
    )


class NewAnswerSerializer(StrictSerializer):
    """What is sent as `multipart/form-data` to answer a returned submission; photos may be
    repeated."""

    answer = serializers.CharField(max_length=20_000, allow_blank=True, default="")
    lang = LanguageField()
    photos = serializers.ListField(
        child=serializers.FileField(allow_empty_file=False), default=list, max_length=40
    )


class ChangeSerializer(serializers.Serializer[Any]):
    """One change of a text: as shown, widened to words; the counts are exact."""

    number = serializers.IntegerField()
    kind = serializers.CharField()
    old = serializers.ListField(child=serializers.IntegerField())
    new = serializers.ListField(child=serializers.IntegerField())
    gone = serializers.CharField()
    came = serializers.CharField()
    characters_gone = serializers.IntegerField()
    characters_came = serializers.IntegerField()


class RunSerializer(serializers.Serializer[Any]):
    kind = serializers.CharField()
    text = serializers.CharField()
    number = serializers.IntegerField()
    side = serializers.CharField()


class DiffSerializer(serializers.Serializer[Any]):
    """Version `from` against version `to`."""

    format = serializers.CharField()
    characters = serializers.DictField(child=serializers.IntegerField())
    changes = ChangeSerializer(many=True)
    runs = RunSerializer(many=True)
