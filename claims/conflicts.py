"""Who may not touch a case because of who they are. One question, asked before every act at the
desk.

This app knows the seat at a company. Apps above say what they know (`register`): evidence adds what
someone filed themselves.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from accounts.models import User
from accounts.permissions import NotAllowedError, seat_at_a_company
from claims.models import Claim

Rule = Callable[[User, Claim], str | None]
_rules: Final[list[Rule]] = []


def register(rule: Rule) -> None:
    """Ask `rule` as well. Twice is once."""
    if rule not in _rules:
        _rules.append(rule)


def conflict_of_interest(user: User, claim: Claim) -> str | None:
    """The first sentence that stands against `user` acting on `claim` at the desk, or None."""
    if reason := seat_at_a_company(user):
        return reason
    return next((reason for rule in _rules if (reason := rule(user, claim))), None)


def check_no_conflict(user: User, claim: Claim) -> None:
    """Raises NotAllowedError with the sentence of a conflict of interest."""
    if reason := conflict_of_interest(user, claim):
        raise NotAllowedError(reason)
