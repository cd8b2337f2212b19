"""Which files of this room must still have their SHA-256: captures, exhibits as received, and the renditions made from them.

What an erasure took away (evidence.erasure) is expected no more. Rows are read in batches, each in a constant number of queries.

Where originals lie in a bucket, each is read there, every byte of it; and here too, if it is here. A bucket that stops answering is
said once, instead of a sentence for every file in it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from io import BufferedIOBase
from itertools import islice
from typing import Any

from evidence.blobs import BlobStore, Missing
from evidence.buckets import BucketFailed, BucketStore
from evidence.erasure import EXHIBIT, IN_THE_ORIGINAL, kept_captures
from evidence.models import Exhibit, Rendition
from evidence.stores import originals, renditions
from ledger import erasure, fixity, sealing

BATCH = 1000


def register() -> None:
    """Have `verify_record` read this room's files."""
    fixity.register("captures", captures)
    fixity.register("exhibits", exhibits)
    fixity.register("renditions", rendition_files)


def captures() -> Iterator[fixity.Said]:
    """The preserved bytes of every look that brought text."""
    originals_at = _Originals()
    kept = kept_captures().order_by()
    for pk, digest in kept.values_list("pk", "digest").iterator(chunk_size=BATCH):
        yield from originals_at.said(digest, f"the capture {pk}")


def exhibits() -> Iterator[fixity.Said]:
    """Every original. Its address is sealed, so it is opened here with the keys of a whole batch at a time."""
    originals_at = _Originals()
    kept = Exhibit.objects.exclude(digest=None).exclude(pk__in=erasure.erased(EXHIBIT, *IN_THE_ORIGINAL)).order_by()
    rows = kept.values_list("pk", "reference", "digest").iterator(chunk_size=BATCH)
    for batch in _batches(rows):
        keys = sealing.keys_of(EXHIBIT, [pk for pk, _reference, _sealed in batch])
        for pk, reference, sealed in batch:
            digest = sealing.open_with(keys.get(str(pk)), EXHIBIT, pk, "digest", sealed)
            if isinstance(digest, str):
                yield from originals_at.said(digest, f"the original of exhibit {reference}")
            else:
                yield f"the sealed address of exhibit {reference} cannot be opened, so its original cannot be checked"


def rendition_files() -> Iterator[fixity.Said]:
    """Pictures made from pixels. A damaged one is made again from its original; it is named all the same, for pages show it."""
    store = renditions()
    rows = Rendition.objects.order_by().values_list("digest", "name", "exhibit__reference")
    for digest, name, reference in rows.iterator(chunk_size=BATCH):
        yield _file(store, digest, f"the rendition {name!r} of exhibit {reference} (it can be made again from the original)")


class _Originals:
    """Where the bytes of an original must be: in the store here, or in the bucket and perhaps here."""

    def __init__(self) -> None:
        self._store = originals()
        self._bucket = self._store.bucket if isinstance(self._store, BucketStore) else None

    def said(self, digest: str, what: str) -> Iterator[fixity.Said]:
        here = _file(self._store, digest, what)
        if not isinstance(self._store, BucketStore) or isinstance(here, str):
            yield here
            return
        if self._store.path(digest).exists():
            yield here
        if self._bucket is not None:
            yield lambda: self._in_bucket(digest), digest, f"{what}, in the bucket,"
            # By now it was read.
            if self._bucket is None:
                yield "what lies in the bucket from here on was not checked"

    def _in_bucket(self, digest: str) -> BufferedIOBase:
        """For whoever reads a file: raises FileNotFoundError or OSError."""
        assert self._bucket is not None
        try:
            return self._bucket.open(digest)
        except Missing:
            raise FileNotFoundError from None
        except BucketFailed:
            self._bucket = None
            raise


def _file(store: BlobStore, digest: str, what: str) -> fixity.Said:
    try:
        return store.path(digest), digest, what
    except ValueError:
        return f"{what} has an address that is no SHA-256"


def _batches(rows: Iterable[Any]) -> Iterator[list[Any]]:
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        yield batch
