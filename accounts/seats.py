"""Nobody holds a company's seat beside a role that judges: the database refuses the second of the
two, whoever comes first. Nor does who had one in the two years before judge anything.

A seat is any role in an organisation that is a company, and the role of a company representative
anywhere.
"""

from __future__ import annotations

from typing import Final

import pgtrigger
from django.db import models

from ledger.triggers import AlwaysTrigger

SEAT: Final = "company_representative"
COMPANY: Final = "company"
#: Who judges, reads what is not public, or gives out these roles.
JUDGING: Final = ("moderator", "adjudicator", "auditor", "operator")
#: How long after a seat at a company ended its holder still judges nothing.
YEARS_APART: Final = 2


class SeatsApartTrigger(AlwaysTrigger):
    """Refuses a membership that would give one person both kinds, or a role that judges within
    `YEARS_APART` of a seat, as an IntegrityError with SQLSTATE 23P01.

    It locks the organisation (whose kind may be changing) and the account, so that two grants at
    once come one after the other: the second sees what the first wrote.
    """

    name = "ledger_seats_apart"
    when = pgtrigger.Before
    level = pgtrigger.Row
    operation = pgtrigger.Insert | pgtrigger.Update

    def get_func(self, model: type[models.Model]) -> str:
        return f"""
            IF NEW.ended_at IS NOT NULL THEN RETURN NEW; END IF;
            PERFORM 1 FROM accounts_organisation WHERE id = NEW.organisation_id FOR SHARE;
            PERFORM 1 FROM accounts_user WHERE id = NEW.user_id FOR NO KEY UPDATE;
            IF (
                SELECT bool_or(o.kind = '{COMPANY}' OR held.role = '{SEAT}')
                AND bool_or(held.role IN {JUDGING} AND held.now)
                FROM (
                    SELECT m.role, m.organisation_id, m.ended_at IS NULL AS now
                    FROM {model._meta.db_table} m
                    WHERE m.user_id = NEW.user_id AND m.id <> NEW.id AND (m.ended_at IS NULL
                        OR m.ended_at > NEW.created_at - interval '{YEARS_APART} years')
                    UNION ALL SELECT NEW.role, NEW.organisation_id, true
                ) held JOIN accounts_organisation o ON o.id = held.organisation_id
            ) THEN {_refusal(model)} END IF;
            RETURN NEW;
        """  # noqa: S608  # names of our own tables and roles


class OrganisationKindTrigger(AlwaysTrigger):
    """Refuses to make a company of an organisation one of whose people judges."""

    name = "ledger_seats_apart"
    when = pgtrigger.Before
    level = pgtrigger.Row
    operation = pgtrigger.UpdateOf("kind")

    def get_func(self, model: type[models.Model]) -> str:
        return f"""
            IF NEW.kind <> '{COMPANY}' OR OLD.kind = NEW.kind THEN RETURN NEW; END IF;
            PERFORM 1 FROM accounts_user WHERE id IN (
                SELECT m.user_id FROM accounts_membership m
                WHERE m.organisation_id = NEW.id AND m.ended_at IS NULL
            ) ORDER BY id FOR NO KEY UPDATE;
            IF EXISTS (
                SELECT 1 FROM accounts_membership seat
                JOIN accounts_membership judging ON judging.user_id = seat.user_id
                WHERE seat.organisation_id = NEW.id AND seat.ended_at IS NULL
                AND judging.ended_at IS NULL AND judging.role IN {JUDGING}
            ) THEN {_refusal(model)} END IF;
            RETURN NEW;
        """  # noqa: S608  # names of our own tables and roles


def _refusal(model: type[models.Model]) -> str:
    return f"""
        RAISE EXCEPTION 'ledger: nobody holds a seat of a company beside a role that judges'
        USING ERRCODE = 'exclusion_violation', TABLE = '{model._meta.db_table}',
            CONSTRAINT = 'ledger_seats_apart';
    """
