"""The public files of the log under LEDGER_DIR: each appears complete or not at all, and none ever
changes but `checkpoint`."""

from __future__ import annotations

import os
import secrets
import shutil
import time
from collections.abc import Iterable
from itertools import islice
from pathlib import Path

from django.conf import settings

from failpoints import failpoint
from ledger.tiles import (
    CHECKPOINT_PATH,
    ENTRIES,
    HEIGHT,
    Tile,
    TileMissingError,
    bundles_for,
    decode_entries,
    encode_entries,
    fetch_tile,
    tiles_for,
)  # fmt: skip

_DRAFTS = 16  # how many are written before the first is fsynced


class FileConflictError(Exception):
    """A published file holds other bytes than the ones that belong there."""


class LogFiles:
    """One folder with `checkpoint`, `key` and `tile/…`."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = Path(settings.LEDGER_DIR) if folder is None else folder

    @property
    def drafts(self) -> Path:
        return self.folder / ".drafts"

    def read(self, path: str) -> bytes:
        """The bytes at a path of the log. Raises FileNotFoundError."""
        # Not `folder / path`, which costs as much as the reading.
        with open(f"{self.folder}/{path}", "rb", buffering=0) as file:
            return file.read()

    def checkpoint(self) -> bytes | None:
        """The published checkpoint, or None before the first."""
        try:
            return self.read(CHECKPOINT_PATH)
        except FileNotFoundError:
            return None

    def size(self) -> int:
        """How many entries the published checkpoint covers; what lies beyond may still be made anew
        after an interruption."""
        note = self.checkpoint()
        return 0 if note is None else int(note.split(b"\n", 2)[1])

    def put(self, path: str, content: bytes, *, replace: bool = False) -> None:
        """Write a file: draft, fsync, rename, fsync of the folder. A file already there with the
        same bytes is left alone.

        Raises FileConflictError when it is there with other bytes, unless `replace`.
        """
        self.put_all([(path, content)], replace=replace)

    def put_all(self, files: Iterable[tuple[str, bytes]], *, replace: bool = False) -> None:
        """`put` many, in their order. Each folder is fsynced once, and drafts after some are
        written: the first then carries the others to the disk."""
        self.drafts.mkdir(parents=True, exist_ok=True)
        waiting = (
            (self.folder / path, content)
            for path, content in files
            if replace or not self._stands(path, content)
        )
        folders = set()
        while some := list(islice(waiting, _DRAFTS)):
            drafts = [(self._draft(place, content), place) for place, content in some]
            for draft, _ in drafts:
                fsync(draft)
                failpoint("file.draft")
            for draft, place in drafts:
                draft.rename(place)
                folders.add(place.parent)
                failpoint("file.stored")
        for folder in folders:
            fsync(folder)

    def _stands(self, path: str, content: bytes) -> bool:
        place = self.folder / path
        if not place.exists():
            return False
        if place.read_bytes() != content:
            raise FileConflictError(f"{path} is published with other bytes than the log has for it")
        return True

    def _draft(self, place: Path, content: bytes) -> Path:
        place.parent.mkdir(parents=True, exist_ok=True)
        draft = self.drafts / secrets.token_hex(8)
        with draft.open("xb") as file:
            file.write(content)
        return draft

    def sweep_drafts(self, older_than: float = 3600) -> None:
        """Remove drafts that a killed process left; younger ones may still be somebody's."""
        if self.drafts.exists():
            for draft in self.drafts.iterdir():
                if draft.stat().st_mtime < time.time() - older_than:
                    draft.unlink(missing_ok=True)

    def prune(self, old: int, new: int) -> None:
        """Remove the partial tiles and bundles whose full one came to be while the log grew from
        `old` to `new`."""
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


class ExportRefusedError(Exception):
    """The folder for the copy already holds another log, or the log has no such tile."""


def export(files: LogFiles, folder: Path, size: int, note: str) -> int:
    """Copy the log at a published size into `folder`, by hard links where the file system allows.
    Returns the number of files.

    A folder that holds an earlier copy of the same log is brought up to date. The checkpoint comes
    last: what it covers is there.
    """
    if (folder / "key").exists() and (folder / "key").read_bytes() != files.read("key"):
        raise ExportRefusedError(f"{folder} holds a copy of another log")
    count = 2
    for tile in (*bundles_for(0, size), *tiles_for(0, size)):
        target = folder / tile.path
        source = files.folder / tile.path
        count += 1
        if target.exists():
            continue
        target.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(source, target)
        except OSError:
            _write(target, _bytes_of(files, tile))
    _write(folder / "key", files.read("key"))
    _write(folder / CHECKPOINT_PATH, note.encode())
    return count


def _bytes_of(files: LogFiles, tile: Tile) -> bytes:
    """A tile or bundle, cut from the full one when the partial one has gone meanwhile."""
    try:
        if tile.level != ENTRIES:
            return fetch_tile(tile, files.read)
        try:
            return files.read(tile.path)
        except FileNotFoundError:
            return encode_entries(decode_entries(files.read(tile.whole.path))[: tile.width])
    except (TileMissingError, FileNotFoundError):
        raise ExportRefusedError(f"{tile.path} is missing from the log") from None


def _write(path: Path, content: bytes) -> None:
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    draft.write_bytes(content)
    draft.rename(path)


def fsync(path: Path) -> None:
    """Carry a file or a folder to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
