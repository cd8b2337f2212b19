"""Checks a bundle or a copy of the log: `python -m ledger.verify [--key KEY|FILE] [--checkpoint
FILE] [--copy DIR] PATH…`

PATH is a bundle file, or a folder with a copy of the log (`checkpoint`, `tile/…` and, if it likes,
`key`). For each it prints one line: what was checked, or what is wrong. Exit 0: all is well under
the key given with --key; 1: something is not; 2: something could not be checked at all; 3: no --key
was given, and all is consistent with the key inside, which anyone can have made. Of several paths
the worst counts: 1, 2, 3, 0.

It needs Python and `cryptography`, and neither Django nor a network; the files may come from
anybody.
"""

from __future__ import annotations

import argparse
import errno
import os
import re
import stat
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import accumulate
from pathlib import Path

from ledger.bundle import MAX_BYTES as MAX_BUNDLE_FILE
from ledger.bundle import Bundle, BundleError
from ledger.checkpoint import Checkpoint, CheckpointError, open_checkpoint
from ledger.leaf import LeafCheck, LeafError
from ledger.merkle import HASH_SIZE, Edge, complete_root, inclusion_ranges, leaf_hash, leaf_hashes
from ledger.note import MAX_NOTE, NoteError, VerifierKey
from ledger.proof import Proof, parse_proof
from ledger.tiles import (
    CHECKPOINT_PATH,
    ENTRIES,
    HEIGHT,
    MAX_BUNDLE,
    WIDTH,
    Tile,
    TileError,
    decode_entries,
)

KEY_PATH = "key"
_WIDTH = re.compile(r"[1-9][0-9]{0,2}", re.ASCII)
MAX_KEY = 1_000
VERIFIED, WRONG, UNCHECKED, CONSISTENT = 0, 1, 2, 3
_WORST_FIRST = (WRONG, UNCHECKED, CONSISTENT, VERIFIED)
_OWN_KEY = "Consistent with the key inside it. Not checked against AsClaimed's key."
_MARK = b"asclaimed-bundle"


class VerificationError(Exception):
    """Something that was checked is not as it must be. `index` is the first entry known to be
    wrong, if there is one."""

    def __init__(self, sentence: str, index: int | None = None) -> None:
        super().__init__(sentence)
        self.index = index


class NothingToVerifyError(Exception):
    """There is nothing here that could be checked."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What the audit of a folder found: all entries under `checkpoint`, signed by `key`.

    `files` counts the tiles and bundles compared, partial ones included; `ahead` those of a later
    tree, which no checkpoint covers yet; `kept` is the older checkpoint that the log was found to
    continue.
    """

    checkpoint: Checkpoint
    key: VerifierKey
    own_key: bool
    files: int
    ahead: int
    kept: Checkpoint | None


def main(arguments: Sequence[str] | None = None) -> int:
    """Check every path, print a sentence for each, return the exit status."""
    parser = argparse.ArgumentParser(
        prog="python -m ledger.verify",
        description="Check bundles and copies of the log.",
        epilog="Exit status: 0 all is well under the key you gave, 1 something is wrong, 2 "
        "something could not be checked, 3 consistent with the key inside, and no key was "
        "given.",
    )
    parser.add_argument(
        "--key",
        metavar="KEY|FILE",
        help="the log's verifier key, or a file with it, from a source you trust",
    )
    parser.add_argument(
        "--checkpoint",
        metavar="FILE",
        help="an older checkpoint that you kept: the log must continue it",
    )
    parser.add_argument(
        "--copy",
        metavar="DIR",
        type=Path,
        help="an older copy of the log: its entries must be unchanged",
    )
    parser.add_argument(
        "paths", metavar="PATH", nargs="+", help="a bundle, or a folder with a copy of the log"
    )
    options = parser.parse_args(arguments)
    # A name from an untrusted file must neither steer the terminal nor stop the program where the
    # terminal knows no such character.
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        key = None if options.key is None else _given_key(options.key)
        kept = None if options.checkpoint is None else _read(Path(options.checkpoint), MAX_NOTE)
    except (NothingToVerifyError, VerificationError) as error:
        _say(str(error))
        return UNCHECKED
    statuses = set()
    for path in options.paths:
        status, sentence = check(Path(path), key, kept, options.copy)
        statuses.add(status)
        _say(f"{path}: {sentence}")
    return next(status for status in _WORST_FIRST if status in statuses)


