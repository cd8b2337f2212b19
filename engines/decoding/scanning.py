"""Is this file a bare picture? A strict reader of segments, which decodes nothing.

Renditions are encoded in the confined child, from pixels. Before one is stored, it is walked here
from its first byte to its last: only the segments that a picture needs, each of exactly the length
that its own contents say, and nothing behind the end. So no EXIF, XMP, profile, comment, thumbnail
or appended archive can ride along, even if the child has been taken over.

JPEG: ITU-T T.81 annex B; the JFIF segment: ITU-T T.871. WebP: RFC 9649, simple file format only.
"""

from __future__ import annotations

from collections.abc import Callable

_SOI, _EOI, _SOS, _DQT, _DHT, _APP0 = 0xD8, 0xD9, 0xDA, 0xDB, 0xC4, 0xE0
_FRAMES = (0xC0, 0xC1, 0xC2)  # baseline, extended, progressive


class NotCleanError(ValueError):
    """The bytes are no picture, or hold something besides one; carries a word on where."""


def _tables(segment: bytes, marker: int) -> bool:
    """Whether a DQT or DHT segment consists of whole tables and nothing else (T.81 B.2.4.1,
    B.2.4.2)."""
    at = 0
    while at < len(segment):
        if marker == _DQT:
            at += 1 + 64 * (1 + (segment[at] >> 4))
        else:
            at += 17 + sum(segment[at + 1 : at + 17])
    return at == len(segment)


def scan_jpeg(data: bytes) -> tuple[int, int]:  # noqa: C901 — the segments of T.81 in one table-like pass
    """Width and height of a bare JPEG. Raises NotCleanError."""
    if data[:2] != b"\xff\xd8":
        raise NotCleanError("no JPEG")
    at, size, scans, first = 2, None, 0, True
    while True:
        if len(data) < at + 2 or data[at] != 0xFF:
            raise NotCleanError(f"no marker at {at}")
        marker = data[at + 1]
        if marker == _EOI:
            break
        if len(data) < at + 4:
            raise NotCleanError("cut off")
        length = int.from_bytes(data[at + 2 : at + 4], "big")
        segment = data[at + 4 : at + 2 + length]
        if length < 2 or len(segment) != length - 2:
            raise NotCleanError("cut off")
        at += 2 + length
        if marker == _APP0:
            # JFIF, 14 bytes, of which the last two are the size of a thumbnail: there must be none.
            if (
                not first
                or len(segment) != 14
                or segment[:5] != b"JFIF\0"
                or segment[12:] != b"\0\0"
            ):
                raise NotCleanError("an application segment that is not a bare JFIF header")
        elif marker in _FRAMES:
            if (
                size is not None
                or len(segment) < 6
                or segment[5] not in (1, 3)
                or len(segment) != 6 + 3 * segment[5]
            ):
                raise NotCleanError("frame header")
            size = int.from_bytes(segment[3:5], "big"), int.from_bytes(segment[1:3], "big")
        elif marker in (_DQT, _DHT):
            if not _tables(segment, marker):
                raise NotCleanError("tables")
        elif marker == _SOS:
            if size is None or not segment or len(segment) != 4 + 2 * segment[0]:
                raise NotCleanError("scan header")
            scans += 1
            # Entropy-coded bytes: 0xFF is followed by 0x00 here, or by a marker that ends the scan.
            while True:
                at = data.find(b"\xff", at)
                if at < 0 or at + 1 >= len(data):
                    raise NotCleanError("no end of image")
                if data[at + 1] != 0:
                    break
                at += 2
        else:
            raise NotCleanError(f"segment {marker:#04x}")
        first = False
    if at + 2 != len(data) or size is None or not scans:
        raise NotCleanError("bytes after the end of the image" if size else "no image")
    return size


def scan_webp(data: bytes) -> tuple[int, int]:
    """Width and height of a bare WebP: one VP8 or VP8L chunk, and nothing else. Raises
    NotCleanError."""
    if data[:4] != b"RIFF" or data[8:12] != b"WEBP" or len(data) < 30:
        raise NotCleanError("no WebP")
    if int.from_bytes(data[4:8], "little") != len(data) - 8:
        raise NotCleanError("bytes after the end of the image")
    kind, length = data[12:16], int.from_bytes(data[16:20], "little")
    if 20 + length + length % 2 != len(data):
        raise NotCleanError("more than one chunk")
    body = data[20:]
    if (
        kind == b"VP8 " and body[0] & 1 == 0 and body[3:6] == b"\x9d\x01\x2a"
    ):  # RFC 6386, 9.1: a key frame
        return int.from_bytes(body[6:8], "little") & 0x3FFF, int.from_bytes(
            body[8:10], "little"
        ) & 0x3FFF
    if kind == b"VP8L" and body[0] == 0x2F:
        bits = int.from_bytes(body[1:5], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    raise NotCleanError(f"chunk {kind!r}")


SCANNERS: dict[str, Callable[[bytes], tuple[int, int]]] = {
    "image/jpeg": scan_jpeg,
    "image/webp": scan_webp,
}
