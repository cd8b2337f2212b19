"""Reads of verdicts. A single one is usually answered by config.front before it gets here."""

from __future__ import annotations

import json
from typing import Any

import django_filters
from django.db.models import Prefetch, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import APIException
from rest_framework.pagination import CursorPagination
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from accounts.api.permissions import PublicRead
from claims.api.lookup import ByIdOrReference
from verdicts import claimreview
from verdicts.api.serializers import IncidentSerializer, VerdictSerializer
from verdicts.models import Incident, Occurrence, Verdict, VerdictDocument
from verdicts.states import Rating


class VerdictFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By claim, company and rating."""

    claim = django_filters.UUIDFilter(field_name="aspect__claim")
    company = django_filters.UUIDFilter(field_name="aspect__claim__company")
    rating = django_filters.ChoiceFilter(choices=Rating.choices)

    class Meta:
        model = Verdict
        fields: list[str] = []


class NewestPublished(CursorPagination):
    """By time of publication."""

    ordering = ("-published_at", "-id")
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200


class DocumentWithheld(APIException):
    """410: the document was erased; the verdict, its leaf and its proof stay."""

    status_code = 410
    default_detail = "This document is withheld: something in it was erased. The verdict's entry in the record and its proof stay."
    default_code = "withheld"


class ClaimReviewRenderer(JSONRenderer):
    """`Accept: application/ld+json`: the verdict as schema.org ClaimReview."""

    media_type = claimreview.MEDIA_TYPE
    format = "jsonld"


class VerdictViewSet(ByIdOrReference, mixins.ListModelMixin, viewsets.GenericViewSet[Verdict]):
    """Published verdicts, and those they superseded."""

    permission_classes = [PublicRead]
    serializer_class = VerdictSerializer
    filterset_class = VerdictFilter
    pagination_class = NewestPublished
    queryset = Verdict.objects.none()

    def get_queryset(self) -> QuerySet[Verdict]:
        return Verdict.objects.public().select_related("aspect__claim__company")

    def get_renderers(self) -> list[BaseRenderer]:
        """Only a single verdict has a second form."""
        return [*super().get_renderers(), ClaimReviewRenderer()] if self.action == "retrieve" else super().get_renderers()

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def retrieve(self, request: Request, id: str) -> HttpResponse:
        """The public document of a verdict exactly as it was published (RFC 8785 bytes; its SHA-256 stands in the log).

        `Accept: application/ld+json` gives it as schema.org ClaimReview instead, in the language that `?lang=` names (`en`, `zh-Hans`).
        """
        verdict: Any = self.get_object()
        body = VerdictDocument.objects.filter(verdict=verdict).values_list("body", flat=True).first()
        if body is None:
            raise DocumentWithheld
        if isinstance(getattr(request, "accepted_renderer", None), ClaimReviewRenderer):
            lang = "zh-Hans" if request.query_params.get("lang", "en").lower().startswith("zh") else "en"
            address = request.build_absolute_uri(f"/verdicts/{verdict.reference}/")
            told = claimreview.review(verdict, lang=lang, address=address, site=request.build_absolute_uri("/"))
            answer = HttpResponse(json.dumps(told, ensure_ascii=False), content_type=claimreview.MEDIA_TYPE)
            answer["Vary"], answer["Cache-Control"] = "Accept", "public, max-age=60"
            return answer
        response = HttpResponse(body, content_type="application/json")
        response["ETag"] = f'"{verdict.document_digest}"'
        response["Cache-Control"] = "public, max-age=60"
        successor = Verdict.objects.filter(supersedes=verdict).exclude(published_at=None).values_list("pk", flat=True).first()
        if successor:
            response["Link"] = f'</api/v1/verdicts/{successor}/>; rel="successor-version"'
        return response


class IncidentViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Incident]):
    """Incidents: dated chains of events after harm."""

    permission_classes = [PublicRead]
    serializer_class = IncidentSerializer
    queryset = Incident.objects.prefetch_related(Prefetch("occurrence_set", Occurrence.objects.in_order()))
    filterset_fields = ["company", "product"]
    lookup_value_converter = "uuid"
