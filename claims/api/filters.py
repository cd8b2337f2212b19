"""How lists of claims and sources are narrowed: one definition for the API and the pages."""

from __future__ import annotations

import django_filters
from django.db.models import QuerySet

from claims.models import Claim, Source
from claims.references import read_reference
from claims.searching import standing_in
from claims.states import Channel, ClaimKind, ClaimStatus, FlagKind


class ClaimFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By company, product, kind, status, flag, and words of the quote or the summary (or a reference)."""

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
        return rows.filter(standing_in(value))


class SourceFilter(django_filters.FilterSet):  # type: ignore[misc]  # django-filter has no types
    """By company and channel."""

    company = django_filters.UUIDFilter()
    channel = django_filters.ChoiceFilter(choices=Channel.choices)

    class Meta:
        model = Source
        fields: list[str] = []
