"""How lists of claims and sources are narrowed: one definition for the API and the pages."""

from __future__ import annotations

from typing import Any
from uuid import UUID

import django_filters
from django.db.models import QuerySet
from rest_framework import serializers

from claims.models import Claim, Source
from claims.references import read_reference
from claims.searching import UnselectiveSearchError, check_selective, contains_words
from claims.states import Channel, ClaimKind, ClaimStatus, FlagKind


class ReferenceFilter(django_filters.CharFilter):  # type: ignore[misc]  # django-filter has no types
    """A thing with a reference, named by that or by its id."""

    def __init__(self, field_name: str) -> None:
        super().__init__(field_name=field_name, max_length=36)

    def filter(self, rows: QuerySet[Any], value: str) -> QuerySet[Any]:
        if not value:
            return rows
        if reference := read_reference(value):
            return rows.filter(**{f"{self.field_name}__reference": reference})
        try:
            return rows.filter(**{self.field_name: UUID(value)})
        except ValueError:
            raise serializers.ValidationError(
                {self.field_name.rpartition("__")[2]: ["Give an id or a reference."]}
            ) from None


class ClaimFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By company, product, kind, status, flag, and words of the quote or the summary (or a
    reference)."""

    company = django_filters.UUIDFilter()
    product = django_filters.UUIDFilter()
    kind = django_filters.ChoiceFilter(choices=ClaimKind.choices)
    status = django_filters.ChoiceFilter(choices=ClaimStatus.choices)
    flag = django_filters.ChoiceFilter(choices=FlagKind.choices, method="having_flag")
    q = django_filters.CharFilter(method="having_words", max_length=200)

    class Meta:
        model = Claim
        fields: list[str] = []

    def having_flag(self, rows: QuerySet[Claim], name: str, value: str) -> QuerySet[Claim]:
        return rows.filter(flag__kind=value, flag__lifted_at=None)

    def having_words(self, rows: QuerySet[Claim], name: str, value: str) -> QuerySet[Claim]:
        reference = read_reference(value)
        if reference:
            return rows.filter(reference=reference)
        try:
            check_selective(value)
        except UnselectiveSearchError as error:
            raise serializers.ValidationError({"q": [str(error)]}) from None
        return rows.filter(contains_words(value))


class SourceFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By company and channel."""

    company = django_filters.UUIDFilter()
    channel = django_filters.ChoiceFilter(choices=Channel.choices)

    class Meta:
        model = Source
        fields: list[str] = []
