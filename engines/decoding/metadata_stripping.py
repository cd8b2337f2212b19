"""A picture without what it says about itself, and the size that its header says: read from the
container, which decodes nothing.

Used in the confined child when a decoder refused a file: a broken or strange piece of metadata must
not cost the picture. What is no picture, or of a container without separable metadata (TIFF, HEIF,
GIF), comes back as it is.

JPEG: ITU-T T.81 annex B. PNG: W3C PNG, section 5. WebP: RFC 9649. HEIF and AVIF: ISO/IEC 14496-12
and 23008-12, box `ispe`.
"""

from __future__ import annotations

from typing import Literal

_PNG = b"\x89PNG\r\n\x1a\n"
#: Chunks of a PNG without which the pixels are others:
#: the rest is metadata, or the means of an animation.
_PNG_NEEDED = {b"IHDR", b"PLTE", b"IDAT", b"IEND", b"tRNS", b"CgBI"}
_WEBP_METADATA = {b"EXIF", b"XMP ", b"ICCP"}
#: JPEG's application segments and comments, without JFIF (APP0) and Adobe's (APP14), which says how
#: the colours are stored.
_JPEG_METADATA = {*range(0xE1, 0xEE), 0xEF, 0xFE}
_SPACE = 1 << 20
#: None, CCITT, LZW, JPEG, deflate, PackBits, LZMA, ZSTD, WebP: what is built into the decoder.
_TIFF_COMPRESSIONS = {
    1,
    2,
    3,
    4,
    5,
    6,
    7,
    8,
    32771,
    32773,
    32809,
    32946,
    34676,
    34677,
    34925,
    50000,
    50001,
}


def strip_metadata(data: bytes) -> tuple[bytes, bytes]:
    """The picture without metadata, and the EXIF that was taken out (empty if there was none)."""
    if data.startswith(b"\xff\xd8"):
        return _bare_jpeg(data)
    if data.startswith(_PNG):
        return _bare_png(data)
    if data[:4] == b"RIFF" and data[8:12] == b"WEBP":
        return _bare_webp(data)
    return data, b""


def _bare_jpeg(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [data[:2]], b"", 2
    while at + 4 <= len(data) and data[at] == 0xFF and data[at + 1] != 0xDA:
        marker, length = data[at + 1], int.from_bytes(data[at + 2 : at + 4], "big")
        if marker == 0xFF:  # a fill byte
            at += 1
            continue
        segment = data[at : at + 2 + length]
        if marker not in _JPEG_METADATA:
            kept.append(segment)
        elif segment[4:10] == b"Exif\0\0" and not exif:
            exif = segment[4:]
        at += 2 + max(length, 2)
    return b"".join([*kept, data[at:]]), exif


def _bare_png(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [_PNG], b"", len(_PNG)
    while at + 8 <= len(data):
        length, kind = int.from_bytes(data[at : at + 4], "big"), data[at + 4 : at + 8]
        if kind in _PNG_NEEDED:
            kept.append(data[at : at + 12 + length])
        elif kind == b"eXIf" and not exif:
            exif = b"Exif\0\0" + data[at + 8 : at + 8 + length]
        at += 12 + length
    return b"".join(kept), exif


def _bare_webp(data: bytes) -> tuple[bytes, bytes]:
    kept, exif, at = [], b"", 12
    while at + 8 <= len(data):
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        whole = data[at : at + 8 + length + length % 2]
        if kind == b"VP8X" and len(whole) >= 18:
            kept.append(
                whole[:8] + bytes([whole[8] & ~0b00101100]) + whole[9:]
            )  # says that there is neither profile, EXIF nor XMP
        elif kind not in _WEBP_METADATA:
            kept.append(whole)
        elif kind == b"EXIF" and not exif:
            exif = whole[8 : 8 + length]
            exif = exif if exif.startswith(b"Exif\0\0") else b"Exif\0\0" + exif
        at += 8 + length + length % 2
    body = b"".join(kept)
    return b"RIFF" + (4 + len(body)).to_bytes(4, "little") + b"WEBP" + body, exif


def rare_encoding(data: bytes) -> bool:
    """Whether a picture is of a kind that the decoders do not read: a lossless, hierarchical or
    12-bit JPEG, Apple's own PNG, a TIFF of a camera's raw data, HEIF with neither HEVC nor AV1 in
    it."""
    if data.startswith(_PNG):
        return data[12:16] == b"CgBI"
    if data[4:8] == b"ftyp":
        head = data[:_SPACE]
        return b"infe" in head and not any(codec in head for codec in (b"hvc1", b"hev1", b"av01"))
    if data[:4] in (b"II*\0", b"MM\0*"):
        tags = _tiff_numbers(data)
        return tags.get(259, 1) not in _TIFF_COMPRESSIONS or tags.get(262) in (
            32803,
            34892,
        )  # colour filter array, linear raw
    at = 2
    while (
        data.startswith(b"\xff\xd8")
        and at + 5 <= len(data)
        and data[at] == 0xFF
        and data[at + 1] != 0xDA
    ):
        marker = data[at + 1]
        if marker in range(0xC0, 0xD0) and marker not in (0xC4, 0xC8, 0xCC):
            return marker not in (0xC0, 0xC1, 0xC2) or data[at + 4] != 8
        at += 1 if marker == 0xFF else 2 + max(2, int.from_bytes(data[at + 2 : at + 4], "big"))
    return False


def declared_size(data: bytes) -> int:
    """How many pixels the header says, 0 where it is not known."""
    if data.startswith(_PNG):
        return int.from_bytes(data[16:20], "big") * int.from_bytes(data[20:24], "big")
    if data[:6] in (b"GIF87a", b"GIF89a"):
        return int.from_bytes(data[6:8], "little") * int.from_bytes(data[8:10], "little")
    if data[:4] == b"RIFF" and data[12:16] == b"VP8X":
        return (1 + int.from_bytes(data[24:27], "little")) * (
            1 + int.from_bytes(data[27:30], "little")
        )
    if data[:4] == b"RIFF" and data[12:16] == b"VP8L":
        bits = int.from_bytes(data[21:25], "little")
        return ((bits & 0x3FFF) + 1) * ((bits >> 14 & 0x3FFF) + 1)
    if data[:4] == b"RIFF" and data[12:16] == b"VP8 ":
        return (int.from_bytes(data[26:28], "little") & 0x3FFF) * (
            int.from_bytes(data[28:30], "little") & 0x3FFF
        )
    if data[4:8] == b"ftyp":
        return _largest_item(data[:_SPACE])
    if data[:4] in (b"II*\0", b"MM\0*"):
        tags = _tiff_numbers(data)
        return tags.get(256, 0) * tags.get(257, 0)
    return 0


def _largest_item(data: bytes) -> int:
    """The largest of the sizes that a HEIF or AVIF file gives its pictures."""
    largest, at = 0, data.find(b"ispe")
    while at >= 0:
        wide, high = (int.from_bytes(data[start : start + 4], "big") for start in (at + 8, at + 12))
        largest, at = max(largest, wide * high), data.find(b"ispe", at + 4)
    return largest


def _tiff_numbers(data: bytes) -> dict[int, int]:
    """The first value of the tags in the first directory that are whole numbers."""
    order: Literal["little", "big"] = "little" if data[:1] == b"I" else "big"

    def number(start: int, length: int) -> int:
        return int.from_bytes(data[start : start + length], order)

    at = number(4, 4)
    entries = range(at + 2, at + 2 + 12 * min(number(at, 2), 500), 12)
    return {
        number(entry, 2): number(entry + 8, 2 if number(entry + 2, 2) == 3 else 4)
        for entry in entries
    }
