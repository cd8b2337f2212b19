"""The store of originals where a bucket is configured: S3 or what speaks its protocol, with the
local store as a cache of it.

    s3://BUCKET/ab/cd/abcd…     the names of the local store, so that any copying tool moves one
                                into the other

Steps of `put`: 1. store locally as ever: space, limit, write-once; 2. upload under the address, if
nothing is there, with the SHA-256 for the server to check; 3. return. A row that names the file is
committed only after that, so what a row names is in the bucket. Killed between 2 and the commit, it
leaves an object that no row names; the owner's sweep removes it once it is old.

Reading is local, else the file is fetched into the local store first, and only if it hashes to its
address. So a machine may start with an empty directory, or lose it.

The processes hold credentials that can read and write, and cannot delete: whoever takes them over
destroys nothing. `remove` (an erasure) and `drop_in_bucket` need the owner's. They delete versions
by their ids, those that they saw and no others. That is what makes a sweep safe against a `put` on
another machine, which no lock of ours reaches: storing again what is there already writes a new
version if the old one is near the age at which a sweep would take it.
"""

from __future__ import annotations

import base64
import errno
import hashlib
import io
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from io import BufferedReader
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from engines.storage.blobs import (
    KEEP_FREE,
    BlobMissingError,
    BlobStore,
    DamagedError,
    Fixity,
    Named,
    Readable,
    StorageUnavailableError,
    StoredBlob,
)
from failpoints import failpoint

if TYPE_CHECKING:
    from botocore.client import BaseClient

T = TypeVar("T")

CONNECT_SECONDS = 2.0
READ_SECONDS = 10.0
ATTEMPTS = 2
_COLLISIONS = (
    3  # how often an upload meets another one, or a removal, of the same file before it gives up
)
_LARGEST = 1 << 30
_ASKED_AT_ONCE = 500


class BucketError(StorageUnavailableError):
    """The bucket cannot be reached, or did not do what it was asked. Views answer 503, jobs wait.

    Its words name no file: an address tells whoever has the file that we have it too.
    """

    def __init__(self, doing: str, code: str) -> None:
        super().__init__(errno.EIO, f"the bucket could not {doing}: {code}")
        self.strerror: str
        self.code = code


class ObjectLockedError(BucketError):
    """The bucket would not delete: these credentials may not, or the object is locked beyond the
    owner (compliance, legal hold)."""


class VersioningDisabledError(BucketError):
    """Sweeping a bucket without versions could take what is being filed at the same moment."""

    def __init__(self) -> None:
        super().__init__("be swept", "it keeps no versions")


@dataclass(frozen=True, slots=True)
class Place:
    """Which bucket. With no `endpoint`, Amazon's own; with no `region`, what the SDK finds in its
    environment."""

    bucket: str
    endpoint: str = ""
    region: str = ""


@dataclass(frozen=True, slots=True)
class StoredObject:
    """What lies at an address: whether it is what the address says, and how long it has been there
    by the bucket's clock."""

    whole: bool
    age: timedelta


@dataclass(frozen=True, slots=True)
class _Version:
    id: str
    modified: datetime


def key_of(sha256: str) -> str:
    """The object's name."""
    return f"{sha256[:2]}/{sha256[2:4]}/{sha256}"


def _checksum(sha256: str) -> str:
    """As the protocol writes it."""
    return base64.b64encode(bytes.fromhex(sha256)).decode()


