"""Photos through the decoder: what is accepted, what comes out, what never comes out, and how
hostile files end."""

from __future__ import annotations

import base64
import io
import json
import os
import random
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy
import pillow_heif
import pytest
from PIL import ExifTags, Image, ImageCms, ImageDraw, PngImagePlugin, TiffImagePlugin

from engines import decoding
from engines.decoding import (
    FORMATS,
    SENTENCES,
    SIZES,
    Code,
    DecodedPicture,
    Decoder,
    Limits,
    RefusedPicture,
    Size,
    pictures,
    scanning,
)
from engines.decoding.fingerprints import distance, same_picture

CANARY = "canary-4711"
LIES = "tests.engines.decoding.confined_tasks:lie"


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    pillow_heif.register_heif_opener()  # for the files that the tests make; the decoder has its own
    with Decoder() as one:
        yield one


def drawing(width: int = 640, height: int = 480, seed: int = 1) -> Image.Image:
    rng = random.Random(seed)
    image = Image.new("RGB", (width, height), (90, 110, 120))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y, r = (
            rng.randrange(width),
            rng.randrange(height),
            rng.randrange(width // 20, width // 5),
        )
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(rng.randrange(256) for _ in range(3)))
    return image


def exif(orientation: int = 1) -> Image.Exif:
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "Phone Maker"
    tags[ExifTags.Base.Model] = "Phone 1"
    tags[ExifTags.Base.Software] = CANARY
    tags[ExifTags.Base.Orientation] = orientation
    inner = tags.get_ifd(ExifTags.IFD.Exif)
    inner[ExifTags.Base.DateTimeOriginal] = "2025:08:01 10:20:30"
    inner[ExifTags.Base.OffsetTimeOriginal] = "+08:00"
    inner[ExifTags.Base.BodySerialNumber] = "SN-" + CANARY
    inner[ExifTags.Base.UserComment] = b"ASCII\0\0\0" + CANARY.encode()
    gps = tags.get_ifd(ExifTags.IFD.GPSInfo)
    gps.update(
        {
            1: "S",
            2: (31.0, 13.0, 49.5),
            3: "W",
            4: (121.0, 28.0, 12.0),
            5: b"\x01",
            6: 4.5,
            7: (2.0, 20.0, 30.0),
            29: "2025:08:01",
        }
    )
    return tags


def saved(image: Image.Image, kind: str, **options: Any) -> bytes:
    buffer = io.BytesIO()
    image.save(buffer, kind, **options)
    return buffer.getvalue()


def good(result: DecodedPicture | RefusedPicture) -> DecodedPicture:
    assert isinstance(result, DecodedPicture), result
    return result


def code(result: DecodedPicture | RefusedPicture) -> Code:
    assert isinstance(result, RefusedPicture), result
    assert result.sentence
    return result.code


