"""The bytes of published verdicts as files, served by a small WSGI callable in front of Django (config.front).

    PUBLISHED_DIR/verdicts/<id>.json     the document, byte for byte

A file is only a copy of VerdictDocument: missing, it is answered from the row; it is written whole or not at all.
"""

from __future__ import annotations

import os
import secrets
from pathlib import Path
from uuid import UUID

from django.conf import settings


def path_of(verdict: str) -> Path:
    """Where the document of a verdict lies. Raises ValueError if `verdict` is no UUID."""
    return Path(settings.PUBLISHED_DIR) / "verdicts" / f"{UUID(verdict)}.json"


def write_document(verdict: str, text: str) -> None:
    """Write the file: temporary name, fsync, rename. Twice is once."""
    path = path_of(verdict)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{secrets.token_hex(6)}")
    with draft.open("xb") as file:
        file.write(text.encode())
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)


def remove_document(verdict: str) -> None:
    """Take the file away (erasure)."""
    path_of(verdict).unlink(missing_ok=True)
