"""Pictures of every accepted format, and what a stranger may make of them: seeded, so that a number
names a file for ever."""

from __future__ import annotations

import io
import json
import random
import re
import struct
import subprocess
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pillow_heif
from PIL import Image, ImageCms, PngImagePlugin

from tests.engines.decoding.test_decoding import CANARY, chunk, drawing, exif, png, saved, zeros

pillow_heif.register_heif_opener()  # for the files that are made here; the decoder has its own

VARIETIES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("JPEG", "RGB", {"quality": 60}),
    ("JPEG", "RGB", {"progressive": True, "quality": 80}),
    ("JPEG", "RGB", {"quality": 95, "subsampling": "4:4:4", "optimize": True}),
    ("JPEG", "L", {}),
    ("JPEG", "CMYK", {}),
    ("MPO", "RGB", {"save_all": True, "append_images": 1}),
    ("PNG", "RGB", {}),
    ("PNG", "RGBA", {"compress_level": 1}),
    ("PNG", "P", {}),
    ("PNG", "1", {}),
    ("PNG", "LA", {}),
    ("PNG", "I;16", {}),
    ("PNG", "RGB", {"save_all": True, "append_images": 3}),
    ("WEBP", "RGB", {"quality": 50}),
    ("WEBP", "RGBA", {"lossless": True}),
    ("WEBP", "RGB", {"save_all": True, "append_images": 2}),
    ("HEIF", "RGB", {"quality": 50}),
    ("HEIF", "RGBA", {}),
    ("AVIF", "RGB", {"quality": 50, "speed": 10}),
    ("AVIF", "RGBA", {"speed": 10}),
    ("TIFF", "RGB", {}),
    ("TIFF", "RGB", {"compression": "tiff_lzw"}),
    ("TIFF", "RGB", {"compression": "tiff_adobe_deflate"}),
    ("TIFF", "RGB", {"compression": "jpeg"}),
    ("TIFF", "L", {"compression": "packbits"}),
    ("TIFF", "1", {"compression": "group4"}),
    ("TIFF", "CMYK", {"save_all": True, "append_images": 1}),
    ("GIF", "P", {}),
    ("GIF", "RGB", {"save_all": True, "append_images": 4, "duration": 40}),
)
WITH_EXIF = {"JPEG", "MPO", "PNG", "WEBP", "HEIF", "AVIF", "TIFF"}
WITH_XMP = {"JPEG", "WEBP", "AVIF", "HEIF"}
TAILS = (
    b"",
    b"<script>alert(1)</script>",
    b"%PDF-1.7\n1 0 obj<<>>endobj\n%%EOF",
    b"\xff\xd9",
    bytes(4096),
    b"<?php echo 1;?>",
)
WILD = (
    b"\xff" * 4,
    b"\0" * 4,
    b"\x7f\xff\xff\xff",
    b"\x80\0\0\0",
    b"\xff\xff\xff\x7f",
    b"\0\0\xff\xff",
    b"\xff\xff\0\0",
)


def pictures(count: int = 200, seed: int = 20251125) -> list[bytes]:
    """`count` pictures, every format, mode and packing in turn, of different sizes, with all that
    they may say of themselves."""
    rng = random.Random(seed)
    profile = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    made = []
    for number in range(count):
        kind, mode, given = VARIETIES[number % len(VARIETIES)]
        image = drawing(rng.randrange(16, 260), rng.randrange(16, 200), seed=number)
        if mode == "I;16":
            image = Image.fromarray(numpy.asarray(image.convert("L"), numpy.uint16) * 257)
        else:
            image = image.convert(mode)
        options = dict(given)
        if more := options.pop("append_images", 0):
            options["append_images"] = [image.rotate(10 * step) for step in range(1, more + 1)]
        if kind in WITH_EXIF:
            options["exif"] = exif(rng.randrange(1, 9))
        if kind in WITH_XMP:
            options["xmp"] = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
        if kind == "PNG":
            options["pnginfo"] = text = PngImagePlugin.PngInfo()
            text.add_text("Comment", CANARY)
        if kind in {"JPEG", "GIF"}:
            options["comment"] = CANARY.encode()
        if kind not in {"GIF", "MPO"} and mode in {"RGB", "RGBA"} and number % 2:
            options["icc_profile"] = profile
        made.append(saved(image, kind, **options))
    return made


def archive() -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as packed:
        packed.writestr("page.html", f"<script>{CANARY}</script>")
    return buffer.getvalue()