def seen(data: bytes) -> Image.Image:
    with Image.open(io.BytesIO(data)) as image:
        image.load()
        return image.copy()


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def png(width: int, height: int, *chunks: bytes, colour: int = 2, depth: int = 8) -> bytes:
    head = struct.pack(">IIBBBBB", width, height, depth, colour, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + b"".join(chunks) + chunk(b"IEND", b"")


def zeros(count: int) -> bytes:
    """A zlib stream of `count` zero bytes, without the time it takes to make one: a full flush
    makes a block repeatable."""
    block = 1 << 20
    maker = zlib.compressobj(9)
    first = maker.compress(bytes(block)) + maker.flush(zlib.Z_FULL_FLUSH)
    again = maker.compress(bytes(block)) + maker.flush(zlib.Z_FULL_FLUSH)
    blocks, rest = divmod(count, block)
    assert blocks > 0
    last = maker.compress(bytes(rest)) + maker.flush(zlib.Z_FINISH)
    return first + again * (blocks - 1) + last[:-4] + struct.pack(">I", (count % 65521) << 16 | 1)


# -- accepted formats
# --------------------------------------------------------------------------------------------------


def test_every_format_is_trusted_with_the_pinned_libraries(decoder: Decoder) -> None:
    assert decoder.facts()["formats"] == list(FORMATS)


@pytest.mark.parametrize("kind", [*FORMATS, "MPO"])
def test_every_accepted_format_gives_the_same_picture(decoder: Decoder, kind: str) -> None:
    image = drawing()
    options: dict[str, Any] = (
        {"save_all": True, "append_images": [drawing(seed=2)]}
        if kind in ("MPO", "GIF", "TIFF")
        else {}
    )
    photo = good(decoder.decode(saved(image, kind, **options)))
    assert photo.format == ("JPEG" if kind == "MPO" else kind)
    assert (photo.width, photo.height, photo.orientation) == (640, 480, 1)
    assert photo.frames == (2 if options else 1)
    assert [(one.name, one.width, one.height) for one in photo.renditions] == [
        ("thumb", 320, 240),
        ("page", 640, 480),
        ("full", 640, 480),
    ]
    shown = numpy.asarray(seen(photo.renditions[2].data).convert("RGB"), float)
    assert (
        numpy.abs(shown - numpy.asarray(image, float)).mean() < 8
    )  # the first frame, and the right colours
    reference = good(decoder.decode(saved(image, "PNG")))
    assert distance(photo.pdq, reference.pdq) <= 20
    assert photo.pdq_quality == 100


@pytest.mark.parametrize(
    ("mode", "kind"),
    [
        ("L", "PNG"),
        ("1", "PNG"),
        ("LA", "PNG"),
        ("RGBA", "PNG"),
        ("P", "PNG"),
        ("I;16", "PNG"),
        ("CMYK", "JPEG"),
        ("L", "JPEG"),
        ("CMYK", "TIFF"),
        ("F", "TIFF"),
        ("I", "TIFF"),
        ("LAB", "TIFF"),
        ("RGBA", "WEBP"),
        ("RGBA", "AVIF"),
        ("RGBA", "HEIF"),
    ],
)
def test_every_kind_of_pixel_becomes_plain_colour(decoder: Decoder, mode: str, kind: str) -> None:
    grey = drawing().convert("L")
    if mode == "I;16":
        image = Image.fromarray(numpy.asarray(grey, numpy.uint16) * 257)
    elif mode == "LAB":
        image = Image.merge(
            "LAB", (grey, Image.new("L", grey.size, 128), Image.new("L", grey.size, 128))
        )
    elif mode in ("F", "I"):
        image = grey.convert(mode)
    else:
        image = drawing().convert(mode)
    photo = good(decoder.decode(saved(image, kind)))
    shown = seen(photo.renditions[2].data)
    assert shown.mode == "RGB"
    assert shown.size == (640, 480)
    if mode not in ("1", "LAB"):
        assert numpy.abs(
            numpy.asarray(shown.convert("L"), float) - numpy.asarray(grey, float)
        ).mean() < (12 if mode == "P" else 8)


def test_transparency_is_laid_on_white(decoder: Decoder) -> None:
    clear = Image.new("RGBA", (64, 64), (255, 0, 0, 0))
    photo = good(decoder.decode(saved(clear, "PNG")))
    assert seen(photo.renditions[0].data).getpixel((32, 32)) == (255, 255, 255)


def test_the_extension_means_nothing(decoder: Decoder, tmp_path: Path) -> None:
    path = tmp_path / "photo.jpg"
    path.write_bytes(saved(drawing(), "PNG"))
    assert good(decoder.decode(path)).format == "PNG"


def test_a_single_pixel_and_a_thread_of_pixels_are_pictures(decoder: Decoder) -> None:
    for size in ((1, 1), (3000, 1), (1, 3000), (2, 5)):
        photo = good(decoder.decode(saved(Image.new("RGB", size), "PNG")))
        assert (photo.width, photo.height) == size
        assert min(photo.renditions[0].width, photo.renditions[0].height) == 1 or size == (2, 5)
        assert photo.pdq_quality < 50


@pytest.mark.parametrize("orientation", range(1, 9))
def test_photos_come_out_upright(decoder: Decoder, orientation: int) -> None:
    image = drawing(480, 320)
    turned = {
        2: 0,
        3: 3,
        4: 1,
        5: 5,
        6: 2,
        7: 6,
        8: 4,
    }  # the inverse of what a viewer does, as Image.Transpose
    stored = image.transpose(Image.Transpose(turned[orientation])) if orientation > 1 else image
    photo = good(decoder.decode(saved(stored, "JPEG", quality=95, exif=exif(orientation))))
    assert (photo.width, photo.height, photo.orientation) == (480, 320, orientation)
    shown = seen(photo.renditions[1].data)
    assert numpy.abs(numpy.asarray(shown, float) - numpy.asarray(image, float)).mean() < 8


def test_renditions_are_as_asked(decoder: Decoder) -> None:
    sizes = (Size("small", 100, "image/webp"), Size("large", 600), Size("other", 100))
    photo = good(decoder.decode(saved(drawing(1200, 900), "JPEG"), sizes=sizes))
    assert [(one.name, one.width, one.height, one.mime) for one in photo.renditions] == [
        ("small", 100, 75, "image/webp"),
        ("large", 600, 450, "image/jpeg"),
        ("other", 100, 75, "image/jpeg"),
    ]
    assert [seen(one.data).format or one.mime for one in photo.renditions] == [
        one.mime for one in photo.renditions
    ]
    for wrong in (
        {"edge": 8},
        {"edge": 10_000},
        {"edge": 100, "mime": "image/png"},
        {"edge": 100, "quality": 100},
    ):
        with pytest.raises(ValueError):
            Size("wrong", **wrong)  # type: ignore[arg-type]  # wrong by intent


def test_a_wide_colour_photo_is_brought_to_srgb(decoder: Decoder) -> None:
    """A profile in which red and green are swapped: ignored, the photo would come out green."""
    swapped = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    at = {
        bytes(swapped[132 + 12 * n : 136 + 12 * n]): 132 + 12 * n
        for n in range(int.from_bytes(swapped[128:132], "big"))
    }
    red, green = at[b"rXYZ"], at[b"gXYZ"]
    swapped[red + 4 : red + 12], swapped[green + 4 : green + 12] = (
        swapped[green + 4 : green + 12],
        swapped[red + 4 : red + 12],
    )
    image = Image.new("RGB", (64, 64), (0, 200, 0))
    photo = good(decoder.decode(saved(image, "JPEG", quality=95, icc_profile=bytes(swapped))))
    pixel = seen(photo.renditions[0].data).getpixel((30, 30))
    assert isinstance(pixel, tuple)
    assert pixel[0] > 150 > 60 > pixel[1]
    assert photo.metadata["has_profile"] == 1
    broken = good(decoder.decode(saved(image, "JPEG", icc_profile=b"no profile at all " * 20)))
    assert seen(broken.renditions[0].data).getpixel((30, 30))[1] > 150  # type: ignore[index]  # an RGB pixel is a tuple


# -- metadata: read for us, in no rendition
# ------------------------------------------------------------------------------


def with_everything(kind: str) -> bytes:
    options: dict[str, Any] = {"exif": exif().tobytes()}
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF", "PNG", "TIFF"):
        options["icc_profile"] = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()
    xmp = f"<x:xmpmeta xmlns:x='adobe:ns:meta/'>{CANARY}</x:xmpmeta>".encode()
    if kind in ("JPEG", "WEBP", "AVIF", "HEIF"):
        options["xmp"] = xmp
    if kind in ("JPEG", "GIF"):
        options["comment"] = CANARY.encode()
    if kind == "PNG":
        options["pnginfo"] = text = PngImagePlugin.PngInfo()
        text.add_text("Comment", CANARY)
        text.add_itxt("XML:com.adobe.xmp", xmp.decode())
    if kind == "TIFF":
        options["description"] = CANARY
    return saved(drawing(), kind, **options)


@pytest.mark.parametrize("kind", FORMATS)
def test_no_rendition_carries_anything_but_the_picture(decoder: Decoder, kind: str) -> None:
    source = with_everything(kind)
    assert CANARY.encode() in source  # what is looked for below was there
    sizes = (*SIZES, Size("webp", 400, "image/webp"))
    photo = good(decoder.decode(source, sizes=sizes))
    for rendition in photo.renditions:
        assert scanning.SCANNERS[rendition.mime](rendition.data) == (
            rendition.width,
            rendition.height,
        )
        for word in (
            CANARY.encode(),
            b"canary",
            b"Exif",
            b"EXIF",
            b"xmp",
            b"XMP",
            b"adobe",
            b"ICC",
            b"Phone",
            b"GPS",
            b"II*\0",
            b"MM\0*",
        ):
            assert word not in rendition.data
        info = seen(rendition.data).info
        assert set(info) <= {
            "jfif",
            "jfif_version",
            "jfif_unit",
            "jfif_density",
            "loop",
            "background",
            "timestamp",
            "duration",
        }


@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "HEIF", "AVIF"])
def test_what_a_photo_says_about_itself_is_told_to_the_caller(decoder: Decoder, kind: str) -> None:
    photo = good(decoder.decode(saved(drawing(), kind, exif=exif().tobytes())))
    assert photo.metadata == {
        "make": "Phone Maker",
        "model": "Phone 1",
        "software": CANARY,
        "serial": "SN-" + CANARY,
        "comment": CANARY,
        "taken_at": "2025-08-01T10:20:30",
        "taken_offset": "+08:00",
        "gps_latitude": "-31.2304167",
        "gps_longitude": "-121.4700000",
        "gps_altitude": "-4.50",
        "gps_date": "2025:08:01",
        "gps_time": "02:20:30",
    }
    assert CANARY not in repr(photo)  # so that no log line shows it


