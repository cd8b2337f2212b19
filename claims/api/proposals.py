"""Proposing claims by key or session, one or many at once, and reading one's own."""

from __future__ import annotations

from typing import Any, cast

from django.core.exceptions import ValidationError as DjangoValidationError
from django.db.models import QuerySet
from django.utils import timezone
from django.utils.decorators import method_decorator
from django.utils.translation import override
from django.views.decorators.cache import never_cache
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import mixins, serializers, status, viewsets
from rest_framework.decorators import action
from rest_framework.exceptions import APIException, ValidationError
from rest_framework.request import Request
from rest_framework.response import Response

from accounts.api.permissions import MaySubmit
from accounts.api.strict import Strict, StrictSerializer
from accounts.models import User
from claims import actions
from claims.api.references import ByIdOrReference
from claims.api.serializers import LanguageField, LocalizedTextJSON
from claims.bulk_files import LONGEST_FILE, FileUnreadableError, check_rows, read_rows
from claims.bulk_proposals import RowResult, RowsRefusedError, check_all, propose_all
from claims.models import ClaimProposal
from claims.states import Channel

MAX_KEY = 80
KEY = OpenApiParameter("Idempotency-Key", str, OpenApiParameter.HEADER)


class TooManyProposedError(APIException):
    status_code = status.HTTP_429_TOO_MANY_REQUESTS
    default_detail = (
        "You have reached the daily limit of proposals. Nothing was saved; continue tomorrow."
    )
    default_code = "quota_reached"


class ProposedBeforeError(APIException):
    """409: this Idempotency-Key came before, with other content."""

    status_code = status.HTTP_409_CONFLICT
    default_code = "idempotency_key_reused"

    def __init__(self, proposal: ClaimProposal) -> None:
        super().__init__(
            f"This Idempotency-Key was used for {proposal.reference}, with other content. "
            "That proposal is kept as it was; nothing of this one was stored. "
            "Use a new key for a new proposal."
        )


class ClaimProposalSerializer(serializers.ModelSerializer[ClaimProposal]):
    """A proposal as whoever made it sees it."""

    decision_reason = LocalizedTextJSON(read_only=True)
    claim = serializers.SlugRelatedField[Any](
        slug_field="reference",
        read_only=True,
        allow_null=True,
        help_text="The claim that came of it, or that it was merged with.",
    )

    class Meta:
        model = ClaimProposal
        fields = [
            "id", "reference", "status", "quote", "quote_lang", "company_name", "product_name",
            "channel", "address", "place", "why", "proposed_at", "decided_date",
            "decision_reason", "claim",
        ]  # fmt: skip


class NewProposalSerializer(StrictSerializer):
    """A claim to propose. Of `address` and `place` one is enough."""

    quote = serializers.CharField(max_length=8000)
    quote_lang = LanguageField()
    company_name = serializers.CharField(max_length=200)
    product_name = serializers.CharField(max_length=200, allow_blank=True, default="")
    channel = serializers.ChoiceField(choices=Channel.choices)
    address = serializers.URLField(max_length=2000, allow_blank=True, default="")
    place = serializers.CharField(max_length=2000, allow_blank=True, default="")
    why = serializers.CharField(max_length=8000)


class NewProposalsSerializer(StrictSerializer):
    """Many claims to propose: as `proposals`, or as the text of a CSV file with the same columns.
    With `dry_run`, which is the default, nothing is stored."""

    proposals = serializers.ListField(child=serializers.JSONField(), default=list)
    csv = serializers.CharField(max_length=LONGEST_FILE, allow_blank=True, default="")
    dry_run = serializers.BooleanField(default=True)


class RowSerializer(serializers.Serializer[Any]):
    """What would be made of a row, or was."""

    number = serializers.IntegerField()
    field_errors = serializers.DictField(
        child=serializers.ListField(child=serializers.CharField()),
        help_text="What is wrong, by field; empty where nothing is.",
    )
    similar = serializers.ListField(
        child=serializers.CharField(), help_text="References of claims that may be the same."
    )
    proposal = serializers.CharField(
        allow_null=True, help_text="The reference of the proposal that was made."
    )


class RowsSerializer(serializers.Serializer[Any]):
    dry_run = serializers.BooleanField()
    rows = RowSerializer(many=True)


