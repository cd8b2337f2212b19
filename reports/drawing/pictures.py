"""Pictures that go into a PDF: what they are, read from their headers, and whether they are the
ones that a report pins."""

import hashlib
import struct
from collections.abc import Mapping
from typing import Final

#: A picture is a rendition, already made small; anything larger is a mistake of the caller.
MOST_PIXELS: Final = 16_000_000
MOST_BYTES: Final = 8_000_000


class TypesettingError(ValueError):
    """What goes with the report does not fit it: a picture or an attachment is missing, twice
    there, or not what was pinned."""


def pinned(name: str, digest: str | None, pictures: Mapping[str, bytes]) -> tuple[bytes, str, bool]:
    """(bytes, format, taller than wide) of the picture of that name. Raises TypesettingError unless
    it has that SHA-256."""
    body = pictures.get(name)
    if body is None:
        raise TypesettingError(f"the picture {name} is missing")
    if hashlib.sha256(body).hexdigest() != digest:
        raise TypesettingError(f"the picture {name} is not the one that the report pins")
    kind, width, height = picture_size(body)
    if len(body) > MOST_BYTES or width * height > MOST_PIXELS:
        raise TypesettingError(f"the picture {name} is too large to be a rendition")
    return body, kind, height > width


def picture_size(data: bytes) -> tuple[str, int, int]:
    """(format, width, height) from the header alone; formats are ``png``, ``jpg`` and ``webp``.
    Raises TypesettingError.

    Pictures are renditions that our own decoder child wrote. The header is read again because this
    process must never meet a picture that claims more pixels than a rendition has.
    """
    if data[:8] == b"\x89PNG\r\n\x1a\n" and data[12:16] == b"IHDR":
        width, height = struct.unpack(">II", data[16:24])
        return "png", width, height
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP" and len(data) >= 30:
        return "webp", *_webp_size(data)
    if data[:2] == b"\xff\xd8":
        at = 2
        while at + 9 < len(data) and data[at] == 0xFF:
            marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
            if 0xC0 <= marker <= 0xCF and marker not in (0xC4, 0xC8, 0xCC):
                height, width = struct.unpack(">HH", data[at + 5 : at + 9])
                return "jpg", width, height
            at += 2 + length
    raise TypesettingError("a picture is neither PNG, JPEG nor WebP")


def _webp_size(data: bytes) -> tuple[int, int]:
    """From the first chunk of a WebP file (RFC 9649, sections 2.5 to 2.7)."""
    if data[12:16] == b"VP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    width, height = struct.unpack("<HH", data[26:30])
    return width & 0x3FFF, height & 0x3FFF