def test_metadata_is_limited_and_printable(decoder: Decoder) -> None:
    tags = Image.Exif()
    tags[ExifTags.Base.Make] = "a\x1b[2Jb\r\nc" + "x" * 5000
    tags[ExifTags.Base.ImageDescription] = "碳纤维双风道前舱盖".encode()
    tags.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 2: (999.0, 0.0, 0.0), 3: "E", 4: (1.0, 2.0)})
    found = good(decoder.decode(saved(drawing(), "JPEG", exif=tags))).metadata
    assert str(found["make"]).startswith("a [2Jb  cxxx")
    assert len(str(found["make"])) == 300
    assert found["description"] == "碳纤维双风道前舱盖"
    assert not {"gps_latitude", "gps_longitude"} & set(found)
    assert pictures._number(TiffImagePlugin.IFDRational(1, 0)) is None
    assert pictures._number(TiffImagePlugin.IFDRational(3, 2)) == 1.5


def test_unreadable_metadata_does_not_cost_the_photo(decoder: Decoder) -> None:
    for broken in (
        b"Exif\0\0II*\0\xff\xff\xff\xff",
        b"Exif\0\0MM\0*\0\0\0\x08\xff\xff" + b"\x01" * 100,
        b"Exif\0\0garbage",
    ):
        photo = good(decoder.decode(saved(drawing(), "JPEG", exif=broken)))
        assert photo.orientation == 1


