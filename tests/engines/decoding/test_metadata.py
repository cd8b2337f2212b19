"""What a photo says about itself never decides whether it can be seen, and the walls change nothing
about what is read."""

from __future__ import annotations

import os
import random
import struct
import zlib
from collections.abc import Iterator
from typing import Any

import pillow_heif
import pytest
from PIL import ExifTags, Image, PngImagePlugin, TiffImagePlugin

from engines.decoding import Code, DecodedPicture, Decoder, Limits
from tests.engines.decoding.test_decoding import chunk, code, drawing, good, png, saved

CHINESE = "真正的双风道，左右各一条"
JAPANESE = "左右に空気の通り道があります"


@pytest.fixture(scope="module")
def decoder() -> Iterator[Decoder]:
    pillow_heif.register_heif_opener()
    with Decoder() as one:
        yield one


@pytest.fixture(scope="module")
def outside() -> Iterator[Decoder]:
    """The same decoder without its walls: any file can be opened, so any module can be imported."""
    with Decoder(
        Limits(
            memory=None,
            cpu_seconds=30,
            wall_seconds=60,
            open_files=200,
            filter_calls=False,
            isolate_network=False,
        )
    ) as one:
        yield one


def tags(comment: object = None, **others: Any) -> Image.Exif:
    found = Image.Exif()
    if comment is not None:
        found.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.UserComment] = comment
    for name, value in others.items():
        found[getattr(ExifTags.Base, name)] = value
    return found


def big_endian(exif: Image.Exif) -> bytes:
    exif.endian = ">"
    exif._info = None
    head = b"Exif\0\0MM\0*\0\0\0\x08"
    writer = TiffImagePlugin.ImageFileDirectory_v2(ifh=head[6:], prefix=b"MM")
    for tag, value in exif.items():
        writer[tag] = value
    writer[ExifTags.IFD.Exif] = dict(exif.get_ifd(ExifTags.IFD.Exif))
    return head + writer.tobytes(8)


def segment(marker: int, body: bytes) -> bytes:
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def with_segments(*segments: bytes) -> bytes:
    whole = saved(drawing(120, 90), "JPEG")
    return whole[:2] + b"".join(segments) + whole[2:]


COMMENTS: dict[str, tuple[bytes, str]] = {
    "ascii": (b"ASCII\0\0\0two ducts", "two ducts"),
    "ascii that is UTF-8": (b"ASCII\0\0\0" + CHINESE.encode(), CHINESE),
    "ascii that is GBK": (b"ASCII\0\0\0" + CHINESE.encode("gbk"), CHINESE),
    "undefined": (b"\0" * 8 + CHINESE.encode(), CHINESE),
    "undefined, GB 18030": (b"\0" * 8 + CHINESE.encode("gb18030"), CHINESE),
    "unicode, little": (b"UNICODE\0" + CHINESE.encode("utf-16-le"), CHINESE),
    "unicode, big": (b"UNICODE\0" + CHINESE.encode("utf-16-be"), CHINESE),
    "unicode, marked little": (b"UNICODE\0" + b"\xff\xfe" + CHINESE.encode("utf-16-le"), CHINESE),
    "unicode, marked big": (b"UNICODE\0" + b"\xfe\xff" + CHINESE.encode("utf-16-be"), CHINESE),
    "unicode, English": (b"UNICODE\0" + "two ducts".encode("utf-16-le"), "two ducts"),
    "unicode, English, big": (b"UNICODE\0" + "two ducts".encode("utf-16-be"), "two ducts"),
    "unicode that is UTF-8": (b"UNICODE\0" + CHINESE.encode(), CHINESE),
    "unicode, odd": (b"UNICODE\0" + "two".encode("utf-16-le") + b"\x41", "two\ufffd"),
    "unicode, padded": (b"UNICODE\0" + CHINESE.encode("utf-16-le") + bytes(100), CHINESE),
    "jis": (b"JIS\0\0\0\0\0" + JAPANESE.encode("iso2022_jp"), JAPANESE),
    "jis that is Shift_JIS": (b"JIS\0\0\0\0\0" + JAPANESE.encode("shift_jis"), JAPANESE),
    "no head": (CHINESE.encode(), CHINESE),
    "nothing": (b"", ""),
    "a head alone": (b"UNICODE\0", ""),
}