def _key(request: Request) -> str:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > MAX_KEY or not key.isprintable():
        raise ValidationError({"Idempotency-Key": [f"At most {MAX_KEY} printable characters."]})
    return key


@method_decorator(never_cache, name="dispatch")
class ClaimProposalViewSet(
    Strict,
    ByIdOrReference,
    mixins.ListModelMixin,
    mixins.RetrieveModelMixin,
    viewsets.GenericViewSet[ClaimProposal],
):
    """The user's own proposals of claims, and proposing new ones."""

    permission_classes = [MaySubmit]
    serializer_class = ClaimProposalSerializer
    queryset = ClaimProposal.objects.none()
    parameters = {"create": [KEY], "bulk": [KEY]}

    def get_queryset(self) -> QuerySet[ClaimProposal]:
        mine = ClaimProposal.objects.filter(proposed_by=self.request.user.pk)
        return mine.select_related("claim")

    @extend_schema(
        request=NewProposalSerializer,
        responses={201: ClaimProposalSerializer, 200: ClaimProposalSerializer},
    )
    def create(self, request: Request) -> Response:
        """Propose a claim to moderators. The same Idempotency-Key gives the same proposal."""
        key, data = _key(request), NewProposalSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given, now = data.validated_data, timezone.now()
        try:
            proposal = actions.propose_claim(
                by=cast(User, request.user), proposal=actions.NewProposal(**given), now=now,
                idempotency_key=key,
            )  # fmt: skip
        except actions.ProposalQuotaError as error:
            raise TooManyProposedError from error
        except actions.ProposalKeyReusedError as error:
            raise ProposedBeforeError(error.proposal) from error
        except DjangoValidationError as error:
            raise ValidationError(error.message_dict) from error
        made = proposal.proposed_at == now
        return Response(
            ClaimProposalSerializer(proposal).data,
            status=status.HTTP_201_CREATED if made else status.HTTP_200_OK,
        )

    @extend_schema(
        request=NewProposalsSerializer, responses={201: RowsSerializer, 200: RowsSerializer}
    )
    @action(detail=False, methods=["post"])
    def bulk(self, request: Request) -> Response:
        """Propose many claims at once, all or none. With `dry_run` only say what would be made of
        each row."""
        key, data = _key(request), NewProposalsSerializer(data=request.data)
        data.is_valid(raise_exception=True)
        given, now = data.validated_data, timezone.now()
        rows = _rows(given)
        results = check_all(rows)
        if given["dry_run"]:
            return Response(_summary(results, []))
        try:
            made = propose_all(by=cast(User, request.user), rows=rows, now=now, idempotency_key=key)
        except RowsRefusedError as error:
            raise ValidationError(_faults(error)) from error
        except actions.ProposalQuotaError as error:
            raise TooManyProposedError from error
        except actions.ProposalKeyReusedError as error:
            raise ProposedBeforeError(error.proposal) from error
        is_new = made[0].proposed_at == now
        return Response(
            _summary(results, made),
            status=status.HTTP_201_CREATED if is_new else status.HTTP_200_OK,
        )


def _rows(given: dict[str, Any]) -> list[dict[str, str]]:
    if bool(given["proposals"]) == bool(given["csv"].strip()):
        raise ValidationError({"proposals": ["Give either `proposals` or `csv`."]})
    try:
        with override("en"):
            return read_rows(given["csv"]) if given["csv"] else check_rows(given["proposals"])
    except FileUnreadableError as error:
        raise ValidationError({"csv" if given["csv"] else "proposals": [str(error)]}) from error


def _summary(results: list[RowResult], made: list[ClaimProposal]) -> dict[str, Any]:
    references: list[str | None] = [proposal.reference for proposal in made]
    references = references or [None] * len(results)
    return {
        "dry_run": not made,
        "rows": [
            {
                "number": result.number,
                "field_errors": result.errors,
                "similar": [each.claim.reference for each in result.similar],
                "proposal": reference,
            }
            for result, reference in zip(results, references, strict=True)
        ],
    }


def _faults(error: RowsRefusedError) -> dict[str, list[str]]:
    return {
        f"row {result.number}, {name}": sentences
        for result in error.results
        for name, sentences in result.errors.items()
    }
