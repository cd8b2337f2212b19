"""What an account holds in every app: handed to its person as a file, and let go of.

Each app above says what it keeps of a person (`register`); what is private goes with its row, by
the foreign keys that cascade.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from typing import Any, Final, NamedTuple

from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.db.models import CASCADE, ForeignObjectRel, QuerySet

from accounts.models import (
    ApiKey,
    Membership,
    RoleEnding,
    RoleInvitation,
    Suspension,
    User,
)

FORMAT: Final = "asclaimed-account/1"


class Sealed(NamedTuple):
    """Fields of a recorded object that are to be erased with the account."""

    label: str
    object_id: str
    fields: tuple[str, ...]


class Part(NamedTuple):
    """What one app keeps of a person: `export` as JSON can hold it, `sealed` what of that is
    erased."""

    export: Callable[[User], Any]
    sealed: Callable[[User], Iterable[Sealed]]


_parts: dict[str, Part] = {}


def register(
    name: str,
    export: Callable[[User], Any],
    sealed: Callable[[User], Iterable[Sealed]] = lambda user: (),
) -> None:
    """Have a part of the file by this name, made by `export`."""
    _parts[name] = Part(export, sealed)


def export(user: User, now: datetime) -> dict[str, Any]:
    """Everything that the account holds, without what belongs to others."""
    return {
        "format": FORMAT,
        "made_at": now,
        "account": _account(user),
        "roles": _roles(user),
        "api_keys": rows(
            ApiKey.objects.filter(user=user),
            "label", "prefix", "scopes", "created_at", "expires_at", "revoked_at",
        ),
        "invitations_proposed": rows(
            RoleInvitation.objects.filter(proposed_by=user),
            "organisation__name", "role", "status", "reason", "created_at",
        ),
        "role_endings_proposed": rows(
            RoleEnding.objects.filter(proposed_by=user), "status", "reason", "proposed_at"
        ),
        "suspensions": rows(
            Suspension.objects.filter(person=user).exclude(decided_at=None),
            "status", "reason", "decided_at", "lifted_at",
        ),
        "suspensions_proposed": rows(
            Suspension.objects.filter(proposed_by=user), "status", "reason", "proposed_at"
        ),
        **{name: part.export(user) for name, part in sorted(_parts.items())},
    }  # fmt: skip


def rows(queryset: QuerySet[Any], *fields: str) -> list[dict[str, Any]]:
    """These fields of the rows, in the order in which they were made."""
    return list(queryset.order_by("pk").values(*fields))


def sealed(user: User) -> list[Sealed]:
    """What is erased in the record when the account is deleted."""
    return [
        *(Sealed("api_key", str(key.pk), ("label",)) for key in ApiKey.objects.filter(user=user)),
        *(row for _name, part in sorted(_parts.items()) for row in part.sealed(user)),
    ]


def delete_private_rows(user: User) -> None:
    """Delete every row that would go with the account's own: addresses, factors, notifications,
    drafts."""
    # Relations without a name of their own on the account are hidden from `related_objects`.
    for relation in User._meta.get_fields(include_hidden=True):
        if isinstance(relation, ForeignObjectRel) and relation.on_delete is CASCADE:
            held = relation.related_model._base_manager
            held.filter(**{relation.field.name: user}).delete()


def _account(user: User) -> dict[str, Any]:
    return {
        "email": user.email,
        "pseudonym": user.pseudonym,
        "created_at": user.created_at,
        "last_login": user.last_login,
        "addresses": rows(EmailAddress.objects.filter(user=user), "email", "verified", "primary"),
        "second_factors": rows(
            Authenticator.objects.filter(user=user), "type", "created_at", "last_used_at"
        ),
    }


def _roles(user: User) -> list[dict[str, Any]]:
    return rows(
        Membership.objects.filter(user=user),
        "role", "organisation__name", "organisation__kind", "created_at", "ended_at",
    )  # fmt: skip
