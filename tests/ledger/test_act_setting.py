"""Who acts is said in few messages, and every change is still ascribed exactly as if it were said
at once."""

from __future__ import annotations

import os
import socket
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any

import psycopg
import pytest
from django.db import DatabaseError, OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from psycopg.pq import TransactionStatus

import ledger
from ledger import act_setting, registry
from tests.ledger.scratch.models import Note

NoteEvent = registry.of(Note).event_model
pytestmark = pytest.mark.django_db(transaction=True)
FAULTS = (ZeroDivisionError, DatabaseError, psycopg.Error, TransactionManagementError)


def act(kind: str) -> Any:
    return ledger.act(f"note.{kind}", by=ledger.SYSTEM, role="system")


# ── ways to change a row ──────────────────────────────────────────────────────────────────────────


UPDATE = "UPDATE scratch_note SET count = %s WHERE status = 'kept'"


def by_orm(count: int) -> None:
    Note.objects.filter(status="kept").update(count=count)


def by_sql(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.execute(UPDATE, [count])


def by_executemany(count: int) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(UPDATE, [[count]])


def by_copy(count: int) -> None:
    columns = "id, status, count, tags, data, summary, remark"
    with (
        connection.cursor() as cursor,
        cursor.copy(f"COPY scratch_note ({columns}) FROM STDIN") as sink,
    ):
        sink.write_row((uuid.uuid4(), "copied", count, "{}", "{}", "", ""))


def by_stream(count: int) -> None:
    with connection.cursor() as cursor:
        list(cursor.stream(f"{UPDATE} RETURNING id", [count]))


def by_connection(count: int) -> None:
    """Past Django: by psycopg's connection itself."""
    connection.connection.execute(UPDATE, [count])


def by_cursor_of_the_server(count: int) -> None:
    with connection.chunked_cursor() as cursor:
        cursor.execute("SELECT pg_temp.touch(%s)", [count])
        cursor.fetchall()


WAYS: list[Callable[[int], None]] = [
    by_orm, by_sql, by_executemany, by_copy, by_stream, by_connection, by_cursor_of_the_server,
]  # fmt: skip


@pytest.fixture(autouse=True)
def _kept_row() -> None:
    Note.objects.create(status="kept")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE OR REPLACE FUNCTION pg_temp.touch(integer) RETURNS integer LANGUAGE sql AS "
            "$$ UPDATE public.scratch_note SET count = $1 WHERE status = 'kept' RETURNING 1 $$"
        )


@pytest.fixture
def sent(monkeypatch) -> list[str]:
    """What is sent past Django's log of queries."""
    messages: list[str] = []
    send = act_setting._send

    def spy(raw: Any, before: str, value: str) -> None:
        messages.append(before)
        send(raw, before, value)

    monkeypatch.setattr(act_setting, "_send", spy)
    return messages


# ── the plain way ─────────────────────────────────────────────────────────────────────────────────


def plainly(value: str) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT set_config('ledger.act', %s, true)", [value])


def plainly_if_it_can(value: str) -> None:
    if connection.connection.info.transaction_status == TransactionStatus.INTRANS:
        plainly(value)


