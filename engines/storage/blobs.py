"""The store of originals: every file once, under the SHA-256 of its bytes, never changed.

    root/incoming/<random>        being received
    root/ab/cd/abcd…              stored: mode 0440, complete, synced

Steps of `put`: 1. receive into a file of its own, counting and hashing; 2. fsync it; 3. link it to
its address; 4. fsync the directory; 5. remove the first name. Killed at any point it leaves at most
a file in `incoming`, or a whole one at its address that no row names yet; `sweep` removes both once
they are old. A row that names the file is committed only after `put` returned.

Storing what is there already and sweeping exclude each other by a lock on `root/lock`, and a file
stored again counts as new: otherwise a sweep could remove it between `put` and the commit of the
row that names it. How old a file is, is told by the clock that dated it, the file system's: a
sweeper whose own clock is days ahead would take what is just being filed.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import re
import tempfile
import uuid
from collections.abc import Callable, Container, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from io import BufferedReader, BytesIO
from itertools import islice
from pathlib import Path
from typing import Protocol, TypeAlias

from failpoints import failpoint

_ADDRESS = re.compile(r"[0-9a-f]{64}")
_CHUNK = 1 << 20
_MODE = 0o440
KEEP_FREE = 1 << 30
FULL = frozenset({errno.ENOSPC, errno.EDQUOT})
_ASKED_AT_ONCE = 500


class StorageUnavailableError(OSError):
    """Nothing was stored, by no fault of what was to be stored. An OSError with its number, so that
    what is always true of a full disk (views answer 507, jobs wait) holds for this one too."""


class NoSpaceError(StorageUnavailableError):
    """Storing this would leave less than the reserve free on the disk. Views answer 507."""

    def __init__(self, free: int, keep_free: int) -> None:
        super().__init__(errno.ENOSPC, f"{free} bytes are free, {keep_free} are kept in reserve")
        self.free = free
        self.keep_free = keep_free


class UnwritableError(StorageUnavailableError):
    """The file system is mounted read-only, or fails, or is closed to us. Views answer 503."""

    def __init__(self, number: int | None) -> None:
        super().__init__(
            number or errno.EIO, f"the store cannot be written: {os.strerror(number or errno.EIO)}"
        )


class TooLargeError(Exception):
    """The source holds more than `limit` bytes. Views answer 413."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"more than {limit} bytes")
        self.limit = limit


class BlobMissingError(Exception):
    """Nothing is stored at this address."""

    def __init__(self, sha256: str) -> None:
        super().__init__(sha256)
        self.sha256 = sha256


class DamagedError(StorageUnavailableError):
    """What is stored at this address is not what the address says. Needs an operator with a backup.
    Views answer 503."""

    def __init__(self, sha256: str) -> None:
        super().__init__(errno.EIO, f"what is stored under {sha256} was changed")
        self.sha256 = sha256


class _SourceReadError(Exception):
    """Reading what was to be stored failed: that is not the store's failure, and goes on to the
    caller as it was."""

    def __init__(self, error: OSError) -> None:
        super().__init__(str(error))
        self.error = error


class TooManyOrphansError(Exception):
    """A sweep found more unreferenced files than it may remove, and removed none: more likely the
    question was wrong."""

    def __init__(self, count: int, at_most: int) -> None:
        super().__init__(f"{count} files are referenced by nothing, at most {at_most} may be swept")
        self.found = count
        self.at_most = at_most


class Fixity(StrEnum):
    """Whether stored bytes still hash to their address."""

    INTACT = "intact"
    DAMAGED = "damaged"
    MISSING = "missing"


class Readable(Protocol):
    def read(self, size: int, /) -> bytes: ...


Named: TypeAlias = "Callable[[Sequence[str]], Container[str]]"
"""Which of these addresses are named by a row, at least: what it names beside them does not
matter."""


@dataclass(frozen=True, slots=True)
class StoredBlob:
    """`new` is False if the same bytes were there before."""

    sha256: str
    size: int
    new: bool


@dataclass(frozen=True, slots=True)
class SweepResult:
    temporaries: int
    unreferenced: tuple[str, ...]


