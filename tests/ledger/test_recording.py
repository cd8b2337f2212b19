"""Every change of a recorded row leaves an exact event row; nothing else does."""

from __future__ import annotations

import uuid
from datetime import UTC, date, datetime
from decimal import Decimal

import pytest
from django.apps import apps
from django.core.exceptions import ImproperlyConfigured
from django.db import DatabaseError, connection, models, transaction

import ledger
from ledger import registry
from ledger.models import Pending
from ledger.recording import ActRefusedError, NotInTransactionError
from tests.ledger.scratch.models import Note

NoteEvent = registry.of(Note).event_model
pytestmark = pytest.mark.django_db


class Heron:
    pk = uuid.UUID(int=7)
    pseudonym = "heron"


def act(kind: str = "note.changed", **more):
    return ledger.act(kind, by=Heron(), role="moderator", **{"reason": "because", **more})


def sql(statement: str, *params: object) -> None:
    with connection.cursor() as cursor:
        cursor.execute(statement, params)


def events():
    return list(NoteEvent.objects.order_by("pgh_id"))


def test_insert_update_and_delete_each_leave_one_event_row():
    with transaction.atomic(), act():
        note = Note.objects.create(
            summary="一",
            price=Decimal("42000.00"),
            due_date=date(2025, 3, 1),
            seen_at=datetime(2025, 1, 1, tzinfo=UTC),
            tags=["a"],
            data={"n": 1},
        )
        note.summary = "二"
        note.save(update_fields=["summary"])
        pk = note.pk
        note.delete()
    inserted, updated, deleted = events()
    assert [e.pgh_label for e in (inserted, updated, deleted)] == ["insert", "update", "delete"]
    assert (inserted.summary, updated.summary, deleted.summary) == ("一", "二", "二")
    assert {e.pgh_obj_id for e in (inserted, updated, deleted)} == {pk}
    assert (inserted.price, inserted.tags, inserted.data) == (Decimal("42000.00"), ["a"], {"n": 1})
    said = inserted.pgh_context
    assert (said["kind"], said["role"], said["name"], said["by"], said["reason"]) == (
        "note.changed", "moderator", "heron", str(Heron.pk), "because",
    )  # fmt: skip
    assert list(Pending.objects.order_by("id").values_list("event_label", "event_id")) == [
        ("note", e.pgh_id) for e in events()
    ]


def test_an_update_that_changes_nothing_leaves_no_event():
    note = Note.objects.create()
    before = len(events())
    note.save()
    Note.objects.update(status="draft")
    assert len(events()) == before


def test_one_statement_over_many_rows_records_only_those_that_changed():
    Note.objects.bulk_create([Note(count=n % 2) for n in range(50)])
    before = len(events())
    Note.objects.update(count=1)
    after = events()[before:]
    assert len(after) == 25
    assert {e.count for e in after} == {1}


def test_raw_sql_is_recorded_as_made_outside():
    note = Note.objects.create()
    with transaction.atomic(), act():
        Note.objects.filter(pk=note.pk).update(count=1)
    sql("UPDATE scratch_note SET count = 9")
    sql("DELETE FROM scratch_note")
    assert [e.pgh_context is None for e in events()] == [True, False, True, True]


def test_what_follows_an_act_in_the_same_transaction_is_not_attributed_to_it():
    with transaction.atomic():
        with act():
            note = Note.objects.create()
        Note.objects.filter(pk=note.pk).update(count=1)
    assert [e.pgh_context is None for e in events()] == [False, True]


def test_a_nested_act_names_the_change_and_shares_the_id():
    with transaction.atomic(), act("note.published") as outer:
        note = Note.objects.create()
        with act("note.counted", reason="inner") as inner:
            Note.objects.filter(pk=note.pk).update(count=1)
        Note.objects.filter(pk=note.pk).update(count=2)
    assert inner == outer
    assert [e.pgh_context["kind"] for e in events()] == [
        "note.published",
        "note.counted",
        "note.published",
    ]
    assert {e.pgh_context["act"] for e in events()} == {str(outer)}


