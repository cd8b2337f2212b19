"""The key that signs checkpoints: one Ed25519 key, named as the log's origin, in
KEYS_DIR/ledger.key.

It is made on first use, when nothing was ever signed. Once a checkpoint exists, a missing key is an
alarm and never an occasion for a new one: readers hold the old one.
"""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from ledger.note import ED25519, NoteError, SigningKey, VerifierKey
from ledger.sealing import write_secret


class KeyUnusableError(Exception):
    """The signing key is missing although checkpoints exist, is malformed, or is named otherwise
    than the log."""


def path() -> Path:
    return Path(settings.KEYS_DIR) / "ledger.key"


def in_use() -> bool:
    """Whether a checkpoint was ever signed."""
    from ledger.files import LogFiles
    from ledger.models import Checkpoint

    return Checkpoint.objects.exists() or LogFiles().checkpoint() is not None


def signing_key(*, make: bool = False) -> SigningKey:
    """The signing key. With `make` it is created when it is missing and no checkpoint exists.
    Raises KeyUnusableError."""
    place = path()
    if not place.exists():
        if not make:
            raise KeyUnusableError(f"{place.name} is missing")
        if in_use():
            raise KeyUnusableError(
                f"{place.name} is missing, yet checkpoints were signed with it: put it back, "
                f"never make another"
            )
        write_secret(place, SigningKey.generate(settings.LEDGER_ORIGIN).to_text().encode() + b"\n")
    try:
        key = SigningKey.from_text(place.read_text().strip())
    except NoteError as error:
        raise KeyUnusableError(f"{place.name} is no signing key: {error}") from None
    if key.name != settings.LEDGER_ORIGIN or key.type != ED25519:
        raise KeyUnusableError(
            f"{place.name} is named {key.name!r}, and the log {settings.LEDGER_ORIGIN!r}"
        )
    return key


def verifier() -> VerifierKey:
    """The public half, which readers check checkpoints with. Raises KeyUnusableError."""
    return signing_key().verifier
