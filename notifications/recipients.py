"""Who is told, as querysets: telling ten thousand people is one statement."""

from __future__ import annotations

from collections.abc import Iterable
from uuid import UUID

from django.db.models import QuerySet

from accounts.models import Membership, User


def holders(*roles: str) -> QuerySet[User]:
    """Everyone who holds one of `roles` now."""
    return User.objects.filter(
        pk__in=Membership.objects.current().filter(role__in=roles).values("user")
    )


def people(ids: QuerySet[object] | Iterable[UUID]) -> QuerySet[User]:
    """The accounts with these ids."""
    return User.objects.filter(pk__in=ids)