@pytest.mark.parametrize("name", COMMENTS)
def test_a_comment_is_read_in_the_encoding_that_it_has(decoder: Decoder, name: str) -> None:
    comment, expected = COMMENTS[name]
    for kind in ("JPEG", "PNG", "WEBP", "HEIF"):
        assert (
            good(
                decoder.decode(saved(drawing(64, 48), kind, exif=tags(comment).tobytes()))
            ).metadata.get("comment", "")
            == expected
        ), kind


def test_a_big_endian_file_is_read_as_a_little_endian_one(decoder: Decoder) -> None:
    for text in (CHINESE, "한국어 설명입니다", "Zwei Luftkanäle", "风"):
        exif = tags(b"UNICODE\0" + text.encode("utf-16-be"))
        assert (
            good(decoder.decode(saved(drawing(64, 48), "JPEG", exif=big_endian(exif)))).metadata[
                "comment"
            ]
            == text
        )
    little = tags(b"UNICODE\0" + "한국어 설명입니다".encode("utf-16-le")).tobytes()
    assert (
        good(decoder.decode(saved(drawing(64, 48), "JPEG", exif=little))).metadata["comment"]
        == "한국어 설명입니다"
    )


def test_without_the_encodings_loaded_beforehand_such_a_photo_would_be_lost() -> None:
    photo = saved(drawing(64, 48), "JPEG", exif=tags(COMMENTS["unicode, little"][0]).tobytes())
    with Decoder(task="tests.engines.decoding.confined_without_codecs:work") as unprepared:
        if unprepared.facts()["guards"]["filter"]:
            assert code(unprepared.decode(photo)) is Code.DAMAGED


def small() -> Image.Image:
    return drawing(120, 90)


