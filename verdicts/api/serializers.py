"""Verdicts as JSON. The detail of one is its published document, byte for byte
(verdicts.document)."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

from claims.api.serializers import LocalizedTextJSON
from verdicts import response_times
from verdicts.models import Incident, Occurrence, Verdict


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    """A published verdict as it stands in a list: `superseded_by` and `superseded_at` where another
    was published in its place.

    `evidence_withdrawn`: since it was published, evidence that it rests on was withdrawn by its
    submitter or its file was deleted.
    """

    claim = serializers.UUIDField(source="aspect.claim_id", read_only=True)
    rationale = LocalizedTextJSON(read_only=True)
    reconstruction = serializers.BooleanField(source="aspect.claim.reconstruction", read_only=True)
    superseded_by = serializers.UUIDField(
        source="successor.pk", read_only=True, allow_null=True, default=None
    )
    evidence_withdrawn = serializers.BooleanField(read_only=True)
    superseded_at = serializers.DateTimeField(
        source="successor.published_at", read_only=True, allow_null=True, default=None
    )

    class Meta:
        model = Verdict
        fields = [
            "id", "reference", "claim", "aspect", "rating", "mechanism", "rationale", "status",
            "method_version", "units", "contributors",
            "laboratories", "supersedes", "superseded_by", "superseded_at", "reconstruction",
            "published_at", "document_digest",
            "evidence_withdrawn",
        ]  # fmt: skip


class OccurrenceSerializer(serializers.ModelSerializer[Occurrence]):
    text = LocalizedTextJSON(read_only=True)

    class Meta:
        model = Occurrence
        fields = ["id", "kind", "actor", "happened_at", "exact_to", "text", "source"]


def _hours(lag: response_times.ResponseTime | None) -> dict[str, str] | None:
    return {"at_least": str(lag.hours[0]), "at_most": str(lag.hours[1])} if lag else None


class LagSerializer(serializers.Serializer[Any]):
    at_least = serializers.CharField()
    at_most = serializers.CharField()


class CareSerializer(serializers.Serializer[Any]):
    """Hours after the harm until the company got in touch, spoke and acted, at least and at most;
    and who acted first."""

    first_contact_hours = LagSerializer(allow_null=True)
    first_statement_hours = LagSerializer(allow_null=True)
    first_action_hours = LagSerializer(allow_null=True)
    acted_first = serializers.ListField(child=serializers.CharField())
    before_contact = serializers.ListField(child=serializers.CharField())


class IncidentSerializer(serializers.ModelSerializer[Incident]):
    """A chain of events after harm, and how long the company's answers took."""

    title = LocalizedTextJSON(read_only=True)
    summary = LocalizedTextJSON(read_only=True)
    events = OccurrenceSerializer(source="occurrence_set", many=True, read_only=True)
    care = serializers.SerializerMethodField()

    class Meta:
        model = Incident
        fields = [
            "id",
            "company",
            "product",
            "title",
            "summary",
            "reconstruction",
            "events",
            "care",
        ]

    @extend_schema_field(CareSerializer)
    def get_care(self, incident: Incident) -> dict[str, Any]:
        care = response_times.read_chain(
            [
                response_times.IncidentEvent.known_to(
                    occurrence.kind, occurrence.actor, occurrence.happened_at, occurrence.exact_to
                )
                for occurrence in incident.occurrence_set.all()
            ]
        )
        return {
            "first_contact_hours": _hours(care.contact_lag),
            "first_statement_hours": _hours(care.statement_lag),
            "first_action_hours": _hours(care.action_lag),
            "acted_first": sorted(care.acted_first),
            "before_contact": sorted(care.before_contact),
        }
