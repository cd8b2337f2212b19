"""For tests that need a row in a state which no arrow leads to from where it is."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from django.db import connection, models


@contextmanager
def unruled(model: type[models.Model]) -> Iterator[None]:
    """Take the workflow's trigger off a table, and put it back ALWAYS. Everything is recorded as ever."""
    table = model._meta.db_table
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgrelid = %s::regclass AND tgname LIKE '%%ledger_transitions%%'", [table])
        ((name,),) = cursor.fetchall()
        cursor.execute(f'SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
    yield
    with connection.cursor() as cursor:
        cursor.execute(f'SET CONSTRAINTS ALL IMMEDIATE; ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{name}"')


def force(rows: models.QuerySet[Any], **values: Any) -> None:
    """Update rows as if no workflow ruled them."""
    with unruled(rows.model):
        rows.update(**values)
