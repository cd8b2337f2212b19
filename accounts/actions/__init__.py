"""Every change to who people are."""

from accounts.actions.installation import (
    SetUpRefusedError,
    set_up,
)
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
    grant_role,
)
from accounts.actions.second_factors import (
    reset_second_factor,
)

__all__ = [
    "MAX_KEYS",
    "SetUpRefusedError",
    "create_key",
    "end_role",
    "found_organisation",
    "grant_role",
    "reset_second_factor",
    "revoke_key",
    "set_up",
]
