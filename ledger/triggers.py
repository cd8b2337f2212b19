"""The triggers of the record: written into migrations by django-pgtrigger, in a form that nothing
but the owner can switch off.

django-pgtrigger's own template asks a session setting whether to run
(https://github.com/AmbitionEng/django-pgtrigger/pull/4); anyone who can send SQL can set it. Ours
does not ask, is enabled ALWAYS (so that `session_replication_role = replica` does not silence it)
and fixes the search path (so that a temporary table of the same name cannot catch the event rows).
"""
# ruff: noqa: S608  the names in this SQL are tables and columns of our own models

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from typing import Any, TypeVar

import pgtrigger
from django.db import models
from pgtrigger import compiler

DELETE = pgtrigger.Delete
M = TypeVar("M", bound=type[models.Model])
Table = Mapping[Any, Iterable[Any]]  # a workflow: from each state, those that may follow


class AlwaysSql(compiler.UpsertTriggerSql):  # type: ignore[misc]  # pgtrigger is read as untyped
    """The SQL that installs one trigger. Migrations refer to this class: a change of the template
    needs new migrations."""

    def get_template(self) -> str:
        return """
            CREATE OR REPLACE FUNCTION {pgid}() RETURNS TRIGGER AS $$
                BEGIN
                    {func}
                END;
            $$ LANGUAGE plpgsql SET search_path = public, pg_temp;
            DROP TRIGGER IF EXISTS {pgid} ON {table};
            CREATE TRIGGER {pgid} {when} {operation} ON {table} {referencing}
                FOR EACH {level} {condition} EXECUTE FUNCTION {execute};
            ALTER TABLE {table} ENABLE ALWAYS TRIGGER {pgid};
            COMMENT ON TRIGGER {pgid} ON {table} IS '{hash}';
        """


class AlwaysTrigger(pgtrigger.Trigger):  # type: ignore[misc]  # pgtrigger is read as untyped
    """A trigger installed by AlwaysSql."""

    def register(self, *owners: type[models.Model]) -> None:
        """Note it as a trigger of these models, in `registered`.

        Not in pgtrigger's registry: that one holds each trigger against all the others, a third of
        the time in which a process starts.
        """
        for model in owners:
            known = registered.setdefault(
                (model._meta.db_table, self.get_pgid(model)), (model, self)
            )
            assert known == (model, self), (
                f"{model._meta.label} has two triggers called {self.name}"
            )

    def compile(self, model: type[models.Model]) -> compiler.Trigger:
        return compiler.Trigger(
            name=self.name,
            sql=AlwaysSql(
                pgid=self.get_pgid(model),
                func=self.format_sql(self.render_func(model)),
                table=model._meta.db_table,
                when=self.when,
                operation=self.operation,
                referencing=self.referencing or "",
                level=self.level,
                condition=self.render_condition(model),
                execute=self.render_execute(model),
            ),
        )


#: Every trigger of the record with its model, by its table and its name there. ledger.protection
#: puts them on.
registered: dict[tuple[str, str], tuple[type[models.Model], AlwaysTrigger]] = {}


class HistoryTrigger(AlwaysTrigger):
    """Writes one event row for each row that a statement inserted, changed or deleted.

    An update is `new EXCEPT ALL old`: rows that did not change drop out, and the plan is a hash
    whatever the number of rows (a join of the two transition tables is planned for one row and
    takes seconds for thousands).
    """

    when = pgtrigger.After
    level = pgtrigger.Statement

    def __init__(self, operation: pgtrigger.Operation, event_model: type[models.Model]) -> None:
        self.event_model = event_model
        self.label = str(operation).lower()
        tables = {
            "insert": {"new": "new_values"},
            "update": {"new": "new_values", "old": "old_values"},
            "delete": {"old": "old_values"},
        }
        super().__init__(
            name=f"ledger_{self.label}",
            operation=operation,
            referencing=pgtrigger.Referencing(**tables[self.label]),
        )

    def get_func(self, model: type[models.Model]) -> str:
        key = model._meta.pk
        assert key is not None
        columns = [
            f.column
            for f in self.event_model._meta.local_concrete_fields
            if not f.name.startswith("pgh_")
        ]
        read = ", ".join(f'"{column}"' for column in [key.column, *columns])
        rows = {
            "insert": f"SELECT {read} FROM new_values",
            "update": f"SELECT {read} FROM new_values EXCEPT ALL SELECT {read} FROM old_values",
            "delete": f"SELECT {read} FROM old_values",
        }[self.label]
        into = ", ".join(
            f'"{column}"'
            for column in ["pgh_created_at", "pgh_label", "pgh_context", "pgh_obj_id", *columns]
        )
        values = ", ".join(f'v."{column}"' for column in [key.column, *columns])
        return f"""
            INSERT INTO "{self.event_model._meta.db_table}" ({into})
            SELECT now(), '{self.label}', NULLIF(current_setting('ledger.act', true), '')::jsonb,
                {values} FROM ({rows}) v;
            RETURN NULL;
        """


