"""Who is told, as querysets: telling ten thousand people is one statement."""

from __future__ import annotations

from typing import Any

from django.db.models import QuerySet

from accounts.models import Membership, User


def holders(*roles: str) -> QuerySet[User]:
    """Everyone who holds one of `roles` now."""
    return User.objects.filter(
        pk__in=Membership.objects.current().filter(role__in=roles).values("user")
    )


def people(ids: Any) -> QuerySet[User]:
    """The accounts with these ids: UUIDs, or a queryset of them."""
    return User.objects.filter(pk__in=ids)
