"""Who acts, as the database is told it: the transaction-local setting `ledger.act`, in as few round
trips as it takes.

- `put` sets it at once; in one message with the BEGIN of its transaction, where that is not sent
  yet.
- `put_later` sets it before the next statement of the same transaction. Most transactions end where
  their act does, and PostgreSQL forgets the setting there by itself. (What comes of forgetting it
  without that: https://github.com/AmbitionEng/django-pgtrigger/issues/49.)

What is due is sent by the connection (`WatchedConnection`), so that it holds for SQL by whatever
way: the ORM, raw cursors, COPY, cursors of the server, psycopg past Django.
"""

from __future__ import annotations

import threading
from typing import Any

import psycopg
from django.db import connection
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg.errors import error_from_result
from psycopg.pq import ConnStatus, Escaping, ExecStatus, TransactionStatus


class _Local(threading.local):
    #: The connection whose setting is not what it has to be, and what it has to be.
    due: tuple[psycopg.Connection[Any], str] | None = None


_local = _Local()


class WatchedConnection(psycopg.Connection[Any]):
    """Sends what is due before anything else. All that psycopg asks of PostgreSQL is waited for
    here."""

    def wait(self, *args: Any, **kwargs: Any) -> Any:
        if _local.due is not None and _local.due[0] is self:
            _settle(self)
        return super().wait(*args, **kwargs)

    def commit(self) -> None:
        _forget(self)
        super().commit()

    def rollback(self) -> None:
        _forget(self)
        super().rollback()


def watch(connection: BaseDatabaseWrapper, **_: object) -> None:
    """Make a new connection a watched one. A receiver of `connection_created`.

    Django 5.2 calls `psycopg.connect` and takes no class for it; its cursors can be given one, but
    those of the server cannot (`DatabaseWrapper.create_cursor` names theirs).
    """
    raw: Any = connection.connection
    if type(raw) is psycopg.Connection:
        raw.__class__ = WatchedConnection


def put(value: str) -> None:
    """Set it now."""
    due, _local.due = _local.due, None
    try:
        raw: Any = connection.connection
        if raw is not None and _begins(raw) and not connection.needs_rollback:
            with connection.wrap_database_errors:
                _send(raw, "BEGIN; ", value)
        else:
            with connection.cursor() as cursor:
                cursor.execute("SELECT set_config('ledger.act', %s, true)", [value])
    except BaseException:
        _local.due = due
        raise


def put_later(value: str) -> None:
    """Set it before the next statement of the transaction, if there is one.

    Asks the database nothing, so that it may be called in a failed transaction: what comes after
    the rollback to a savepoint finds it right.
    """
    raw: Any = connection.connection
    if raw is None or raw.closed:
        return  # The setting went with the connection.
    _local.due = raw, value
    if not isinstance(raw, WatchedConnection):
        with connection.wrap_database_errors:
            _settle(raw)


def _settle(raw: psycopg.Connection[Any]) -> None:
    """Send what is due, if it can be sent: not in a failed transaction, nor amid a COPY."""
    assert _local.due is not None
    status = raw.info.transaction_status
    if status == TransactionStatus.IDLE:
        _local.due = None  # The transaction is over, and the setting with it.
    elif status == TransactionStatus.INTRANS:
        _send(raw, "", _local.due[1])
        _local.due = None


def _forget(raw: psycopg.Connection[Any]) -> None:
    if _local.due is not None and _local.due[0] is raw:
        _local.due = None


def _begins(raw: psycopg.Connection[Any]) -> bool:
    """Whether psycopg would send a BEGIN, and a plain one, before the next statement."""
    return (
        raw.info.transaction_status == TransactionStatus.IDLE
        and not raw.autocommit
        and (raw.isolation_level, raw.read_only, raw.deferrable) == (None, None, None)
    )


def _send(raw: psycopg.Connection[Any], before: str, value: str) -> None:
    """Send it in one message, by libpq itself.

    psycopg 3.3 sends its BEGIN apart, in a pipeline too, where it waits for it
    (https://github.com/psycopg/psycopg/pull/401). Before that it asks libpq whether a transaction
    is under way, and finds the one begun here.
    """
    literal = Escaping(raw.pgconn).escape_literal(value.encode()).decode()
    statement = f"{before}SELECT set_config('ledger.act', {literal}, true)"
    result = raw.pgconn.exec_(statement.encode())
    if result.status != ExecStatus.TUPLES_OK:
        if raw.pgconn.status != ConnStatus.OK:  # the result of a lost connection names no error
            raise psycopg.OperationalError(raw.pgconn.get_error_message())
        raise error_from_result(result)
