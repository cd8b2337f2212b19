"""Originals in a bucket: a real server of the protocol on loopback, with versions and object
lock."""

from __future__ import annotations

import hashlib
import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from datetime import timedelta
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from engines.storage import buckets
from engines.storage.blobs import (
    BlobMissingError,
    BlobStore,
    DamagedError,
    Fixity,
    StorageUnavailableError,
    StoredBlob,
    TooLargeError,
)
from engines.storage.buckets import (
    Bucket,
    BucketError,
    BucketStore,
    ObjectLockedError,
    Place,
    VersioningDisabledError,
    key_of,
)
from tests import vault as vaults
from tests.vault import Server, Vault

pytestmark = pytest.mark.xdist_group("buckets")  # one server
DAY = timedelta(days=1)
HOOD = b"carbon fibre hood"
SHA256 = hashlib.sha256(HOOD).hexdigest()


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with vaults.running() as one:
        yield one


@pytest.fixture(autouse=True)
def _credentials(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in vaults.CREDENTIALS.items():
        monkeypatch.setenv(name, value)


@pytest.fixture
def vault(server: Server) -> Vault:
    return server.vault()


Machine = Callable[[str], BucketStore]


@pytest.fixture
def machine(vault: Vault, tmp_path: Path) -> Machine:
    """A machine with a directory of its own, in front of the one bucket."""
    return lambda name: BucketStore(tmp_path / name, vault.bucket, fresh_for=DAY, keep_free=0)


@pytest.fixture
def store(machine: Machine) -> BucketStore:
    return machine("here")


def nothing(digests: Sequence[str]) -> set[str]:
    return set()


def files(store: BucketStore) -> list[str]:
    return sorted(
        path.name for path in store.root.rglob("*") if path.is_file() and path.name != "lock"
    )


# Storing


def test_when_storing_returns_both_have_the_bytes(store: BucketStore, vault: Vault) -> None:
    stored = store.put(BytesIO(HOOD), 100)
    assert (stored.sha256, stored.size, stored.new) == (SHA256, len(HOOD), True)
    assert store.path(SHA256).read_bytes() == HOOD
    assert (vault.names(), vault.versions(SHA256)) == ([key_of(SHA256)], [HOOD])
    assert vault.owner.head_object(
        Bucket=vault.place.bucket, Key=key_of(SHA256), ChecksumMode="ENABLED"
    )["ChecksumSHA256"]
    assert key_of(SHA256) == str(store.path(SHA256).relative_to(store.root)), (
        "so that any copying tool moves one into the other"
    )


def test_the_limits_of_the_local_store_hold_and_nothing_is_sent(
    store: BucketStore, vault: Vault
) -> None:
    with pytest.raises(TooLargeError):
        store.put(HOOD, 3)
    assert (vault.names(), files(store)) == ([], [])


def test_the_same_file_twice_is_one_object(
    store: BucketStore, machine: Machine, vault: Vault
) -> None:
    assert store.put(HOOD, 100).new
    assert not store.put(HOOD, 100).new
    assert not machine("there").put(HOOD, 100).new
    assert vault.versions(SHA256) == [HOOD]


def _at_once(
    one: BucketStore, other: BucketStore, monkeypatch: pytest.MonkeyPatch, **arguments: Any
) -> list[bool]:
    """Whether each put was new, the first being held just before its upload until the second is
    through."""
    through, before = threading.Event(), threading.Event()
    real, held = Bucket.upload, threading.local()
    found: dict[str, bool] = {}

    def upload(self: Bucket, sha256: str, path: Path, **more: Any) -> bool:
        if getattr(held, "back", False):
            held.back = False
            before.set()
            assert through.wait(20)
        return real(self, sha256, path, **{**more, **arguments})

    def first() -> None:
        held.back = True
        found["first"] = one.put(HOOD, 100).new

    monkeypatch.setattr(Bucket, "upload", upload)
    thread = threading.Thread(target=first)
    thread.start()
    assert before.wait(20)
    found["second"] = other.put(HOOD, 100).new
    through.set()
    thread.join(20)
    return [found["first"], found["second"]]


@pytest.mark.parametrize("other", ["here", "there"])
def test_the_same_file_at_the_same_time_is_one_object(
    machine: Machine, vault: Vault, monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    assert _at_once(machine("here"), machine(other), monkeypatch) == [False, True]
    assert vault.versions(SHA256) == [HOOD]


def test_without_the_condition_there_would_be_two(
    machine: Machine, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: it is If-None-Match that makes them one."""
    assert _at_once(machine("here"), machine("there"), monkeypatch, anew=True) == [True, True]
    assert vault.versions(SHA256) == [HOOD, HOOD]


def test_what_lies_there_is_not_believed_when_the_same_is_stored_again(
    store: BucketStore, machine: Machine, vault: Vault
) -> None:
    vault.change(SHA256, b"other bytes")
    with pytest.raises(DamagedError):
        store.put(HOOD, 100)
    assert files(store) == [], "refused, so nothing was stored"
    vault.owner.put_object(
        Bucket=vault.place.bucket, Key=key_of(SHA256), Body=HOOD, ChecksumAlgorithm="CRC32"
    )
    assert not machine("there").put(HOOD, 100).new, (
        "copied there by a tool that says no SHA-256: it is read"
    )


def test_the_checksum_of_a_file_that_came_in_parts_is_not_taken_for_its_own(
    store: BucketStore, machine: Machine, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(HOOD, 100)

    def in_parts(bucket: Bucket, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "head_object":
            return {
                **vault.owner.head_object(Bucket=vault.place.bucket, Key=key_of(SHA256)),
                "ChecksumSHA256": "9hSTG8KWl6DdPr4NlW9C-2",
            }
        return None

    _answering(monkeypatch, in_parts)
    assert not machine("there").put(HOOD, 100).new


def _answering(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Bucket, str, dict[str, Any]], Any]
) -> None:
    """Let `change` stand between us and the server; what it returns, if anything, is the answer."""
    real = Bucket._ask

    def ask(self: Bucket, operation: str, **arguments: Any) -> Any:
        answer = change(self, operation, arguments)
        return real(self, operation, **arguments) if answer is None else answer

    monkeypatch.setattr(Bucket, "_ask", ask)


@pytest.mark.parametrize("kept", [HOOD, b"other bytes"])
def test_a_server_that_says_no_checksum_is_read_back(
    store: BucketStore, vault: Vault, monkeypatch: pytest.MonkeyPatch, kept: bytes
) -> None:
    def forgetful(bucket: Bucket, operation: str, arguments: dict[str, Any]) -> Any:
        if operation == "put_object":
            vault.change(SHA256, kept)
            return {"ETag": "x"}
        return None

    _answering(monkeypatch, forgetful)
    if kept == HOOD:
        assert store.put(HOOD, 100).new
    else:
        with pytest.raises(BucketError, match="other bytes than were sent"):
            store.put(HOOD, 100)
        assert files(store) == []


@pytest.mark.parametrize("times", [1, 99])
def test_an_upload_that_collides_is_tried_again_and_given_up_in_the_end(
    store: BucketStore, vault: Vault, monkeypatch: pytest.MonkeyPatch, times: int
) -> None:
    collisions = []

    def busy(bucket: Bucket, operation: str, arguments: dict[str, Any]) -> None:
        if operation == "put_object" and len(collisions) < times:
            collisions.append(operation)
            raise ClientError({"Error": {"Code": "ConditionalRequestConflict"}}, "PutObject")

    _answering(monkeypatch, busy)
    if times == 1:
        assert store.put(HOOD, 100).new
        assert vault.versions(SHA256) == [HOOD]
    else:
        with pytest.raises(BucketError, match="busy"):
            store.put(HOOD, 100)
        assert (len(collisions), vault.names(), files(store)) == (3, [], [])


def test_a_filing_whose_file_another_took_away_is_refused(
    store: BucketStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = BlobStore.put

    def put(self: BlobStore, source: Any, limit: int) -> StoredBlob:
        stored = real(self, source, limit)
        self.path(
            stored.sha256
        ).unlink()  # a filing of the same file on this machine, whose upload failed
        return stored

    monkeypatch.setattr(BlobStore, "put", put)
    with pytest.raises(BucketError, match="at the same moment"):
        store.put(HOOD, 100)
    assert vault.names() == []


# When the bucket is away


def _nobody() -> str:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return f"http://127.0.0.1:{free.getsockname()[1]}"


def test_while_the_bucket_is_away_nothing_is_accepted(tmp_path: Path) -> None:
    store = BucketStore(
        tmp_path / "here", Bucket(Place("originals", _nobody())), fresh_for=DAY, keep_free=0
    )
    began = time.monotonic()
    with pytest.raises(BucketError) as failed:
        store.put(HOOD, 100)
    assert time.monotonic() - began < 10
    assert isinstance(failed.value, StorageUnavailableError), "which views answer by 503"
    assert SHA256 not in str(failed.value)
    assert files(store) == []
    assert not store.bucket.answers()
    with pytest.raises(BucketError):
        store.open(SHA256)
    with pytest.raises(BucketError):
        store.remove(SHA256)


@pytest.mark.parametrize(
    "operation", ["put_object", "head_object", "list_object_versions", "delete_object"]
)
@pytest.mark.parametrize("done", [False, True], ids=["failed", "done, but the answer was lost"])
def test_whatever_fails_can_be_done_again(
    store: BucketStore,
    machine: Machine,
    vault: Vault,
    monkeypatch: pytest.MonkeyPatch,
    operation: str,
    done: bool,
) -> None:
    """Each request of storing and removing fails once; then everything is tried again."""
    store.put(b"before", 100)
    machine("there").put(
        HOOD, 100
    ) if operation == "head_object" else None  # only what is there already is looked at
    real, failures = BaseClient._make_api_call, []

    def failing(self: BaseClient, name: str, arguments: dict[str, Any]) -> Any:
        if xform_name(name) != operation or failures or self is vault.owner:
            return real(self, name, arguments)
        failures.append(name)
        if done:
            real(self, name, arguments)
        raise ReadTimeoutError(endpoint_url="x")

    monkeypatch.setattr(BaseClient, "_make_api_call", failing)
    for act, left in ((lambda: store.put(HOOD, 100), []), (lambda: store.remove(SHA256), [SHA256])):
        try:
            act()
        except BucketError:
            assert [name for name in files(store) if name == SHA256] == left, (
                "a refused filing leaves nothing, a failed removal all"
            )
            act()
    assert len(failures) == 1
    assert (vault.versions(SHA256), files(store)) == ([], [hashlib.sha256(b"before").hexdigest()])
    assert store.verify(hashlib.sha256(b"before").hexdigest()) is Fixity.INTACT


def test_what_was_here_before_stays_when_an_upload_fails(tmp_path: Path) -> None:
    BlobStore(tmp_path / "here", keep_free=0).put(HOOD, 100)
    store = BucketStore(
        tmp_path / "here", Bucket(Place("originals", _nobody())), fresh_for=DAY, keep_free=0
    )
    with pytest.raises(BucketError):
        store.put(HOOD, 100)
    assert files(store) == [SHA256]
    with store.open(SHA256) as file:
        assert file.read() == HOOD, "what is here can be read all the same"


def test_a_server_that_never_answers_is_given_up(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(buckets, "READ_SECONDS", 0.3)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen(8)
        place = Place("originals", f"http://127.0.0.1:{silent.getsockname()[1]}")
        began = time.monotonic()
        with pytest.raises(BucketError, match="ReadTimeoutError"):
            Bucket(place).look(SHA256)
        assert time.monotonic() - began < 5
    assert (buckets.CONNECT_SECONDS, buckets.ATTEMPTS) == (2.0, 2)


def test_a_bucket_that_refuses_says_its_reason(server: Server, tmp_path: Path) -> None:
    nowhere = Bucket(Place("nobodys-bucket", server.endpoint))
    with pytest.raises(BucketError, match="NoSuchBucket"):
        BucketStore(tmp_path / "here", nowhere, fresh_for=DAY, keep_free=0).put(HOOD, 100)
    assert not nowhere.answers()


# Reading


def test_what_is_missing_here_is_healed_from_the_bucket(
    store: BucketStore, machine: Machine
) -> None:
    store.put(HOOD, 100)
    there = machine("there")
    assert (there.exists(SHA256), files(there)) == (True, [])
    with there.open(SHA256) as file:
        assert file.read() == HOOD
    assert there.file(SHA256).read_bytes() == HOOD
    assert files(there) == [SHA256]
    assert not there.exists("0" * 64)
    with pytest.raises(BlobMissingError):
        there.open("0" * 64)


def test_a_changed_object_is_refused_and_leaves_nothing(
    store: BucketStore, machine: Machine, vault: Vault
) -> None:
    store.put(HOOD, 100)
    vault.change(SHA256, HOOD[:-1] + b"!")
    there = machine("there")
    for read in (there.open, there.file):
        with pytest.raises(DamagedError):
            read(SHA256)
    assert files(there) == []
    assert store.verify(SHA256) is Fixity.DAMAGED, "though the file here is whole"
    with vault.bucket.open(SHA256) as unchecked:
        assert unchecked.read() == HOOD[:-1] + b"!", (
            "negative control: without the check these would be served"
        )


def test_an_answer_that_ends_early_is_no_file(
    machine: Machine, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    machine("here").put(HOOD, 100)
    monkeypatch.setattr(
        buckets._Body,
        "readinto",
        lambda self, buffer: self._body.readinto(memoryview(buffer)[:5]) and 0,
    )
    with pytest.raises(DamagedError):
        machine("there").open(SHA256)


def test_both_sides_are_verified(store: BucketStore, machine: Machine, vault: Vault) -> None:
    store.put(HOOD, 100)
    assert (store.verify(SHA256), machine("there").verify(SHA256)) == (Fixity.INTACT, Fixity.INTACT)
    path = store.path(SHA256)
    path.chmod(0o600)
    path.write_bytes(b"x" * len(HOOD))
    assert (store.verify(SHA256), machine("there").verify(SHA256)) == (
        Fixity.DAMAGED,
        Fixity.INTACT,
    )
    path.write_bytes(HOOD)
    vault.bucket.remove(SHA256)
    assert store.verify(SHA256) is Fixity.MISSING, "a file with nothing behind it"


# Taking away


def test_an_erasure_removes_every_version_here_and_there(store: BucketStore, vault: Vault) -> None:
    store.put(HOOD, 100)
    vault.change(SHA256, b"other bytes")
    vault.owner.delete_object(
        Bucket=vault.place.bucket, Key=key_of(SHA256)
    )  # what a careless tool does: only a mark
    assert len(vault.versions(SHA256)) == 2
    assert store.remove(SHA256)
    listed = vault.owner.list_object_versions(Bucket=vault.place.bucket)
    assert (listed.get("Versions"), listed.get("DeleteMarkers"), files(store)) == (None, None, [])
    assert not store.remove(SHA256)


def test_without_the_owners_bypass_nothing_goes_and_it_is_said(
    store: BucketStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Negative control: the lock is real, and a removal that it refused is no removal."""
    store.put(HOOD, 100)
    _answering(
        monkeypatch,
        lambda bucket, operation, arguments: (
            arguments.pop("BypassGovernanceRetention", None) and None
        ),
    )
    with pytest.raises(ObjectLockedError, match="AccessDenied"):
        store.remove(SHA256)
    assert (vault.versions(SHA256), files(store)) == ([HOOD], [SHA256])


def test_a_version_that_came_during_the_removal_is_not_passed_over(
    store: BucketStore, vault: Vault, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.put(HOOD, 100)

    def meanwhile(bucket: Bucket, operation: str, arguments: dict[str, Any]) -> None:
        if operation == "delete_object" and "BypassGovernanceRetention" in arguments:
            vault.change(SHA256, HOOD)

    _answering(monkeypatch, meanwhile)
    with pytest.raises(ObjectLockedError, match="still there"):
        store.remove(SHA256)
    monkeypatch.undo()


def test_compliance_mode_holds_against_the_owner_too(server: Server, tmp_path: Path) -> None:
    locked = server.vault(lock="COMPLIANCE")
    store = BucketStore(tmp_path / "here", locked.bucket, fresh_for=DAY, keep_free=0)
    store.put(HOOD, 100)
    with pytest.raises(ObjectLockedError):
        store.remove(SHA256)
    assert (
        locked.bucket.lock(),
        server.vault().bucket.lock(),
        server.vault(lock="").bucket.lock(),
    ) == ("COMPLIANCE", "GOVERNANCE", "")


def test_a_sweep_takes_what_nothing_names_once_it_is_old(store: BucketStore, vault: Vault) -> None:
    store.put(HOOD, 100)
    named = store.put(b"named", 100).sha256
    assert store.orphans_in_bucket(nothing, 2 * DAY) == []
    assert not store.drop_in_bucket(SHA256, nothing, 2 * DAY), "too young"
    for digest in (SHA256, named):
        vault.age(digest, 3 * DAY)
    assert store.orphans_in_bucket(lambda digests: {named}, 2 * DAY) == [SHA256]
    assert store.drop_in_bucket(SHA256, lambda digests: {named}, 2 * DAY)
    assert not store.drop_in_bucket(named, lambda digests: {named}, 2 * DAY), (
        "named in the last moment"
    )
    assert vault.names() == [key_of(named)]
    assert store.exists(SHA256), "the file here is for the sweep of files here"
    with pytest.raises(ValueError, match="eager"):
        store.drop_in_bucket(SHA256, nothing, DAY)


def _stored_while_it_is_swept(store: BucketStore, other: BucketStore, vault: Vault) -> list[bytes]:
    """What is left of a file that is swept on one machine while another stores it again."""
    store.put(HOOD, 100)
    vault.age(SHA256, 3 * DAY)

    def named(digests: Sequence[str]) -> set[str]:
        other.put(HOOD, 100)  # its row is committed just after we were told that there is none
        return set()

    assert store.drop_in_bucket(SHA256, named, 2 * DAY)
    return vault.versions(SHA256)


def test_a_file_stored_again_during_the_sweep_is_safe(
    store: BucketStore, machine: Machine, vault: Vault
) -> None:
    assert _stored_while_it_is_swept(store, machine("there"), vault) == [HOOD]


def test_without_a_new_version_it_would_be_lost(
    store: BucketStore, machine: Machine, vault: Vault
) -> None:
    """Negative control: it is the version that a second `put` writes which stays."""
    careless = machine("there")
    careless.fresh_for = 1000 * DAY
    assert _stored_while_it_is_swept(store, careless, vault) == []


def test_a_bucket_without_versions_is_not_swept(server: Server, tmp_path: Path) -> None:
    plain = server.vault(lock="")
    store = BucketStore(tmp_path / "here", plain.bucket, fresh_for=DAY, keep_free=0)
    store.put(HOOD, 100)
    plain.age(SHA256, 3 * DAY)
    for sweep in (
        lambda: store.orphans_in_bucket(nothing, 2 * DAY),
        lambda: store.drop_in_bucket(SHA256, nothing, 2 * DAY),
    ):
        with pytest.raises(VersioningDisabledError):
            sweep()
    assert plain.names() == [key_of(SHA256)]
    assert store.remove(SHA256), "an erasure needs no versions"
    assert plain.names() == []


def test_only_what_is_named_like_an_original_is_listed(store: BucketStore, vault: Vault) -> None:
    store.put(HOOD, 100)
    for name in ("readme.txt", f"elsewhere/{SHA256}", "ab/cd/short"):
        vault.owner.put_object(
            Bucket=vault.place.bucket, Key=name, Body=b"", ChecksumAlgorithm="SHA256"
        )
    assert [name for name, _since in vault.bucket.addresses()] == [SHA256]


# Kills


_SCRIPT = """
import os, sys
from datetime import timedelta
from pathlib import Path
import failpoints
from engines.storage.buckets import Bucket, BucketStore, Place

failpoints.arm(sys.argv[1], lambda: os._exit(9))
bucket = Bucket(Place(*sys.argv[3:]))
store = BucketStore(Path(sys.argv[2]), bucket, fresh_for=timedelta(days=1), keep_free=0)
store.put(b"carbon fibre hood", 100)
"""


@pytest.mark.parametrize(
    ("point", "there"), [("blob.placed", []), ("blob.uploaded", [key_of(SHA256)])]
)
def test_a_kill_leaves_a_whole_object_or_none_and_the_sweeps_take_it(
    store: BucketStore, vault: Vault, point: str, there: list[str]
) -> None:
    command = [
        sys.executable,
        "-c",
        _SCRIPT,
        point,
        str(store.root),
        vault.place.bucket,
        vault.place.endpoint,
    ]
    assert subprocess.run(command, timeout=60, check=False).returncode == 9
    assert (vault.names(), files(store)) == (there, [SHA256])
    assert store.orphans_in_bucket(nothing, 2 * DAY) == []
    if there:
        vault.age(SHA256, 3 * DAY)
    os.utime(store.path(SHA256), (0, 0))
    assert store.orphans(nothing, 2 * DAY) == [SHA256]
    assert store.orphans_in_bucket(nothing, 2 * DAY) == [SHA256][: len(there)]
    assert store.drop(SHA256, nothing, 2 * DAY)
    assert store.drop_in_bucket(SHA256, nothing, 2 * DAY) is bool(there)
    assert (vault.names(), files(store)) == ([], [])


def test_a_forked_worker_makes_connections_of_its_own() -> None:
    script = """
import os
from engines.storage.buckets import _client
ours = _client("http://127.0.0.1:1", "")
assert ours is _client("http://127.0.0.1:1", ""), "one for a process"
child = os.fork()
if not child:
    os._exit(0 if _client("http://127.0.0.1:1", "") is not ours else 1)
raise SystemExit(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
"""
    assert subprocess.run([sys.executable, "-c", script], timeout=60, check=False).returncode == 0


# Who names no bucket


def test_without_a_bucket_the_sdk_is_never_loaded(settings: Any) -> None:
    assert settings.S3_BUCKET == ""
    script = """
import sys, django
django.setup()
from evidence.stores import originals
print(type(originals()).__name__, sorted({"boto3", "botocore", "moto"} & set(sys.modules)))
"""
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=120, check=False
    )
    assert done.stdout.splitlines()[-1] == "BlobStore []", done.stderr
