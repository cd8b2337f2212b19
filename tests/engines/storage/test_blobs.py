"""The store of originals: write-once, complete or absent, swept with care."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
import subprocess
import sys
import threading
from datetime import timedelta
from io import BytesIO
from pathlib import Path

import pytest

from engines.storage import blobs
from engines.storage.blobs import (
    BlobMissingError,
    BlobStore,
    DamagedError,
    Fixity,
    NoSpaceError,
    StoredBlob,
    TooLargeError,
    TooManyOrphansError,
)

PROJECT = Path(__file__).resolve().parents[3]
DAY = timedelta(days=1)


def NOTHING(digests: object) -> set[str]:
    return set()


@pytest.fixture
def store(tmp_path: Path) -> BlobStore:
    return BlobStore(tmp_path / "blobs", keep_free=0)


def age(path: Path, days: int = 2) -> None:
    then = path.stat().st_mtime - days * 86400
    os.utime(path, (then, then))


def files(store: BlobStore) -> list[str]:
    return sorted(
        str(path.relative_to(store.root))
        for path in store.root.rglob("*")
        if path.is_file() and path.name != "lock"
    )


def test_bytes_are_stored_under_their_own_hash(store: BlobStore) -> None:
    digest = hashlib.sha256(b"hood").hexdigest()
    assert store.put(b"hood", 100) == StoredBlob(digest, 4, True)
    assert files(store) == [f"{digest[:2]}/{digest[2:4]}/{digest}"]
    with store.open(digest) as file:
        assert file.read() == b"hood"
    assert store.exists(digest)
    assert store.verify(digest) is Fixity.INTACT
    assert stat.S_IMODE(store.path(digest).stat().st_mode) == 0o440
    assert list(store.addresses()) == [digest]


def test_a_stream_is_counted_and_stored_whole(store: BlobStore) -> None:
    data = os.urandom((2 << 20) + 17)
    stored = store.put(BytesIO(data), len(data))
    assert stored == StoredBlob(hashlib.sha256(data).hexdigest(), len(data), True)
    assert store.path(stored.sha256).read_bytes() == data


def test_the_same_bytes_twice_are_one_file(store: BlobStore) -> None:
    first = store.put(b"hood", 100)
    before = store.path(first.sha256).stat().st_ino
    assert store.put(BytesIO(b"hood"), 100) == StoredBlob(first.sha256, 4, False)
    assert store.path(first.sha256).stat().st_ino == before
    assert len(files(store)) == 1


def test_the_same_bytes_at_the_same_time_are_one_file_made_once(store: BlobStore) -> None:
    data = os.urandom(300_000)
    results: list[StoredBlob] = []
    start = threading.Barrier(8)

    def put() -> None:
        start.wait()
        results.append(store.put(BytesIO(data), 1 << 20))

    threads = [threading.Thread(target=put) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(results) == 8
    assert sum(result.new for result in results) == 1
    assert len(files(store)) == 1
    assert store.verify(results[0].sha256) is Fixity.INTACT


def test_more_than_the_limit_is_refused_and_leaves_nothing(store: BlobStore) -> None:
    assert store.put(b"x" * 10, 10).size == 10
    for source in (b"y" * 11, BytesIO(b"y" * 11)):
        with pytest.raises(TooLargeError) as refusal:
            store.put(source, 10)
        assert refusal.value.limit == 10
    assert len(files(store)) == 1


def test_a_source_that_breaks_leaves_nothing(store: BlobStore) -> None:
    class Breaking:
        def __init__(self) -> None:
            self.reads = 0

        def read(self, size: int, /) -> bytes:
            self.reads += 1
            if self.reads > 2:
                raise ConnectionResetError
            return b"z" * size

    with pytest.raises(ConnectionResetError):
        store.put(Breaking(), 1 << 30)
    assert files(store) == []


def test_nothing_is_overwritten_even_when_it_is_damaged(store: BlobStore) -> None:
    digest = store.put(b"hood", 100).sha256
    path = store.path(digest)
    path.chmod(0o600)
    path.write_bytes(b"hoot")
    assert store.verify(digest) is Fixity.DAMAGED
    with pytest.raises(DamagedError):
        store.put(b"hood", 100)
    assert path.read_bytes() == b"hoot"


def test_what_is_missing_is_said_to_be_missing(store: BlobStore) -> None:
    nowhere = "0" * 64
    assert not store.exists(nowhere)
    assert store.verify(nowhere) is Fixity.MISSING
    assert store.remove(nowhere) is False
    with pytest.raises(BlobMissingError):
        store.open(nowhere)


@pytest.mark.parametrize(
    "name", ["", "../../etc/passwd", "0" * 63, "A" * 64, "0" * 63 + "/", "0" * 64 + "\n"]
)
def test_only_a_hash_is_an_address(store: BlobStore, name: str) -> None:
    with pytest.raises(ValueError, match="not a SHA-256"):
        store.open(name)


def test_a_link_put_in_place_of_a_file_is_not_followed(store: BlobStore, tmp_path: Path) -> None:
    digest = store.put(b"hood", 100).sha256
    store.path(digest).unlink()
    (tmp_path / "secret").write_text("secret")
    store.path(digest).symlink_to(tmp_path / "secret")
    with pytest.raises(OSError, match="symbolic links"):
        store.open(digest)


# -- a full disk
# --------------------------------------------------------------------------------------------------


def test_the_reserve_is_kept_free(tmp_path: Path) -> None:
    disk = os.statvfs(tmp_path)
    free = disk.f_bavail * disk.f_frsize
    full = BlobStore(tmp_path / "blobs", keep_free=free + (1 << 30))
    with pytest.raises(NoSpaceError):
        full.put(b"hood", 100)
    with pytest.raises(NoSpaceError):
        full.check_space()
    assert files(full) == []
    # Negative control: without a reserve the same file goes in.
    assert BlobStore(tmp_path / "blobs", keep_free=0).put(b"hood", 100).new


def test_the_reserve_is_looked_at_while_a_stream_comes_in(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = []

    def check(coming: int = 0) -> None:
        asked.append(coming)
        store.root.mkdir(parents=True, exist_ok=True)
        if len(asked) > 3:
            raise NoSpaceError(0, 0)

    monkeypatch.setattr(store, "check_space", check)
    with pytest.raises(NoSpaceError):
        store.put(BytesIO(b"x" * (5 << 20)), 1 << 30)
    assert files(store) == []


@pytest.mark.parametrize("code", [errno.ENOSPC, errno.EDQUOT])
def test_a_disk_that_is_full_all_the_same_is_no_space(
    store: BlobStore, monkeypatch: pytest.MonkeyPatch, code: int
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(code, os.strerror(code))

    monkeypatch.setattr(blobs.os, "fsync", full)
    with pytest.raises(NoSpaceError):
        store.put(b"hood", 100)
    assert files(store) == []


# -- killed at any point
# -------------------------------------------------------------------------------------------------

KILLED = """
import os, signal, sys
from io import BytesIO
from pathlib import Path
from engines.storage import blobs

