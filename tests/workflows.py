"""For tests that need a row in a state which the database refuses: no arrow leads there, or one
person sits on two chairs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from typing import Any

from django.db import connection, models
from django.utils import timezone

import ledger
from accounts.models import Membership, Organisation, Role, User


@contextmanager
def unruled(model: type[models.Model], trigger: str = "ledger_transitions") -> Iterator[None]:
    """Take the workflow's trigger (or another) off a table, and put it back ALWAYS. Everything is
    recorded as ever."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE %s",
            [table, f"%{trigger}%"],
        )
        ((name,),) = cursor.fetchall()
        cursor.execute(
            f'SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE "{table}" DISABLE TRIGGER "{name}"'
        )
    yield
    with connection.cursor() as cursor:
        cursor.execute(
            f'SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{name}"'
        )


def seat(user: User, company: Organisation, role: str = Role.COMPANY_REPRESENTATIVE) -> Membership:
    """Give someone who judges a company's seat as well, or the other way round, as if nothing kept
    the two apart."""
    with (
        unruled(Membership, "ledger_seats_apart"),
        ledger.act("role.granted", by=ledger.SYSTEM, role=Role.OPERATOR),
    ):
        return Membership.objects.create(
            user=user, organisation=company, role=role, created_at=timezone.now()
        )


def force(rows: models.QuerySet[Any], **values: Any) -> None:
    """Update rows as if no workflow ruled them."""
    with unruled(rows.model):
        rows.update(**values)


def end_role(*, by: User, membership: Membership, now: datetime, reason: str) -> None:
    """End a role as if two people had, without the second."""
    with ledger.act("role.ended", by=by, role=Role.OPERATOR, reason=reason):
        Membership.objects.filter(pk=membership.pk, ended_at=None).update(ended_at=now)
