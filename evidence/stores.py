"""Where bytes lie: originals as received, in a bucket too where one is named; and the renditions
made from them."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from django.conf import settings
from django.utils.translation import gettext as _

import jobs
from engines.storage.blobs import BlobStore, NoSpaceError, StorageUnavailableError
from engines.storage.buckets import Bucket, BucketError, BucketStore, Place

#: The largest capture or picture that is kept, in bytes.
CAPTURE_LIMIT = 50 * 1024 * 1024
#: A bucket that is away is no fault of the work that needs it.
BUCKET_AGAIN = timedelta(seconds=60)


def originals() -> BlobStore:
    """Captures and exhibits exactly as they came, once each."""
    return bucket_store() or local_originals()


def local_originals() -> BlobStore:
    """Those of them that lie here."""
    return BlobStore(Path(settings.BLOBS_DIR), keep_free=settings.FREE_SPACE_FLOOR)


def bucket_store() -> BucketStore | None:
    """The store of originals with its bucket, where S3_BUCKET names one."""
    if not settings.S3_BUCKET:
        return None
    bucket = Bucket(Place(settings.S3_BUCKET, settings.S3_ENDPOINT, settings.S3_REGION))
    return BucketStore(
        Path(settings.BLOBS_DIR),
        bucket,
        fresh_for=settings.ORPHANS_KEPT_FOR / 2,
        keep_free=settings.FREE_SPACE_FLOOR,
    )


def original_file(digest: str) -> Path:
    """The original as a file of this machine. Raises jobs.Retry while it lies in a bucket that is
    away; BlobMissingError, DamagedError."""
    try:
        return originals().file(digest)
    except BucketError as error:
        raise jobs.Retry(error.strerror, after=BUCKET_AGAIN) from error


def renditions() -> BlobStore:
    """Pictures made from pixels alone; they can be made again."""
    return BlobStore(Path(settings.RENDITIONS_DIR), keep_free=settings.FREE_SPACE_FLOOR)


def refusal(error: StorageUnavailableError) -> tuple[str, int]:
    """What a view says when nothing could be stored, and its status: 507 for want of room, 503 for
    a disk that takes nothing."""
    if isinstance(error, NoSpaceError):
        first, status = _("We could not save this file: there is no space at the moment."), 507
    else:
        first, status = _("We could not save this file."), 503
    rest = _("This was not saved. What you sent before is safe. Try again later.")
    return f"{first} {rest}", status
