"""Querysets of which Django writes the SQL once per process; asked again they cost what the
database and the rows cost.

Writing the SQL of a small query takes Django longer than the database takes to answer it, and a
page asks twenty of them. What changes from one asking to the next is one value, whose place a
slot holds. Everything else must be a constant of the program: a queryset that looks at the clock,
the reader or the language has no place here.

The database prepares each once per connection, so that it need not plan it again either: planning
costs more than the few rows of a page. A pooler that gives each transaction another connection
knows no prepared statements; the query is then asked as it is. So it is inside a transaction, which
would not outlive the failure.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import count
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID, uuid4
from weakref import WeakKeyDictionary

from django.db import ProgrammingError, connections
from django.db.models import Lookup, Model, QuerySet, UUIDField
from django.db.models.query import get_related_populators

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


Value = UUID | str | Sequence[UUID] | Sequence[str]
Statement = tuple[str, tuple[Any, ...]]


class PreparedStatement:
    """SQL with one value left open, prepared by each connection that asks it."""

    def __init__(self, write: Callable[[], Statement], type_: str = "") -> None:
        """`write` gives SQL and parameters, with SLOT in the places of the value; it is asked
        once. `type_` is the value's in the database, where it is no id, text or list of ids."""
        self._write = write
        self._type = type_
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
            type_ = self._type or {UUID: "uuid", str: "text"}.get(type(value), "uuid[]")
            with session.cursor() as cursor:  # not Django's: it is no query of the page
                written, places = _WRITTEN_SLOT.subn("$1", cursor.mogrify(*self.plain(SLOT)))
                assert places, "the statement has no place for its value"
                cursor.execute(f"PREPARE {self._name} ({type_}) AS {written}")
            known.add(self._name)
        return f"EXECUTE {self._name} (%s)", (value,)

    def ask(self, value: Value) -> list[tuple[Any, ...]]:
        """The rows for this value, none for a list of none: of the prepared statement, or of the
        plain one where another connection answers than the one that prepared it."""
        if not isinstance(value, (UUID, str)) and not value:
            return []
        if connections["default"].in_atomic_block:
            return _rows_of(self.plain(value))
        try:
            return _rows_of(self.of(value))
        except ProgrammingError as error:
            if getattr(error.__cause__, "sqlstate", "") not in _ELSEWHERE:
                raise
            return _rows_of(self.plain(value))


def _rows_of(statement: Statement) -> list[tuple[Any, ...]]:
    with connections["default"].cursor() as cursor:
        cursor.execute(*statement)
        rows: list[tuple[Any, ...]] = cursor.fetchall()
        return rows


class _Reader(Generic[M]):
    """Makes rows into models as Django's own iterator does, but looks only once at what stands in
    which column."""

    def __init__(self, compiler: Any) -> None:
        """`compiler` has written its SQL."""
        assert not compiler.annotation_col_map, "rows with annotations are no models alone"
        columns = compiler.klass_info["select_fields"]
        self._own = slice(columns[0], columns[-1] + 1)
        self._model: type[M] = compiler.klass_info["model"]
        self._names = [column[0].target.attname for column in compiler.select[self._own]]
        self._related = get_related_populators(  # type: ignore[call-arg]  # the stubs are of Django 6
            compiler.klass_info, compiler.select, "default"
        )
        self._converters = [
            (place, convert, expression)
            for place, (several, expression) in compiler.get_converters(
                [column[0] for column in compiler.select]
            ).items()
            for convert in several
        ]

    def __call__(self, rows: list[tuple[Any, ...]]) -> list[M]:
        return [self._model_of(list(row)) for row in rows]

    def _model_of(self, row: list[Any]) -> M:
        for place, convert, expression in self._converters:
            row[place] = convert(row[place], expression, connections["default"])
        read = self._model.from_db("default", self._names, row[self._own])
        for related in self._related:
            related.populate(row, read)
        return read


class CompiledQuery(Generic[M]):
    """`CompiledQuery(lambda claim: Flag.objects.filter(claim=claim))(claim.pk)` is the list of the
    claim's flags.

    The place of the value, an id or a text, may be asked for by `filter(field=…)`, or by
    `filter(field__among=…)` if the value is a list of ids.
    """

    def __init__(self, build: Callable[[UUID], QuerySet[M]]) -> None:
        self._build = build
        self._compiler: Any = None
        self._read: _Reader[M] | None = None
        self._statement = PreparedStatement(self._write)

    def queryset(self, value: Value) -> QuerySet[M]:
        """The same query as Django would write it for this value."""
        return self._build(cast(UUID, value))

    def sql(self, value: Value) -> Statement:
        """The statement and its parameters for this value, to be asked by hand."""
        return self._statement.plain(value)

    def bare(self, value: Value) -> list[tuple[Any, ...]]:
        """The rows as the database gives them; for a query of `values_list`."""
        return self._statement.ask(value)

    def _write(self) -> Statement:
        queryset = self.queryset(SLOT)
        compiler = queryset.query.get_compiler(queryset.db)
        sql, params = compiler.as_sql()
        self._compiler = compiler
        return sql, tuple(params)

    def __call__(self, value: Value) -> list[M]:
        rows = self._statement.ask(value)
        if rows and self._read is None:
            self._read = _Reader(self._compiler)
        return self._read(rows) if self._read else []
