"""What comes out of decoding a picture: plain values, checked on our side of the wall.

The child's answer is untrusted. `decoded_from` takes nothing from it that is not of the type,
length and range promised here, and no rendition that `scanning` does not find clean.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from engines.decoding import scanning

FORMATS = ("JPEG", "PNG", "WEBP", "HEIF", "AVIF", "TIFF", "GIF")
TEXT_LENGTH = 300
METADATA_KEYS = 64
MOST_FRAMES = 1_000_000
_HASH = re.compile(r"[0-9a-f]{64}")
_KEY = re.compile(r"[a-z][a-z0-9_]{0,40}")


class Code(StrEnum):
    """Why a file was refused."""

    NOT_AN_IMAGE = "not_an_image"
    UNSUPPORTED = "unsupported"
    TOO_LARGE = "too_large"
    TOO_MANY_PIXELS = "too_many_pixels"
    TRUNCATED = "truncated"
    DAMAGED = "damaged"
    BOMB = "bomb"
    TIMEOUT = "timeout"
    MEMORY = "memory"
    CRASHED = "crashed"


SENTENCES: dict[Code, str] = {
    Code.NOT_AN_IMAGE: "This file is not a picture.",
    Code.UNSUPPORTED: (
        "This kind of file is not accepted as a photo. "
        "Use JPEG, PNG, WebP, HEIC, AVIF, TIFF or GIF."
    ),
    Code.TOO_LARGE: "This file is larger than a photo may be.",
    Code.TOO_MANY_PIXELS: (
        "This picture is too large: a JPEG may have 250 megapixels, other formats 60."
    ),
    Code.TRUNCATED: (
        "This picture is cut off. Its upload may have been interrupted: please send it again."
    ),
    Code.DAMAGED: "This picture is damaged and cannot be read.",
    Code.BOMB: "This file unpacks to far more than a photo holds.",
    Code.TIMEOUT: "Reading this picture took too long, so it was stopped.",
    Code.MEMORY: "Reading this picture needed too much memory, so it was stopped.",
    Code.CRASHED: (
        "Reading this picture failed in a way that pictures do not fail, so it was stopped."
    ),
}


@dataclass(frozen=True, slots=True)
class Size:
    """A rendition that is asked for: its longest edge in pixels (never enlarged) and how it is
    encoded."""

    name: str
    edge: int
    mime: str = "image/jpeg"  # or image/webp: about a third smaller and five times slower
    quality: int = 85

    def __post_init__(self) -> None:
        if (
            self.mime not in scanning.SCANNERS
            or not 16 <= self.edge <= 8192
            or not 1 <= self.quality <= 95
        ):
            raise ValueError(f"no such rendition: {self}")


SIZES = (Size("thumb", 320), Size("page", 1280), Size("full", 2560, quality=88))


@dataclass(frozen=True, slots=True)
class Rendition:
    """A copy made from pixels alone. `data` is a whole JPEG or WebP file in sRGB, without metadata
    of any kind."""

    name: str
    width: int
    height: int
    mime: str
    data: bytes = field(repr=False)


@dataclass(frozen=True, slots=True)
class DecodedPicture:
    """A picture as read. Width and height are as seen, with `orientation` (EXIF, 1 to 8) applied.

    `metadata` holds what the file says about itself, place and device included: private, to be
    sealed by the caller. `pdq` is the fingerprint, `pdq_all8` the fingerprints of all eight
    orientations, that one first; a `pdq_quality` below
    50 (of 100) means there is too little in the picture to compare by.
    """

    format: str
    width: int
    height: int
    orientation: int
    frames: int
    renditions: tuple[Rendition, ...]
    metadata: dict[str, str | int] = field(repr=False)
    pdq: str
    pdq_quality: int
    pdq_all8: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class RefusedPicture:
    """A picture that is not taken, with a sentence for the person who sent it. `detail` is for
    operators, never for pages."""

    code: Code
    detail: str = ""

    @property
    def sentence(self) -> str:
        return SENTENCES[self.code]

    @property
    def final(self) -> bool:
        """False if the end may have been the machine's state rather than the file's: a later
        attempt may succeed."""
        return self.code not in (Code.TIMEOUT, Code.MEMORY, Code.CRASHED)


class InconsistentResultError(Exception):
    """The child's answer is not what a decoder may answer; carries a word on what is wrong."""


def _integer(value: object, low: int, high: int, what: str) -> int:
    if type(value) is not int or not low <= value <= high:
        raise InconsistentResultError(what)
    return value


def _match(value: object, pattern: re.Pattern[str], what: str) -> str:
    if not isinstance(value, str) or pattern.fullmatch(value) is None:
        raise InconsistentResultError(what)
    return value


def _metadata(value: object) -> dict[str, str | int]:
    if not isinstance(value, dict) or len(value) > METADATA_KEYS:
        raise InconsistentResultError("metadata")
    for key, item in value.items():
        _match(key, _KEY, "metadata key")
        if isinstance(item, str):
            if len(item) > TEXT_LENGTH or not item.isprintable():
                raise InconsistentResultError("metadata text")
        else:
            _integer(item, -(2**53) + 1, 2**53 - 1, "metadata number")
    return value


def decoded_from(
    header: dict[str, Any], parts: list[bytes], *, sizes: Sequence[Size], pixels: int, reduced: int
) -> DecodedPicture | RefusedPicture:
    """The child's answer as a result. Raises InconsistentResultError if it breaks any promise of
    this module."""
    if "refused" in header:
        code = header["refused"]
        if not isinstance(code, str) or code not in Code.__members__.values() or parts:
            raise InconsistentResultError("refusal")
        return RefusedPicture(Code(code))
    kind = header.get("format")
    if kind not in FORMATS:
        raise InconsistentResultError("format")
    most = reduced if kind == "JPEG" else pixels
    width = _integer(header.get("width"), 1, most, "width")
    height = _integer(header.get("height"), 1, most, "height")
    if width * height > most:
        raise InconsistentResultError("pixels")
    edges = header.get("renditions")
    if not isinstance(edges, list) or len(edges) != len(sizes) or len(parts) != len(sizes):
        raise InconsistentResultError("renditions")
    renditions = []
    for size, edge, data in zip(sizes, edges, parts, strict=True):
        if not isinstance(edge, list) or len(edge) != 2:
            raise InconsistentResultError("rendition")
        wide, high = (_integer(n, 1, size.edge, "edge of a rendition") for n in edge)
        try:
            seen = scanning.SCANNERS[size.mime](data)
        except scanning.NotCleanError as error:
            raise InconsistentResultError(f"rendition {size.name}: {error}") from error
        if seen != (wide, high):
            raise InconsistentResultError("size of a rendition")
        renditions.append(Rendition(size.name, wide, high, size.mime, data))
    eight = header.get("pdq_all8")
    if not isinstance(eight, list) or len(eight) != 8:
        raise InconsistentResultError("fingerprints")
    hashes = tuple(_match(digest, _HASH, "fingerprint") for digest in eight)
    return DecodedPicture(
        format=kind,
        width=width,
        height=height,
        orientation=_integer(header.get("orientation"), 1, 8, "orientation"),
        frames=_integer(header.get("frames"), 1, MOST_FRAMES, "frames"),
        renditions=tuple(renditions),
        metadata=_metadata(header.get("metadata")),
        pdq=hashes[0],
        pdq_quality=_integer(header.get("pdq_quality"), 0, 100, "quality"),
        pdq_all8=hashes,
    )
