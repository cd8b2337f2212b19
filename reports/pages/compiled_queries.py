"""Querysets of which Django writes the SQL once per process; asked again they cost what the
database and the rows cost.

Writing the SQL of a small query takes Django longer than the database takes to answer it, and a
page asks twenty of them. What changes from one asking to the next is one value, whose place a
`Slot` holds. Everything else must be a constant of the program: a queryset that looks at the clock,
the reader or the language has no place here.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from types import SimpleNamespace
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID, uuid4

from django.db import connections
from django.db.models import Lookup, Model, QuerySet, UUIDField
from django.db.models.query import ModelIterable

M = TypeVar("M", bound=Model)

#: Holds the place of the value. Drawn at random,
#: so that no constant of a query can be taken for it.
_SLOT: Final = uuid4()


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


class CompiledQuery(Generic[M]):
    """`Prepared(lambda claim: Flag.objects.filter(claim=claim))(claim.pk)` is the list of the
    claim's flags.

    The place of the value may be asked for by `filter(field=…)`, or by `filter(field__among=…)` if
    the value is a list of ids.
    """

    def __init__(self, build: Callable[[UUID], QuerySet[M]]) -> None:
        self._build = build
        self._written: tuple[str, Any, str, tuple[Any, ...]] | None = None

    def queryset(self, value: UUID | Sequence[UUID]) -> QuerySet[M]:
        """The same query as Django would write it for this value."""
        return self._build(cast(UUID, value))

    def sql(self, value: UUID | Sequence[UUID]) -> tuple[str, tuple[Any, ...]]:
        """The statement and its parameters for this value, to be asked by hand."""
        _database, _compiler, sql, params = self._once()
        return sql, tuple(value if one == _SLOT else one for one in params)

    def _once(self) -> tuple[str, Any, str, tuple[Any, ...]]:
        if self._written is None:
            queryset = self.queryset(_SLOT)
            compiler = queryset.query.get_compiler(queryset.db)
            sql, params = compiler.as_sql()
            self._written = (queryset.db, compiler, sql, tuple(params))
        return self._written

    def __call__(self, value: UUID | Sequence[UUID]) -> list[M]:
        database, compiler, _sql, _params = self._once()
        asked = copy(compiler)  # a compiler is a thread's own, and so is its connection
        asked.connection = connections[database]
        asked.as_sql = lambda: self.sql(value)
        query = SimpleNamespace(get_compiler=lambda using: asked)
        stands_for: Any = SimpleNamespace(db=database, query=query, _known_related_objects={})
        return list(ModelIterable(stands_for))
