"""Reads of what was found, and filing evidence by key or session."""

from __future__ import annotations

from typing import Any, cast

import django_filters
from django.db.models import Prefetch, QuerySet
from django.http import Http404
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.parsers import FormParser, MultiPartParser
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import MaySubmit, PublicRead
from accounts.api.strict import Strict
from accounts.models import User
from claims.api.filters import ReferenceFilter, SourceFilter
from claims.api.paging import Paging
from claims.api.references import ByIdOrReference
from claims.api.serializers import SourceSerializer
from claims.models import Source
from claims.moments import read_moment
from engines.storage.blobs import StorageUnavailableError, TooLargeError
from evidence.api.serializers import (
    ComparisonSerializer,
    DiffSerializer,
    DisappearanceSerializer,
    ExhibitSerializer,
    FullVersionSerializer,
    NewAnswerSerializer,
    NewSubmissionSerializer,
    ObservationSerializer,
    SubmissionSerializer,
    VersionSerializer,
)
from evidence.exhibits.actions import filing
from evidence.exhibits.actions.staging import QuotaReachedError
from evidence.exhibits.models import (
    Clarification,
    Comparison,
    Exhibit,
    Region,
    Rendition,
    Submission,
)
from evidence.exhibits.states import Licence
from evidence.sources.diff_cache import cached_diff
from evidence.sources.models import Disappearance, Observation, Version
from evidence.stores import refusal

MAX_KEY = 80


class StorageFullError(APIException):
    """507 or 503: nothing was stored, by no fault of what was sent."""

    def __init__(self, error: StorageUnavailableError) -> None:
        with override("en"):
            sentence, self.status_code = refusal(error)
        super().__init__(sentence, "no_room" if self.status_code == 507 else "cannot_store")