class IdentityTrigger(AlwaysTrigger):
    """Refuses to change the id of a recorded row: its history would be torn in two."""

    when = pgtrigger.Before
    level = pgtrigger.Row

    def __init__(self, key: str) -> None:
        changed = pgtrigger.Condition(f'OLD."{key}" IS DISTINCT FROM NEW."{key}"')
        super().__init__(
            name="ledger_identity", operation=pgtrigger.UpdateOf(key), condition=changed
        )

    def get_func(self, model: type[models.Model]) -> str:
        return f"RAISE EXCEPTION 'ledger: the id of a row of {model._meta.db_table} never changes';"


class TransitionsTrigger(AlwaysTrigger):
    """Refuses a change of state that the workflow's dict does not draw, whoever asks for it and by
    whatever way.

    The same state again passes, and so does any state with which a row is inserted: a restore puts
    rows back as they were. A change costs nothing where the column stays as it was. The refusal is
    an IntegrityError, as that of a constraint.
    """

    when = pgtrigger.Before
    level = pgtrigger.Row

    def __init__(self, column: str, table: Table) -> None:
        self.column = column
        self.arrows = sorted(
            (str(state), str(follower))
            for state, followers in table.items()
            for follower in followers
        )
        if not all(re.fullmatch(r"[a-z_]+", word) for arrow in self.arrows for word in arrow):
            raise ValueError("a state is a word of lower case letters")
        changed = pgtrigger.Condition(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"')
        super().__init__(
            name="ledger_transitions", operation=pgtrigger.UpdateOf(column), condition=changed
        )

    def get_func(self, model: type[models.Model]) -> str:
        table, old, new = model._meta.db_table, f'OLD."{self.column}"', f'NEW."{self.column}"'
        drawn = ", ".join(f"'{state}>{follower}'" for state, follower in self.arrows)
        return f"""
            IF {old} || '>' || {new} IN ({drawn}) THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'ledger: {table} does not go from % to %', {old}, {new}
            USING ERRCODE = 'check_violation', TABLE = '{table}', CONSTRAINT = 'ledger_transitions';
        """


def transitions(column: str, table: Table) -> Callable[[M], M]:
    """Have the database hold `column` of a model to the workflow `table` (Transitions). A
    decorator."""

    def decorate(model: M) -> M:
        TransitionsTrigger(column, table).register(model)
        return model

    return decorate


class NoTruncateTrigger(AlwaysTrigger):
    """Refuses TRUNCATE, which fires no row triggers."""

    name = "ledger_no_truncate"
    when = pgtrigger.Before
    level = pgtrigger.Statement
    operation = pgtrigger.Truncate

    def get_func(self, model: type[models.Model]) -> str:
        return f"RAISE EXCEPTION 'ledger: {model._meta.db_table} cannot be truncated';"


class RefusingTrigger(AlwaysTrigger):
    """Refuses UPDATE and DELETE (or what `operation` names) of single rows: the table only
    grows."""

    name = "ledger_append_only"
    when = pgtrigger.Before
    level = pgtrigger.Row
    operation = pgtrigger.Update | pgtrigger.Delete

    def get_func(self, model: type[models.Model]) -> str:
        return f"RAISE EXCEPTION 'ledger: {model._meta.db_table} is append-only';"


class OutboxTrigger(AlwaysTrigger):
    """Puts every new event row into the outbox of the sequencer, in the same transaction."""

    name = "ledger_announce"
    when = pgtrigger.After
    level = pgtrigger.Statement
    operation = pgtrigger.Insert
    referencing = pgtrigger.Referencing(new="new_values")

    def __init__(self, object_name: str) -> None:
        self.object_name = object_name  # the permanent one
        super().__init__()

    def get_func(self, model: type[models.Model]) -> str:
        return f"""
            INSERT INTO ledger_pending (event_label, event_id)
            SELECT '{self.object_name}', pgh_id FROM new_values ORDER BY pgh_id;
            RETURN NULL;
        """


def append_only(**kwargs: Any) -> list[AlwaysTrigger]:
    """The protection of a table that only grows."""
    return [RefusingTrigger(**kwargs), NoTruncateTrigger()]
