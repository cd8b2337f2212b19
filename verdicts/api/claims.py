"""Claims as JSON, each point with the verdict that stands on it."""

from __future__ import annotations

from typing import Any

import django_filters
from django.conf import settings
from django.db.models import Prefetch, QuerySet
from drf_spectacular.utils import extend_schema_field, extend_schema_serializer
from rest_framework import mixins, serializers, viewsets
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import PublicRead
from accounts.api.strict import Strict
from accounts.expensive_reads import count_expensive_read
from claims.api.filters import ClaimFilter
from claims.api.references import ByIdOrReference
from claims.api.serializers import AspectSerializer, ClaimDetailSerializer, ClaimSerializer
from claims.models import Appearance, Aspect, Claim
from claims.searching import search_timeout
from claims.states import Progress
from verdicts.models import Verdict
from verdicts.states import Rating

RATED = "rated"


class StandingVerdictSerializer(serializers.ModelSerializer[Verdict]):
    """The verdict that stands on a point."""

    url = serializers.SerializerMethodField()

    class Meta:
        model = Verdict
        fields = ["id", "reference", "rating", "mechanism", "published_at", "url"]

    def get_url(self, verdict: Verdict) -> str:
        return f"{settings.SITE_URL}/verdicts/{verdict.reference}/"


@extend_schema_serializer(component_name="Aspect")
class RatedAspectSerializer(AspectSerializer):
    """`progress` is `rated` as long as a verdict stands, and `verdict` says which."""

    progress = serializers.SerializerMethodField()
    verdict = serializers.SerializerMethodField()

    class Meta(AspectSerializer.Meta):
        fields = [*AspectSerializer.Meta.fields, "verdict"]

    def _standing(self, aspect: Aspect) -> Verdict | None:
        return next(iter(aspect.standing), None)  # type: ignore[attr-defined]  # prefetched by the view

    @extend_schema_field(serializers.ChoiceField(choices=sorted({*Progress.values, RATED})))
    def get_progress(self, aspect: Aspect) -> str:
        return RATED if self._standing(aspect) else aspect.progress

    @extend_schema_field(StandingVerdictSerializer(allow_null=True))
    def get_verdict(self, aspect: Aspect) -> Any:
        verdict = self._standing(aspect)
        return StandingVerdictSerializer(verdict).data if verdict else None


@extend_schema_serializer(component_name="Claim")
class RatedClaimSerializer(ClaimSerializer):
    """A claim as it stands in a list."""

    aspects = RatedAspectSerializer(source="aspect_set", many=True, read_only=True)


@extend_schema_serializer(component_name="ClaimDetail")
class RatedClaimDetailSerializer(ClaimDetailSerializer):
    """A claim with everywhere it stands."""

    aspects = RatedAspectSerializer(source="aspect_set", many=True, read_only=True)


class RatedClaimFilter(ClaimFilter):
    """As claims are found otherwise, and by the rating of a verdict that stands."""

    rating = django_filters.ChoiceFilter(choices=Rating.choices, method="having_rating")

    def having_rating(self, rows: QuerySet[Claim], name: str, value: str) -> QuerySet[Claim]:
        return rows.filter(
            pk__in=Verdict.objects.current().filter(rating=value).values("aspect__claim")
        )


class ClaimViewSet(
    Strict,
    ByIdOrReference,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Claim],
):
    """Claims, newest first; `{id}` is the UUID or the reference."""

    permission_classes = [PublicRead]
    filterset_class = RatedClaimFilter
    queryset = Claim.objects.none()

    def get_queryset(self) -> QuerySet[Claim]:
        rows = Claim.objects.public().with_shown_parts().prefetch_related("aspect_set__criterion")
        standing = Verdict.objects.current().defer("rationale", "attempts", "conformity")
        rows = rows.prefetch_related(
            Prefetch("aspect_set__verdict_set", standing, to_attr="standing")
        )
        return (
            rows.prefetch_related(Prefetch("appearance_set", Appearance.objects.order_by("id")))
            if self.action == "retrieve"
            else rows
        )

    def list(self, request: Request, *args: Any, **kwargs: Any) -> Response:
        if "q" not in request.query_params:
            return super().list(request, *args, **kwargs)
        count_expensive_read(request)
        with search_timeout():
            return super().list(request, *args, **kwargs)

    def get_serializer_class(self) -> type[RatedClaimSerializer | RatedClaimDetailSerializer]:
        return RatedClaimDetailSerializer if self.action == "retrieve" else RatedClaimSerializer
