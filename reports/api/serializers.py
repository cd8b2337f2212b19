"""Reports, bundles, history and changes as JSON."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.urls import reverse
from rest_framework import serializers

from reports.models import Report, ReportFile
from reports.pages.corrections import Correction
from ui.languages import without_language


class ReportFileSerializer(serializers.ModelSerializer[ReportFile]):
    url = serializers.SerializerMethodField()

    class Meta:
        model = ReportFile
        fields = ["name", "digest", "size", "media_type", "url"]

    def get_url(self, file: ReportFile) -> str:
        return reverse("reports:report-file", args=[file.report.reference, file.name])


class ReportSerializer(serializers.ModelSerializer[Report]):
    reconstruction = serializers.BooleanField(read_only=True)
    files = ReportFileSerializer(source="reportfile_set", many=True, read_only=True)

    class Meta:
        model = Report
        fields = [
            "id",
            "reference",
            "kind",
            "claim",
            "source",
            "checkpoint_size",
            "basis",
            "reconstruction",
            "created_at",
            "withheld_at",
            "files",
        ]


class StretchSerializer(serializers.Serializer[Any]):
    """A stretch of text: same, gone, came or moved."""

    kind = serializers.CharField()
    text = serializers.CharField()


class ComparedSerializer(serializers.Serializer[Any]):
    """One text of a field in one language, before and after as a diff; `lang` is empty where the
    text names none."""

    lang = serializers.CharField(allow_blank=True)
    runs = StretchSerializer(many=True)


class FieldChangeSerializer(serializers.Serializer[Any]):
    """One field before and after, a text as a diff too. `kind` says how the field is recorded; a
    sealed value is never shown.

    `state` says why both are null: `withheld` (not public) or `erased`; else it is `open`.
    """

    name = serializers.CharField()
    kind = serializers.CharField()
    state = serializers.CharField()
    before = serializers.JSONField()
    after = serializers.JSONField()
    diff = ComparedSerializer(many=True)


class HistoryChangeSerializer(serializers.Serializer[Any]):
    """One recorded change: what, when, by whom (role and pseudonym), why, and where in the log."""

    index = serializers.IntegerField(allow_null=True)
    kind = serializers.CharField()
    object = serializers.CharField()
    at = serializers.CharField()
    role = serializers.CharField()
    name = serializers.CharField()
    reason = serializers.CharField(allow_null=True)
    outside = serializers.BooleanField()
    fields_changed = FieldChangeSerializer(many=True)
    proof = serializers.CharField(allow_null=True)


class CorrectionSerializer(serializers.Serializer[Any]):
    """Something that was taken back or put right. `reason` is null where it was given and is not
    public."""

    index = serializers.IntegerField(source="view.change.index")
    kind = serializers.CharField(source="view.change.kind")
    at = serializers.DateTimeField(source="view.change.at")
    type = serializers.ChoiceField(choices=["verdict", "claim", "exhibit", "report"])
    id = serializers.UUIDField(source="thing.pk")
    reference = serializers.CharField()
    claim = serializers.UUIDField(source="claim.pk", allow_null=True, default=None)
    reconstruction = serializers.BooleanField(source="claim.reconstruction", default=False)
    reason = serializers.CharField(allow_null=True)
    superseded_by = serializers.UUIDField(source="successor.pk", allow_null=True, default=None)
    url = serializers.SerializerMethodField()
    proof = serializers.SerializerMethodField()

    def get_url(self, correction: Correction) -> str:
        return f"{settings.SITE_URL}{without_language(correction.address)}"

    def get_proof(self, correction: Correction) -> str:
        return reverse("reports:proof", args=[correction.view.change.index])


class LogEntrySerializer(serializers.Serializer[Any]):
    """One leaf of the log."""

    index = serializers.IntegerField()
    leaf = serializers.JSONField()


class HistorySerializer(serializers.Serializer[Any]):
    """A page of a history; `next` is the address of the one below it."""

    next = serializers.CharField(allow_null=True)
    results = HistoryChangeSerializer(many=True)


class ChangesSerializer(serializers.Serializer[Any]):
    """A page of the log; `size` is the size of the published tree, `next` the address of the page
    after it."""

    size = serializers.IntegerField()
    next = serializers.CharField(allow_null=True)
    results = LogEntrySerializer(many=True)
