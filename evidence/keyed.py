"""Keyed hashes of what must be compared but never published: serial numbers, digests of unpublished files (SAFETY)."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from functools import lru_cache
from pathlib import Path

from django.conf import settings

from ledger.sealing import write_secret


@lru_cache(maxsize=4)
def _key(path: Path) -> bytes:
    if not path.exists():
        write_secret(path, secrets.token_bytes(32))
    return path.read_bytes()


def keyed(purpose: str, value: str) -> str:
    """Hex HMAC-SHA256 of `value` under this installation's key (KEYS_DIR/evidence.key), apart for each purpose."""
    return hmac.new(_key(Path(settings.KEYS_DIR) / "evidence.key"), f"{purpose}\0{value}".encode(), hashlib.sha256).hexdigest()