class TooManyFiledError(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = (
        "You have reached the daily limit of one account. Nothing was saved; continue tomorrow."
    )
    default_code = "quota_reached"


class AlreadySentError(APIException):
    """409: this Idempotency-Key came before, with other content."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_key_reused"

    def __init__(self, submission: Submission) -> None:
        super().__init__(
            f"This Idempotency-Key was used for {submission.reference}, with other content. "
            "That submission is kept as it was; nothing of this one was stored. "
            "Use a new key for a new submission."
        )


class FileTooLargeError(APIException):
    status_code = status.HTTP_413_REQUEST_ENTITY_TOO_LARGE
    default_code = "file_too_large"


class NotReturnedError(APIException):
    """409: it was answered before, withdrawn, or never returned."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "not_returned"


class TextWithheldError(APIException):
    """410: the text of this version was erased; that there was a version, and when, stays."""

    status_code = status.HTTP_410_GONE
    default_detail = (
        "This text is withheld: it was permanently deleted. The log keeps that there was a "
        "version, and when."
    )
    default_code = "withheld"


class ByNumber(Paging):
    """Versions in their order."""

    ordering = "number"
    page_size = 50
    page_size_query_param = "limit"
    max_page_size = 200


class ByTime(Paging):
    """Looks, newest first."""

    ordering = ("-looked_at", "-id")
    page_size = 100
    page_size_query_param = "limit"
    max_page_size = 200


class SourceViewSet(
    Strict, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Source]
):
    """Sources and their versions."""

    permission_classes = [PublicRead]
    serializer_class = SourceSerializer
    queryset = Source.objects.all()
    filterset_class = SourceFilter
    lookup_value_converter = "uuid"
    parameters = {
        "diff": [
            OpenApiParameter("from", int, required=True),
            OpenApiParameter("to", int, required=True),
        ],
        "as_of": [OpenApiParameter("at", str, required=True)],
    }

    def _page(self, rows: QuerySet[Any], serializer: Any) -> Response:
        page = self.paginate_queryset(rows)
        return self.get_paginated_response(serializer(page, many=True).data)

    @extend_schema(responses=VersionSerializer(many=True), filters=False)
    @action(detail=True, filterset_class=None, pagination_class=ByNumber)
    def versions(self, request: Request, pk: Any = None) -> Response:
        """All versions of the text, oldest first."""
        return self._page(Version.objects.filter(source=self.get_object()), VersionSerializer)

    @extend_schema(responses=FullVersionSerializer, filters=False)
    @action(detail=True, url_path=r"versions/(?P<number>[0-9]{1,6})", filterset_class=None)
    def version(self, request: Request, number: str, pk: Any = None) -> Response:
        """One version with its text."""
        return Response(FullVersionSerializer(self._numbered(self.get_object(), number)).data)

    @extend_schema(responses=ObservationSerializer(many=True), filters=False)
    @action(detail=True, filterset_class=None, pagination_class=ByTime)
    def observations(self, request: Request, pk: Any = None) -> Response:
        """Every check, newest first."""
        return self._page(
            Observation.objects.filter(source=self.get_object()), ObservationSerializer
        )

    @extend_schema(responses=DisappearanceSerializer(many=True), filters=False)
    @action(detail=True, filterset_class=None, pagination_class=None)
    def disappearances(self, request: Request, pk: Any = None) -> Response:
        """When the source was no longer available, and when it was restored."""
        rows = Disappearance.objects.filter(source=self.get_object()).order_by("first_missing_at")
        return Response(DisappearanceSerializer(rows, many=True).data)

    @extend_schema(responses=DiffSerializer, filters=False)
    @action(detail=True, filterset_class=None)
    def diff(self, request: Request, pk: Any = None) -> Response:
        """Changes between two versions of the text."""
        source = self.get_object()
        old = self._numbered(source, request.query_params.get("from", ""))
        new = self._numbered(source, request.query_params.get("to", ""))
        return Response(cached_diff(request, old, new).to_json())

    @extend_schema(responses=FullVersionSerializer, filters=False)
    @action(detail=True, url_path="as-of", filterset_class=None)
    def as_of(self, request: Request, pk: Any = None) -> Response:
        """What it said at a time: the version first found at or before `at`."""
        at = read_moment(request.query_params.get("at", "").replace(" ", "+"))
        if at is None:
            raise ValidationError(
                {"at": ["Give a time with its offset, such as 2025-03-01T00:00:00Z."]}
            )
        version = (
            Version.objects.filter(source=self.get_object(), not_after__lte=at)
            .order_by("-number")
            .first()
        )
        if version is None:
            raise Http404
        if version.withheld:
            raise TextWithheldError
        return Response(FullVersionSerializer(version).data)

    def _numbered(self, source: Source, number: str) -> Version:
        if not number.isdecimal() or len(number) > 6:
            raise ValidationError({"version": ["Name versions by their number, from 1."]})
        version = Version.objects.filter(source=source, number=int(number)).first()
        if version is None:
            raise Http404
        if version.withheld:
            raise TextWithheldError
        return version


class ExhibitFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By claim and licence."""

    claim = ReferenceFilter(field_name="submission__claim")
    licence = django_filters.ChoiceFilter(field_name="submission__licence", choices=Licence.choices)

    class Meta:
        model = Exhibit
        fields: list[str] = []


class ComparisonFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By claim."""

    claim = ReferenceFilter(field_name="claim")

    class Meta:
        model = Comparison
        fields: list[str] = []


class ExhibitViewSet(
    Strict,
    ByIdOrReference,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Exhibit],
):
    """Published exhibits."""

    permission_classes = [PublicRead]
    serializer_class = ExhibitSerializer
    filterset_class = ExhibitFilter
    queryset = Exhibit.objects.none()

    def get_queryset(self) -> QuerySet[Exhibit]:
        return (
            Exhibit.objects.public()
            .select_related("submission__claim")
            .prefetch_related(
                Prefetch("rendition_set", Rendition.objects.order_by("width", "name")),
                Prefetch("region_set", Region.objects.order_by("number")),
            )
        )


