"""The people of a new installation. Read at the console alone, in English."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import connection, transaction

import ledger
from accounts.actions.organisations import found_organisation
from accounts.actions.roles import grant_role
from accounts.models import Membership, Organisation, OrganisationKind, Role, User

_LOCK = 0x5365745570  # "SetUp" in ASCII: two installations cannot be begun at once


class SetUpRefusedError(ValueError):
    """Nothing was set up; the text says why and what to do."""


@transaction.atomic
def set_up(
    *, emails: Sequence[str], organisation: str, is_proven: bool, now: datetime
) -> list[User]:
    """Make the operators of a new installation, in this order, with their organisation. Nobody has
    a password yet.

    Two people, or one whose role says in the public log that there was no second. `is_proven`:
    whoever sets up answers for the mailboxes, because they hand the addresses over themselves.
    Raises SetUpRefusedError, and changes nothing then.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    check_is_new()
    addresses = _check_addresses(emails)
    users = [_open_account(address, is_proven=is_proven) for address in addresses]
    body = _operators_organisation(organisation, now)
    for user in users:
        grant_role(
            by=ledger.SYSTEM, user=user, organisation=body, role=Role.OPERATOR, now=now,
            reason="Operator from the start.", alone=len(users) == 1,
        )  # fmt: skip
    return users


def check_is_new() -> None:
    """Raises SetUpRefusedError if there is an operator already."""
    if Membership.objects.current().filter(role=Role.OPERATOR).exists():
        raise SetUpRefusedError(
            "There is an operator already, so this installation is set up. Nothing was changed. "
            "An operator invites further people on the organisations' pages, reached from "
            "/account/; who has no password asks for an address at /account/password/reset/."
        )


def check_address(email: str) -> str:
    """The address as it is kept. Raises SetUpRefusedError for what is none or is in use."""
    address = User.objects.normalize_email(email.strip()).lower()
    try:
        User._meta.get_field("email").clean(address, None)
    except ValidationError:
        raise SetUpRefusedError(
            f"{email!r} is not an e-mail address. Nothing was changed. Give one like "
            "name@example.org."
        ) from None
    if (
        User.objects.filter(email=address).exists()
        or EmailAddress.objects.filter(email__iexact=address).exists()
    ):
        raise SetUpRefusedError(
            f"{address} belongs to an account already. Nothing was changed. Give an address "
            "that no account has."
        )
    return address


def _check_addresses(emails: Sequence[str]) -> list[str]:
    addresses = [check_address(email) for email in emails]
    if len(set(addresses)) < len(addresses):
        raise SetUpRefusedError(
            f"{addresses[0]} was given twice. Nothing was changed. The second operator has to be "
            "another person, with an address of their own."
        )
    return addresses


def _open_account(address: str, *, is_proven: bool) -> User:
    user = User.objects.create_user(address, None)
    EmailAddress.objects.create(user=user, email=address, verified=is_proven, primary=True)
    return user


def _operators_organisation(name: str, now: datetime) -> Organisation:
    name = " ".join(name.split())
    if not name or not name.isprintable():
        raise SetUpRefusedError(
            "The operators' organisation needs a name of letters. Nothing was changed."
        )
    known = Organisation.objects.filter(kind=OrganisationKind.OPERATOR, name=name).first()
    if known is not None:
        return known
    try:
        return found_organisation(
            by=ledger.SYSTEM, kind=OrganisationKind.OPERATOR, name=name, now=now
        )
    except ValidationError as error:
        raise SetUpRefusedError(
            f"The operators' organisation cannot be called so: {' '.join(error.messages)} "
            "Nothing was changed."
        ) from None
