"""Keyed hashes of what must be compared but never published: serial numbers, digests of unpublished
files.

The key (KEYS_DIR/evidence.key) is made on first use, while no row carries a value of it. Later a
missing key is an alarm and never an occasion for a new one: under another key no two files look
equal any more, and no serial number is found again.
"""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ledger.keys import KeyUnusableError
from ledger.sealing import write_secret


def path() -> Path:
    return Path(settings.KEYS_DIR) / "evidence.key"


def in_use() -> bool:
    """Whether any row carries a value made with the key."""
    from evidence.exhibits.models import Exhibit, StagedPhoto, Submission, Unit

    return any(
        (
            Exhibit.objects.exclude(duplicate_key="").exists(),
            Submission.objects.filter(content_key__isnull=False).exists(),
            Unit.objects.exclude(serial_key="").exists(),
            StagedPhoto.objects.filter(closed_at=None).exists(),
        )
    )


@lru_cache(maxsize=4)
def read(place: Path) -> bytes:
    """The key in this file, made when there is none and no row needs the old one. Raises
    KeyUnusableError."""
    if not place.exists():
        if in_use():
            raise KeyUnusableError(
                f"{place.name} is missing, yet rows carry values made with it: put it back, "
                f"never make another"
            )
        write_secret(place, secrets.token_bytes(32))
    key = place.read_bytes()
    if len(key) != 32:
        raise KeyUnusableError(f"{place.name} must hold exactly 32 bytes")
    return key


def make() -> None:
    """Have the key before the first row that could ask for it: a photo sent ahead comes before any
    filing. Raises KeyUnusableError."""
    read(path())


def keyed(purpose: str, value: str) -> str:
    """Hex HMAC-SHA256 of `value` under this installation's key, apart for each purpose. Raises
    KeyUnusableError."""
    return hmac.new(read(path()), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()
