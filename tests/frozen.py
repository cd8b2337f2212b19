"""A world that comes out the same, to the byte, each time it is played: what is random, what counts
and every clock is held at its source.

    with frozen.world(monkeypatch) as world:
        with world.step("the first photo is filed", datetime(2025, 6, 3, 9, 13, tzinfo=UTC)):
            ...

Randomness follows from the step and the place in the code that asks for it, so that one place that
draws more shifts no other; ids that hold their time (UUIDv7) go on holding it. The database has the
step's time in every history row, and counts from 1. Keys that OpenSSL draws are not held: worlds
that are to be equal share a KEYS_DIR.
"""

from __future__ import annotations

import hashlib
import os
import random
import sys
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import partial
from pathlib import Path
from uuid import UUID

import pytest
import time_machine
from django.apps import apps
from django.core.cache import caches
from django.core.management import call_command
from django.db import connection, models
from uuid_utils.compat import uuid7

from ledger import leaf_columns, leaves, registry
from tests.flushing import KEPT

_PASSED_ON = {"random.py", "secrets.py", "uuid.py", "crypto.py"}  # those who draw for another
_CLOCK = """
CREATE OR REPLACE FUNCTION tests_clock() RETURNS trigger AS $$
    BEGIN NEW.pgh_created_at := current_setting('tests.now')::timestamptz; RETURN NEW; END
$$ LANGUAGE plpgsql
"""


class World:
    """The step that is being played, and what was drawn in it."""

    def __init__(self) -> None:
        self._step = ""
        self._drawn: Counter[str] = Counter()

    @contextmanager
    def step(self, name: str, now: datetime) -> Iterator[datetime]:
        """Within, it is `now` and stays so."""
        self._step, self._drawn = name, Counter()
        with connection.cursor() as cursor:
            cursor.execute("SELECT set_config('tests.now', %s, false)", [now.isoformat()])
        with time_machine.travel(now, tick=False):
            yield now

    def bytes(self, count: int) -> bytes:
        """Stands in for os.urandom."""
        return self._draw(_place(), count)

    def uuid7(self, label: str) -> UUID:
        """Stands in for uuid7, as the default of a model."""
        drawn = int.from_bytes(self._draw(label, 10), "big")
        return UUID(
            int=time.time_ns() // 1_000_000 << 80
            | 7 << 76
            | (drawn >> 68) << 64
            | 2 << 62
            | drawn & (1 << 62) - 1
        )

    def _draw(self, place: str, count: int) -> bytes:
        self._drawn[place] += 1
        return hashlib.shake_256(f"{self._step}\0{place}\0{self._drawn[place]}".encode()).digest(
            count
        )


def _place() -> str:
    """The function that asks for randomness, or the field whose default it is."""
    frame = sys._getframe(2)
    while Path(frame.f_code.co_filename).name in _PASSED_ON and frame.f_back is not None:
        frame = frame.f_back
    asking = frame.f_locals.get("self")
    if isinstance(asking, models.Field):
        return str(asking)
    return f"{frame.f_code.co_filename}:{frame.f_code.co_name}"


@contextmanager
def world(patch: pytest.MonkeyPatch) -> Iterator[World]:
    """An empty database in which time and chance are held. What was held is let go at the end, what
    was played stays."""
    call_command("flush", interactive=False, verbosity=0)
    for cache in caches.all():
        cache.clear()
    found = World()
    with patch.context() as held:
        held.setattr(os, "urandom", found.bytes)
        held.setattr(random, "_urandom", found.bytes)
        for model in apps.get_models():
            for field in model._meta.local_concrete_fields:
                if field.default is uuid7:
                    held.setitem(field.__dict__, "_get_default", partial(found.uuid7, str(field)))
        with connection.cursor() as cursor:
            _count_from_one(cursor)
            cursor.execute(_CLOCK)
            for record in registry.records():
                table = record.event_model._meta.db_table
                cursor.execute(
                    f'CREATE TRIGGER tests_clock BEFORE INSERT ON "{table}" FOR EACH ROW EXECUTE '
                    f"FUNCTION tests_clock()"
                )
        try:
            yield found
        finally:
            with connection.cursor() as cursor:
                cursor.execute("DROP FUNCTION tests_clock() CASCADE")


def close_commitments(
    held: pytest.MonkeyPatch, closed: Callable[[registry.Record, str], bool]
) -> None:
    """Commit to a constant in place of every value of the fields that are `closed`, whichever way
    their leaves are built: row by row, or by column."""
    value, texts = leaves.committed_value, leaf_columns.committed_texts
    held.setattr(
        leaves,
        "committed_value",
        lambda record, name, *rest: (
            "closed" if closed(record, name) else value(record, name, *rest)
        ),
    )
    held.setattr(
        leaf_columns,
        "committed_texts",
        lambda record, name, values, *rest: (
            ['"closed"'] * len(values)
            if closed(record, name)
            else texts(record, name, values, *rest)
        ),
    )


def _count_from_one(cursor: object) -> None:
    """Restart every counter but those of the tables that a flush leaves filled."""
    cursor.execute("SELECT sequencename FROM pg_sequences WHERE schemaname = 'public'")  # type: ignore[attr-defined]
    names = [name for (name,) in cursor.fetchall() if not name.startswith(tuple(KEPT))]  # type: ignore[attr-defined]
    for name in names:
        cursor.execute(f'ALTER SEQUENCE "{name}" RESTART')  # type: ignore[attr-defined]
