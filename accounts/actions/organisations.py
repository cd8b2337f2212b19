"""Organisations that people act for."""

from __future__ import annotations

from datetime import datetime

from django.db import transaction

import ledger
from accounts.models import (
    Organisation,
    Role,
    User,
)
from accounts.permissions import check_operator


@transaction.atomic
def found_organisation(
    *, by: ledger.Actor, kind: str, name: str, now: datetime, website: str = ""
) -> Organisation:
    """Add an organisation. `by` is an operator, or ledger.SYSTEM when an installation is set up."""
    if isinstance(by, User):
        check_operator(by)
    organisation = Organisation(kind=kind, name=name, website=website, created_at=now)
    organisation.full_clean()
    with ledger.act("organisation.founded", by=by, role=Role.OPERATOR):
        organisation.save(force_insert=True)
    return organisation