def _sync_directory(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _read(stream: Readable) -> bytes:
    try:
        return stream.read(_CHUNK)
    except OSError as error:
        raise _SourceReadError(error) from error


class BlobStore:
    """Write-once files under `root`, which must lie in one file system. Any number of processes may
    share it."""

    def __init__(self, root: Path, *, keep_free: int = KEEP_FREE) -> None:
        self.root = root
        self.keep_free = keep_free
        self._incoming = root / "incoming"

    def path(self, sha256: str) -> Path:
        """Where these bytes lie, or would. Raises ValueError if this is no lower-case hexadecimal
        SHA-256."""
        if _ADDRESS.fullmatch(sha256) is None:
            raise ValueError("not a SHA-256")
        return self.root / sha256[:2] / sha256[2:4] / sha256

    def exists(self, sha256: str) -> bool:
        return self.path(sha256).is_file()

    def open(self, sha256: str) -> BufferedReader:
        """The stored bytes, for reading. Raises BlobMissingError."""
        try:
            return os.fdopen(
                os.open(self.path(sha256), os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW), "rb"
            )
        except FileNotFoundError:
            raise BlobMissingError(sha256) from None

    def file(self, sha256: str) -> Path:
        """A file with these bytes, for programs that open files themselves. Raises
        BlobMissingError."""
        with self.open(sha256):
            return self.path(sha256)

    def verify(self, sha256: str) -> Fixity:
        """Read every byte and compare with the address. About 1 GB a second."""
        try:
            with self.open(sha256) as file:
                return (
                    Fixity.INTACT
                    if hashlib.file_digest(file, "sha256").hexdigest() == sha256
                    else Fixity.DAMAGED
                )
        except BlobMissingError:
            return Fixity.MISSING

    def addresses(self) -> Iterator[str]:
        """Every address at which something is stored, in no order."""
        for path in self.root.glob("[0-9a-f][0-9a-f]/[0-9a-f][0-9a-f]/*"):
            if _ADDRESS.fullmatch(path.name):
                yield path.name

    def check_space(self, coming: int = 0) -> None:
        """Raise NoSpaceError if storing `coming` more bytes would touch the reserve,
        UnwritableError if nothing can be stored at all.

        Views ask before they receive a body.
        """
        with self._refusing():
            self.root.mkdir(parents=True, exist_ok=True)
            disk = os.statvfs(self.root)
        if disk.f_flag & os.ST_RDONLY:
            raise UnwritableError(errno.EROFS)
        free = disk.f_bavail * disk.f_frsize
        if free - coming < self.keep_free:
            raise NoSpaceError(free, self.keep_free)

    @contextmanager
    def _refusing(self) -> Iterator[None]:
        """What the disk says, as NoSpaceError or UnwritableError."""
        try:
            yield
        except StorageUnavailableError:
            raise
        except OSError as error:
            raise (
                NoSpaceError(0, self.keep_free)
                if error.errno in FULL
                else UnwritableError(error.errno)
            ) from error

    def put(self, source: bytes | Readable, limit: int) -> StoredBlob:
        """Store bytes, or all that `source.read` gives, at their address; nothing is ever
        overwritten.

        Returns after everything is on the disk for good. The same bytes may be put again, also at
        the same time by others. Raises TooLargeError, NoSpaceError, UnwritableError, DamagedError
        (other bytes lie at that address), or what `source.read` raises; then nothing is left.
        """
        stream: Readable = BytesIO(source) if isinstance(source, bytes) else source
        self.check_space(len(source) if isinstance(source, bytes) else 0)
        temporary = self._incoming / uuid.uuid4().hex
        try:
            with self._refusing():
                self._incoming.mkdir(mode=0o750, exist_ok=True)
                sha256, size = self._receive(stream, temporary, limit)
                failpoint("blob.received")
                new = self._place(temporary, sha256)
        except _SourceReadError as failed:
            raise failed.error from None
        finally:
            with suppress(
                OSError
            ):  # On a disk that can be written no more it stays, for the sweep.
                temporary.unlink()
        failpoint("blob.placed")
        return StoredBlob(sha256, size, new)

    def _receive(self, stream: Readable, temporary: Path, limit: int) -> tuple[str, int]:
        digest, size = hashlib.sha256(), 0
        descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600)
        with os.fdopen(descriptor, "wb", buffering=0) as file:
            while chunk := _read(stream):
                size += len(chunk)
                if size > limit:
                    raise TooLargeError(limit)
                self.check_space(len(chunk))
                digest.update(chunk)
                rest = memoryview(chunk)
                while rest:
                    rest = rest[file.write(rest) :]
            os.fchmod(file.fileno(), _MODE)
            os.fsync(file.fileno())
        return digest.hexdigest(), size

    def _place(self, temporary: Path, sha256: str) -> bool:
        """Give the file its address; False if the same bytes have it already. Either way the name
        is on the disk for good."""
        final = self.path(sha256)
        for directory in (final.parent.parent, final.parent):
            with suppress(FileExistsError):
                directory.mkdir(mode=0o750)
            _sync_directory(
                directory.parent
            )  # Also if another made it: that one may not have come this far.
        with self._locked(fcntl.LOCK_SH):
            try:
                os.link(temporary, final)
                new = True
            except FileExistsError:
                if self.verify(sha256) is not Fixity.INTACT:
                    raise DamagedError(sha256) from None
                os.utime(final)  # Counts as new again: see the lock in the module's docstring.
                new = False
        _sync_directory(final.parent)
        return new

    @contextmanager
    def _locked(self, kind: int) -> Iterator[None]:
        self.root.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(self.root / "lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o640)
        try:
            fcntl.flock(descriptor, kind)
            yield
        finally:
            os.close(descriptor)

    def remove(self, sha256: str) -> bool:
        """Remove stored bytes for good; False if there were none. Only for an erasure that has been
        decided and recorded.

        The name and the file system's claim on the blocks go; what a disk or a backup keeps below
        is the operator's to clear.
        """
        final = self.path(sha256)
        with self._locked(fcntl.LOCK_EX):
            try:
                final.unlink()
            except FileNotFoundError:
                return False
        _sync_directory(final.parent)
        return True

    def drop(self, sha256: str, named: Named, older_than: timedelta) -> bool:
        """Remove one file that nothing names any more, if untouched for `older_than`; False if it
        stays.

        Storing the same bytes again makes them new, so what someone is just sending is never taken
        from under them.
        """
        final, until = self.path(sha256), self._clock() - older_than.total_seconds()
        with self._locked(fcntl.LOCK_EX):
            try:
                # Asked under the lock: it may have been stored a second time,
                # and named, a moment ago.
                if final.stat().st_mtime > until or sha256 in named([sha256]):
                    return False
                final.unlink()
            except FileNotFoundError:
                return False
        _sync_directory(final.parent)
        return True

    def orphans(self, named: Named, older_than: timedelta) -> list[str]:
        """The addresses of stored files that nothing names, if untouched for `older_than`, which
        must be longer than any transaction between `put` and the commit of its row."""
        if not self.root.exists():
            return []
        until, unnamed = self._clock() - older_than.total_seconds(), []
        old = (sha256 for sha256 in self.addresses() if _touched(self.path(sha256)) <= until)
        while batch := list(islice(old, _ASKED_AT_ONCE)):
            known = named(batch)
            unnamed += [sha256 for sha256 in batch if sha256 not in known]
        return unnamed

    def sweep_incoming(self, older_than: timedelta) -> int:
        """Remove what killed processes left half received, if untouched for `older_than`. Returns
        how many files went."""
        if not self.root.exists():
            return 0
        until, count = self._clock() - older_than.total_seconds(), 0
        for temporary in self._incoming.glob("*"):
            if _touched(temporary) <= until:
                temporary.unlink(missing_ok=True)
                count += 1
        return count

    def sweep(self, named: Named, older_than: timedelta, *, at_most: int = 100) -> SweepResult:
        """Remove what interrupted work left behind: temporaries, and files that nothing names, if
        untouched for `older_than`.

        Raises TooManyOrphansError, with nothing removed, if more than `at_most` files would go.
        """
        orphans = self.orphans(named, older_than)
        if len(orphans) > at_most:
            raise TooManyOrphansError(len(orphans), at_most)
        temporaries = self.sweep_incoming(older_than)
        return SweepResult(
            temporaries, tuple(sha256 for sha256 in orphans if self.drop(sha256, named, older_than))
        )

    def _clock(self) -> float:
        """Now, by the clock that dates the files of this store: a fresh file's own date."""
        with self._refusing():
            self._incoming.mkdir(mode=0o750, parents=True, exist_ok=True)
            with tempfile.TemporaryFile(dir=self._incoming) as file:
                return os.fstat(file.fileno()).st_mtime


def _touched(path: Path) -> float:
    """When a file was last touched; far in the future if it is gone."""
    try:
        return path.stat().st_mtime
    except FileNotFoundError:
        return float("inf")