# -- fingerprints
# --------------------------------------------------------------------------------------------------


def test_the_same_photo_is_known_again_through_the_decoder(decoder: Decoder) -> None:
    one = good(decoder.decode(saved(drawing(1600, 1200), "JPEG")))
    again = good(
        decoder.decode(
            saved(drawing(1600, 1200).resize((800, 600)).rotate(90, expand=True), "WEBP")
        )
    )
    other = good(decoder.decode(saved(drawing(1600, 1200, seed=9), "JPEG")))
    assert one.pdq == one.pdq_all8[0]
    assert same_picture(one.pdq_all8, again.pdq)
    assert not same_picture(one.pdq_all8, other.pdq)


# -- hostile files
# --------------------------------------------------------------------------------------------------


def test_more_than_60_megapixels_are_refused_from_the_header(decoder: Decoder) -> None:
    for width, height in ((60_000_001, 1), (8000, 7501), (50_000, 50_000), (2**31 - 1, 2**31 - 1)):
        start = time.perf_counter()
        assert (
            code(decoder.decode(png(width, height, chunk(b"IDAT", zlib.compress(b"")))))
            is Code.TOO_MANY_PIXELS
        )
        assert time.perf_counter() - start < 1
    # Negative control: what is refused there is the size alone.
    assert (
        code(decoder.decode(png(8000, 7500, chunk(b"IDAT", zlib.compress(b""))))) is Code.TRUNCATED
    )


