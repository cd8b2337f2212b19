"""An S3 server on loopback with a bucket as docs/operations.md asks for it: versions, object lock
in governance mode."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import boto3
from moto.core import DEFAULT_ACCOUNT_ID
from moto.s3.models import s3_backends
from moto.server import ThreadedMotoServer

from engines.storage import buckets
from engines.storage.buckets import Bucket, Place, key_of

#: What the SDK's own environment would hold.
CREDENTIALS = {
    "AWS_ACCESS_KEY_ID": "asclaimed",
    "AWS_SECRET_ACCESS_KEY": "only-for-tests",
    "AWS_EC2_METADATA_DISABLED": "true",
}


class Vault:
    """One bucket, and what its owner can do to it behind our back."""

    def __init__(self, place: Place, owner: Any) -> None:
        self.place = place
        self.bucket = Bucket(place)
        self.owner = owner

    def make(self, *, lock: str = "GOVERNANCE") -> None:
        self.owner.create_bucket(Bucket=self.place.bucket, ObjectLockEnabledForBucket=bool(lock))
        if lock:
            rule = {
                "ObjectLockEnabled": "Enabled",
                "Rule": {"DefaultRetention": {"Mode": lock, "Days": 30}},
            }
            self.owner.put_object_lock_configuration(
                Bucket=self.place.bucket, ObjectLockConfiguration=rule
            )

    def names(self) -> list[str]:
        return sorted(
            one["Key"]
            for one in self.owner.list_objects_v2(Bucket=self.place.bucket).get("Contents", ())
        )

    def versions(self, sha256: str) -> list[bytes]:
        """The bytes of every version, oldest first."""
        found = self.owner.list_object_versions(
            Bucket=self.place.bucket, Prefix=key_of(sha256)
        ).get("Versions", ())
        each = sorted(found, key=lambda one: one["LastModified"])
        return [
            self.owner.get_object(
                Bucket=self.place.bucket, Key=one["Key"], VersionId=one["VersionId"]
            )["Body"].read()
            for one in each
        ]

    def change(self, sha256: str, content: bytes) -> None:
        """Put other bytes in its place, as someone might who may write."""
        self.owner.put_object(
            Bucket=self.place.bucket, Key=key_of(sha256), Body=content, ChecksumAlgorithm="SHA256"
        )

    def age(self, sha256: str, by: timedelta) -> None:
        """Have it lie there for longer."""
        for one in (
            s3_backends[DEFAULT_ACCOUNT_ID]["aws"]
            .buckets[self.place.bucket]
            .keys.getlist(key_of(sha256))
        ):
            one.last_modified -= by


class Server:
    """Any number of buckets."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.WARNING)
        self._moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._moto.start()
        self.endpoint = f"http://127.0.0.1:{self._moto.get_host_and_port()[1]}"
        self._owner: Any = boto3.client(
            "s3",
            endpoint_url=self.endpoint,
            region_name="us-east-1",
            aws_access_key_id="owner",
            aws_secret_access_key="owner",
        )

    def vault(self, *, lock: str = "GOVERNANCE") -> Vault:
        made = Vault(Place(f"originals-{uuid.uuid4().hex[:12]}", self.endpoint), self._owner)
        made.make(lock=lock)
        return made

    def stop(self) -> None:
        self._moto.stop()


@contextmanager
def running() -> Iterator[Server]:
    server = Server()
    try:
        yield server
    finally:
        server.stop()
        buckets._client.cache_clear()
