"""Verdicts as JSON. The detail of one is its published document, byte for byte (verdicts.document)."""

from __future__ import annotations

from rest_framework import serializers

from claims.api.serializers import WrittenJSON
from verdicts.models import Verdict


class VerdictSerializer(serializers.ModelSerializer[Verdict]):
    """A published verdict as it stands in a list."""

    claim = serializers.UUIDField(source="aspect.claim_id", read_only=True)
    rationale = WrittenJSON(read_only=True)

    class Meta:
        model = Verdict
        fields = [
            "id", "reference", "claim", "aspect", "rating", "mechanism", "rationale", "status", "method_version", "units", "contributors",
            "laboratories", "supersedes", "published_at", "document_digest",
        ]  # fmt: skip
