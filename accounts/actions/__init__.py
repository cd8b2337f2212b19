"""Every change to who people are."""

from accounts.actions.keys import (
    MAX_KEYS,
    create_key,
    revoke_key,
)
from accounts.actions.organisations import (
    found_organisation,
)
from accounts.actions.roles import (
    end_role,
    first_operator,
    grant_role,
)
from accounts.actions.second_factors import (
    reset_second_factor,
)

__all__ = [
    "MAX_KEYS",
    "create_key",
    "end_role",
    "first_operator",
    "found_organisation",
    "grant_role",
    "reset_second_factor",
    "revoke_key",
]