def test_an_act_that_fails_leaves_nothing_behind():
    with pytest.raises(ZeroDivisionError), transaction.atomic(), act():
        Note.objects.create(count=1 // int(not Note.objects.create()))
    with pytest.raises(DatabaseError), transaction.atomic(), act():
        sql("SELECT 1/0")
    Note.objects.create()
    assert [e.pgh_context for e in events()] == [None]


@pytest.mark.django_db(transaction=True)
def test_an_act_needs_a_transaction():
    with pytest.raises(NotInTransactionError), act():
        pass


@pytest.mark.parametrize(
    ("kind", "role", "name"),
    [
        ("outside.update", "moderator", None),
        ("", "moderator", None),
        ("Note", "moderator", None),
        ("note", "outside", None),
        ("note", "moderator", ""),
    ],
)
def test_what_could_not_stand_in_a_leaf_is_refused_at_once(kind, role, name):
    with pytest.raises(ActRefusedError), ledger.act(kind, by=ledger.SYSTEM, role=role, name=name):
        pass


def test_the_id_of_a_recorded_row_never_changes():
    Note.objects.create()
    with pytest.raises(DatabaseError, match="never changes"), transaction.atomic():
        sql("UPDATE scratch_note SET id = %s", uuid.uuid4())


def test_a_session_setting_does_not_silence_the_record():
    sql("SET LOCAL session_replication_role = replica")
    sql(
        "SELECT set_config('pgtrigger.ignore', (SELECT array_agg(tgname)::text FROM pg_trigger), "
        "true)"
    )
    Note.objects.create()
    sql("SET LOCAL session_replication_role = origin")
    assert len(events()) == 1


def test_a_temporary_table_of_the_same_name_does_not_catch_the_events():
    sql("CREATE TEMP TABLE scratch_noteevent (LIKE public.scratch_noteevent) ON COMMIT DROP")
    Note.objects.create()
    sql("DROP TABLE pg_temp.scratch_noteevent")
    assert len(events()) == 1


def test_a_bulk_update_costs_time_in_proportion():
    """A join of the transition tables, planned for one row, took seconds here."""
    Note.objects.create()
    Note.objects.update(count=5)  # the plan is made, and kept, for one row
    Note.objects.bulk_create([Note() for _ in range(3000)])
    with connection.cursor() as cursor:
        cursor.execute("EXPLAIN (ANALYZE, FORMAT JSON) UPDATE scratch_note SET count = count + 1")
        plan = cursor.fetchone()[0][0]
    assert plan["Execution Time"] < 1500


# ── declarations ──────────────────────────────────────────────────────────────────────────────────


def declare(fields: dict[str, models.Field], **kinds):
    name = f"Declared{uuid.uuid4().hex}"
    try:
        meta = type("Meta", (), {"app_label": "scratch"})
        model = type(
            name,
            (models.Model,),
            {
                "__module__": Note.__module__,
                "Meta": meta,
                "id": models.UUIDField(primary_key=True),
                **fields,
            },
        )
        return ledger.recorded(name=f"declared_{uuid.uuid4().hex}", **kinds)(model)
    finally:
        apps.all_models["scratch"].pop(name.lower(), None)
        apps.clear_cache()


@pytest.mark.parametrize(
    ("fields", "kinds", "sentence"),
    [
        (
            {"a": models.TextField(), "b": models.TextField()},
            {"text": ["a"]},
            "of no declared kind.*: b",
        ),
        ({"a": models.TextField()}, {"text": ["a"], "plain": ["a"]}, "twice: a"),
        ({"a": models.TextField()}, {"text": ["a", "z"]}, "no field: z"),
        ({"a": models.FloatField()}, {"plain": ["a"]}, "no exact form"),
        ({"a": ledger.SealedField()}, {"plain": ["a"]}, "must be recorded as sealed"),
        ({"act_reason": models.TextField()}, {"text": ["act_reason"]}, "act_reason"),
        (
            {"a": models.TextField()},
            {"plain": ["a"], "closed": ["a"], "public": True},
            "stands in the clear",
        ),
        ({"a": models.TextField()}, {"text": ["a"], "closed": ["z"]}, "not recorded: z"),
        (
            {"a": models.TextField(), "id": models.CharField(primary_key=True)},
            {"plain": ["a"]},
            "UUID",
        ),
    ],
)
def test_a_declaration_that_is_not_exact_is_refused_at_import(fields, kinds, sentence):
    with pytest.raises(ImproperlyConfigured, match=sentence):
        declare(fields, **kinds)


def test_leaving_a_model_out_needs_a_reason():
    with pytest.raises(ImproperlyConfigured):
        ledger.derived(reason=" ")


def test_every_model_of_the_rooms_is_recorded_or_left_out_with_a_reason():
    silent = [
        model._meta.label
        for room in ("accounts", "claims", "evidence", "verdicts", "reports", "ledger")
        for model in apps.get_app_config(room).get_models()
        if not hasattr(model, "pgh_tracked_model") and not registry.known(model)
    ]
    assert silent == []


def test_no_recorded_model_hides_a_table_behind_a_many_to_many_field():
    for record in registry.records():
        assert not [
            f.name
            for f in record.model._meta.local_many_to_many
            if f.remote_field.through._meta.auto_created
        ]
