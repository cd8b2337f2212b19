"""Originals that no row names: left by a filing that was killed, refused or given up after its
bytes were stored.

Evidence is lost for ever if this is wrong, so an original goes only when all of these say so:

1. nobody stored it for `settings.ORPHANS_KEPT_FOR`, by the file system's own clock; storing the
   same bytes again counts;
2. no capture, no staged photo and no exhibit names it, by the keyed hash of its address;
3. nor by the address itself: when 2 leaves any, every sealed address is opened. One that cannot be
   opened stops the sweep;
4. the database is no older than the published log: after an older backup was restored, the rows
   that name a file are missing;
5. they are no more than `at_most`: more are likelier a wrong question than so many orphans, and a
   person has to look.

1 and 2 are asked again under the store's lock, which storing takes too (engines.storage.blobs),
  just before each file goes.

Where originals lie in a bucket, the job sweeps the files here, of which the bucket has another
copy. What lies in the bucket is swept by the command alone, with the owner's credentials: the
processes cannot delete there. Then 1 goes by the bucket's clock, and instead of a lock only those
versions go that were there before 2 was asked (engines.storage.buckets).
"""

from __future__ import annotations

import logging
from collections.abc import Collection

from django.conf import settings
from django.db import transaction
from django.db.models.functions import Now

import ledger
from engines.storage.blobs import SweepResult, TooManyOrphansError
from engines.storage.buckets import BucketStore
from evidence.erasure import addresses, kept_captures, kept_exhibits
from evidence.exhibits.keyed import keyed
from evidence.exhibits.models import Exhibit, StagedPhoto
from evidence.stores import bucket_store, originals

log = logging.getLogger(__name__)

AT_MOST = 200
STAGED_AT_ONCE = 200


class SweepRefusedError(Exception):
    """It cannot be told for certain which originals are named, so none was removed. The message
    says why."""


def named(digests: Collection[str]) -> set[str]:
    """Which of these originals a row names."""
    keys = {keyed("original", digest): digest for digest in digests}
    # What an erasure took away is named no more: a machine that was off may still have it.
    in_use = set(kept_captures().filter(digest__in=digests).values_list("digest", flat=True))
    in_use |= set(StagedPhoto.objects.filter(digest__in=digests).values_list("digest", flat=True))
    in_use |= {
        keys[key]
        for key in Exhibit.objects.filter(duplicate_key__in=list(keys)).values_list(
            "duplicate_key", flat=True
        )
    }
    # An erasure may take the key alone and leave the original: those few are opened.
    for exhibit in Exhibit.objects.filter(duplicate_key="").exclude(digest=None).iterator():
        in_use.add(str(ledger.unseal(exhibit, "digest")))
    return in_use


def find(*, in_bucket: bool = False) -> list[str]:
    """Every original that 1 to 4 let go, here or in the bucket. Raises SweepRefusedError,
    BucketError."""
    if ledger.older_than_published():
        raise SweepRefusedError(
            "the database is older than the published log: the rows that name originals may be "
            "missing"
        )
    look = _bucket().orphans_in_bucket if in_bucket else originals().orphans
    return sorted(unnamed(look(named, settings.ORPHANS_KEPT_FOR)))


def unnamed(digests: Collection[str]) -> set[str]:
    """Those that no sealed address names, of digests that no keyed hash names. Raises
    SweepRefusedError if one address cannot be opened."""
    left = set(digests)
    for address in addresses(kept_exhibits()) if left else ():
        if address.digest is None:
            raise SweepRefusedError(
                f"the sealed address of exhibit {address.reference} cannot be opened, so its "
                f"original cannot be told"
            )
        left.discard(address.digest)
    return left


def _bucket() -> BucketStore:
    store = bucket_store()
    if store is None:
        raise SweepRefusedError("originals lie in no bucket: S3_BUCKET names none")
    return store


def sweep_bucket(*, at_most: int = AT_MOST) -> tuple[str, ...]:
    """Remove those in the bucket. Raises SweepRefusedError or TooManyOrphansError, with none
    removed, and BucketError."""
    store = _bucket()
    orphans = find(in_bucket=True)
    if len(orphans) > at_most:
        raise TooManyOrphansError(len(orphans), at_most)
    return tuple(
        digest
        for digest in orphans
        if store.drop_in_bucket(digest, named, settings.ORPHANS_KEPT_FOR)
    )


def sweep(*, at_most: int = AT_MOST) -> SweepResult:
    """Remove them, and what was half received. Raises SweepRefusedError or TooManyOrphansError,
    with no original removed."""
    store = originals()
    temporaries = store.sweep_incoming(settings.ORPHANS_KEPT_FOR)
    orphans = find()
    if len(orphans) > at_most:
        raise TooManyOrphansError(len(orphans), at_most)
    gone = tuple(
        digest for digest in orphans if store.drop(digest, named, settings.ORPHANS_KEPT_FOR)
    )
    if gone:
        log.warning("%d originals that nothing names were removed.", len(gone))
    return SweepResult(temporaries, gone)


def sweep_staged() -> int:
    """Remove rows older than `STAGED_KEPT_FOR` and, of those that were not filed, the bytes.
    Returns how many rows went.

    By the database's clock: a worker whose own is days ahead would take from people what they have
    just sent.

    Bytes go after the rows are gone for good, and stay if anything names them or somebody has just
    sent them again.
    """
    with transaction.atomic():
        rows = (
            StagedPhoto.objects.filter(created_at__lt=Now() - settings.STAGED_KEPT_FOR)
            .select_for_update(skip_locked=True)
            .order_by("created_at")[:STAGED_AT_ONCE]
        )
        old = {row.pk: row.digest for row in rows}
        StagedPhoto.objects.filter(pk__in=old).delete()
        transaction.on_commit(lambda: _drop_unnamed(set(old.values()) - {""}))
    return len(old)


def _drop_unnamed(digests: set[str]) -> None:
    """Remove those bytes, if nothing names them. Where that cannot be told they stay for the daily
    sweep of orphans."""
    try:
        free = unnamed(digests - named(digests))
    except SweepRefusedError as error:
        log.warning("bytes of photos that were sent ahead stay: %s", error)
        return
    for digest in free:
        originals().drop(digest, named, older_than=settings.STAGED_KEPT_FOR / 2)