@lru_cache(maxsize=4)
def _client(endpoint: str, region: str) -> BaseClient:
    """One client for a process. The SDK is imported here: who names no bucket needs none."""
    import boto3
    from botocore.config import Config

    config = Config(
        connect_timeout=CONNECT_SECONDS,
        read_timeout=READ_SECONDS,
        retries={"mode": "standard", "total_max_attempts": ATTEMPTS},
        s3={"addressing_style": "path" if endpoint else "auto"},
        # Our own SHA-256 goes with each upload and is compared after each download: no second
        # checksum, which not every server knows.
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    where = {
        "endpoint_url": endpoint or None,
        "region_name": region or ("us-east-1" if endpoint else None),
    }
    client: BaseClient = boto3.session.Session().client("s3", **where, config=config)
    return client


# A forked worker must not share connections with its parent.
os.register_at_fork(after_in_child=_client.cache_clear)


@contextmanager
def _asking(doing: str, failed: type[BucketError] = BucketError) -> Iterator[None]:
    """What the SDK raises, as BucketError."""
    from botocore.exceptions import BotoCoreError, ClientError

    try:
        yield
    except ClientError as error:
        raise failed(doing, _code(error)) from error
    except StorageUnavailableError:
        raise
    except (BotoCoreError, OSError) as error:
        raise BucketError(doing, type(error).__name__) from error


def _code(error: Any) -> str:
    return str(error.response.get("Error", {}).get("Code", "")) or "no reason given"


def _unless(codes: set[str], ask: Callable[[], T]) -> T | None:
    """What `ask` returns; None if the server answers with one of these codes."""
    from botocore.exceptions import ClientError

    try:
        return ask()
    except ClientError as error:
        if _code(error) in codes:
            return None
        raise


def _now(answer: Any) -> datetime:
    """The bucket's clock, from the date of its answer."""
    return parsedate_to_datetime(answer["ResponseMetadata"]["HTTPHeaders"]["date"])


_NOTHING = {"404", "NoSuchKey"}
_THERE = {"PreconditionFailed", "412"}
_BUSY = {"ConditionalRequestConflict", "409"}
_FORBIDDEN = {"AccessDenied", "403", "MethodNotAllowed"}


class Bucket:
    """Objects named by the SHA-256 of their bytes. Every method may raise BucketError."""

    def __init__(self, place: Place) -> None:
        self.place = place

    def _ask(self, operation: str, **arguments: Any) -> Any:
        return getattr(self._client(), operation)(Bucket=self.place.bucket, **arguments)

    def _pages(self, operation: str, **arguments: Any) -> Any:
        return (
            self._client().get_paginator(operation).paginate(Bucket=self.place.bucket, **arguments)
        )

    def _client(self) -> BaseClient:
        return _client(self.place.endpoint, self.place.region)

    def answers(self) -> bool:
        """Whether the bucket is there for us."""
        try:
            with _asking("answer"):
                self._ask("head_bucket")
        except BucketError:
            return False
        return True

    def upload(self, sha256: str, path: Path, *, anew: bool = False) -> bool:
        """Store a file under its address; False if something is there, or just coming, and nothing
        was changed.

        `anew`: as one more version, whatever is there. Raises FileNotFoundError if there is no such
        file here.
        """
        condition = {} if anew else {"IfNoneMatch": "*"}
        checksum = _checksum(sha256)
        with path.open("rb") as file, _asking("store"):
            sent = {
                "Key": key_of(sha256),
                "Body": file,
                "ChecksumAlgorithm": "SHA256",
                "ChecksumSHA256": checksum,
                **condition,
            }
            done = _unless(_THERE | _BUSY, lambda: self._ask("put_object", **sent))
        if done is not None and done.get("ChecksumSHA256") != checksum and not self._whole(sha256):
            raise BucketError("store", "it has other bytes than were sent")
        return done is not None

    def look(self, sha256: str) -> StoredObject | None:
        """What lies at an address, by the checksum that the server itself made; without one, by
        reading all of it."""
        with _asking("look"):
            answer = _unless(
                _NOTHING,
                lambda: self._ask("head_object", Key=key_of(sha256), ChecksumMode="ENABLED"),
            )
        if answer is None:
            return None
        checksum = answer.get("ChecksumSHA256", "")
        # The checksum of a file that came in parts is one of their checksums: "…-3".
        if checksum and "-" not in checksum:
            whole = checksum == _checksum(sha256)
        else:
            whole = self._whole(sha256)
        return StoredObject(whole, _now(answer) - answer["LastModified"])

    def _whole(self, sha256: str) -> bool:
        try:
            with self.open(sha256) as body:
                return hashlib.file_digest(body, "sha256").hexdigest() == sha256
        except BlobMissingError:
            return False

    def open(self, sha256: str) -> BufferedReader:
        """The bytes as they come, unchecked. Raises BlobMissingError."""
        with _asking("send"):
            answer = _unless(_NOTHING, lambda: self._ask("get_object", Key=key_of(sha256)))
        if answer is None:
            raise BlobMissingError(sha256)
        return BufferedReader(_Body(answer["Body"]), buffer_size=1 << 16)

    def clock(self) -> datetime:
        """Now, by the clock that dates the objects."""
        with _asking("answer"):
            return _now(self._ask("head_bucket"))

    def keeps_versions(self) -> bool:
        """Whether nothing is overwritten or deleted but by the id of its version."""
        with _asking("answer"):
            return bool(self._ask("get_bucket_versioning").get("Status") == "Enabled")

    def lock(self) -> str:
        """`GOVERNANCE` or `COMPLIANCE` where each new object is locked by itself; empty where none
        is."""
        with _asking("answer"):
            missing = {"ObjectLockConfigurationNotFoundError", "404"}
            answer = _unless(missing, lambda: self._ask("get_object_lock_configuration")) or {}
        rule = answer.get("ObjectLockConfiguration", {}).get("Rule", {})
        return str(rule.get("DefaultRetention", {}).get("Mode", ""))

    def addresses(self) -> Iterator[tuple[str, datetime]]:
        """Every address in the bucket, and since when it is there."""
        with _asking("list"):
            for page in self._pages("list_objects_v2"):
                for item in page.get("Contents", ()):
                    name = str(item["Key"]).rpartition("/")[2]
                    if len(name) == 64 and item["Key"] == key_of(name):
                        yield name, item["LastModified"]

    def _versions(self, sha256: str) -> list[_Version]:
        """All versions of one object, and the marks of deletions."""
        with _asking("list"):
            pages = self._pages("list_object_versions", Prefix=key_of(sha256))
            each = [
                version
                for page in pages
                for version in (*page.get("Versions", ()), *page.get("DeleteMarkers", ()))
            ]
        return [
            _Version(version["VersionId"], version["LastModified"])
            for version in each
            if version["Key"] == key_of(sha256)
        ]

    def _delete(self, sha256: str, version: _Version) -> None:
        which = {"Key": key_of(sha256), "VersionId": version.id}
        with _asking("delete", ObjectLockedError):
            gone = _unless(_FORBIDDEN, lambda: self._ask("delete_object", **which))
            if (
                gone is None
            ):  # locked, perhaps; not asked at first, for not every server takes it for what is not
                self._ask("delete_object", **which, BypassGovernanceRetention=True)

    def remove(self, sha256: str) -> bool:
        """Delete every version of an object; False if there was none. Raises Held if one stays."""
        versions = self._versions(sha256)
        for version in versions:
            self._delete(sha256, version)
        if versions and self._versions(sha256):
            raise ObjectLockedError("delete", "a version is still there")
        return bool(versions)

    def drop(self, sha256: str, named: Named, until: datetime) -> bool:
        """Delete the versions that are there now, if all are older than `until` and nothing names
        them; False if they stay."""
        versions = self._versions(sha256)
        # Asked after the versions were listed: who stores these bytes from now on adds one that is
        # not among them.
        if (
            not versions
            or any(version.modified > until for version in versions)
            or sha256 in named([sha256])
        ):
            return False
        for version in versions:
            self._delete(sha256, version)
        return True


class BucketStore(BlobStore):
    """A local store under `root`, which may be empty, and the bucket behind it. Any number of
    machines may share the bucket.

    `fresh_for`: storing again what has been in the bucket for longer than this makes it new there.
    At most half of what a sweep is told to leave alone. What is inherited looks at the local side.
    """

    def __init__(
        self, root: Path, bucket: Bucket, *, fresh_for: timedelta, keep_free: int = KEEP_FREE
    ) -> None:
        super().__init__(root, keep_free=keep_free)
        self.bucket = bucket
        self.fresh_for = fresh_for
        self._here = BlobStore(root, keep_free=keep_free)

    def put(self, source: bytes | Readable, limit: int) -> StoredBlob:
        """Store locally, then in the bucket; returns after both have it. Raises what BlobStore.put
        does, and BucketError.

        Then nothing is left here that was not here before, and in the bucket at most an object that
        nothing names.
        """
        stored = self._here.put(source, limit)
        try:
            new = self.upload(stored.sha256)
        except BaseException:
            if stored.new:
                # Whoever stores the same file at this moment loses a copy, and no more than that:
                # it is in the bucket, or on its way there from a file that is open, or the upload
                # fails and its view says so.
                self._here.remove(stored.sha256)
            raise
        failpoint("blob.uploaded")
        return StoredBlob(stored.sha256, stored.size, new)

    def upload(self, sha256: str) -> bool:
        """Have the bucket hold what lies here; False if it did. Raises DamagedError if it holds
        something else, BucketError."""
        path = self.path(sha256)
        try:
            for _attempt in range(_COLLISIONS):
                if self.bucket.upload(sha256, path):
                    return True
                state = self.bucket.look(sha256)
                if state is None:
                    continue  # What was there was removed since, or nothing came of it.
                if not state.whole:
                    raise DamagedError(sha256)
                if state.age <= self.fresh_for or self.bucket.upload(sha256, path, anew=True):
                    return False
        except FileNotFoundError:
            raise BucketError(
                "store", "another filing of the same file failed at the same moment"
            ) from None
        raise BucketError("store", "it was busy with the same file")

    def exists(self, sha256: str) -> bool:
        return self._here.exists(sha256) or self.bucket.look(sha256) is not None

    def open(self, sha256: str) -> BufferedReader:
        """The stored bytes, fetched first where they are not here. Raises BlobMissingError,
        DamagedError, BucketError, NoSpaceError."""
        try:
            return self._here.open(sha256)
        except BlobMissingError:
            with self.bucket.open(sha256) as body:
                self._here.put(_CheckedBody(body, sha256), limit=_LARGEST)
            return self._here.open(sha256)

    def verify(self, sha256: str) -> Fixity:
        """Read every byte in the bucket, and here if it is here. A file that only lies here is
        missing: nothing stands behind it."""
        try:
            with self.bucket.open(sha256) as body:
                if hashlib.file_digest(body, "sha256").hexdigest() != sha256:
                    return Fixity.DAMAGED
        except BlobMissingError:
            return Fixity.MISSING
        return Fixity.DAMAGED if self._here.verify(sha256) is Fixity.DAMAGED else Fixity.INTACT

    def remove(self, sha256: str) -> bool:
        """Remove stored bytes for good: every version in the bucket, then the file here. Only for
        an erasure that has been decided and recorded, with the owner's credentials. Raises Held,
        BucketError; then the file here stays too."""
        gone = self.bucket.remove(sha256)
        return self._here.remove(sha256) or gone

    def orphans_in_bucket(self, named: Named, older_than: timedelta) -> list[str]:
        """Like `orphans`, of what lies in the bucket. Raises VersioningDisabledError,
        BucketError."""
        if not self.bucket.keeps_versions():
            raise VersioningDisabledError
        until, unnamed = self.bucket.clock() - older_than, []
        old = (sha256 for sha256, since in self.bucket.addresses() if since <= until)
        while batch := list(islice(old, _ASKED_AT_ONCE)):
            known = named(batch)
            unnamed += [sha256 for sha256 in batch if sha256 not in known]
        return unnamed

    def drop_in_bucket(self, sha256: str, named: Named, older_than: timedelta) -> bool:
        """Like `drop`, of what lies in the bucket. Needs the owner's credentials. Raises
        VersioningDisabledError, Held, BucketError."""
        if older_than < 2 * self.fresh_for:
            raise ValueError("a sweep this eager could take what is being filed")
        if not self.bucket.keeps_versions():
            raise VersioningDisabledError
        return self.bucket.drop(sha256, named, self.bucket.clock() - older_than)


class _Body(io.RawIOBase):
    """The body of an answer, with its failures as BucketError; one that ends early is one."""

    def __init__(self, body: Any) -> None:
        self._body = body

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with _asking("send"):
            return int(self._body.readinto(buffer))

    def close(self) -> None:
        if not self.closed:
            self._body.close()
        super().close()


class _CheckedBody:
    """What comes from the bucket, refused at its end unless it hashes to its address: the store
    then keeps nothing of it."""

    def __init__(self, body: BufferedReader, sha256: str) -> None:
        self._body, self._sha256, self._digest = body, sha256, hashlib.sha256()

    def read(self, size: int, /) -> bytes:
        chunk = self._body.read(size)
        self._digest.update(chunk)
        if not chunk and self._digest.hexdigest() != self._sha256:
            raise DamagedError(self._sha256)
        return chunk
