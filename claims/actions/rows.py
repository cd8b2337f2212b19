"""How an action stores a new row, and what it raises when a reason is missing."""

from __future__ import annotations

from typing import TypeVar

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _


class ReasonRequiredError(ValidationError):
    """A change of what was recorded needs a reason, and none was given."""

    def __init__(self) -> None:
        super().__init__(
            _("Give a reason. It is published in the log with the change."), code="reason_missing"
        )


M = TypeVar("M", bound=models.Model)


def store(row: M) -> M:
    """Validate a new row in full, then insert it. Raises ValidationError."""
    row.full_clean(validate_constraints=False)
    row.save(force_insert=True)
    return row