@contextmanager
def said_at_once() -> Iterator[None]:
    """Two messages for each act: one when it begins, one when it ends."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(act_setting, "put", plainly)
        patch.setattr(act_setting, "put_later", plainly_if_it_can)
        yield


# ── programs ──────────────────────────────────────────────────────────────────────────────────────
# A step is a way to change the row, a fault, or a block of steps.

CHANGES = st.sampled_from(WAYS)
FAILS = st.sampled_from(["divide", "sql"])
BLOCKS = st.sampled_from(["act", "act", "atomic", "without savepoint", "try", "swallow"])
STEPS = st.recursive(
    st.one_of(CHANGES, CHANGES, CHANGES, FAILS),
    lambda steps: st.tuples(BLOCKS, st.lists(steps, max_size=4)),
    max_leaves=12,
)


class Program:
    """Runs steps; every change has a number of its own, and every act a kind of its own."""

    def __init__(self) -> None:
        self.changes = self.acts = 0

    def run(self, steps: list[Any]) -> None:
        for step in steps:
            if callable(step):
                self.changes += 1
                step(self.changes)
            elif step == "divide":
                raise ZeroDivisionError
            elif step == "sql":
                with connection.cursor() as cursor:
                    cursor.execute("SELECT 1/0")
            else:
                self.block(*step)

    def block(self, name: str, steps: list[Any]) -> None:
        if name == "act":
            self.acts += 1
            with act(f"kind_{self.acts}"):
                self.run(steps)
        elif name == "swallow":
            with suppress(*FAULTS):
                self.run(steps)
        elif name == "try":
            with suppress(*FAULTS), transaction.atomic():
                self.run(steps)
        else:
            with transaction.atomic(savepoint=name == "atomic"):
                self.run(steps)


def record_of(transactions: list[list[Any]]) -> list[tuple[int, str | None]]:
    """What the transactions leave in the record, one after another: each change and its act."""
    by_sql(0)  # An update that changes nothing leaves no event.
    with connection.cursor() as cursor:
        cursor.execute("SELECT coalesce(max(pgh_id), 0) FROM scratch_noteevent")
        last = cursor.fetchone()[0]
    program = Program()
    for steps in transactions:
        with suppress(*FAULTS), transaction.atomic():
            program.run(steps)
        program.changes += 1
        by_sql(program.changes)  # outside of any transaction of Django's, and of any act
    return [
        (count, context and context["kind"])
        for count, context in NoteEvent.objects.filter(pgh_id__gt=last)
        .order_by("pgh_id")
        .values_list("count", "pgh_context")
    ]


def in_an_act(*steps: Any) -> tuple[str, list[Any]]:
    return ("act", list(steps))


@given(st.lists(st.lists(STEPS, max_size=6), min_size=1, max_size=3))
@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@example([[in_an_act(way), way] for way in WAYS])
@example([[in_an_act(by_sql, in_an_act(by_sql), by_sql), by_sql]])
@example([[by_sql, ("try", [in_an_act(by_sql), "sql"]), by_sql, in_an_act("sql")], [by_sql]])
@example([[in_an_act(("try", [in_an_act("sql")]), by_sql), by_copy]])
@example([[in_an_act(("swallow", ["sql"])), in_an_act(by_sql)], [in_an_act(by_sql)]])
@example([[in_an_act(by_sql), ("try", [by_sql, in_an_act(by_sql), "divide"]), by_sql]])
def test_every_change_is_ascribed_as_if_each_act_were_said_at_once(transactions):
    quick = record_of(transactions)
    with said_at_once():
        assert quick == record_of(transactions)


@pytest.mark.parametrize("way", WAYS)
def test_no_way_to_change_a_row_after_an_act_is_ascribed_to_it(way):
    assert record_of([[in_an_act(way), way]]) == [(1, "note.kind_1"), (2, None), (3, None)]


@pytest.mark.parametrize("way", WAYS)
def test_a_connection_that_sends_nothing_first_would_ascribe_it(way, monkeypatch):
    """Control."""
    monkeypatch.setattr(act_setting, "_settle", lambda raw: None)
    assert record_of([[in_an_act(way), way]])[1] == (2, "note.kind_1")


def test_what_a_cursor_of_the_server_does_after_its_act_is_not_ascribed_to_it():
    """PostgreSQL does it when it is fetched."""
    with transaction.atomic(), connection.chunked_cursor() as cursor:
        with act("opened"):
            cursor.execute("SELECT pg_temp.touch(5)")
        cursor.fetchone()
    assert NoteEvent.objects.order_by("pgh_id").last().pgh_context is None


def test_a_connection_of_psycopgs_own_class_is_told_at_once(sent):
    with transaction.atomic():
        connection.connection.__class__ = psycopg.Connection
        try:
            with act("counted"):
                by_sql(1)
            assert act_setting._local.due is None
            by_sql(2)
        finally:
            connection.connection.__class__ = act_setting.WatchedConnection
    assert sent == ["BEGIN; ", ""]
    assert NoteEvent.objects.order_by("pgh_id").last().pgh_context is None


# ── messages ──────────────────────────────────────────────────────────────────────────────────────


def test_an_act_around_a_change_alone_costs_no_message_of_its_own(sent, django_assert_num_queries):
    with django_assert_num_queries(3), transaction.atomic(), act("counted"):
        by_sql(1)
    assert sent == ["BEGIN; "]  # in place of psycopg's BEGIN


def test_an_act_inside_a_transaction_costs_one(sent, django_assert_num_queries):
    with django_assert_num_queries(5), transaction.atomic():
        by_sql(1)
        with act("counted"):
            by_sql(2)
    assert sent == []


def test_acts_one_after_another_are_not_put_right_between_them(sent):
    with transaction.atomic():
        for count in range(3):
            with act("counted"):
                by_sql(count + 1)
        by_sql(9)
    assert sent == ["BEGIN; ", ""]


# ── faults ────────────────────────────────────────────────────────────────────────────────────────


def test_an_act_that_cannot_begin_leaves_what_was_due():
    with transaction.atomic():
        with act("counted"):
            by_sql(1)
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError), act("counted"):
            pass
        transaction.set_rollback(False)
        by_sql(2)
    events = NoteEvent.objects.order_by("pgh_id")
    assert [event.pgh_context is None for event in events] == [True, False, True]


def test_a_connection_that_is_gone_is_an_error_of_django_and_the_next_one_knows_of_no_act():
    def lost() -> None:
        with transaction.atomic():
            connection.connection.close()
            with act("counted"):
                pass

    with pytest.raises(DatabaseError):
        lost()
    connection.close()
    by_sql(1)
    assert NoteEvent.objects.order_by("pgh_id").last().pgh_context is None


def test_a_server_that_is_gone_is_an_error_of_django():
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_backend_pid()")
        victim = cursor.fetchone()[0]
    other = connection.copy()
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_terminate_backend(%s, 5000)", [victim])
    finally:
        other.close()
    with pytest.raises(DatabaseError), transaction.atomic(), act("counted"):
        pass
    connection.close()


def test_an_isolation_of_its_own_begins_as_psycopg_would(sent):
    connection.ensure_connection()
    connection.connection.isolation_level = psycopg.IsolationLevel.SERIALIZABLE
    try:
        with transaction.atomic(), act("counted"), connection.cursor() as cursor:
            cursor.execute("SHOW transaction_isolation")
            assert cursor.fetchone() == ("serializable",)
    finally:
        connection.connection.isolation_level = None
    assert sent == []


def test_nothing_of_ours_writes_when_a_transaction_commits():
    """The setting of an act that ended last still stands then. Foreign keys alone wait for the
    commit, and they change nothing."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT tgname FROM pg_trigger WHERE tgdeferrable AND NOT tgisinternal")
        assert cursor.fetchall() == []


def test_a_connection_that_is_lost_where_an_act_begins_is_the_database_being_away() -> None:
    """And no other fault: who sees it answers 503, and tries again."""
    Note.objects.exists()  # so that there is a connection to lose
    raw: Any = connection.connection
    with socket.socket(fileno=os.dup(raw.pgconn.socket)) as line:
        line.shutdown(socket.SHUT_RDWR)
    with pytest.raises(OperationalError), transaction.atomic(), act("kept"):
        pass
    connection.close()
    with transaction.atomic(), act("kept"):
        Note.objects.exists()