def corpus() -> Iterator[tuple[str, bytes]]:  # noqa: C901 — one branch for each kind of file
    """Photos of one drawing with metadata of every kind, right and wrong. All of them can be
    seen."""
    dice = random.Random(20)
    for name, (comment, _) in COMMENTS.items():
        yield f"comment {name}", saved(small(), "JPEG", exif=tags(comment).tobytes())
    for number in range(12):
        head = dice.choice(
            [b"ASCII\0\0\0", b"UNICODE\0", b"JIS\0\0\0\0\0", bytes(8), dice.randbytes(8)]
        )
        yield (
            f"garbage comment {number}",
            saved(
                small(),
                "WEBP",
                exif=tags(head + dice.randbytes(dice.choice([1, 7, 60, 9_000]))).tobytes(),
            ),
        )
    long = "𠮷" * 20_000
    yield (
        "long texts",
        saved(
            small(),
            "WEBP",
            exif=tags(
                b"UNICODE\0" + long.encode("utf-16-le"), Make=long.encode(), Model=long.encode()
            ).tobytes(),
        ),
    )
    astral = dict.fromkeys(
        (
            "Make",
            "Model",
            "Software",
            "Artist",
            "Copyright",
            "ImageDescription",
            "HostComputer",
            "BodySerialNumber",
            "LensModel",
        ),
        "𠮷".encode() * 310,
    )
    yield "long texts everywhere", saved(small(), "JPEG", exif=tags(**astral).tobytes())
    odd = Image.Exif()
    rational = TiffImagePlugin.IFDRational
    for values in (
        (rational(1, 0), rational(0, 0), rational(-1, 3)),
        (1, 2),
        (),
        b"\xff" * 24,
        "north",
        (2**31, 1, 1),
    ):
        odd.get_ifd(ExifTags.IFD.GPSInfo).update({1: "N", 3: "E", 5: b"\x07", 29: b"\xff\xfe"})
        for tag in (2, 4, 7):
            odd.get_ifd(ExifTags.IFD.GPSInfo)[tag] = values
        try:
            yield f"GPS {values!r}", saved(small(), "JPEG", exif=odd.tobytes())
        except (struct.error, TypeError, ValueError, AttributeError):
            continue  # Pillow itself will not write it
    plain = tags(
        b"ASCII\0\0\0x", Make="Maker", DateTime="2025:13:41 99:00:00", Orientation=77
    ).tobytes()
    for number in range(25):  # each time three bytes of a right directory are others
        bent = bytearray(plain)
        for _ in range(3):
            bent[dice.randrange(6, len(bent))] = dice.randrange(256)
        yield f"bent EXIF {number}", saved(small(), "JPEG", exif=bytes(bent))
    maker = b"Apple iOS\0\0\1MM" + dice.randbytes(4_000)
    note = Image.Exif()
    note.get_ifd(ExifTags.IFD.Exif)[ExifTags.Base.MakerNote] = maker
    yield "maker note", saved(small(), "JPEG", exif=note.tobytes())
    xmp = b"http://ns.adobe.com/xap/1.0/\0"
    for name, body in {
        "XMP": xmp + b"<x:xmpmeta xmlns:x='adobe:ns:meta/'><rdf/></x:xmpmeta>",
        "XMP that is no XML": xmp + b"<<<\xff\xfe&" * 500,
        "XMP with entities": xmp + b'<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><x '
        b'tiff:Orientation="99999999999999999999">&b;</x>',
        "XMP, huge": xmp + b" " * 65_000,
    }.items():
        yield name, with_segments(segment(0xE1, body))
    photoshop = b"Photoshop 3.0\0"
    for name, body in {
        "IPTC": photoshop + b"8BIM\x04\x04\0\0\0\0\0\x0a\x1c\x02\x78\0\x05words",
        "IPTC that lies about its length": photoshop + b"8BIM\x04\x04\0\0\x7f\xff\xff\xff\x1c\x02",
        "Photoshop resolution, cut": photoshop + b"8BIM\x03\xed\0\0\0\0\0\x10\0",
        "Photoshop, garbage": photoshop + b"8BIM" + dice.randbytes(300),
    }.items():
        yield name, with_segments(segment(0xED, body))
    icc = b"ICC_PROFILE\0"
    for name, parts in {
        "ICC, garbage": [icc + b"\1\1" + dice.randbytes(900)],
        "ICC, a part of none": [icc + b"\7\0" + bytes(200)],
        "ICC, out of order": [icc + b"\2\2" + bytes(50), icc + b"\1\2" + bytes(50)],
        "ICC, cut": [icc],
    }.items():
        yield name, with_segments(*(segment(0xE2, one) for one in parts))
    for name, body in {
        "MPF, garbage": b"MPF\0" + dice.randbytes(80),
        "MPF of a million pictures": (
            b"MPF\0MM\0*\0\0\0\x08\0\1\xb0\1\0\4\0\0\0\1\0\x0f\x42\x40\0\0\0\0"
        ),
        "MPF, empty": b"MPF\0",
        "MPF without a count": b"MPF\0II*\0\x08\0\0\0\0\0",
        "MPF that points nowhere": b"MPF\0II*\0\xff\xff\xff\xff",
    }.items():
        yield name, with_segments(segment(0xE2, body))
    yield (
        "a comment in Latin-1",
        with_segments(segment(0xFE, "Zwei Lüfter".encode("latin-1") * 100)),
    )
    yield "JFIF thumbnail that is none", with_segments(segment(0xE0, b"JFXX\0\x10" + bytes(30)))
    yield "Adobe segment, short", with_segments(segment(0xEC, b"Ducky\0\1"))
    yield "EXIF twice", with_segments(segment(0xE1, plain), segment(0xE1, b"Exif\0\0II*\0\1"))
    yield "EXIF alone", with_segments(segment(0xE1, b"Exif\0\0"))
    pixels = chunk(b"IDAT", zlib.compress(bytes((3 * 64 + 1) * 48)))
    megabytes = zlib.compress(b"workflow " * 400_000)
    for name, ancillary in {
        "PNG tEXt in Latin-1": chunk(b"tEXt", "Comment\0Zwei Lüfter".encode("latin-1")),
        "PNG tEXt without a value": chunk(b"tEXt", b"Comment"),
        "PNG zTXt": chunk(b"zTXt", b"Comment\0\0" + zlib.compress(CHINESE.encode())),
        "PNG zTXt, several megabytes": chunk(b"zTXt", b"workflow\0\0" + megabytes),
        "PNG zTXt, broken": chunk(b"zTXt", b"Comment\0\0" + b"not deflated"),
        "PNG zTXt of another method": chunk(b"zTXt", b"Comment\0\x07abc"),
        "PNG iTXt": chunk(b"iTXt", b"Title\0\0\0zh\0" + "标题".encode() + b"\0" + CHINESE.encode()),
        "PNG iTXt, compressed": chunk(b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + megabytes),
        "PNG iTXt in GBK": chunk(b"iTXt", b"Title\0\0\0zh\0\0" + CHINESE.encode("gbk")),
        "PNG iTXt, cut": chunk(b"iTXt", b"Title\0\1"),
        "PNG iCCP of another method": chunk(b"iCCP", b"name\0\x09xx"),
        "PNG iCCP, garbage": chunk(b"iCCP", b"name\0\0" + zlib.compress(dice.randbytes(300))),
        "PNG iCCP, broken": chunk(b"iCCP", b"name\0\0xxxx"),
        "PNG eXIf, garbage": chunk(b"eXIf", dice.randbytes(40)),
        "PNG eXIf": chunk(b"eXIf", plain[6:]),
        "PNG raw profile": chunk(b"tEXt", b"Raw profile type exif\0\nexif\n     999\nzzzz"),
        "PNG pHYs, short": chunk(b"pHYs", b"\0"),
        "PNG gAMA, short": chunk(b"gAMA", b"\0"),
        "PNG cHRM, short": chunk(b"cHRM", b"\0\1\2"),
        "PNG tIME of no day": chunk(b"tIME", b"\xff" * 7),
        "PNG acTL of no frames": chunk(b"acTL", bytes(8)),
        "PNG acTL, short": chunk(b"acTL", b"\0"),
        "PNG with a private chunk": chunk(b"prVt", dice.randbytes(99)),
    }.items():
        yield name, png(64, 48, ancillary, pixels)
    text = PngImagePlugin.PngInfo()
    for number in range(200):
        text.add_text(f"key {number}", "value " * 50)
    yield "PNG with two hundred texts", saved(small(), "PNG", pnginfo=text)
    for kind in ("WEBP", "AVIF", "HEIF", "TIFF"):
        yield (
            f"{kind} with everything",
            saved(
                small(),
                kind,
                exif=tags(COMMENTS["unicode, big"][0], Make="Maker").tobytes(),
                icc_profile=dice.randbytes(200),
            ),
        )
    for kind in ("WEBP", "AVIF", "HEIF"):
        whole = saved(small(), kind, exif=plain)
        yield (
            f"{kind} with garbage for EXIF",
            whole.replace(plain[6:], dice.randbytes(len(plain) - 6)),
        )
        yield f"{kind} with garbage for XMP", saved(small(), kind, xmp=dice.randbytes(500))


