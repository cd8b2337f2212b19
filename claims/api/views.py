"""Reads of what was said. Claims are read above, with what is concluded on them
(verdicts.api.claims)."""

from __future__ import annotations

from django.db.models import Prefetch
from rest_framework import mixins, viewsets

from accounts.api.permissions import PublicRead
from accounts.api.strict import Strict
from claims.api.serializers import CompanySerializer, ProductSerializer, SeriesSerializer
from claims.models import Company, Product, Series, SeriesNote, SeriesPoint


class CompanyViewSet(
    Strict, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Company]
):
    """Companies."""

    permission_classes = [PublicRead]
    serializer_class = CompanySerializer
    queryset = Company.objects.all()
    lookup_value_converter = "uuid"


class ProductViewSet(
    Strict, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Product]
):
    """Products and services."""

    permission_classes = [PublicRead]
    serializer_class = ProductSerializer
    queryset = Product.objects.all()
    filterset_fields = ["company"]
    lookup_value_converter = "uuid"


class SeriesViewSet(
    Strict, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Series]
):
    """Market data about companies: dated series, each figure with its source."""

    permission_classes = [PublicRead]
    serializer_class = SeriesSerializer
    queryset = Series.objects.prefetch_related(
        Prefetch("seriespoint_set", SeriesPoint.objects.order_by("on_date", "created_at", "id")),
        Prefetch("seriesnote_set", SeriesNote.objects.order_by("from_date", "created_at", "id")),
    )
    filterset_fields = ["company"]
    lookup_value_converter = "uuid"
