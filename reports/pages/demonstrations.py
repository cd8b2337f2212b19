"""Whether a page of many things is one of a demonstration: it must not call a company fictional
while anything on it is real. What is mixed is marked one by one, in its lists."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any
from uuid import UUID

from django.contrib.postgres.aggregates import BoolAnd
from django.db.models import Q, QuerySet

from claims.compiled_queries import CompiledQuery
from claims.models import Appearance, Claim, Company, Product, Series, Source
from verdicts.models import Incident


def _only(*shown: QuerySet[Any]) -> bool:
    """Whether there is something of a demonstration and nothing else. One query."""
    marks = [rows.order_by().values_list("reconstruction", flat=True) for rows in shown]
    return list(marks[0].union(*marks[1:])) == [True]


def company_is_demonstration(company: Company) -> bool:
    return _only(
        *(model._default_manager.filter(company=company) for model in (Claim, Series, Incident))
    )


def product_is_demonstration(product: Product) -> bool:
    return _only(*(model._default_manager.filter(product=product) for model in (Claim, Incident)))


def source_is_demonstration(source: Source) -> bool:
    """By everything that was taken from it."""
    return _only(
        Claim.objects.filter(appearance__source=source),
        Series.objects.filter(Q(seriespoint__source=source) | Q(seriesnote__source=source)),
        Incident.objects.filter(occurrence__source=source),
    )


def _demonstrations_among(sources: UUID) -> QuerySet[Any]:
    quoted = Appearance.objects.filter(source__id__among=sources).order_by().values("source")
    played = quoted.annotate(only=BoolAnd("claim__reconstruction")).filter(only=True)
    return played.values_list("source", flat=True)


_demonstrations = CompiledQuery[Appearance](_demonstrations_among)


def demonstration_sources(sources: Iterable[UUID]) -> set[UUID]:
    """Those of these sources in which claims of demonstrations stand and no other."""
    return {source for (source,) in _demonstrations.bare(list(sources))}
