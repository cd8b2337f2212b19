"""Puts the triggers of the record on its tables, and says whether they stand there unaltered.

Triggers follow the models, so they are not kept in migrations: after every `migrate` the owner's
connection compares what stands in the database (definition, function body, ENABLE ALWAYS) with what
the models ask for, and writes what differs. A data migration that itself changes recorded rows
after a column was added calls `install` first.
"""

from __future__ import annotations

import contextlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

from django.apps import apps
from django.db import DEFAULT_DB_ALIAS, connections, models, transaction
from pgtrigger import compiler

from ledger import registry
from ledger.triggers import registered

OWN_TABLES = (
    "ledger_entry",
    "ledger_opening",
    "ledger_checkpoint",
    "ledger_tree",
    "ledger_pending",
    "ledger_sealedkey",
)


@dataclass(frozen=True)
class TriggerFault:
    """A trigger that is not as it should be."""

    table: str
    trigger: str
    why: str


def expected() -> dict[tuple[str, str], compiler.Trigger]:
    """Every trigger of the record by (table, trigger name)."""
    return _expected(len(registered))


@lru_cache(maxsize=1)
def _expected(number: int) -> dict[tuple[str, str], compiler.Trigger]:
    """Compiled once: models do not change while the process lives, and the number tells when more
    of them were loaded."""
    return {place: trigger.compile(model) for place, (model, trigger) in registered.items()}


_INSTALLED_TRIGGERS = """
    SELECT c.relname, t.tgname, t.tgenabled, obj_description(t.oid, 'pg_trigger'), p.prosrc,
        p.proname, p.proconfig, pg_get_triggerdef(t.oid)
    FROM pg_trigger t
    JOIN pg_class c ON c.oid = t.tgrelid
    JOIN pg_proc p ON p.oid = t.tgfoid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE NOT t.tgisinternal AND n.nspname = 'public' AND t.tgname LIKE 'pgtrigger\\_ledger\\_%'
"""


def faults(using: str = DEFAULT_DB_ALIAS) -> list[TriggerFault]:
    """Triggers that are missing, altered, not enabled ALWAYS, or stand where none belongs. Empty
    when all is well."""
    with connections[using].cursor() as cursor:
        cursor.execute(_INSTALLED_TRIGGERS)
        standing = {(row[0], row[1]): row[2:] for row in cursor.fetchall()}
        cursor.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
        tables = {row[0] for row in cursor.fetchall()}
    wanted = expected()
    trigger_faults = []
    for (table, name), trigger in sorted(wanted.items()):
        if table not in tables:
            continue
        if (table, name) not in standing:
            trigger_faults.append(TriggerFault(table, name, "is not there"))
            continue
        enabled, mark, source, function, config, definition = standing[table, name]
        asked = trigger.sql.kwargs
        body = f"BEGIN {asked['func']} END;"
        same = (
            mark == trigger.hash
            and function == name
            and " ".join(source.split()) == body
            and config == ["search_path=public, pg_temp"]
        )
        if not same or _fires(definition) != _fires(_definition(table, asked)):
            trigger_faults.append(TriggerFault(table, name, "is not the one the models ask for"))
        elif enabled != "A":
            trigger_faults.append(TriggerFault(table, name, "is not enabled ALWAYS"))
    trigger_faults += [
        TriggerFault(table, name, "belongs to no model")
        for table, name in sorted(standing.keys() - wanted.keys())
    ]
    return trigger_faults


def _definition(table: str, asked: dict[str, str]) -> str:
    return (
        f"{asked['when']} {asked['operation']} ON {table} FOR EACH {asked['level']} "
        f"{asked['condition']} EXECUTE"
    )


def _fires(definition: str) -> tuple[str, list[str], str]:
    """When a trigger fires: before or after, on which operations, under which condition; however
    its SQL is written."""
    plain = " ".join(re.sub(r'[()"]|::\w+', "", definition).lower().split())
    match = re.fullmatch(
        r"(?:create trigger \w+ )?(before|after) (.+?) on [\w.]+(?: .*?)?(?: when (.+?))? "
        r"execute.*",
        plain,
    )
    return (match[1], sorted(match[2].split(" or ")), match[3] or "") if match else ("", [], "")


