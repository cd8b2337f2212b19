"""Many proposals at once: what would be made of each row, and then all of them or none."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from django.utils.translation import gettext as _

from accounts.models import User
from claims import actions
from claims.duplicates import SimilarClaim, plain
from claims.forms_proposals import ProposedRowForm
from claims.models import ClaimProposal


@dataclass(frozen=True)
class RowResult:
    """What would be made of one row: its errors by field, and claims that may be the same."""

    number: int
    quote: str
    company_name: str
    errors: dict[str, list[str]]
    similar: list[SimilarClaim]
    form: ProposedRowForm


class RowsRefusedError(Exception):
    """Some rows cannot be proposed, so none was; `results` says what is wrong with each."""

    def __init__(self, results: Sequence[RowResult]) -> None:
        super().__init__("nothing was proposed")
        self.results = results


def check_all(rows: Sequence[dict[str, str]]) -> list[RowResult]:
    """What would be made of each row. Nothing is stored."""
    seen: dict[tuple[str, str], int] = {}
    results = []
    for number, row in enumerate(rows, start=1):
        form = ProposedRowForm(row)
        errors = {name: [str(error) for error in errors] for name, errors in form.errors.items()}
        key = (plain(row["quote"]), plain(row["company_name"]))
        if (first := seen.setdefault(key, number)) != number:
            again = _("The same quote stands in row %(number)s.") % {"number": first}
            errors.setdefault("quote", []).append(again)
        results.append(
            RowResult(number, row["quote"], row["company_name"], errors, form.similar, form)
        )
    return results


def propose_all(
    *, by: User, rows: Sequence[dict[str, str]], now: datetime, idempotency_key: str = ""
) -> list[ClaimProposal]:
    """Propose every row, or none.

    Raises RowsRefusedError, and what `actions.propose_claims` raises.
    """
    results = check_all(rows)
    if any(result.errors for result in results):
        raise RowsRefusedError(results)
    return actions.propose_claims(
        by=by,
        proposals=[result.form.proposal for result in results],
        now=now,
        idempotency_key=idempotency_key,
    )