def test_giant_headers_of_other_formats_are_refused(decoder: Decoder) -> None:
    small = saved(drawing(64, 64), "JPEG")
    at = small.index(b"\xff\xc0") + 5
    giant = small[:at] + struct.pack(">HH", 65500, 65500) + small[at + 4 :]
    assert code(decoder.decode(giant)) is Code.TOO_MANY_PIXELS
    gif = bytearray(saved(Image.new("P", (64, 64)), "GIF"))
    gif[6:10] = struct.pack("<HH", 65535, 65535)
    assert code(decoder.decode(bytes(gif))) is Code.TOO_MANY_PIXELS


def test_a_decode_beyond_a_gibibyte_ends_as_refused() -> None:
    """18,000² RGBA pixels are 1.3 GB from 1.3 MB. With the guard on size lifted the memory limit
    holds; with both, they come in."""
    bomb = png(18_000, 18_000, chunk(b"IDAT", zeros(18_000 * (4 * 18_000 + 1))), colour=6)
    assert len(bomb) < 2_000_000
    with Decoder(pixels=10**9) as deep:
        assert code(deep.decode(bomb)) is Code.MEMORY
        assert good(deep.decode(saved(drawing(), "PNG"))).format == "PNG"
    small = png(6_000, 6_000, chunk(b"IDAT", zeros(6_000 * (4 * 6_000 + 1))), colour=6)
    with Decoder(Limits(memory=300 << 20)) as tight:
        assert code(tight.decode(small)) is Code.MEMORY
    with Decoder(Limits(memory=None, cpu_seconds=30, wall_seconds=60)) as loose:
        assert good(loose.decode(small, sizes=SIZES[:1])).width == 6_000


def test_a_text_that_unpacks_to_a_flood_is_a_bomb(decoder: Decoder) -> None:
    flood = zeros(200 << 20)
    pixels = chunk(b"IDAT", zlib.compress(bytes(4 * 13)))
    for bomb in (chunk(b"zTXt", b"k\0\0" + flood), chunk(b"iTXt", b"k\0\1\0\0\0" + flood)):
        assert code(decoder.decode(png(4, 4, bomb, pixels))) is Code.BOMB
    assert isinstance(
        decoder.decode(png(4, 4, chunk(b"iCCP", b"k\0\0" + flood), pixels)),
        (DecodedPicture, RefusedPicture),
    )


def test_a_file_beyond_the_limit_is_refused() -> None:
    with Decoder(Limits(source_bytes=1000)) as small:
        assert code(small.decode(bytes(1001))) is Code.TOO_LARGE


@pytest.mark.parametrize("kind", FORMATS)
def test_every_cut_is_a_typed_end_and_half_a_photo_is_none(decoder: Decoder, kind: str) -> None:
    whole = saved(drawing(200, 150), kind)
    for part in (1, 3, 6, 8):
        cut = decoder.decode(whole[: len(whole) * part // 10])
        assert code(cut) in (Code.TRUNCATED, Code.DAMAGED, Code.NOT_AN_IMAGE), part
    assert isinstance(decoder.decode(whole[:-1]), (DecodedPicture, RefusedPicture))


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"", Code.NOT_AN_IMAGE),
        (b"hello, this is a photo", Code.NOT_AN_IMAGE),
        (b"<html><body><img src=x onerror=alert(1)></body></html>", Code.NOT_AN_IMAGE),
        (b"PK\x03\x04" + bytes(100), Code.NOT_AN_IMAGE),
        (bytes(range(256)) * 16, Code.NOT_AN_IMAGE),
        (
            b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
            Code.UNSUPPORTED,
        ),
        (b"\n<?xml version='1.0'?><svg/>", Code.UNSUPPORTED),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", Code.UNSUPPORTED),
        (b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 9 9\n", Code.NOT_AN_IMAGE),
        (b"\xff\xd8\xff\xe0", Code.DAMAGED),
        (b"\x89PNG\r\n\x1a\n", Code.DAMAGED),
        (b"\0\0\0\x1cftypheic\0\0\0\0mif1heic", Code.DAMAGED),
    ],
)
def test_what_is_no_photo_is_told_so(decoder: Decoder, data: bytes, expected: Code) -> None:
    assert code(decoder.decode(data)) is expected