class ComparisonViewSet(
    Strict, mixins.ListModelMixin, mixins.RetrieveModelMixin, viewsets.GenericViewSet[Comparison]
):
    """Comparisons of exhibits: what was advertised and what was received."""

    permission_classes = [PublicRead]
    serializer_class = ComparisonSerializer
    filterset_class = ComparisonFilter
    queryset = Comparison.objects.none()
    lookup_value_converter = "uuid"

    def get_queryset(self) -> QuerySet[Comparison]:
        return Comparison.objects.public().select_related("before", "after", "claim")


@method_decorator(never_cache, name="dispatch")
class SubmissionViewSet(
    Strict,
    ByIdOrReference,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[Submission],
):
    """The user's own submissions, and submitting a new one."""

    permission_classes = [MaySubmit]
    serializer_class = SubmissionSerializer
    parser_classes = [MultiPartParser, FormParser]
    queryset = Submission.objects.none()
    parameters = {"create": [OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)]}

    def get_queryset(self) -> QuerySet[Submission]:
        return Submission.objects.filter(filed_by=self.request.user.pk).prefetch_related(
            Prefetch("exhibit_set", Exhibit.objects.order_by("number")),
            Prefetch("clarification_set", Clarification.objects.order_by("number")),
        )

    @extend_schema(
        request={"multipart/form-data": NewSubmissionSerializer},
        responses={201: SubmissionSerializer, 200: SubmissionSerializer},
    )
    def create(self, request: Request) -> Response:
        """File evidence on a claim. The photos are stored before this answers; the same
        Idempotency-Key gives the same submission."""
        key = request.headers.get("Idempotency-Key", "")
        if len(key) > MAX_KEY or not key.isprintable():
            raise ValidationError({"Idempotency-Key": [f"At most {MAX_KEY} printable characters."]})
        data = NewSubmissionSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given, user, now = data.validated_data, cast(User, request.user), timezone.now()
        try:
            photos = filing.receive_photos(
                by=user, files=given["photos"], now=now, idempotency_key=key
            )
            submission = filing.file_submission(
                by=user, claim=given["claim"], narrative=given["narrative"],
                narrative_lang=given["narrative_lang"],
                licence=given["licence"], contact=given["contact"], photos=photos, now=now,
                idempotency_key=key,
            )  # fmt: skip
        except TooLargeError as error:
            raise FileTooLargeError(
                f"A photo has more than {error.limit} bytes. Nothing was saved."
            ) from error
        except StorageUnavailableError as error:
            raise StorageFullError(error) from error
        except QuotaReachedError as error:
            raise TooManyFiledError from error
        except filing.IdempotencyKeyReusedError as error:
            raise AlreadySentError(error.submission) from error
        made = submission.filed_at == now
        return Response(
            SubmissionSerializer(self.get_queryset().get(pk=submission.pk)).data,
            status=status.HTTP_201_CREATED if made else status.HTTP_200_OK,
        )

    @extend_schema(
        request={"multipart/form-data": NewAnswerSerializer}, responses=SubmissionSerializer
    )
    @action(detail=True, methods=["post"])
    def answer(self, request: Request, id: str = "") -> Response:
        """Reply to a moderator's question about a submission, with more photos if there are
        any. A moderator then decides again."""
        submission, user, now = self.get_object(), cast(User, request.user), timezone.now()
        data = NewAnswerSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given = data.validated_data
        try:
            filing.check_answerable(by=user, submission=submission)
            photos = (
                filing.receive_photos(by=user, files=given["photos"], now=now)
                if given["photos"]
                else []
            )
            filing.answer_question(
                by=user,
                submission=submission,
                answer=given["answer"],
                lang=given["lang"],
                photos=photos,
                now=now,
            )
        except TooLargeError as error:
            raise FileTooLargeError(
                f"A photo has more than {error.limit} bytes. Nothing was saved."
            ) from error
        except StorageUnavailableError as error:
            raise StorageFullError(error) from error
        except QuotaReachedError as error:
            raise TooManyFiledError from error
        except filing.SubmissionChangedError as error:
            raise NotReturnedError(
                f"This submission is {error.submission.status}. Only a returned one can be "
                f"answered."
            ) from error
        return Response(SubmissionSerializer(self.get_queryset().get(pk=submission.pk)).data)