def check(
    path: Path, key: VerifierKey | None = None, kept: bytes | None = None, copy: Path | None = None
) -> tuple[int, str]:
    """Return (exit status, line) for one path. `kept` is the note of an older checkpoint, `copy` a
    folder with an older log."""
    try:
        parts = (
            _check_folder(path, key, kept, copy)
            if path.is_dir()
            else _check_bundle(path, key, kept, copy)
        )
    except VerificationError as error:
        return WRONG, str(error)
    except NothingToVerifyError as error:
        return UNCHECKED, str(error)
    if key is None:
        return CONSISTENT, f"{_OWN_KEY} {'; '.join(parts)}."
    return VERIFIED, "; ".join([*parts, "the checkpoint is signed by the key you gave"]) + "."


def audit(
    folder: Path,
    key: VerifierKey | None = None,
    kept: bytes | None = None,
    each: Callable[[int, bytes], None] | None = None,
) -> Audit:
    """Recompute a whole copy of the log from its entries.

    1. The checkpoint is opened with `key`, or with the folder's own; if both are there they are the
       same.
    2. Bundle by bundle, every entry is hashed and compared with its tile, read strictly as a leaf,
       and given to `each(index, entry)`.
    3. Every tile above, and every partial tile or bundle found beside, is compared with what the
       entries give.
    4. The root is compared with the checkpoint's, and the root at the size of the `kept` checkpoint
       with the kept one.

    Memory does not grow with the log: one bundle and one tile a level are held. Raises
    VerificationError with the first index known to be wrong, and NothingToVerifyError if the folder
    has no checkpoint or no key is known.
    """
    return _Auditor(folder, key, kept, each).run()