@pytest.mark.parametrize("kind", ["BMP", "PPM", "ICO", "TGA", "JPEG2000", "EPS", "PCX"])
def test_formats_that_pillow_knows_but_we_do_not_take_are_refused(
    decoder: Decoder, kind: str
) -> None:
    if kind == "JPEG2000":
        pytest.importorskip("PIL.Jpeg2KImagePlugin")
    assert code(decoder.decode(saved(drawing(64, 64), kind))) in (
        Code.UNSUPPORTED,
        Code.NOT_AN_IMAGE,
    )


def test_what_hides_behind_a_photo_stays_behind(decoder: Decoder) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("page.html", f"<script>{CANARY}</script>")
    polyglot = saved(drawing(), "JPEG") + buffer.getvalue()
    assert zipfile.is_zipfile(io.BytesIO(polyglot))
    for rendition in good(decoder.decode(polyglot)).renditions:
        assert not zipfile.is_zipfile(io.BytesIO(rendition.data))
        assert CANARY.encode() not in rendition.data
        assert rendition.data.endswith(b"\xff\xd9")


def test_a_killed_child_is_refused_and_the_next_photo_is_read(decoder: Decoder) -> None:
    decoder.facts()
    parent = decoder.sandbox.parent_pid
    assert parent is not None
    large = saved(drawing(6000, 5000), "JPEG")
    ends: list[DecodedPicture | RefusedPicture] = []
    thread = threading.Thread(target=lambda: ends.append(decoder.decode(large)))
    thread.start()
    children = Path(f"/proc/{parent}/task/{parent}/children")
    until = time.monotonic() + 10
    while not (found := children.read_text().split()):
        assert time.monotonic() < until
    os.kill(int(found[0]), signal.SIGKILL)
    thread.join()
    assert code(ends[0]) is Code.CRASHED
    assert not ends[0].final  # type: ignore[union-attr]  # a RefusedPicture, as the line above has made sure
    assert good(decoder.decode(saved(drawing(), "JPEG"))).width == 640


def test_forty_photos_at_once(decoder: Decoder) -> None:
    sources = [saved(drawing(160, 120, seed=number), "JPEG") for number in range(40)]
    alone = [good(decoder.decode(sources[number])).pdq for number in (0, 39)]
    found: dict[int, DecodedPicture] = {}

    def read(number: int) -> None:
        found[number] = good(decoder.decode(sources[number]))

    threads = [threading.Thread(target=read, args=(number,)) for number in range(40)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found[0].pdq, found[39].pdq] == alone
    assert len({photo.pdq for photo in found.values()}) == 40


def test_a_photo_that_takes_too_long_is_refused() -> None:
    with Decoder(Limits(wall_seconds=0.05)) as hasty:
        assert code(hasty.decode(saved(drawing(6000, 5000), "JPEG"))) is Code.TIMEOUT


# -- versions
# --------------------------------------------------------------------------------------------------


def test_old_libraries_are_not_trusted_with_their_formats() -> None:
    assert pictures.accepted_formats("12.3.0", "1.22.0") == list(FORMATS)
    assert "HEIF" not in pictures.accepted_formats("12.3.0", "1.21.9")
    assert "HEIF" not in pictures.accepted_formats("12.3.0", None)
    assert pictures.accepted_formats("12.2.9", "1.23.0") == []


# -- a decoder that lies
# -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def liar() -> Iterator[Decoder]:
    with Decoder(task=LIES) as one:
        yield one


