"""No request holds the database longer than a request may take: PostgreSQL ends a statement of ours
that runs too long.

For requests alone: jobs and commands have their own limits (leases, and whoever runs the command).
Outside of transactions the limit stays with the connection, so that it is said once for each
connection and not once for each request.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.conf import settings
from django.db import connection
from django.http import HttpRequest, HttpResponse
from psycopg.pq import TransactionStatus

_MARK = "_asclaimed_statement_seconds"


class StatementTimeouts:
    """Sets `statement_timeout` before the first query of a request; a request that asks nothing of
    the database opens no connection."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        limit = _Limit(settings.REQUEST_STATEMENT_SECONDS)
        with connection.execute_wrapper(limit):
            response = self.get_response(request)
        limit.lift()
        return response


class _Limit:
    def __init__(self, seconds: int) -> None:
        self.seconds = seconds
        self.inside: Any = None  # the connection in whose open transaction the limit was set

    def __call__(
        self,
        execute: Callable[..., Any],
        sql: Any,
        params: Any,
        many: bool,
        context: dict[str, Any],
    ) -> Any:
        database = context["connection"]
        raw = database.connection
        if (
            raw is not None
            and getattr(raw, _MARK, None) != self.seconds
            and not (self.inside is raw and database.in_atomic_block)
        ):
            raw.execute(f"SET statement_timeout = {self.seconds * 1000}")
            if database.in_atomic_block:
                self.inside = raw  # A rollback takes it back, so it is not marked.
            else:
                setattr(raw, _MARK, self.seconds)
        return execute(sql, params, many, context)

    def lift(self) -> None:
        """What was set within a transaction that goes on after the request, as in tests, ends with
        the request."""
        if (
            self.inside is not None
            and not self.inside.closed
            and self.inside.info.transaction_status == TransactionStatus.INTRANS
        ):
            self.inside.execute("RESET statement_timeout")
