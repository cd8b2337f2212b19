"""Reads of verdicts. A single one is usually answered by config.verdict_fast_path before it gets
here."""

from __future__ import annotations

import json
from typing import Any

import django_filters
from django.conf import settings
from django.db.models import Exists, OuterRef, Prefetch, QuerySet
from django.http import HttpResponse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, viewsets
from rest_framework.exceptions import APIException, NotAcceptable
from rest_framework.renderers import BaseRenderer, JSONRenderer
from rest_framework.request import Request

from accounts.api.permissions import PublicRead
from accounts.api.strict import Strict
from claims.api.filters import ReferenceFilter
from claims.api.paging import KeysetPagination
from claims.api.references import ByIdOrReference
from verdicts import claimreview
from verdicts.api.serializers import IncidentSerializer, VerdictSerializer
from verdicts.models import Incident, Occurrence, Verdict, VerdictDocument
from verdicts.states import Rating, VerdictStatus


class VerdictFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By claim, company, rating, and whether a verdict stands (`published`) or was replaced
    (`superseded`)."""

    claim = ReferenceFilter(field_name="aspect__claim")
    company = django_filters.UUIDFilter(field_name="aspect__claim__company")
    rating = django_filters.ChoiceFilter(choices=Rating.choices)
    status = django_filters.ChoiceFilter(
        choices=[
            (status.value, status.label)
            for status in (VerdictStatus.PUBLISHED, VerdictStatus.SUPERSEDED)
        ]
    )

    class Meta:
        model = Verdict
        fields: list[str] = []


class StandingFirst(KeysetPagination):
    """Those that hold now before those that were superseded (`published` < `superseded`), each
    newest first."""

    by = ("status", "-published_at", "-id")


class DocumentWithheldError(APIException):
    """410: the document was erased; the verdict, its leaf and its proof stay."""

    status_code = 410
    default_detail = (
        "This document is withheld: something in it was permanently deleted. The verdict's log "
        "entry and its proof stay."
    )
    default_code = "withheld"


class ClaimReviewRenderer(JSONRenderer):
    """`Accept: application/ld+json`: the verdict as schema.org ClaimReview."""

    media_type = claimreview.MEDIA_TYPE
    format = "jsonld"


class NoReviewError(NotAcceptable):
    """406: this verdict has no ClaimReview."""

    default_code = "no_claim_review"


def naming_successor(response: HttpResponse, verdict: Verdict) -> HttpResponse:
    """The answer with a Link to the verdict that superseded this one, if there is one."""
    if verdict.successor:
        response["Link"] = f'</api/v1/verdicts/{verdict.successor.pk}/>; rel="successor-version"'
    return response


def publish(request: Request, body: str, media_type: str, verdict: Verdict) -> HttpResponse:
    """A public form of a verdict. Its headers are made where every answer with one is made
    (config.verdict_fast_path), of what is left here."""
    successor = str(verdict.successor.pk) if verdict.successor else ""
    request._request.published = (body.encode(), media_type, successor)  # type: ignore[attr-defined]  # Django's, which middleware sees
    return HttpResponse(body, content_type=media_type)


class VerdictViewSet(
    Strict, ByIdOrReference, mixins.ListModelMixin, viewsets.GenericViewSet[Verdict]
):
    """Published verdicts: current ones first, then replaced ones."""

    permission_classes = [PublicRead]
    serializer_class = VerdictSerializer
    filterset_class = VerdictFilter
    pagination_class = StandingFirst
    queryset = Verdict.objects.none()
    parameters = {
        "retrieve": [
            OpenApiParameter(
                "format",
                str,
                enum=["json", "jsonld"],
                description="`jsonld` gives schema.org ClaimReview.",
            ),
            OpenApiParameter(
                "lang", str, enum=["en", "zh-Hans"], description="The language of the ClaimReview."
            ),
        ]
    }

    def get_queryset(self) -> QuerySet[Verdict]:
        shaken = Exists(Verdict.objects.shaken().filter(pk=OuterRef("pk")))
        return (
            Verdict.objects.public()
            .select_related("aspect__claim__company", "superseded_by")
            .annotate(evidence_withdrawn=shaken)
        )

    def get_renderers(self) -> list[BaseRenderer]:
        """Only a single verdict has a second form."""
        return (
            [*super().get_renderers(), ClaimReviewRenderer()]
            if self.action == "retrieve"
            else super().get_renderers()
        )

    @extend_schema(responses=OpenApiTypes.OBJECT)
    def retrieve(self, request: Request, id: str) -> HttpResponse:
        """The public document of a verdict exactly as it was published (RFC 8785 bytes; its
        SHA-256 is in the log).

        `Accept: application/ld+json` gives it as schema.org ClaimReview instead, in the language
        that `?lang=` names (`en`, `zh-Hans`).
        """
        verdict: Any = self.get_object()
        body = (
            VerdictDocument.objects.filter(verdict=verdict).values_list("body", flat=True).first()
        )
        if body is None:
            raise DocumentWithheldError
        if isinstance(getattr(request, "accepted_renderer", None), ClaimReviewRenderer):
            if why := claimreview.withheld_because(verdict):
                raise NoReviewError(why)
            lang = (
                "zh-Hans"
                if request.query_params.get("lang", "en").lower().startswith("zh")
                else "en"
            )
            address = f"{settings.SITE_URL}/verdicts/{verdict.reference}/"
            document = claimreview.review(
                verdict, lang=lang, address=address, site=f"{settings.SITE_URL}/"
            )
            return publish(
                request, json.dumps(document, ensure_ascii=False), claimreview.MEDIA_TYPE, verdict
            )
        return publish(request, body, "application/json", verdict)


class IncidentViewSet(
    Strict, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Incident]
):
    """Incident timelines."""

    permission_classes = [PublicRead]
    serializer_class = IncidentSerializer
    queryset = Incident.objects.prefetch_related(
        Prefetch("occurrence_set", Occurrence.objects.in_order())
    )
    filterset_fields = ["company", "product"]
    lookup_value_converter = "uuid"
