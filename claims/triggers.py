"""Triggers of what was said, beside those of the record: what must hold between rows, whoever
writes them."""
# ruff: noqa: S608  the names in this SQL are tables and columns of our own models

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import pgtrigger
from django.db import models

from claims.states import OTHERS, BasisKind, Stance
from ledger.triggers import AlwaysTrigger

M = TypeVar("M", bound=type[models.Model])


class ClaimedFigureTrigger(AlwaysTrigger):
    """Refuses to call a figure the company's unless its words, as `figure` keeps them, stand in the
    quote or where the claim is made.

    That they state this number is asked by the action (claims.figure_extraction). An erased figure
    is none, and passes.
    """

    name = "ledger_claimed_figure"
    when = pgtrigger.Before
    level = pgtrigger.Row
    operation = pgtrigger.Insert | pgtrigger.UpdateOf(
        "aspect_id", "comparator", "value", "value_to", "unit", "basis_kind", "figure"
    )

    @classmethod
    def on(cls, model: M) -> M:
        """A decorator: have the database ask it of this model."""
        cls().register(model)
        return model

    def get_func(self, model: type[models.Model]) -> str:
        others = ", ".join(f"'{channel}'" for channel in sorted(OTHERS))
        return f"""
            IF NEW.basis_kind <> '{BasisKind.CLAIMED}' THEN RETURN NEW; END IF;
            IF TG_OP = 'UPDATE' AND NEW.figure = '' AND OLD.basis_kind = NEW.basis_kind
                AND (OLD.aspect_id, OLD.comparator, OLD.value, OLD.value_to, OLD.unit)
                    IS NOT DISTINCT FROM
                    (NEW.aspect_id, NEW.comparator, NEW.value, NEW.value_to, NEW.unit)
            THEN RETURN NEW; END IF;
            IF NEW.figure <> '' AND EXISTS (
                SELECT FROM claims_aspect a JOIN claims_claim c ON c.id = a.claim_id
                WHERE a.id = NEW.aspect_id AND (position(NEW.figure in c.quote) > 0 OR EXISTS (
                    SELECT FROM claims_appearance p JOIN claims_source s ON s.id = p.source_id
                    WHERE p.claim_id = c.id
                    AND coalesce(p.stance, '{Stance.SAYS_SO}') = '{Stance.SAYS_SO}'
                    AND s.channel NOT IN ({others}) AND position(NEW.figure in p.exact) > 0))
            ) THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'ledger: the words of the claim do not state this figure'
            USING ERRCODE = 'check_violation', TABLE = 'claims_criterion',
                CONSTRAINT = 'ledger_claimed_figure';
        """


class FixedColumnTrigger(AlwaysTrigger):
    """Refuses to give a row to another owner: what was recorded of it would silently be said of
    someone else."""

    when = pgtrigger.Before
    level = pgtrigger.Row

    def __init__(self, column: str) -> None:
        self.column = column
        changed = pgtrigger.Condition(f'OLD."{column}" IS DISTINCT FROM NEW."{column}"')
        super().__init__(
            name=f"ledger_fixed_{column}", operation=pgtrigger.UpdateOf(column), condition=changed
        )

    def get_func(self, model: type[models.Model]) -> str:
        return f"""
            RAISE EXCEPTION 'ledger: {model._meta.db_table} keeps its {self.column}'
            USING ERRCODE = 'check_violation', TABLE = '{model._meta.db_table}',
                CONSTRAINT = '{self.name}';
        """


class SameOwnerTrigger(AlwaysTrigger):
    """Refuses a row that would join things of different owners. `holds` is SQL that is true of a
    row whose parts belong together."""

    name = "ledger_belongs"
    when = pgtrigger.Before
    level = pgtrigger.Row

    def __init__(self, holds: str, *columns: str) -> None:
        self.holds = holds
        super().__init__(operation=pgtrigger.Insert | pgtrigger.UpdateOf(*columns))

    def get_func(self, model: type[models.Model]) -> str:
        return f"""
            IF {self.holds} THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'ledger: {model._meta.db_table} joins what belongs to different owners'
            USING ERRCODE = 'check_violation', TABLE = '{model._meta.db_table}',
                CONSTRAINT = 'ledger_belongs';
        """


def fixed(column: str) -> Callable[[M], M]:
    """A decorator: the database keeps this column of a row as it was inserted."""

    def decorate(model: M) -> M:
        FixedColumnTrigger(column).register(model)
        return model

    return decorate


def belongs(holds: str, *columns: str) -> Callable[[M], M]:
    """A decorator: the database asks `holds` of every new row, and again when one of the columns
    changes."""

    def decorate(model: M) -> M:
        SameOwnerTrigger(holds, *columns).register(model)
        return model

    return decorate


def same_company(column: str, table: str, company: str, *, optional: bool = True) -> str:
    """SQL: the row of `table` that NEW's `column` names is of the company that the SQL `company`
    gives."""
    condition = (
        f"EXISTS (SELECT FROM {table} r WHERE r.id = NEW.{column} AND r.company_id = {company})"
    )
    return f"(NEW.{column} IS NULL OR {condition})" if optional else condition
