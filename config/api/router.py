"""Every address of the API, assembled from the apps."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.http import HttpResponse
from django.urls import include, path
from django.utils.translation import get_language, override
from drf_spectacular.utils import OpenApiParameter, extend_schema
from drf_spectacular.views import SCHEMA_KWARGS, SpectacularAPIView
from rest_framework.exceptions import ValidationError
from rest_framework.request import Request
from rest_framework.routers import SimpleRouter

from accounts.api.permissions import PublicRead
from accounts.api.strict import Strict
from accounts.expensive_reads import ComputeOnce
from claims.api.proposals import ClaimProposalViewSet
from claims.api.views import CompanyViewSet, ProductViewSet, SeriesViewSet
from evidence.api.views import ComparisonViewSet, ExhibitViewSet, SourceViewSet, SubmissionViewSet
from reports.api.views import (
    ChangeView,
    ClaimHistoryView,
    CorrectionViewSet,
    ReportViewSet,
    VerdictProofView,
)
from verdicts.api.claims import ClaimViewSet
from verdicts.api.views import IncidentViewSet, VerdictViewSet

_schemas: ComputeOnce[bytes] = ComputeOnce(16)


class SchemaView(Strict, SpectacularAPIView):
    """The OpenAPI document."""

    permission_classes = [PublicRead]
    parameters = {
        "get": [
            OpenApiParameter("format", str),
            OpenApiParameter("lang", str, enum=list(dict(settings.LANGUAGES))),
        ]
    }

    @extend_schema(**SCHEMA_KWARGS)
    def get(self, request: Request, *args: Any, **kwargs: Any) -> HttpResponse:
        """The document in one of its formats and languages: made once in a process, and then ready
        bytes."""
        lang = request.query_params.get("lang", "") or get_language() or settings.LANGUAGE_CODE
        if lang not in dict(settings.LANGUAGES):
            raise ValidationError(
                {"lang": [(f"Unknown language. Available: {', '.join(dict(settings.LANGUAGES))}.")]}
            )
        renderer = request.accepted_renderer

        def make() -> bytes:
            with override(lang):
                schema = self.generator_class().get_schema(request=None, public=True)  # type: ignore[no-untyped-call]  # partly untyped
                made = renderer.render(schema, renderer.media_type, {})
                return made.encode() if isinstance(made, str) else made

        body = _schemas.get((renderer.media_type, lang), make)
        response = HttpResponse(body, content_type=f"{renderer.media_type}; charset=utf-8")
        name = self._get_filename(request, None)  # type: ignore[no-untyped-call]  # as above
        response["Content-Disposition"] = f'inline; filename="{name}"'
        return response


router = SimpleRouter()
router.register("companies", CompanyViewSet, basename="company")
router.register("products", ProductViewSet, basename="product")
router.register("claims", ClaimViewSet, basename="claim")
router.register("sources", SourceViewSet, basename="source")
router.register("exhibits", ExhibitViewSet, basename="exhibit")
router.register("comparisons", ComparisonViewSet, basename="comparison")
router.register("submissions", SubmissionViewSet, basename="submission")
router.register("proposals", ClaimProposalViewSet, basename="proposal")
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
