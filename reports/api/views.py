"""Reads across the apps: reports, histories, bundles, and the feed of everything that was
logged."""

from __future__ import annotations

import json
from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from django.http import Http404, HttpResponse
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts.api.permissions import PublicRead
from accounts.api.strict import Strict
from claims.api.filters import ReferenceFilter
from claims.api.paging import Paging
from claims.api.references import ByIdOrReference
from claims.models import Claim
from claims.moments import format_moment
from claims.reference_resolver import resolve_reference
from ledger.history import Change
from ledger.models import Entry
from ledger.proofs import NotLoggedError, published
from reports.api.serializers import (
    ChangesSerializer,
    CorrectionSerializer,
    HistorySerializer,
    ReportSerializer,
)
from reports.documents.report_files import bundle_of
from reports.models import Report, ReportFile, ReportKind
from reports.pages.corrections import corrections, read
from reports.pages.history import compared
from reports.pages.history_objects import claim_changes
from verdicts.api.views import DocumentWithheldError, naming_successor
from verdicts.erasure import WithheldError
from verdicts.models import Verdict

MOST = 200


def _whole(request: Request, name: str, default: int, most: int) -> int:
    value = request.query_params.get(name, str(default))
    if not value.removeprefix("-").isdecimal() or len(value) > 18:
        raise ValidationError({name: ["A whole number is needed."]})
    return min(int(value), most)


class NewestBuilt(Paging):
    """By time of building; ids of reports follow from their contents."""

    ordering = ("-created_at", "-id")
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = MOST


class ReportFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By claim, source and kind."""

    claim = ReferenceFilter(field_name="claim")
    source = django_filters.UUIDFilter()
    kind = django_filters.ChoiceFilter(choices=ReportKind.choices)

    class Meta:
        model = Report
        fields: list[str] = []


class NewestEntry(Paging):
    """By index in the log."""

    ordering = "-index"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = MOST


class ReportViewSet(
    Strict,
    ByIdOrReference,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Report],
):
    """Reports that were built, newest first."""

    permission_classes = [PublicRead]
    serializer_class = ReportSerializer
    queryset = Report.objects.with_reconstruction().prefetch_related(
        Prefetch("reportfile_set", ReportFile.objects.order_by("name")), "reportfile_set__report"
    )
    filterset_class = ReportFilter

    pagination_class = NewestBuilt


class CorrectionViewSet(Strict, mixins.ListModelMixin, viewsets.GenericViewSet[Entry]):
    """Corrections, newest first: verdicts replaced, claims corrected or withdrawn, exhibits and
    reports withheld."""

    permission_classes = [PublicRead]
    serializer_class: type[CorrectionSerializer] = CorrectionSerializer
    pagination_class = NewestEntry
    queryset = Entry.objects.none()

    def get_queryset(self) -> QuerySet[Entry]:
        return corrections()

    def paginate_queryset(self, queryset: Any) -> Any:
        """The corrections behind one page of entries; the cursor is that of the entries."""
        page = super().paginate_queryset(queryset)
        return None if page is None else read(page)


def change_json(change: Change) -> dict[str, Any]:
    """One change of a history, as the API shows it."""
    return {
        "index": change.index,
        "kind": change.kind,
        "object": f"{change.label}/{change.object_id}",
        "at": format_moment(change.at),
        "role": change.role,
        "name": change.name,
        "reason": change.reason,
        "outside": change.outside,
        "fields_changed": [
            {
                "name": field.name,
                "kind": field.kind,
                "state": field.state,
                "before": field.before,
                "after": field.after,
                "diff": [
                    {
                        "lang": part.lang,
                        "runs": [{"kind": run.kind, "text": run.text} for run in part.runs],
                    }
                    for part in compared(field)
                ],
            }
            for field in change.fields
        ],
        "proof": reverse("reports:proof", args=[change.index]),
    }


class ClaimHistoryView(Strict, APIView):
    """The change history of a claim."""

    permission_classes = [PublicRead]
    parameters = {
        "get": [
            OpenApiParameter("before", int, description="Continue below this log index."),
            OpenApiParameter("limit", int),
        ],
    }

    @extend_schema(responses=HistorySerializer)
    def get(self, request: Request, id: str) -> Response:
        """Every edit of a claim and of what hangs on it, field by field, newest first."""
        claim = resolve_reference(Claim.objects.public(), id)
        limit = max(1, _whole(request, "limit", 50, MOST))
        before = _whole(request, "before", 0, 2**62) or None
        changes = claim_changes(claim, before=before, limit=limit)
        following = (
            f"{request.path}?before={changes[-1].index}&limit={limit}"
            if len(changes) == limit
            else None
        )
        return Response({"next": following, "results": [change_json(change) for change in changes]})


class VerdictProofView(Strict, APIView):
    """The proof of a verdict."""

    permission_classes = [PublicRead]

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def get(self, request: Request, id: str) -> HttpResponse:
        """The offline bundle of a verdict: check it with `python -m ledger.verify`."""
        verdict = resolve_reference(Verdict.objects.public(), id)
        try:
            content = bundle_of(verdict)
        except NotLoggedError as error:
            raise Http404 from error
        except WithheldError as error:
            raise DocumentWithheldError from error
        response = HttpResponse(content, content_type="application/json")
        response["Content-Disposition"] = f'attachment; filename="{verdict.reference}.bundle.json"'
        return naming_successor(response, verdict)


class ChangeView(Strict, APIView):
    """The log as a feed: leaves in order, resumable by index."""

    permission_classes = [PublicRead]
    parameters = {
        "get": [
            OpenApiParameter(
                "after", int, description="The last log index already read; -1 to begin."
            ),
            OpenApiParameter("limit", int),
        ]
    }

    @extend_schema(responses=ChangesSerializer)
    def get(self, request: Request) -> Response:
        """Published leaves after an index, oldest first."""
        after = _whole(request, "after", -1, 2**62)
        limit = max(1, _whole(request, "limit", 100, MOST))
        try:
            size = published()[0].size
        except NotLoggedError:
            size = 0
        rows = (
            Entry.objects.filter(index__gt=after, index__lt=size)
            .order_by("index")
            .values_list("index", "leaf")[:limit]
        )
        results = [{"index": index, "leaf": json.loads(bytes(leaf))} for index, leaf in rows]
        following = (
            f"{request.path}?after={results[-1]['index']}&limit={limit}"
            if len(results) == limit
            else None
        )
        return Response({"size": size, "next": following, "results": results})
