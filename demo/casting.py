"""The accounts, organisations and roles of the people who play."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from allauth.account.models import EmailAddress
from django.db import transaction

import ledger
from accounts.actions import found_organisation, grant_role
from accounts.models import Organisation, User
from demo.people import ORGANISATIONS, PEOPLE, logins


def cast(path: Path, address: str, now: datetime) -> dict[str, User]:
    """Everyone by name, with verified addresses and the passwords that the file at `path` holds.
    Twice is once.

    An installation is set up by nobody: the first roles are granted by the system itself.
    """
    for key, (kind, name) in ORGANISATIONS.items():
        if not Organisation.objects.filter(kind=kind, name=name).exists():
            found_organisation(
                by=ledger.SYSTEM,
                kind=kind,
                name=name,
                now=now,
                website=f"{address}/" if key == "company" else "",
            )
    passwords = {login["email"]: login["password"] for login in logins(path)}
    people = {}
    for person in PEOPLE:
        user = _account(person.email, passwords[person.email])
        for role in person.roles:
            grant_role(
                by=ledger.SYSTEM,
                user=user,
                organisation=organisation(person.organisation),
                role=role,
                now=now,
            )
        people[person.name] = User.objects.get(
            pk=user.pk
        )  # read again, because an instance remembers its roles
    return people


def organisation(key: str) -> Organisation:
    """One of people.ORGANISATIONS. Raises Organisation.DoesNotExist before `cast`."""
    kind, name = ORGANISATIONS[key]
    return Organisation.objects.get(kind=kind, name=name)


@transaction.atomic
def _account(email: str, password: str) -> User:
    user = User.objects.filter(email=email).first()
    if user is None:
        user = User.objects.create_user(email, password)
    elif not user.check_password(password):
        user.set_password(
            password
        )  # The file with the passwords was lost, and new ones were made up.
        user.save(update_fields=["password"])
    EmailAddress.objects.update_or_create(
        user=user, email=email, defaults={"verified": True, "primary": True}
    )
    return user
