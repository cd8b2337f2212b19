"""Querysets of which Django writes the SQL once per process; asked again they cost what the
database and the rows cost.

Writing the SQL of a small query takes Django longer than the database takes to answer it, and a
page asks twenty of them. What changes from one asking to the next is one value, whose place a
slot holds. Everything else must be a constant of the program: a queryset that looks at the clock,
the reader or the language has no place here.

The database prepares each once per connection, so that it need not plan it again either: planning
costs more than the few rows of a page. A pooler that gives each transaction another connection
knows no prepared statements; the query is then asked as it is.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from copy import copy
from itertools import count
from types import SimpleNamespace
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from django.db import ProgrammingError, connections
from django.db.models import Lookup, Model, QuerySet, UUIDField
from django.db.models.query import ModelIterable

M = TypeVar("M", bound=Model)
R = TypeVar("R")

#: Holds the place of the value. Drawn at random,
#: so that no constant of a query can be taken for it.
SLOT: Final = uuid4()
_SLOTS: Final = (SLOT, str(SLOT))  # of an id, of a text
_WRITTEN_SLOT: Final = re.compile(rf"'(?:{SLOT}|{SLOT.hex})'(?:::uuid)?")
_numbers: Final = count()
#: By connection of the database: the names of what it has prepared.
_known: Final[WeakKeyDictionary[Any, set[str]]] = WeakKeyDictionary()
#: The states of SQL in which a connection turns out to be another one than that which prepared.
_ELSEWHERE: Final = frozenset({"26000", "42P05"})


@UUIDField.register_lookup
class AnyOf(Lookup):
    """`field = ANY(array)`: like `in`, with the same SQL for any number of values, also for
    none."""

    lookup_name = "among"
    prepare_rhs = False

    def as_sql(self, compiler: Any, connection: Any) -> tuple[str, Any]:
        """The comparison with an array of UUIDs as its one parameter."""
        column, params = self.process_lhs(compiler, connection)
        return f"{column} = ANY(%s)", [*params, self.rhs]


Value = UUID | str | Sequence[UUID]
Statement = tuple[str, tuple[Any, ...]]


class PreparedStatement:
    """SQL with one value left open, prepared by each connection that asks it."""

    def __init__(self, write: Callable[[], Statement]) -> None:
        """`write` gives SQL and parameters, with SLOT in the places of the value; it is asked
        once."""
        self._write = write
        self._name = f"asked_{next(_numbers)}"
        self._written: Statement | None = None

    def plain(self, value: Value) -> Statement:
        """The statement and its parameters for this value, without preparation."""
        if self._written is None:
            self._written = self._write()
        sql, params = self._written
        return sql, tuple(value if param in _SLOTS else param for param in params)

    def of(self, value: Value) -> Statement:
        """The same of what the connection has prepared; prepares it."""
        connections["default"].ensure_connection()
        session = connections["default"].connection
        known = _known.setdefault(session, set())
        if self._name not in known:
            type_ = {UUID: "uuid", str: "text"}.get(type(value), "uuid[]")
            with session.cursor() as cursor:  # not Django's: it is no query of the page
                written, places = _WRITTEN_SLOT.subn("$1", cursor.mogrify(*self.plain(SLOT)))
                assert places, "the statement has no place for its value"
                cursor.execute(f"PREPARE {self._name} ({type_}) AS {written}")
            known.add(self._name)
        return f"EXECUTE {self._name} (%s)", (value,)

    def ask(self, value: Value, asked: Callable[[Statement], R]) -> R:
        """What `asked` makes of the prepared statement; of the plain one where another connection
        answers than the one that prepared it."""
        try:
            return asked(self.of(value))
        except ProgrammingError as error:
            if getattr(error.__cause__, "sqlstate", "") not in _ELSEWHERE:
                raise
            return asked(self.plain(value))


class CompiledQuery(Generic[M]):
    """`CompiledQuery(lambda claim: Flag.objects.filter(claim=claim))(claim.pk)` is the list of the
    claim's flags.

    The place of the value, an id or a text, may be asked for by `filter(field=…)`, or by
    `filter(field__among=…)` if the value is a list of ids.
    """

    def __init__(self, build: Callable[[UUID], QuerySet[M]]) -> None:
        self._build = build
        self._compiled: Any = None
        self._statement = PreparedStatement(self._write)

    def queryset(self, value: Value) -> QuerySet[M]:
        """The same query as Django would write it for this value."""
        return self._build(cast(UUID, value))

    def sql(self, value: Value) -> Statement:
        """The statement and its parameters for this value, to be asked by hand."""
        return self._statement.plain(value)

    def _write(self) -> Statement:
        queryset = self.queryset(SLOT)
        self._compiled = queryset.query.get_compiler(queryset.db)
        sql, params = self._compiled.as_sql()
        return sql, tuple(params)

    def __call__(self, value: Value) -> list[M]:
        return self._statement.ask(value, self._rows)

    def _rows(self, statement: Statement) -> list[M]:
        asked = copy(self._compiled)  # a compiler is a thread's own, and so is its connection
        asked.connection = connections["default"]
        asked.as_sql = lambda: statement
        query = SimpleNamespace(get_compiler=lambda using: asked)
        stands_for: Any = SimpleNamespace(db="default", query=query, _known_related_objects={})
        return list(ModelIterable(stands_for))
