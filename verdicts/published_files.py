"""The bytes of published verdicts as files, served by a small WSGI callable in front of Django
(config.verdict_fast_path).

    PUBLISHED_DIR/verdicts/<id>.json        the document, byte for byte
    PUBLISHED_DIR/verdicts/<id>.successor   the id of the verdict that superseded it

A file is only a copy of VerdictDocument: missing, it is answered from the row; it is written whole
or not at all.
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
    """Write the document's file. Twice is once."""
    _write(path_of(verdict), text)


def write_successor(verdict: str, successor: str) -> None:
    """Say which verdict superseded this one."""
    _write(path_of(verdict).with_suffix(".successor"), str(UUID(successor)))


def _write(path: Path, text: str) -> None:
    """Temporary name, fsync, rename."""
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
    path_of(verdict).with_suffix(".successor").unlink(missing_ok=True)
