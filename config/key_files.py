"""The secret files of an installation, and whether the rows of its database still have the ones
that they were written with.

Whatever lies in KEYS_DIR is a key: all of it is backed up and put back, so that a key which comes
later is not forgotten.
"""

from __future__ import annotations

import hmac
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from django.conf import settings

from evidence.exhibits import keyed
from ledger import keys, sealing


@dataclass(frozen=True, slots=True)
class KeyFile:
    """A key that rows depend on: where it is, whether any row was written with it, and what those
    rows are, in words."""

    path: Callable[[], Path]
    in_use: Callable[[], bool]
    rows: str


OF_ROWS = (
    KeyFile(keys.path, keys.in_use, "checkpoints that were signed with it"),
    KeyFile(sealing.master_key_path, sealing.in_use, "sealed values that only it opens"),
    KeyFile(keyed.path, keyed.in_use, "values that were made with it"),
)


def every() -> dict[str, Path]:
    """Every key that is there, by the name it has in a backup."""
    folder, master = Path(settings.KEYS_DIR), sealing.master_key_path()
    files = sorted(folder.iterdir()) if folder.is_dir() else []
    keys = {path.name: path for path in files if path.is_file() and not path.name.startswith(".")}
    return {**keys, "master.key": master} if master.exists() else keys


def place(name: str) -> Path:
    """Where the key of this name in a backup belongs."""
    return sealing.master_key_path() if name == "master.key" else Path(settings.KEYS_DIR) / name


def of_rows(name: str) -> bool:
    """Whether rows depend on the key of this name. Without any other, people sign in again and that
    is all."""
    return name in {"ledger.key", "master.key", "evidence.key"}


def mark(content: bytes) -> str:
    """What tells two keys apart, and says nothing of a key."""
    return hmac.digest(content, b"asclaimed backup", "sha256").hex()[:32]


def missing() -> list[str]:
    """A sentence for each key that is gone and that rows depend on. Asks the database, which must
    have its tables."""
    return [
        f"{key.path()} is missing, and the database holds {key.rows}."
        for key in OF_ROWS
        if not key.path().exists() and key.in_use()
    ]
