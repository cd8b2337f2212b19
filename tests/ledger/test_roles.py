"""The application's role adds to the record and reads it, and changes nothing in it; the owner's
triggers refuse even him."""

from __future__ import annotations

from collections.abc import Iterator
from io import StringIO

import pytest
from django.core.management import CommandError, call_command
from django.db import DatabaseError, connection, transaction
from pgtrigger import installation

import ledger
from ledger import protection, registry
from ledger.models import Entry
from ledger.sequencing import sequence
from tests.ledger.scratch.models import Note, Plain

pytestmark = pytest.mark.django_db
GROW_ONLY = [
    "scratch_noteevent",
    "ledger_entry",
    "ledger_opening",
    "ledger_checkpoint",
    "ledger_sealedkey",
]


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


@pytest.fixture
def note(act) -> Note:
    with transaction.atomic(), act():
        note = Note(summary="text")
        ledger.seal(note, contact="somebody")
        note.save()
    sequence()
    sql("SET CONSTRAINTS ALL IMMEDIATE")
    return note


@pytest.fixture
def app_role(note) -> Iterator[str]:
    sql("CREATE ROLE ledger_app_test")
    call_command("ledger_roles", "ledger_app_test", stdout=StringIO())
    sql("SET LOCAL ROLE ledger_app_test")
    return "ledger_app_test"


def refused(statement: str, match: str) -> None:
    with pytest.raises(DatabaseError, match=match), transaction.atomic():
        sql(statement)


@pytest.mark.parametrize("table", GROW_ONLY)
def test_the_application_cannot_touch_what_was_recorded(app_role, table):
    column = {"ledger_entry": "kind", "ledger_opening": "field", "ledger_checkpoint": "note"}.get(
        table, "object_label"
    )
    column = "pgh_label" if table.endswith("event") else column
    refused(f"UPDATE {table} SET {column} = ''", "permission denied")
    refused(f"DELETE FROM {table}", "permission denied")
    refused(f"TRUNCATE {table} CASCADE", "permission denied")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE scratch_note DISABLE TRIGGER USER",
        "ALTER TABLE scratch_noteevent DISABLE TRIGGER ALL",
        "TRUNCATE scratch_note CASCADE",
        "SET session_replication_role = replica",
        "CREATE TABLE public.scratch_note_copy (id int)",
        "CREATE TEMP TABLE scratch_noteevent (id int)",
        "DROP TABLE scratch_noteevent",
        "UPDATE django_migrations SET app = ''",
        "DELETE FROM ledger_tree",
    ],
)
def test_the_application_cannot_get_round_the_record(app_role, statement):
    refused(statement, "permission denied|must be owner")


def test_the_application_does_its_work(app_role, act, note):
    with transaction.atomic(), act():
        other = Note(summary="by the application")
        ledger.seal(other, contact="x")
        other.save()
        Note.objects.filter(pk=note.pk).update(count=5)
        Note.objects.filter(pk=other.pk).delete()
    Plain.objects.create()
    assert sequence().size == Entry.objects.count() == 4


@pytest.mark.parametrize("table", GROW_ONLY)
def test_even_the_owner_is_refused_while_the_triggers_stand(note, table):
    column = {"ledger_entry": "kind", "ledger_opening": "field", "ledger_checkpoint": "note"}.get(
        table, "object_label"
    )
    column = "pgh_label" if table.endswith("event") else column
    refused(f"UPDATE {table} SET {column} = ''", "append-only")
    refused(f"DELETE FROM {table}", "append-only")
    refused(f"TRUNCATE {table} CASCADE", "cannot be truncated")
    refused(f"SET LOCAL session_replication_role = replica; DELETE FROM {table}", "append-only")
    ignore = (
        "SELECT set_config('pgtrigger.ignore', (SELECT array_agg(tgname)::text FROM pg_trigger), "
        "true)"
    )
    refused(f"{ignore}; DELETE FROM {table}", "append-only")


@pytest.mark.parametrize("table", ["scratch_note", "ledger_pending", "ledger_tree"])
def test_truncate_is_refused_where_rows_may_change(note, table):
    refused(f"TRUNCATE {table} CASCADE", "cannot be truncated")


def test_without_the_triggers_the_owner_gets_through(note):
    """The negative control: it is the triggers that hold, and nothing else."""
    from tests.ledger.owner import without_triggers

    with without_triggers("scratch_noteevent"):
        sql("DELETE FROM scratch_noteevent")


def test_every_recorded_table_and_every_table_of_the_record_has_its_triggers():
    """Of every app, as the models ask for them, enabled ALWAYS."""
    assert protection.faults() == []
    wanted = protection.expected()
    for record in registry.records():
        on_rows = {
            name.split("_", 2)[2].rsplit("_", 1)[0]
            for table, name in wanted
            if table == record.model._meta.db_table
        }
        assert on_rows >= {"insert", "update", "delete", "identity", "no_truncate"}, (
            record.name
        )  # and what a model's own rules add
        on_events = {
            name.split("_", 2)[2].rsplit("_", 1)[0]
            for table, name in wanted
            if table == record.event_model._meta.db_table
        }
        own = on_events - {"pages_insert"}  # which pages it concerns: tests/reports
        assert own == {"append_only", "no_truncate", "announce"}, record.name
    for table in protection.OWN_TABLES:
        assert any(of == table for of, _ in wanted), table


def test_installing_again_changes_nothing():
    assert protection.install() == []


def test_the_role_named_in_the_settings_gets_its_rights_with_every_migration(settings, note):
    sql("CREATE ROLE ledger_named_test")
    settings.DATABASE_APP_ROLE = "ledger_named_test"
    protection.after_migrate(sender=None, using="default")
    sql("SET LOCAL ROLE ledger_named_test")
    refused("DELETE FROM ledger_entry", "permission denied")


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("asked", ["prune", "disable", "uninstall", "enable", "install"])
def test_no_command_takes_the_records_triggers_off_or_switches_them(asked):
    with pytest.raises(CommandError, match=rf"pgtrigger {asked}` is refused.*Nothing was changed"):
        call_command("pgtrigger", asked)
    assert protection.faults() == []


@pytest.mark.django_db(transaction=True)
def test_the_librarys_own_prune_would_take_them_all_off():
    """The control."""
    with transaction.atomic():
        installation.prune()
        assert len(protection.faults()) > 100
        transaction.set_rollback(True)
    assert protection.faults() == []
