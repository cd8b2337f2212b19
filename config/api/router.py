"""Every address of the API, assembled from the rooms."""

from __future__ import annotations

from django.urls import include, path
from drf_spectacular.utils import OpenApiParameter
from drf_spectacular.views import SpectacularAPIView
from rest_framework.routers import SimpleRouter

from accounts.api.permissions import PublicRead
from accounts.api.strict import Strict
from claims.api.views import CompanyViewSet, ProductViewSet, SeriesViewSet
from evidence.api.views import ComparisonViewSet, ExhibitViewSet, SourceViewSet, SubmissionViewSet
from reports.api.views import ChangeView, ClaimHistoryView, CorrectionViewSet, ReportViewSet, VerdictProofView
from verdicts.api.claims import ClaimViewSet
from verdicts.api.views import IncidentViewSet, VerdictViewSet


class SchemaView(Strict, SpectacularAPIView):
    """The OpenAPI document."""

    permission_classes = [PublicRead]
    parameters = {"get": [OpenApiParameter("format", str), OpenApiParameter("lang", str)]}


router = SimpleRouter()
router.register("companies", CompanyViewSet, basename="company")
router.register("products", ProductViewSet, basename="product")
router.register("claims", ClaimViewSet, basename="claim")
router.register("sources", SourceViewSet, basename="source")
router.register("exhibits", ExhibitViewSet, basename="exhibit")
router.register("comparisons", ComparisonViewSet, basename="comparison")
router.register("submissions", SubmissionViewSet, basename="submission")
router.register("verdicts", VerdictViewSet, basename="verdict")
router.register("incidents", IncidentViewSet, basename="incident")
router.register("series", SeriesViewSet, basename="series")
router.register("corrections", CorrectionViewSet, basename="correction")
router.register("reports", ReportViewSet, basename="report")

urlpatterns = [
    path("claims/<str:id>/history/", ClaimHistoryView.as_view(), name="claim-history"),
    path("verdicts/<str:id>/proof/", VerdictProofView.as_view(), name="verdict-proof"),
    path("changes/", ChangeView.as_view(), name="changes"),
    path("schema/", SchemaView.as_view(), name="schema"),
    path("", include(router.urls)),
]