_FOREIGN_TRIGGERS = """
    SELECT c.relname, t.tgname FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid
    WHERE NOT t.tgisinternal AND t.tgname NOT LIKE 'pgtrigger\\_ledger\\_%%' AND c.relname = ANY(%s)
    ORDER BY 1, 2
"""
_ALTERED_TABLES = """
    SELECT c.relname, c.relkind, c.relrowsecurity, c.relhassubclass,
        ARRAY(SELECT rulename FROM pg_rewrite r WHERE r.ev_class = c.oid)
    FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
    WHERE n.nspname = 'public' AND c.relname = ANY(%s)
    ORDER BY 1
"""
_EXTRA_GRANTS = """
    WITH own AS (
        SELECT oid, relname, relowner, relacl FROM pg_class
        WHERE relnamespace = 'public'::regnamespace AND relname = ANY(%s)
    )
    SELECT relname, grantee, privilege_type FROM own, aclexplode(relacl) WHERE grantee <> relowner
    UNION SELECT relname, grantee, privilege_type
    FROM own JOIN pg_attribute a ON a.attrelid = own.oid, aclexplode(a.attacl)
    WHERE grantee <> relowner
"""
_ROLE_PRIVILEGES = """
    SELECT r.rolname, r.rolsuper, r.rolcreaterole, r.rolbypassrls, r.rolreplication,
        ARRAY(SELECT DISTINCT pg_get_userbyid(c.relowner) FROM pg_class c
              WHERE c.relname = ANY(%s) AND c.relnamespace = 'public'::regnamespace
              AND pg_has_role(r.oid, c.relowner, 'MEMBER'))
    FROM pg_roles r WHERE r.rolname = %s
"""


def unexpected_objects(using: str = DEFAULT_DB_ALIAS) -> list[str]:
    """What stands on the record's tables and is none of its own, and rights on them that nobody
    should have; a sentence each.

    A rule or a trigger of someone else's could swallow a history row before it is written; a right
    to update or delete, or to become the owner, would let the application's role do what only the
    owner may, and be found out.
    """
    from django.conf import settings

    tables = sorted({table for table, _ in expected()})
    append = set(grow_only_tables())
    sentences = []
    with connections[using].cursor() as cursor:
        cursor.execute(_FOREIGN_TRIGGERS, [tables])
        sentences += [
            f"{table} has a trigger that is none of the record's: {name}"
            for table, name in cursor.fetchall()
        ]
        cursor.execute(_ALTERED_TABLES, [tables])
        standing = cursor.fetchall()
        away = sorted(set(tables) - {row[0] for row in standing})
        sentences += [
            f"{table} is not where the record stands: it was dropped, renamed or moved out of sight"
            for table in away
        ]
        for table, kind, secured, parted, rules in standing:
            sentences += [
                f"{table} has a rule that rewrites what is sent to it: {rule}" for rule in rules
            ]
            if kind not in {"r", "p"} or secured or (parted and kind == "r"):
                sentences.append(
                    f"{table} is no plain table any more (another stands in its place, hides "
                    f"rows of it or inherits from it)"
                )
        cursor.execute(_EXTRA_GRANTS, [tables])
        granted = cursor.fetchall()
        cursor.execute("SELECT oid, rolname FROM pg_roles")
        roles = {0: "everyone", **dict(cursor.fetchall())}
        for table, grantee, right in sorted(granted, key=str):
            if right in {"TRUNCATE", "TRIGGER", "MAINTAIN"} or (
                right in {"UPDATE", "DELETE"} and table in append
            ):
                sentences.append(f"{roles.get(grantee, grantee)} was granted {right} on {table}")
        if role := getattr(settings, "DATABASE_APP_ROLE", ""):
            cursor.execute(_ROLE_PRIVILEGES, [tables, role])
            for name, *privileges, owners in cursor.fetchall():
                names = ("is a superuser", "may make roles", "passes row security", "may replicate")
                sentences += [
                    f"the application's role {name} {what}"
                    for what, has in zip(names, privileges, strict=True)
                    if has
                ]
                sentences += [
                    (
                        f"the application's role {name} may become {owner}, who owns the record's "
                        f"tables"
                    )
                    for owner in owners
                ]
    return sentences


