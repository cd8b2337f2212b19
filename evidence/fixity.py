"""Which files of this app must still have their SHA-256: captures, exhibits as received, and the
renditions made from them.

What an erasure took away (evidence.erasure) is expected no more. Rows are read in batches, each in
a constant number of queries.

Where originals lie in a bucket, each is read there, every byte of it; and here too, if it is here.
A bucket that stops answering is said once, instead of a sentence for every file in it.
"""

from __future__ import annotations

from collections.abc import Iterator
from io import BufferedIOBase

from engines.storage.blobs import BlobMissingError, BlobStore
from engines.storage.buckets import BucketError, BucketStore
from evidence.erasure import addresses, kept_captures, kept_exhibits
from evidence.exhibits.keyed import keyed
from evidence.exhibits.keyed import path as keyed_path
from evidence.exhibits.models import Rendition
from evidence.stores import originals, renditions
from ledger import fixity
from ledger.keys import KeyUnusableError

BATCH = 1000


def register() -> None:
    """Have `verify_record` read this app's files."""
    fixity.register("captures", captures)
    fixity.register("exhibits", exhibits)
    fixity.register("renditions", rendition_files)


def captures() -> Iterator[fixity.FileOrFault]:
    """The preserved bytes of every look that brought text."""
    originals_at = _Originals()
    kept = kept_captures().order_by()
    for pk, digest in kept.values_list("pk", "digest").iterator(chunk_size=BATCH):
        yield from originals_at.files(digest, f"the capture {pk}")


def exhibits() -> Iterator[fixity.FileOrFault]:
    """Every original, and whether its keyed hash is that of its address. Both are read with the
    keys of a whole batch at a time."""
    originals_at = _Originals()
    usable = True
    for address in addresses(kept_exhibits(), BATCH):
        if address.digest is None:
            yield (
                f"the sealed address of exhibit {address.reference} cannot be opened, so its "
                f"original cannot be checked"
            )
            continue
        if usable and address.duplicate_key:
            try:
                if keyed("original", address.digest) != address.duplicate_key:
                    yield (
                        f"the keyed hash of exhibit {address.reference} was not made from its "
                        f"address with this {keyed_path().name}"
                    )
            except KeyUnusableError as error:
                usable = False
                yield f"{error}. No keyed hash was checked"
        yield from originals_at.files(
            address.digest, f"the original of exhibit {address.reference}"
        )


def rendition_files() -> Iterator[fixity.FileOrFault]:
    """Pictures made from pixels. A damaged one is made again from its original; it is named all the
    same, for pages show it."""
    store = renditions()
    rows = Rendition.objects.order_by().values_list("digest", "name", "exhibit__reference")
    for digest, name, reference in rows.iterator(chunk_size=BATCH):
        yield _file(
            store,
            digest,
            f"the rendition {name!r} of exhibit {reference} (it can be made again from the "
            f"original)",
        )


class _Originals:
    """Where the bytes of an original must be: in the store here, or in the bucket and perhaps
    here."""

    def __init__(self) -> None:
        self._store = originals()
        self._bucket = self._store.bucket if isinstance(self._store, BucketStore) else None

    def files(self, digest: str, what: str) -> Iterator[fixity.FileOrFault]:
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
        except BlobMissingError:
            raise FileNotFoundError from None
        except BucketError:
            self._bucket = None
            raise


def _file(store: BlobStore, digest: str, what: str) -> fixity.FileOrFault:
    try:
        return store.path(digest), digest, what
    except ValueError:
        return f"{what} has an address that is no SHA-256"
