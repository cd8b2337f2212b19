"""What happened, in an order nobody can change. Knows no claim.

Nothing here imports Django: `python -m ledger.verify` must run where Django is absent. The names
that need it are looked up when they are first used.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ledger.batches import batch as batch
    from ledger.health import older_than_published as older_than_published
    from ledger.health import read_health as read_health
    from ledger.recording import SYSTEM as SYSTEM
    from ledger.recording import Actor as Actor
    from ledger.recording import act as act
    from ledger.recording import derived as derived
    from ledger.recording import recorded as recorded
    from ledger.recording import request_id as request_id
    from ledger.sealing import SealedField as SealedField
    from ledger.sealing import seal as seal
    from ledger.sealing import unseal as unseal
    from ledger.triggers import transitions as transitions

_EXPORTS = {
    "recorded": "ledger.recording",
    "derived": "ledger.recording",
    "act": "ledger.recording",
    "Actor": "ledger.recording",
    "SYSTEM": "ledger.recording",
    "request_id": "ledger.recording",
    "SealedField": "ledger.sealing",
    "seal": "ledger.sealing",
    "unseal": "ledger.sealing",
    "transitions": "ledger.triggers",
    "batch": "ledger.batches",
    "read_health": "ledger.health",
    "older_than_published": "ledger.health",
}
_SUBMODULES = {
    "erasure",
    "fixity",
    "history",
    "proofs",
    "registry",
}  # so that `ledger.history.of(…)` needs no second import


def __getattr__(name: str) -> Any:
    if name in _SUBMODULES:
        return import_module(f"ledger.{name}")
    home = _EXPORTS.get(name)
    if home is None:
        raise AttributeError(f"module 'ledger' has no attribute {name!r}")
    return getattr(import_module(home), name)