def install(using: str = DEFAULT_DB_ALIAS) -> list[TriggerFault]:
    """Make the triggers what they should be, as the owner of the tables. Returns what was wrong
    before."""
    trigger_faults = faults(using)
    wanted = expected()
    with transaction.atomic(using=using), connections[using].cursor() as cursor:
        for fault in trigger_faults:
            if trigger := wanted.get((fault.table, fault.trigger)):
                cursor.execute(trigger.install_sql)
            else:
                cursor.execute(f'DROP TRIGGER "{fault.trigger}" ON "{fault.table}"')
    return trigger_faults


@contextlib.contextmanager
def suspended(tables: Iterable[str], using: str = DEFAULT_DB_ALIAS) -> Iterator[None]:
    """Take the record's triggers off `tables` for one transaction of their owner, and put them back
    ALWAYS.

    For `erase` alone. If anything fails the transaction takes the switching back too.
    """
    names = sorted(set(tables))
    ours = [(table, name) for table, name in expected() if table in names]
    with transaction.atomic(using=using):
        with connections[using].cursor() as cursor:
            cursor.execute(
                "SET CONSTRAINTS ALL IMMEDIATE"
            )  # no table is altered while a check of its rows is outstanding
            for table, name in ours:
                cursor.execute(f'ALTER TABLE "{table}" DISABLE TRIGGER "{name}"')
        yield
        with connections[using].cursor() as cursor:
            for table, name in ours:
                cursor.execute(f'ALTER TABLE "{table}" ENABLE ALWAYS TRIGGER "{name}"')


def grow_only_tables() -> list[str]:
    """Tables that no application role may update, delete from or truncate."""
    events = [record.event_model._meta.db_table for record in registry.records()]
    return sorted(
        [*events, "ledger_entry", "ledger_opening", "ledger_checkpoint", "ledger_sealedkey"]
    )


def grant(role: str, using: str = DEFAULT_DB_ALIAS) -> None:
    """Give the application role what it needs and no more: rows of every table, but on the record
    only to add and to read.

    The role owns nothing, so it can neither switch a trigger off nor truncate. It may make no
    temporary tables either.
    """
    connection = connections[using]
    quote = connection.ops.quote_name
    managed = {
        model._meta.db_table
        for model in apps.get_models(include_auto_created=True)
        if model._meta.managed
    }
    append = set(grow_only_tables())
    with transaction.atomic(using=using), connection.cursor() as cursor:
        present = set(connection.introspection.table_names(cursor))
        who = quote(role)
        cursor.execute("SELECT current_database()")
        (database,) = cursor.fetchone()
        cursor.execute(f"REVOKE TEMPORARY ON DATABASE {quote(database)} FROM PUBLIC, {who}")
        cursor.execute(f"REVOKE CREATE ON SCHEMA public FROM PUBLIC, {who}")
        cursor.execute(f"GRANT USAGE ON SCHEMA public TO {who}")
        cursor.execute(f"REVOKE ALL ON ALL TABLES IN SCHEMA public FROM {who}")
        for table in sorted((managed & present) | {"django_migrations"} & present):
            rights = (
                "SELECT, INSERT"
                if table in append
                else "SELECT, INSERT, UPDATE"
                if table == "ledger_tree"
                else "SELECT, INSERT, UPDATE, DELETE"
            )
            if table == "django_migrations":
                rights = "SELECT"
            cursor.execute(f"GRANT {rights} ON {quote(table)} TO {who}")
        cursor.execute(f"GRANT USAGE, SELECT ON ALL SEQUENCES IN SCHEMA public TO {who}")


def after_migrate(sender: Any, using: str, **kwargs: Any) -> None:
    """post_migrate: triggers, and the grants of the application role that the settings name."""
    from django.conf import settings

    if (
        connections[using].vendor != "postgresql"
        or "ledger_pending" not in connections[using].introspection.table_names()
    ):
        return
    install(using)
    if role := getattr(settings, "DATABASE_APP_ROLE", ""):
        grant(role, using)


def model_of_table(table: str) -> type[models.Model] | None:
    """The model whose rows stand in `table`."""
    return next(
        (
            model
            for model in apps.get_models(include_auto_created=True)
            if model._meta.db_table == table
        ),
        None,
    )
