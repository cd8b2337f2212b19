"""Reads of what was said."""

from __future__ import annotations

from django.db.models import Prefetch, QuerySet
from rest_framework import mixins, viewsets

from accounts.api.permissions import PublicRead
from claims.api.filters import ClaimFilter
from claims.api.lookup import ByIdOrReference
from claims.api.serializers import ClaimDetailSerializer, ClaimSerializer, CompanySerializer, ProductSerializer, SeriesSerializer
from claims.models import Appearance, Claim, Company, Product, Series, SeriesNote, SeriesPoint


class CompanyViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Company]):
    """Companies."""

    permission_classes = [PublicRead]
    serializer_class = CompanySerializer
    queryset = Company.objects.all()
    lookup_value_converter = "uuid"


class ProductViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Product]):
    """Products and services."""

    permission_classes = [PublicRead]
    serializer_class = ProductSerializer
    queryset = Product.objects.all()
    filterset_fields = ["company"]
    lookup_value_converter = "uuid"


class SeriesViewSet(mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Series]):
    """Dated series of figures about companies, each figure with its source."""

    permission_classes = [PublicRead]
    serializer_class = SeriesSerializer
    queryset = Series.objects.prefetch_related(
        Prefetch("seriespoint_set", SeriesPoint.objects.order_by("on_date", "created_at", "id")),
        Prefetch("seriesnote_set", SeriesNote.objects.order_by("from_date", "created_at", "id")),
    )
    filterset_fields = ["company"]
    lookup_value_converter = "uuid"


class ClaimViewSet(ByIdOrReference, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Claim]):
    """Claims, newest first; `{id}` is the UUID or the reference."""

    permission_classes = [PublicRead]
    filterset_class = ClaimFilter
    queryset = Claim.objects.none()

    def get_queryset(self) -> QuerySet[Claim]:
        rows = Claim.objects.public().with_shown_parts().prefetch_related("aspect_set__criterion")
        return rows.prefetch_related(Prefetch("appearance_set", Appearance.objects.order_by("id"))) if self.action == "retrieve" else rows

    def get_serializer_class(self) -> type[ClaimSerializer]:
        return ClaimDetailSerializer if self.action == "retrieve" else ClaimSerializer
