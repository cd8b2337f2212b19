"""The public files of the log under LEDGER_DIR: each appears complete or not at all, and none ever changes but `checkpoint`."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from pathlib import Path

from django.conf import settings

from ledger.failpoints import failpoint
from ledger.tiles import CHECKPOINT_PATH, ENTRIES, HEIGHT, Tile


class FileConflict(Exception):
    """A published file holds other bytes than the ones that belong there."""


class LogFiles:
    """One folder with `checkpoint`, `key` and `tile/…`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = Path(settings.LEDGER_DIR) if folder is None else folder
        self.drafts = self.folder / ".drafts"

    def read(self, path: str) -> bytes:
        """The bytes at a path of the log. Raises FileNotFoundError."""
        return (self.folder / path).read_bytes()

    def checkpoint(self) -> bytes | None:
        """The published checkpoint, or None before the first."""
        try:
            return self.read(CHECKPOINT_PATH)
        except FileNotFoundError:
            return None

    def put(self, path: str, content: bytes, *, replace: bool = False) -> None:
        """Write a file: draft, fsync, rename, fsync of the folder. A file already there with the same bytes is left alone.

        Raises FileConflict when it is there with other bytes, unless `replace`.
        """
        place = self.folder / path
        if not replace and place.exists():
            if place.read_bytes() == content:
                return
            raise FileConflict(f"{path} is published with other bytes than the log has for it")
        self.drafts.mkdir(parents=True, exist_ok=True)
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = self.drafts / secrets.token_hex(8)
        with draft.open("xb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        failpoint("file.draft")
        draft.rename(place)
        folder = os.open(place.parent, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)
        failpoint("file.stored")

    def sweep_drafts(self, older_than: float = 3600) -> None:
        """Remove drafts that a killed process left; younger ones may still be somebody's."""
        if self.drafts.exists():
            for draft in self.drafts.iterdir():
                if draft.stat().st_mtime < time.time() - older_than:
                    draft.unlink(missing_ok=True)

    def prune(self, old: int, new: int) -> None:
        """Remove the partial tiles and bundles whose full one came to be while the log grew from `old` to `new`."""
        level = 0
        while new >> HEIGHT:
            for index in range(old >> HEIGHT, new >> HEIGHT):
                for kind in (level, ENTRIES) if level == 0 else (level,):
                    full = self.folder / Tile(kind, index).path
                    if full.exists():
                        shutil.rmtree(full.with_name(full.name + ".p"), ignore_errors=True)
            old >>= HEIGHT
            new >>= HEIGHT
            level += 1