def test_metadata_never_decides_about_the_picture_and_the_walls_change_nothing(
    decoder: Decoder, outside: Decoder
) -> None:
    lost, other, count = [], [], 0
    for name, data in corpus():
        count += 1
        found = decoder.decode(data)
        if not isinstance(found, DecodedPicture):
            lost.append((name, found))
        elif os.geteuid() and name.startswith("HEIF"):
            # without its walls a child of an ordinary user may start no thread, which HEIF needs
            continue
        elif found != outside.decode(data):
            other.append(name)
    assert count > 110
    assert lost == []
    assert other == []


# -- pictures that are too large, or of a kind that is not read
# ----------------------------------------------------------------


def grey_jpeg(width: int, height: int, **options: Any) -> bytes:
    return saved(Image.new("L", (width, height), 90), "JPEG", **options)


@pytest.mark.parametrize(("width", "height"), [(9_248, 6_944), (12_000, 9_000), (16_320, 12_240)])
def test_photos_of_64_108_and_200_megapixels_are_read_within_the_limits(
    decoder: Decoder, width: int, height: int
) -> None:
    exif = tags(Orientation=6).tobytes()
    photo = good(
        decoder.decode(saved(Image.new("RGB", (width, height), (200, 40, 40)), "JPEG", exif=exif))
    )
    assert (photo.width, photo.height) == (height, width)  # as it is seen, and of its whole size
    assert [max(one.width, one.height) for one in photo.renditions] == [320, 1280, 2560]


