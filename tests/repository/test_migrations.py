"""A release changes nothing that is recorded: what was there before a field was has none of it, and
says so by NULL."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from django.db import models
from django.db.migrations import AddField, Migration
from django.db.migrations.loader import MigrationLoader
from django.db.models.fields import NOT_PROVIDED

from ledger import registry


def recorded_tables() -> set[tuple[str, str]]:
    """App and model name of every recorded model and of its history."""
    found = [
        model._meta for record in registry.records() for model in (record.model, record.event_model)
    ]
    return {(one.app_label, one.model_name or "") for one in found}


def filled(migration: Migration, tables: set[tuple[str, str]]) -> Iterator[str]:
    """Fields that the migration puts into rows which were logged without them."""
    made = {
        operation.name_lower for operation in migration.operations if hasattr(operation, "fields")
    }
    for operation in migration.operations:
        if (
            not isinstance(operation, AddField)
            or (migration.app_label, operation.model_name_lower) not in tables
        ):
            continue
        field = operation.field
        if operation.model_name_lower not in made and not (
            field.null and field.default in {NOT_PROVIDED, None}
        ):
            yield f"{migration.app_label}.{migration.name}: {operation.model_name}.{operation.name}"


def test_no_migration_fills_a_recorded_field_of_rows_that_were_there() -> None:
    """`verify_record` holds each row against its leaf: a value that came by a migration is one that
    nobody put there."""
    tables = recorded_tables()
    migrations = MigrationLoader(None, ignore_no_migrations=True).disk_migrations.values()
    assert [fault for migration in migrations for fault in filled(migration, tables)] == []


@pytest.mark.parametrize(
    ("field", "fault"),
    [
        (models.TextField(null=True), False),
        (models.TextField(null=True, default="says_so"), True),
        (models.JSONField(null=True, default=dict), True),
        (models.TextField(default=""), True),
    ],
)
def test_a_migration_that_fills_one_is_named(field: models.Field, fault: bool) -> None:  # type: ignore[type-arg]  # any field
    migration = Migration("0009_more", "claims")
    migration.operations = [AddField("claim", "more", field)]
    assert list(filled(migration, recorded_tables())) == (
        ["claims.0009_more: claim.more"] if fault else []
    )