def truth() -> tuple[dict[str, Any], list[bytes]]:
    image = drawing(64, 48)
    return {
        "format": "JPEG",
        "width": 64,
        "height": 48,
        "orientation": 1,
        "frames": 1,
        "renditions": [[64, 48]],
        "metadata": {"make": "x", "exif_width": 64},
        "pdq_all8": ["0" * 64] * 8,
        "pdq_quality": 0,
    }, [saved(image, "JPEG")]


def say(liar: Decoder, header: Any, parts: list[bytes]) -> DecodedPicture | RefusedPicture:
    source = json.dumps([header, [base64.b64encode(part).decode() for part in parts]])
    return liar.decode(source.encode(), sizes=(Size("thumb", 320),))


def test_an_honest_answer_is_taken(liar: Decoder) -> None:
    assert good(say(liar, *truth())).renditions[0].data == truth()[1][0]
    assert say(liar, {"refused": "bomb"}, []) == RefusedPicture(Code.BOMB)


@pytest.mark.parametrize(
    ("key", "value"),
    [
        ("format", "BMP"),
        ("format", ["JPEG"]),
        ("width", 0),
        ("width", "64"),
        ("width", True),
        ("width", 10**9),
        ("height", None),
        ("orientation", 9),
        ("frames", 0),
        ("frames", 10**30),
        ("renditions", []),
        ("renditions", [[64, 49]]),
        ("renditions", [[64]]),
        ("renditions", [[400, 300]]),
        ("renditions", "x"),
        ("metadata", []),
        ("metadata", {"make": ["x"]}),
        ("metadata", {"make": "x" * 301}),
        ("metadata", {"make": "\x1b[2J"}),
        ("metadata", {"Make<": "x"}),
        ("metadata", {"n": 2**53}),
        ("metadata", {"n": 1.5}),
        ("metadata", {f"k{n}": 1 for n in range(65)}),
        ("pdq_all8", ["0" * 64] * 7),
        ("pdq_all8", ["0" * 63 + "G"] * 8),
        ("pdq_all8", None),
        ("pdq_quality", 101),
        ("pdq_quality", None),
        ("refused", "nonsense"),
        ("refused", 5),
        ("refused", "bomb"),
    ],
)
def test_no_lie_gets_through(liar: Decoder, key: str, value: object) -> None:
    header, parts = truth()
    assert code(say(liar, {**header, key: value}, parts)) is Code.CRASHED


def test_a_rendition_with_a_passenger_does_not_get_through(liar: Decoder) -> None:
    header, [clean] = truth()
    passengers = [
        saved(drawing(64, 48), "JPEG", exif=exif()),
        saved(drawing(64, 48), "JPEG", comment=CANARY),
        clean + b"PK",
        clean[:-2],
        saved(drawing(64, 48), "PNG"),
        saved(drawing(64, 48), "WEBP"),
        b"",
        b"<html>",
    ]
    for passenger in passengers:
        assert code(say(liar, header, [passenger])) is Code.CRASHED
    assert code(say(liar, header, [clean, clean])) is Code.CRASHED
    assert code(say(liar, header, [])) is Code.CRASHED


# -- the whole
# --------------------------------------------------------------------------------------------------


def test_every_code_has_its_sentence() -> None:
    assert set(SENTENCES) == set(Code)
    assert all(sentence.endswith(".") for sentence in SENTENCES.values())


def test_the_caller_never_loads_a_decoder() -> None:
    program = (
        "import sys, engines.decoding; print([name for name in sys.modules if name.split('.')[0] "
        "in ('PIL', 'numpy', 'django')])"
    )
    project = Path(__file__).resolve().parents[3]
    run = subprocess.run(
        [sys.executable, "-c", program], cwd=project, capture_output=True, text=True, check=True
    )
    assert run.stdout == "[]\n"


def test_the_decoder_of_the_process_is_one() -> None:
    try:
        assert good(decoding.decode(saved(drawing(), "JPEG"))).format == "JPEG"
        assert decoding.decoder() is decoding.decoder()
    finally:
        decoding.decoder().close()
