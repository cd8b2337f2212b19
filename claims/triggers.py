"""Triggers of what was said, beside those of the record: what must hold between rows, whoever writes them."""
# ruff: noqa: S608  the names in this SQL are tables and columns of our own models

from __future__ import annotations

from typing import TypeVar

import pgtrigger
from django.db import models

from claims.states import OTHERS, BasisKind, Stance
from ledger.triggers import Always

M = TypeVar("M", bound=type[models.Model])


class ClaimedFigure(Always):
    """Refuses to call a figure the company's unless its words, as `figure` keeps them, stand in the quote or where the claim is made.

    That they state this number is asked by the action (claims.stated). An erased figure is none, and passes.
    """

    name = "ledger_claimed_figure"
    when = pgtrigger.Before
    level = pgtrigger.Row
    operation = pgtrigger.Insert | pgtrigger.UpdateOf("aspect_id", "comparator", "value", "unit", "basis_kind", "figure")

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
                AND (OLD.aspect_id, OLD.comparator, OLD.value, OLD.unit) = (NEW.aspect_id, NEW.comparator, NEW.value, NEW.unit)
            THEN RETURN NEW; END IF;
            IF NEW.figure <> '' AND EXISTS (
                SELECT FROM claims_aspect a JOIN claims_claim c ON c.id = a.claim_id
                WHERE a.id = NEW.aspect_id AND (position(NEW.figure in c.quote) > 0 OR EXISTS (
                    SELECT FROM claims_appearance p JOIN claims_source s ON s.id = p.source_id
                    WHERE p.claim_id = c.id AND coalesce(p.stance, '{Stance.SAYS_SO}') = '{Stance.SAYS_SO}'
                    AND s.channel NOT IN ({others}) AND position(NEW.figure in p.exact) > 0))
            ) THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'ledger: the words of the claim do not state this figure'
            USING ERRCODE = 'check_violation', TABLE = 'claims_criterion', CONSTRAINT = 'ledger_claimed_figure';
        """