def mutant(number: int, sources: list[bytes], seed: int = 1) -> bytes:
    """The mutant of this number: the sources in turn, each changed in one to twenty places or
    ways."""
    rng = random.Random(seed << 32 | number)
    data = bytearray(sources[number % len(sources)])
    for _ in range(rng.choice((1, 1, 1, 2, 3, 5, 20))):
        if not data:
            break
        at = rng.randrange(min(len(data), 256) if rng.random() < 0.5 else len(data))
        match rng.randrange(10):
            case 0 | 1:
                data[at] ^= 1 << rng.randrange(8)
            case 2:
                data[at] = rng.choice((0, 1, 0x7F, 0x80, 0xFF))
            case 3:
                data[at : at + 4] = rng.choice(WILD)
            case 4:
                del data[at : at + rng.randrange(1, 64)]
            case 5:
                data[at:at] = data[at : at + rng.randrange(1, 512)]
            case 6:
                data[at:at] = rng.randbytes(rng.randrange(1, 64))
            case 7:
                other = sources[rng.randrange(len(sources))]
                data[at:] = other[min(at, len(other)) :]
            case 8:
                data += rng.choice((*TAILS, archive()))
            case 9:
                del data[max(1, at) :]
    return bytes(data)


def cuts(sources: list[bytes], every: int = 1024) -> Iterator[tuple[str, bytes]]:
    """Each source cut off at every kilobyte, as an interrupted upload leaves it."""
    for number, data in enumerate(sources):
        for at in range(every, len(data), every):
            yield f"{VARIETIES[number % len(VARIETIES)][0]} {number} cut at {at}", data[:at]


def bombs_of_small_size() -> Iterator[tuple[str, bytes]]:
    """Bombs that are quick to make."""
    for width, height in ((2**31 - 1, 2**31 - 1), (50_000, 50_000), (0, 0), (1, 2**31 - 1)):
        yield (
            f"PNG that says {width} × {height}",
            png(width, height, chunk(b"IDAT", zlib.compress(b""))),
        )
    flood = zeros(200 << 20)
    small = chunk(b"IDAT", zlib.compress(bytes(4 * 13)))
    for kind, head in ((b"zTXt", b"k\0\0"), (b"iTXt", b"k\0\1\0\0\0"), (b"iCCP", b"k\0\0")):
        yield f"PNG with 200 MB in {kind.decode()}", png(4, 4, chunk(kind, head + flood), small)
    yield (
        "PNG of a million frames",
        png(4, 4, chunk(b"acTL", struct.pack(">II", 1_000_000, 0)), small),
    )
    jpeg = saved(drawing(64, 64), "JPEG")
    at = jpeg.index(b"\xff\xc0") + 5
    yield "JPEG that says 65,500²", jpeg[:at] + struct.pack(">HH", 65500, 65500) + jpeg[at + 4 :]
    yield "JPEG that says 7,700²", jpeg[:at] + struct.pack(">HH", 7700, 7700) + jpeg[at + 4 :]
    plain = saved(Image.new("P", (64, 64)), "GIF")
    yield "GIF that says 65,535²", plain[:6] + struct.pack("<HH", 65535, 65535) + plain[10:]
    yield "GIF of 50,000 frames", plain[:-1] + plain[plain.index(b",") : -1] * 50_000 + b";"
    yield "TIFF whose directory is its own next", _circular_tiff()
    yield "HEIF of 50,000 boxes", saved(drawing(64, 64), "HEIF") + b"\0\0\0\x08free" * 50_000
    yield (
        "HEIF of boxes within boxes",
        b"\0\0\0\x18ftypheic\0\0\0\0heicmif1" + _nested(b"meta", 4_000),
    )