class _Auditor:
    def __init__(
        self,
        folder: Path,
        key: VerifierKey | None,
        kept: bytes | None,
        each: Callable[[int, bytes], None] | None = None,
    ) -> None:
        self.folder = _Folder(folder)
        self.each = each
        self.own_key = key is None
        self.key = self._key(key)
        self.checkpoint = self._checkpoint()
        self.kept = None if kept is None else self._kept(kept)
        self.files = 0
        self.ahead = 0
        # The hashes of the tile that is being filled, per level above 0, and the edge over all full
        # tiles of level 0.
        self.above: list[list[bytes]] = []
        self.edge = Edge()
        self.check_leaf = LeafCheck()

    def run(self) -> Audit:
        size = self.checkpoint.size
        for index in range(-(-size // WIDTH)):
            width = min(WIDTH, size - index * WIDTH)
            hashes = self._bundle(Tile(ENTRIES, index, width))
            self._compare_kept(index * WIDTH, hashes)
            if width == WIDTH:
                self._fill(hashes)
            else:
                self.edge.extend(hashes)
        for level, hashes in enumerate(self.above, start=1):
            if hashes:
                self._tile(Tile(level, (size >> HEIGHT * level) // WIDTH, len(hashes)), hashes)
        if self.edge.root() != self.checkpoint.root:
            raise VerificationError(
                f"The {_count(size, 'entry', 'entries')} and their tiles do not hash to the root "
                f"that the checkpoint signs."
            )
        return Audit(self.checkpoint, self.key, self.own_key, self.files, self.ahead, self.kept)

    def _bundle(self, tile: Tile) -> list[bytes]:
        """Return the hashes of the entries of a bundle, which are well-formed leaves and those of
        their tile."""
        data, part = self._find(tile, MAX_BUNDLE)
        length = self._at_a_glance(data) if part.full and tile.full else None
        if length is not None:
            size = length + 2
            hashes = leaf_hashes(
                data[start : start + length] for start in range(2, len(data), size)
            )
            self._partial_bundles(tile, data, range(0, len(data), size))
            self._tile(Tile(0, tile.index, tile.width), hashes)
            if self.each is None:
                return hashes
        try:
            entries = decode_entries(data, part.width)[: tile.width]
        except TileError as error:
            raise VerificationError(f"{part.path} is damaged: {error}", tile.start) from error
        if length is None:
            hashes = leaf_hashes(entries)
            self._partial_bundles(tile, data, [0, *accumulate(len(entry) + 2 for entry in entries)])
            self._tile(Tile(0, tile.index, tile.width), hashes)
            self._leaves(tile.start, entries)
        if self.each is not None:
            for index, entry in enumerate(entries, tile.start):
                self.each(index, entry)
        return hashes

    def _at_a_glance(self, data: bytes) -> int | None:
        """Return the length of all entries of a full bundle if nothing more has to be asked about
        them."""
        try:
            return self.check_leaf.full_bundle(data)
        except LeafError:
            return None  # entry by entry it is said which one is none

    def _partial_bundles(self, tile: Tile, data: bytes, starts: Sequence[int]) -> None:
        """Compare the partial bundles beside a bundle with the entries that they share."""
        self.files += 1
        for width, partial in self._partials(tile):
            if partial != data[: starts[width]]:
                raise VerificationError(
                    f"{Tile(ENTRIES, tile.index, width).path} differs from the later bundle of "
                    f"the same entries.",
                    tile.start,
                )

    def _tile(self, tile: Tile, hashes: list[bytes]) -> None:
        """Compare a hash tile, and the partial ones beside it, with the hashes it must hold."""
        data, part = self._find(tile, WIDTH * HASH_SIZE)
        right = b"".join(hashes)
        first = tile.start << HEIGHT * tile.level
        if len(data) != part.width * HASH_SIZE:
            raise VerificationError(
                f"{part.path} has {len(data)} bytes where {part.width * HASH_SIZE} belong.", first
            )
        if not data.startswith(right):
            for offset, digest in enumerate(hashes):
                if data[offset * HASH_SIZE : (offset + 1) * HASH_SIZE] != digest:
                    first = (tile.start + offset) << HEIGHT * tile.level
                    break
            raise VerificationError(
                f"Entry {first} is not the one that was logged: its hash differs from that in "
                f"{part.path}.",
                first,
            )
        self.files += 1
        for width, partial in self._partials(tile):
            if partial != right[: width * HASH_SIZE]:
                raise VerificationError(
                    f"{Tile(tile.level, tile.index, width).path} does not hold the hashes of the "
                    f"entries below it.",
                    first,
                )

    def _leaves(self, start: int, entries: list[bytes]) -> None:
        for index, entry in enumerate(entries, start):
            try:
                self.check_leaf(entry)
            except LeafError as error:
                raise VerificationError(f"Entry {index} is not a leaf: {error}", index) from error

    def _fill(self, hashes: list[bytes]) -> None:
        """Carry a full tile into the levels above."""
        digest = complete_root(hashes)
        self.edge.append(digest, HEIGHT)
        level = 1
        while True:
            if len(self.above) < level:
                self.above.append([])
            held = self.above[level - 1]
            held.append(digest)
            if len(held) < WIDTH:
                return
            self._tile(Tile(level, ((self.edge.size >> HEIGHT * level) - 1) // WIDTH), held)
            digest = complete_root(held)
            held.clear()
            level += 1

    def _compare_kept(self, start: int, hashes: list[bytes]) -> None:
        """Compare the root at the size of the kept checkpoint, if that lies among these entries."""
        if self.kept is None or not start < self.kept.size <= start + len(hashes):
            return
        edge = self.edge.copy()
        edge.extend(hashes[: self.kept.size - start])
        if edge.root() != self.kept.root:
            among = _count(self.kept.size, "entry", "entries")
            raise VerificationError(
                f"The log does not continue the checkpoint you kept: its first {among} are not "
                f"those which that one was signed over."
            )

    def _find(self, tile: Tile, limit: int) -> tuple[bytes, Tile]:
        """Return the bytes of a tile or bundle, and whether they are of the partial or of the full
        one."""
        for candidate in (tile,) if tile.full else (tile, tile.whole):
            data = self.folder.read(candidate.path, limit)
            if data is not None:
                return data, candidate
        raise VerificationError(
            f"{tile.path} is missing.", tile.start << HEIGHT * max(tile.level, 0)
        )

    def _partials(self, tile: Tile) -> Iterator[tuple[int, bytes]]:
        """Yield (width, bytes) of the other partial tiles lying at this place; those of a later
        tree are counted and left alone."""
        for width in self.folder.widths(tile.whole.path + ".p"):
            if width > tile.width:
                self.ahead += 1
            elif width != tile.width:
                data = self.folder.read(Tile(tile.level, tile.index, width).path, MAX_BUNDLE)
                if data is not None:
                    self.files += 1
                    yield width, data

    def _key(self, given: VerifierKey | None) -> VerifierKey:
        data = self.folder.read(KEY_PATH, MAX_KEY)
        if data is None:
            if given is None:
                raise NothingToVerifyError(
                    "The folder has no file “key”, and no key was given with --key."
                )
            return given
        own = _parse_key(data, "The folder's file “key”")
        if given is not None and given != own:
            raise VerificationError("The key in the folder is not the key it is checked against.")
        return own

    def _checkpoint(self) -> Checkpoint:
        data = self.folder.read(CHECKPOINT_PATH, MAX_NOTE)
        if data is None:
            raise NothingToVerifyError(
                "The folder has no file “checkpoint”, so it is not a copy of a log."
            )
        try:
            return open_checkpoint(data, self.key)
        except (NoteError, CheckpointError) as error:
            raise VerificationError(f"The checkpoint does not hold: {error}") from error

    def _kept(self, note: bytes) -> Checkpoint:
        kept = _open_kept(note, self.key)
        if kept.size > self.checkpoint.size:
            raise VerificationError(
                f"The log was cut: it has {self.checkpoint.size} entries, and the checkpoint you "
                f"kept {kept.size}."
            )
        return kept


def copied_entries(folder: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (index, entry) of a copy of the log that the reader kept, up to its own checkpoint's
    size.

    Its signature is not asked for: whoever kept the copy trusts it. Raises VerificationError and
    NothingToVerifyError as an audit does, and NothingToVerifyError at the end if the entries are
    not those that its checkpoint was signed over: a copy that was damaged accuses nobody.
    """
    edge = Edge()
    for index, entry in _entries(folder):
        edge.append(leaf_hash(entry))
        yield index, entry
    if edge.root() != _unsigned_checkpoint(folder).root:
        raise NothingToVerifyError(
            "The copy you kept is damaged: its entries are not those of its own checkpoint."
        )


def _entries(folder: Path) -> Iterator[tuple[int, bytes]]:
    """Yield (index, entry) of a folder up to the size in its checkpoint, none of them checked."""
    files, size = _Folder(folder), _unsigned_checkpoint(folder).size
    for index in range(-(-size // WIDTH)):
        tile = Tile(ENTRIES, index, min(WIDTH, size - index * WIDTH))
        for place in (tile,) if tile.full else (tile, tile.whole):
            data = files.read(place.path, MAX_BUNDLE)
            if data is not None:
                break
        else:
            raise NothingToVerifyError(f"{tile.path} is missing from {folder}.")
        try:
            entries = decode_entries(data, place.width)[: tile.width]
        except TileError as error:
            raise NothingToVerifyError(f"{place.path} in {folder} is damaged: {error}") from error
        yield from enumerate(entries, tile.start)


def _unsigned_checkpoint(folder: Path) -> Checkpoint:
    """Return the checkpoint of a copy, of which the form alone is asked."""
    note = _Folder(folder).read(CHECKPOINT_PATH, MAX_NOTE)
    if note is None:
        raise NothingToVerifyError(
            f"{folder} has no file “checkpoint”, so it is not a copy of a log."
        )
    try:
        return Checkpoint.parse(note.decode().partition("\n\n")[0] + "\n")
    except (CheckpointError, UnicodeDecodeError) as error:
        raise NothingToVerifyError(
            f"The checkpoint in {folder} does not say the size and root of a log."
        ) from error


def _compare_copy(path: Path, copy: Path) -> str:
    """Raise VerificationError with the first entry of the kept copy that the log at `path` has not,
    or has otherwise; say what was compared."""
    log = _entries(path)
    count, wrong = 0, None
    for index, entry in copied_entries(
        copy
    ):  # to its end, whatever is found: there a damaged copy is noticed
        count += 1
        wrong = wrong or _difference(log, index, entry)
    if wrong is not None:
        raise wrong
    return (
        f"{_count(count, 'entry', 'entries')} of the copy you kept "
        f"{'is' if count == 1 else 'are'} in it unchanged"
    )


def _difference(
    log: Iterator[tuple[int, bytes]], index: int, entry: bytes
) -> VerificationError | None:
    """What is wrong with the log's next entry, which is to be `entry`."""
    try:
        logged = next(log, None)
    except (VerificationError, NothingToVerifyError) as error:
        return VerificationError(str(error), index)
    if logged is None:
        return VerificationError(
            f"The log was cut: entry {index} of the copy you kept is not in it.", index
        )
    if logged[1] != entry:
        return VerificationError(
            f"Entry {index} is not the one in the copy you kept: the log was written anew from "
            f"there on.",
            index,
        )
    return None


def _compare_entry(leaf: bytes, proof: Proof, size: int, copy: Path) -> str:
    """Compare the entry of a bundle with a kept copy of the log, and all that its proof says of the
    entries around it.

    The entry and the ranges of its proof are the whole tree: where the copy reaches to, nothing of
    it stays uncompared.
    """
    ranges = [(proof.index, proof.index + 1), *inclusion_ranges(proof.index, size)]
    subtrees = iter(sorted(zip(ranges, [leaf_hash(leaf), *proof.hashes], strict=True)))
    (start, end), digest = next(subtrees)
    count, edge, wrong = 0, Edge(), None
    for count, (_, entry) in enumerate(copied_entries(copy), start=1):
        if count > size:
            continue
        edge.append(leaf_hash(entry))
        if count == end:
            if wrong is None and edge.root() != digest:
                wrong = _other_than_kept(start, end)
            edge = Edge()
            (start, end), digest = next(subtrees, ((end, size + 1), b""))
    if wrong is not None:
        raise wrong
    if count <= proof.index:
        raise NothingToVerifyError(
            f"The copy you kept ends before entry {proof.index}: it has "
            f"{_count(count, 'entry', 'entries')} and says nothing about this "
            "bundle. Use a newer copy, or check without --copy."
        )
    if count < size:
        return (
            f"entry {proof.index} is the one in the copy you kept, which has {count} of the "
            f"{size} entries"
        )
    return (
        f"entry {proof.index} is the one in the copy you kept, as are all entries under the "
        f"bundle's checkpoint"
    )


def _other_than_kept(start: int, end: int) -> VerificationError:
    if end - start == 1:
        return VerificationError(f"Entry {start} is not the one in the copy you kept.", start)
    return VerificationError(
        f"Among the entries {start} to {end - 1} is one that is not as in the copy you kept.", start
    )


class _Folder:
    """A folder that may come from anybody: nothing is read through a symbolic link, from a device
    or pipe, or beyond its limit."""

    def __init__(self, path: Path) -> None:
        self._root = os.path.join(
            path, ""
        )  # text: a Path for each of many small files costs a tenth of the audit
        self._is_folder = lru_cache(maxsize=4096)(self._look)

    def read(self, name: str, limit: int) -> bytes | None:
        """Return the bytes of a file, or None if there is no such file."""
        parent, _, _ = name.rpartition("/")
        if parent and not self._is_folder(parent):
            return None
        try:
            return _read_regular(self._root + name, limit)
        except FileNotFoundError:
            return None
        except OSError as error:
            raise _unreadable(name, error) from error

    def widths(self, name: str) -> list[int]:
        """Return the widths of the partial tiles in a folder such as `tile/0/000.p`."""
        if not self._is_folder(name):
            return []
        try:
            with os.scandir(self._root + name) as items:
                widths_stored = {int(item.name) for item in items if _WIDTH.fullmatch(item.name)}
        except OSError as error:
            raise _unreadable(name, error) from error
        return sorted(width for width in widths_stored if width < WIDTH)

    def _look(self, name: str) -> bool:
        """Whether `name` is a folder, and all above it are, up to the root of the copy."""
        parent, _, _ = name.rpartition("/")
        if parent and not self._is_folder(parent):
            return False
        try:
            mode = os.lstat(self._root + name).st_mode
        except FileNotFoundError:
            return False
        except OSError as error:
            raise _unreadable(name, error) from error
        if stat.S_ISLNK(mode):
            raise VerificationError(f"{name} is a symbolic link, and a copy of a log has none.")
        return stat.S_ISDIR(mode)


def _check_folder(
    path: Path, key: VerifierKey | None, kept: bytes | None, copy: Path | None
) -> list[str]:
    if copy is None:
        return _audit_parts(audit(path, key, kept))
    if _Folder(path).read(CHECKPOINT_PATH, MAX_NOTE) is None:
        raise NothingToVerifyError(
            f"{path} has no file “checkpoint”, so it is not a copy of a log."
        )
    compared = _compare_copy(path, copy)
    return [*_audit_parts(audit(path, key, kept)), compared]


def _check_bundle(
    path: Path, key: VerifierKey | None, kept: bytes | None, copy: Path | None
) -> list[str]:
    data = _read(path, MAX_BUNDLE_FILE)
    if _MARK not in data:
        raise NothingToVerifyError("This is neither a bundle nor a folder with a copy of the log.")
    try:
        bundle = Bundle.parse(data)
        checked = bundle.check(key)
    except BundleError as error:
        raise VerificationError(str(error)) from error
    leaf, checkpoint = checked.leaf, checked.checkpoint
    parts = [
        (
            f"{leaf.kind} of {leaf.object} at {leaf.at} is entry {checked.index} of the "
            f"{checkpoint.size} in the log {checkpoint.origin}"
        )
    ]
    if leaf.document is not None:
        parts.append("the document is the one that was logged")
    if leaf.commits:
        closed = f" ({', '.join(checked.closed)} not opened)" if checked.closed else ""
        fields = _count(len(leaf.commits), "committed field", "committed fields")
        parts.append(f"{len(checked.opened)} of {fields} opened and matching{closed}")
    if kept is not None:
        older = _open_kept(kept, checked.key)
        if older.size != checkpoint.size:
            raise NothingToVerifyError(
                f"A bundle alone cannot show that its checkpoint of size {checkpoint.size} fits "
                f"the one of size {older.size} you kept; check a copy of the log against both."
            )
        if older.root != checkpoint.root:
            raise VerificationError(
                f"The log showed two faces: the checkpoint you kept and the bundle's are both of "
                f"size {older.size}, with other roots."
            )
        parts.append("the checkpoint is the one you kept")
    if copy is not None:
        parts.append(_compare_entry(bundle.leaf, parse_proof(bundle.proof), checkpoint.size, copy))
    return parts


def _audit_parts(audit: Audit) -> list[str]:
    checkpoint = audit.checkpoint
    entries, files = (
        _count(checkpoint.size, "entry", "entries"),
        _count(audit.files, "file", "files"),
    )
    parts = [
        (
            f"the log {checkpoint.origin} holds {entries}, each well-formed, whose hashes are "
            f"those in its {files} and give its signed root"
        )
    ]
    if audit.kept is not None:
        parts.append(f"it continues the checkpoint of size {audit.kept.size} that you kept")
    if audit.ahead:
        parts.append(
            f"{_count(audit.ahead, 'partial file', 'partial files')} of a later tree not looked at"
        )
    return parts


def _open_kept(note: bytes, key: VerifierKey) -> Checkpoint:
    try:
        return open_checkpoint(note, key)
    except (NoteError, CheckpointError) as error:
        raise VerificationError(
            f"The checkpoint you kept does not hold under this log's key: {error}"
        ) from error


def _given_key(argument: str) -> VerifierKey:
    """Return the key given with --key, as itself or as the name of a file."""
    try:
        return VerifierKey.parse(argument)
    except NoteError as error:
        wrong = error
    try:
        data = _read(Path(argument), MAX_KEY)
    except NothingToVerifyError as error:
        raise NothingToVerifyError(
            f"What was given with --key is neither a verifier key nor a file with one. {wrong} "
            f"{error}"
        ) from error
    return _parse_key(data, "What was given with --key")


def _parse_key(data: bytes, what: str) -> VerifierKey:
    try:
        return VerifierKey.parse(data.decode(errors="replace").removesuffix("\n"))
    except NoteError as error:
        raise NothingToVerifyError(f"{what} is not a verifier key: {error}") from error


def _read(path: Path, limit: int) -> bytes:
    """Return the bytes of a file that the reader named."""
    try:
        return _read_regular(path, limit, follow=True)
    except (OSError, ValueError) as error:
        reason = (
            error.strerror
            if isinstance(error, OSError) and error.strerror
            else "it has no such name"
        )
        raise NothingToVerifyError(f"{path} cannot be read: {reason}.") from error
    except VerificationError as error:
        raise NothingToVerifyError(str(error)) from error


def _read_regular(path: Path | str, limit: int, *, follow: bool = False) -> bytes:
    # O_NONBLOCK: opening a pipe that nobody writes to would wait for ever. It means nothing for
    # regular files.
    flags = (
        os.O_RDONLY
        | getattr(os, "O_NONBLOCK", 0)
        | getattr(os, "O_CLOEXEC", 0)
        | getattr(os, "O_BINARY", 0)
    )
    if not follow:
        flags |= getattr(os, "O_NOFOLLOW", 0)
    descriptor = os.open(path, flags)
    try:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            raise VerificationError(f"{path} is not a regular file.")
        if status.st_size > limit:
            raise VerificationError(
                f"{path} has {status.st_size} bytes, and at most {limit} can be right."
            )
        # One byte more than there should be is asked for, so that a file that grows meanwhile is
        # noticed and not followed.
        data = os.read(descriptor, status.st_size + 1)
        while 0 < len(data) <= status.st_size and (
            more := os.read(descriptor, status.st_size + 1 - len(data))
        ):
            data += more
    finally:
        os.close(descriptor)
    if len(data) != status.st_size:
        raise VerificationError(f"{path} changed while it was read.")
    return data


def _unreadable(name: str, error: OSError) -> VerificationError | NothingToVerifyError:
    if error.errno == errno.ELOOP:
        return VerificationError(f"{name} is a symbolic link, and a copy of a log has none.")
    return NothingToVerifyError(f"{name} cannot be read: {error.strerror}.")


def _count(number: int, singular: str, many: str) -> str:
    return f"{number} {singular if number == 1 else many}"


def _say(sentence: str) -> None:
    sys.stdout.write(_shown(sentence) + "\n")


def _shown(text: str) -> str:
    """Return `text` with everything that a terminal could act upon written out."""
    return "".join(
        c if c.isprintable() else c.encode("unicode_escape", "surrogatepass").decode() for c in text
    )


if __name__ == "__main__":
    sys.exit(main())
