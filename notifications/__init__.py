"""Who is told of what: a row per person and event, an inbox, mails.

    notifications.tell(Kind.SUBMISSION_ACCEPTED, to=people, about=submission, by=moderator)

It stands below the domain apps, which call it in the transaction of what they tell of. The names
are looked up when they are first used, because Django loads this package before its models.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from notifications.kinds import Kind as Kind
    from notifications.recipients import holders as holders
    from notifications.recipients import people as people
    from notifications.telling import tell as tell

_EXPORTS = {
    "Kind": "notifications.kinds",
    "holders": "notifications.recipients",
    "people": "notifications.recipients",
    "tell": "notifications.telling",
}

__all__ = ["Kind", "holders", "people", "tell"]


def __getattr__(name: str) -> Any:
    """The public name, from the module that defines it. Raises AttributeError for any other."""
    if name not in _EXPORTS:
        raise AttributeError(f"module 'notifications' has no attribute {name!r}")
    return getattr(import_module(_EXPORTS[name]), name)
