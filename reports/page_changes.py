"""The changes that followers are told of, forgotten when all were."""

from __future__ import annotations

from datetime import timedelta
from typing import Any, Final

from django.db import connection

#: For how long changes are kept after their transactions ended.
KEPT: Final = timedelta(minutes=15)
_MARK: Final = "ended before "


def forget_changes() -> None:
    """Delete the changes of transactions that had ended KEPT ago, however long they took.

    What had ended is known from a row that each cleaning leaves: the oldest transaction that was
    still open then.
    """
    parameters: dict[str, Any] = {"mark": _MARK, "kept": KEPT}
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO reports_pagechange (key)
            VALUES (%(mark)s || pg_snapshot_xmin(pg_current_snapshot()))
            """,
            parameters,
        )
        cursor.execute(
            """
            DELETE FROM reports_pagechange WHERE transaction < (
                SELECT substr(key, length(%(mark)s) + 1)::xid8 FROM reports_pagechange
                WHERE starts_with(key, %(mark)s) AND at < now() - %(kept)s
                ORDER BY at DESC LIMIT 1
            )
            """,
            parameters,
        )