name, count = sys.argv[2], int(sys.argv[3])
real = getattr(blobs.os, name) if name != "read" else None
calls = 0

def dying(*args, **kwargs):
    global calls
    calls += 1
    if calls == count:
        os.kill(os.getpid(), signal.SIGKILL)
    return real(*args, **kwargs)

class Source(BytesIO):
    def read(self, size=-1, /):
        if name == "read" and self.tell() >= (count << 20):
            os.kill(os.getpid(), signal.SIGKILL)
        return super().read(size)

if real is not None:
    setattr(blobs.os, name, dying)
blobs.BlobStore(Path(sys.argv[1]), keep_free=0).put(Source(bytes(3 << 20)), 1 << 30)
print("stored")
"""


@pytest.mark.parametrize(
    ("call", "count", "placed"),
    [
        ("open", 1, False),
        ("read", 1, False),
        ("read", 3, False),
        ("fchmod", 1, False),
        ("fsync", 1, False),
        ("fsync", 2, False),
        ("fsync", 3, False),
        ("link", 1, False),
        ("fsync", 4, True),
        ("close", 4, True),
    ],
)
def test_a_kill_leaves_a_whole_file_at_its_address_or_none(
    store: BlobStore, call: str, count: int, placed: bool
) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root), call, str(count)],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == -9, done.stderr
    assert "stored" not in done.stdout
    digest = hashlib.sha256(bytes(3 << 20)).hexdigest()
    assert store.exists(digest) is placed
    assert store.verify(digest) is (Fixity.INTACT if placed else Fixity.MISSING)
    # Whatever was left: the file can be stored now, and a sweep leaves it alone and nothing else.
    assert store.put(bytes(3 << 20), 1 << 30) == StoredBlob(digest, 3 << 20, not placed)
    store.sweep(lambda digests: {digest}, timedelta(0))
    assert [Path(name).name for name in files(store)] == [digest]


def test_the_script_that_is_killed_would_have_stored(store: BlobStore) -> None:
    done = subprocess.run(
        [sys.executable, "-c", KILLED, str(store.root), "link", "99"],
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout == "stored\n"


# -- sweeping and removing
# -----------------------------------------------------------------------------------------------


def test_a_sweep_removes_old_leftovers_only(store: BlobStore) -> None:
    named, orphan, young = (store.put(word, 100).sha256 for word in (b"named", b"orphan", b"young"))
    for digest in (named, orphan):
        age(store.path(digest))
    for name in ("old", "new"):
        (store.root / "incoming" / name).write_bytes(b"half")
    age(store.root / "incoming" / "old")
    swept = store.sweep(lambda digests: {named}, DAY)
    assert swept.temporaries == 1
    assert swept.unreferenced == (orphan,)
    assert sorted(store.addresses()) == sorted([named, young])
    assert (store.root / "incoming" / "new").exists()
    assert store.sweep(lambda digests: set(digests) & {named}, DAY).unreferenced == ()


def test_a_file_stored_again_is_safe_from_the_sweep(store: BlobStore) -> None:
    digest = store.put(b"again", 100).sha256
    age(store.path(digest))
    assert store.put(b"again", 100).new is False
    assert store.sweep(NOTHING, DAY).unreferenced == ()
    # Negative control: not stored again, it goes.
    age(store.path(digest))
    assert store.sweep(NOTHING, DAY).unreferenced == (digest,)


def test_a_file_stored_again_during_the_sweep_is_safe(store: BlobStore) -> None:
    digest = store.put(b"again", 100).sha256
    age(store.path(digest))

    def known(addresses: object) -> set[str]:
        store.put(b"again", 100)  # Another process, between the sweep's question and its deed.
        return set()

    assert store.sweep(known, DAY).unreferenced == ()
    assert store.exists(digest)


def test_a_wrong_question_does_not_empty_the_store(store: BlobStore) -> None:
    for number in range(5):
        age(store.path(store.put(str(number).encode(), 100).sha256))
    with pytest.raises(TooManyOrphansError) as refusal:
        store.sweep(NOTHING, DAY, at_most=4)
    assert refusal.value.found == 5
    assert len(list(store.addresses())) == 5
    assert len(store.sweep(NOTHING, DAY, at_most=5).unreferenced) == 5


def test_an_empty_store_can_be_swept(store: BlobStore) -> None:
    assert store.sweep(NOTHING, DAY).temporaries == 0


def test_an_erasure_removes_the_bytes(store: BlobStore) -> None:
    digest = store.put(b"a name", 100).sha256
    assert store.remove(digest) is True
    assert files(store) == []
    assert store.put(b"a name", 100).new
