"""What a reply deadline may become, whoever writes the row: only later, and only while it runs."""

from __future__ import annotations

from typing import TypeVar

import pgtrigger
from django.db import models

from ledger.triggers import AlwaysTrigger
from verdicts.states import InvitationStatus

M = TypeVar("M", bound=type[models.Model])


class LaterDeadlineTrigger(AlwaysTrigger):
    """Refuses to give a company less time than it was told, and to move a deadline of a request
    that is closed: what came of it was said by the deadline that stood then."""

    name = "ledger_later_deadline"
    when = pgtrigger.Before
    level = pgtrigger.Row
    operation = pgtrigger.UpdateOf("deadline_at", "sent_at")
    condition = pgtrigger.Condition(
        "OLD.deadline_at IS DISTINCT FROM NEW.deadline_at"
        " OR OLD.sent_at IS DISTINCT FROM NEW.sent_at"
    )

    def get_func(self, model: type[models.Model]) -> str:
        return f"""
            IF OLD.status = '{InvitationStatus.OPEN}' AND NEW.deadline_at >= OLD.deadline_at
                AND NEW.sent_at = OLD.sent_at
            THEN RETURN NEW; END IF;
            RAISE EXCEPTION 'ledger: a reply deadline only moves later, while the request is open'
            USING ERRCODE = 'check_violation', TABLE = '{model._meta.db_table}',
                CONSTRAINT = '{self.name}';
        """


def later_deadline(model: M) -> M:
    """A decorator: have the database ask it of this model."""
    LaterDeadlineTrigger().register(model)
    return model