def square(edge: int) -> bytes:
    """A PNG of nothing, four bytes of memory for each of its pixels."""
    return png(edge, edge, chunk(b"IDAT", zeros(edge * (4 * edge + 1))), colour=6)


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that unpack to much, or say so."""
    yield from bombs_of_small_size()
    for edge in (7_700, 18_000):
        yield f"PNG of {edge}² RGBA", square(edge)
    yield "PNG of 60 million in a row", png(60_000_000, 1, chunk(b"IDAT", zeros(180_000_001)))
    progressive = saved(drawing(4000, 4000), "JPEG", progressive=True, quality=1)
    scan = progressive.rindex(b"\xff\xda")
    yield "JPEG of a thousand scans", progressive[:-2] + progressive[scan:-2] * 1000 + b"\xff\xd9"
    for kind, edge, options in (
        ("TIFF", 7_700, {"compression": "tiff_lzw"}),
        ("WEBP", 7_700, {"lossless": True, "method": 0}), ("AVIF", 7_000, {"speed": 10}),
        ("HEIF", 7_000, {}),
    ):  # fmt: skip
        yield f"{kind} of {edge}²", saved(Image.new("RGB", (edge, edge)), kind, **options)


def _circular_tiff() -> bytes:
    data = bytearray(saved(drawing(64, 64), "TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    struct.pack_into("<I", data, start + 2 + 12 * count, start)
    return bytes(data)


def _nested(kind: bytes, depth: int) -> bytes:
    body = b""
    for _ in range(depth):
        body = struct.pack(">I", 8 + len(body)) + kind + body
    return body


def disguises() -> Iterator[tuple[str, bytes]]:
    """What is no photo, or one and something else at once."""
    jpeg, image_png, gif = (saved(drawing(120, 90), kind) for kind in ("JPEG", "PNG", "GIF"))
    page = f"<html><body><img src=x onerror=alert(1)>{CANARY}</body></html>".encode()
    script = b"GIF89a=1;/*" + gif[10:] + b"*/;alert(1)//"
    yield "nothing", b""
    yield "one byte", b"\xff"
    yield "HTML", page
    yield (
        "SVG",
        (
            b"<svg xmlns='http://www.w3.org/2000/svg' onload='alert(1)'>"
            b"<script>alert(1)</script></svg>"
        ),
    )
    yield (
        "SVG of entities",
        b"<?xml version='1.0'?><!DOCTYPE s [<!ENTITY a 'aaaa'><!ENTITY b '&a;&a;'>]><svg>&b;</svg>",
    )
    yield (
        "PDF",
        (
            b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"
            b"1 0 obj<</Type/Catalog/OpenAction<</S/JavaScript/JS(app.alert(1))>>>>endobj\n%%EOF"
        ),
    )
    yield "EPS", b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n(%pipe%id) (w) file\n"
    yield (
        "ImageMagick's script",
        b"push graphic-context\nfill 'url(https://a.example/|ls)'\npop graphic-context",
    )
    yield "ZIP", archive()
    yield "a program", b"\x7fELF\x02\x01\x01" + bytes(200)
    for kind in ("BMP", "PPM", "ICO", "TGA", "PCX", "EPS"):
        yield kind, saved(drawing(64, 64), kind)
    for name, picture in (
        ("JPEG", jpeg),
        ("PNG", image_png),
        ("GIF", gif),
        ("WebP", saved(drawing(120, 90), "WEBP")),
    ):
        yield f"{name} and ZIP", picture + archive()
        yield f"{name} and HTML", picture + page
        yield f"{name} and PDF", picture + b"\n%PDF-1.7\n1 0 obj<<>>endobj\ntrailer<<>>\n%%EOF"
        yield f"{name} and another {name}", picture + picture
    yield (
        "JPEG with HTML in a comment",
        jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(page) + 2) + page + jpeg[2:],
    )
    yield (
        "PNG with HTML in a chunk",
        image_png[:33] + chunk(b"tEXt", b"k\0" + page) + image_png[33:],
    )
    yield "GIF and script", script
    yield "HTML before JPEG", page + jpeg
    yield "PDF before PNG", b"%PDF-1.7\n" + image_png


NAMES = (
    "../../etc/passwd.jpg",
    "..\\..\\windows\\win.ini",
    "/etc/passwd",
    "C:\\photo.jpg",
    "a\0.jpg",
    "a\r\nSet-Cookie: x=1.jpg",
    "a\x1b[2J\x07.png",
    "photo\u202egpj.exe",
    "\u2066\u200b\ufeff.jpg",
    "<img src=x onerror=alert(1)>.jpg",
    "'; DROP TABLE evidence_exhibit; --.jpg",
    "{{ 7|add:7 }}{% debug %}.jpg",
    "%2e%2e%2f%00.jpg",
    "CON",
    ".",
    "..",
    ".htaccess",
    "",
    " " * 50,
    "长" * 4_000 + ".jpg",
    "e\u0301" * 300,
    "\ud800.jpg",
    "\U0001f4a9\U000e0041.heic",
    "photo.jpg.svg",
)


# --- what a rendition may hold --------------------------------------------------------------------

_MARKERS = {0xE0, 0xDB, 0xC4, 0xC0, 0xC2, 0xDA}
BARE = {"ExifTool", "SourceFile", "File", "JFIF", "Composite", "System"}


def is_bare(data: bytes) -> bool:
    """A second opinion on renditions, written apart from `engines.decoding.scanning`: a JPEG of
    nothing but its picture."""
    found = re.fullmatch(
        rb"\xff\xd8(?:\xff[^\0\xff](?:[^\xff]|\xff\0|\xff(?=\xff))*)*\xff\xd9", data, re.DOTALL
    )
    if found is None or not data.startswith(b"\xff\xd8\xff\xe0\0\x10JFIF\0"):
        return False
    at = 2
    while data[at + 1] != 0xD9:
        if data[at + 1] not in _MARKERS:
            return False
        at += 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        while not (data[at] == 0xFF and data[at + 1] != 0):
            at += 1
    return at + 2 == len(data)


def told_by_exiftool(folder: Path) -> list[dict[str, Any]]:
    """What exiftool reads in every file of a folder, unknown tags and trailers too, by group:
    `[{"SourceFile": …, "JFIF:…": …}]`."""
    done = subprocess.run(
        ["exiftool", "-json", "-G", "-a", "-u", "-U", "-q", "-r", str(folder)], capture_output=True
    )
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def surplus(told: dict[str, Any]) -> set[str]:
    """The tags that are more than the picture itself."""
    return {
        name
        for name in told
        if name.partition(":")[0] not in BARE
        or "Warning" in name
        or "Trailer" in name
        or "Comment" in name
    }