def test_a_large_photo_is_read_in_part_whatever_it_is_like(decoder: Decoder) -> None:
    assert (
        good(decoder.decode(grey_jpeg(2_000, 40_000, progressive=True))).renditions[2].width <= 2560
    )
    assert code(decoder.decode(grey_jpeg(200, 100)[:-300])) in (Code.TRUNCATED, Code.DAMAGED)
    at = (small := grey_jpeg(64, 64)).index(b"\xff\xc0") + 5
    for height, width in ((65_500, 65_500), (16_000, 15_626)):
        assert (
            code(decoder.decode(small[:at] + struct.pack(">HH", height, width) + small[at + 4 :]))
            is Code.TOO_MANY_PIXELS
        )


def test_what_is_too_large_in_another_format_is_called_too_large(decoder: Decoder) -> None:
    webp = bytearray(saved(drawing(64, 64), "WEBP", exif=tags(Make="x").tobytes()))
    assert webp[12:16] == b"VP8X"
    webp[24:30] = (16_000).to_bytes(3, "little") * 2
    assert code(decoder.decode(bytes(webp))) is Code.TOO_MANY_PIXELS
    for kind in ("HEIF", "AVIF"):
        data = saved(drawing(640, 480), kind)
        at = data.index(b"ispe") + 8
        for size in (9_000, 2**31):
            assert (
                code(decoder.decode(data[:at] + struct.pack(">II", size, size) + data[at + 8 :]))
                is Code.TOO_MANY_PIXELS
            ), (kind, size)


def test_what_is_not_supported_is_never_called_damaged(decoder: Decoder) -> None:
    jpeg = saved(drawing(64, 64), "JPEG")
    at = jpeg.index(b"\xff\xc0")
    kinds = {
        f"SOF{n:#x}": jpeg[:at] + bytes([0xFF, n]) + jpeg[at + 2 :]
        for n in (0xC3, 0xC5, 0xC7, 0xCB, 0xCF)
    }
    kinds["twelve bits"] = jpeg[: at + 4] + b"\x0c" + jpeg[at + 5 :]
    bare_deflate = zlib.compress(bytes((3 * 64 + 1) * 48))[2:-4]
    kinds["Apple's PNG"] = (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"CgBI", b"\x50\0\x20\x02")
        + png(64, 48, chunk(b"IDAT", bare_deflate))[8:]
    )
    raw = TiffImagePlugin.ImageFileDirectory_v2(prefix=b"II")
    raw[256], raw[257], raw[258], raw[259], raw[262], raw[277], raw[278], raw[273], raw[279] = (
        64,
        64,
        16,
        34892,
        32803,
        1,
        64,
        8,
        8192,
    )
    kinds["camera raw"] = b"II*\0\x08\0\0\0" + raw.tobytes(8) + bytes(8192)
    kinds["Canon raw"] = b"\0\0\0\x18ftypcrx \0\0\0\1crx isom" + bytes(100)
    kinds["Fuji raw"] = b"FUJIFILMCCD-RAW 0201" + bytes(200)
    heif = saved(drawing(640, 480), "HEIF")
    kinds["HEIF of another codec"] = heif.replace(b"hvc1", b"j2k1")
    assert {name: code(decoder.decode(data)) for name, data in kinds.items()} == dict.fromkeys(
        kinds, Code.UNSUPPORTED
    )
