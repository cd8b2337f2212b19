"""Emptying the database between transactional tests, although the record refuses TRUNCATE, UPDATE
and DELETE.

Django's flush truncates every table. The tables of the record refuse that by triggers which only
their owner can take off, so this does it as the owner: triggers off, rows out, triggers back on
ALWAYS, in one transaction and only where there are rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django.core.management.commands import flush
from django.db.backends.postgresql.operations import DatabaseOperations

# What migrations fill and no test changes. With it kept,
# nothing has to be filled again after each test.
KEPT = {"django_content_type", "auth_permission"}

_FLUSH = """
DO $flush$
DECLARE
    name text;
    filled boolean;
    guard record;
BEGIN
    SET LOCAL session_replication_role = replica;
    FOREACH name IN ARRAY ARRAY[{names}]::text[] LOOP
        EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO filled;
        CONTINUE WHEN NOT filled;
        EXECUTE format('ALTER TABLE %I DISABLE TRIGGER USER', name);
        EXECUTE format('DELETE FROM %I', name);
        EXECUTE format('ALTER TABLE %I ENABLE TRIGGER USER', name);
        FOR guard IN
            SELECT tgname FROM pg_trigger
            WHERE tgrelid = name::regclass AND tgname LIKE 'pgtrigger\\_ledger\\_%'
        LOOP
            EXECUTE format('ALTER TABLE %I ENABLE ALWAYS TRIGGER %I', name, guard.tgname);
        END LOOP;
    END LOOP;
    SET LOCAL session_replication_role = origin;
END
$flush$;
"""


def sql_flush(
    self: DatabaseOperations,
    style: Any,
    tables: Sequence[str],
    *,
    reset_sequences: bool = False,
    allow_cascade: bool = False,
) -> list[str]:
    """Stands in for DatabaseOperations.sql_flush; sequences go on counting."""
    names = [name for name in tables if name not in KEPT]
    return [_FLUSH.format(names=", ".join(f"'{name}'" for name in names))] if names else []


def install() -> None:
    flush.emit_post_migrate_signal = lambda *args, **kwargs: None  # type: ignore[assignment]  # see KEPT
    DatabaseOperations.sql_flush = sql_flush  # type: ignore[assignment,method-assign]  # the same call, for the tests alone
