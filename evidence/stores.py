"""Where bytes lie: originals as received, and the renditions made from them."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings

from evidence.blobs import BlobStore


def originals() -> BlobStore:
    """Captures and exhibits exactly as they came, once each."""
    return BlobStore(Path(settings.BLOBS_DIR), keep_free=settings.FREE_SPACE_FLOOR)


def renditions() -> BlobStore:
    """Pictures made from pixels alone; they can be made again."""
    return BlobStore(Path(settings.RENDITIONS_DIR), keep_free=settings.FREE_SPACE_FLOOR)
