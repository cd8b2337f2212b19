"""What the confined child does with a photo: read it, shrink it, fingerprint it, read what it says
about itself.

This module is imported by the warm parent and run in its children only
(engines.decoding.fork_server): nothing else may import it, for with it come the decoders.

Steps of `work`: 1. read the source into memory; 2. open by the allow list, refuse by the size in
the header; 3. read the first frame's pixels, of a large JPEG at a half, a quarter or an eighth; 4.
shrink and bring to upright sRGB, then cascade the renditions; 5. encode them; 6. fingerprint; 7.
metadata.

Metadata never decides about pixels: a file that cannot be read is tried again without its metadata
(bare.py), and what a tag holds can at worst leave that tag out.

Why the renditions are encoded here although the design says "raw pixels": encoding needs the same
libraries as decoding, and raw pixels of one photo are 15 MB through a pipe, encoded again by the
caller. The rule that this serves is that the caller never *parses an untrusted picture*; it does
not parse these either, it only walks their segments (scanning.py).
"""

from __future__ import annotations

import codecs
import encodings
import math
import pkgutil
import re
import warnings
from contextlib import suppress
from datetime import datetime
from io import BytesIO
from typing import Any

import numpy
import pdqhash
import PIL
import pillow_heif
from PIL import (
    ExifTags,
    Image,
    ImageCms,
    ImageFile,
    MpoImagePlugin,
    PngImagePlugin,
    TiffImagePlugin,
    UnidentifiedImageError,
    features,
)

from engines.decoding.metadata_stripping import declared_size, rare_encoding, strip_metadata
from engines.decoding.results import FORMATS, MOST_FRAMES, TEXT_LENGTH, Code

PILLOW_MIN = (12, 3)
LIBHEIF_MIN = (1, 22)
_HASHED_EDGE = 512
# Texts in a PNG: Pillow's own limit of 1 MiB each refuses what editors really write. More than this
# is a bomb.
_TEXT_BYTES = 32 << 20

# What Pillow raises has no types for these ends; its words are all there is. A version that words
# them otherwise turns them into `damaged`, which the tests notice.
_WORDS = (
    (re.compile(r"truncated|unexpected end|end of file|EOF", re.IGNORECASE), Code.TRUNCATED),
    (
        re.compile(r"decompressed data too large|too much memory used in text", re.IGNORECASE),
        Code.BOMB,
    ),
    (
        re.compile(
            r"unsupported|not supported|not implemented|unknown "
            r".*(mode|compression|marker)|cannot handle|no codec",
            re.IGNORECASE,
        ),
        Code.UNSUPPORTED,
    ),
)
_ACCEPTED_SIGNATURES = (
    b"\xff\xd8\xff",
    b"\x89PNG\r\n\x1a\n",
    b"GIF87a",
    b"GIF89a",
    b"II*\0",
    b"MM\0*",
    b"II+\0",
    b"MM\0+",
)
_OTHER_SIGNATURES = (
    *(
        b"%PDF-",
        b"BM",
        b"8BPS",
        b"\0\0\0\x0cjP  ",
        b"\xff\x0a",
        b"\0\0\0\x0cJXL ",
        b"<svg",
        b"<?xml",
        b"\0\0\1\0",
        b"II\xbc\1",
    ),
    *(
        b"FUJIFILMCCD-RAW",
        b"IIRO",
        b"IIRS",
        b"MMOR",
        b"IIU\0",
        b"FOVb",
        b"\0MRM",
        b"v/1\1",
        b"#?RADIANCE",
        b"gimp xcf",
        b"8BPB",
    ),
)
#: Containers of pictures in encodings that are not read here:
#: Canon's raw files, JPEG 2000, VVC and others.
_OTHER_BRANDS = (
    b"crx ",
    b"j2ki",
    b"j2is",
    b"jpeg",
    b"jpgs",
    b"vvic",
    b"vvis",
    b"evbi",
    b"avci",
    b"avcs",
    b"miaf",
    b"1pic",
    b"mif2",
    b"jxl ",
)
_TRANSPOSE = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}

_accepted: list[str] = []
_srgb: Any = None


class _RefusedError(Exception):
    def __init__(self, code: Code) -> None:
        super().__init__(code)
        self.code = code


def _version(text: str | None) -> tuple[int, ...]:
    return tuple(int(number) for number in re.findall(r"\d+", text or "")[:3])


def accepted_formats(pillow: str, libheif: str | None) -> list[str]:
    """The formats that these versions are trusted with: none without a recent Pillow, no HEIF
    without libheif 1.22."""
    if _version(pillow) < PILLOW_MIN:
        return []
    return [
        name
        for name in FORMATS
        if not (name == "HEIF" and _version(libheif) < LIBHEIF_MIN)
        and not (name in ("WEBP", "AVIF") and not features.check(name.lower()))
    ]


def prepare() -> dict[str, Any]:
    """In the warm parent: load every library and table, so that a child never has to open a file.
    Returns the facts."""
    global _srgb
    pillow_heif.register_heif_opener(
        thumbnails=False, depth_images=False, aux_images=False, decode_threads=1
    )
    Image.init()
    # One thread: a child may not start others.
    from PIL import AvifImagePlugin

    AvifImagePlugin.DEFAULT_MAX_THREADS = 1
    ImageFile.LOAD_TRUNCATED_IMAGES = False
    PngImagePlugin.MAX_TEXT_CHUNK = PngImagePlugin.MAX_TEXT_MEMORY = _TEXT_BYTES
    _load_codecs()
    libheif = pillow_heif.libheif_info()["libheif"]
    _accepted[:] = accepted_formats(PIL.__version__, libheif)
    _srgb = ImageCms.createProfile("sRGB")
    warnings.simplefilter("ignore")
    warnings.simplefilter("error", Image.DecompressionBombWarning)
    _rehearse()
    return {"formats": list(_accepted), "pillow": PIL.__version__, "libheif": libheif}


def _load_codecs() -> None:
    """Every encoding that a text in a file may have: Python imports one when it is first used, and
    a child cannot."""
    for module in pkgutil.iter_modules(encodings.__path__):
        with suppress(
            LookupError, ImportError, AttributeError
        ):  # some are of another system, and a few modules are no encoding
            codecs.lookup(module.name)


def _rehearse() -> None:
    """Run the whole path on pictures of our own, because libraries import parts of themselves only
    when they are used."""
    exif = Image.Exif()
    exif[ExifTags.Base.Make] = "x"
    profile = ImageCms.ImageCmsProfile(_srgb).tobytes()
    for name, mode in (
        ("JPEG", "CMYK"),
        ("PNG", "P"),
        ("WEBP", "RGBA"),
        ("TIFF", "RGB"),
        ("GIF", "P"),
    ):
        if name in _accepted:
            buffer = BytesIO()
            Image.new(mode, (64, 48)).save(buffer, name, exif=exif, icc_profile=profile)
            sizes = [["a", 32, "image/jpeg", 80], ["b", 16, "image/webp", 80]]
            _decode(
                buffer.getvalue(),
                {
                    "pixels": 10_000,
                    "reduced": 10_000,
                    "sizes": sizes if "WEBP" in _accepted else sizes[:1],
                },
            )


def work(descriptor: int, request: dict[str, Any]) -> tuple[dict[str, Any], list[bytes]]:
    """The task of the child: `{"pixels": limit, "reduced": limit, "sizes": [[name, edge, mime,
    quality], …]}` → header and encoded renditions. `reduced` is the limit for pictures that can be
    read at a part of their size."""
    with open(descriptor, "rb", buffering=0, closefd=False) as source:
        data = source.readall()
    answer = _read(data, request)
    if answer[0].get("refused") in _PERHAPS_METADATA:
        without, exif = strip_metadata(data)
        if without != data:
            again = _read(without, request, exif)
            answer = answer if "refused" in again[0] else again
    if (
        answer[0].get("refused") in _PERHAPS_METADATA
    ):  # its decoder may have given up for another reason, and have no words for that
        if rare_encoding(data):
            return {"refused": Code.UNSUPPORTED}, []
        if declared_size(data) > request["pixels"]:
            return {"refused": Code.TOO_MANY_PIXELS}, []
    return answer


_PERHAPS_METADATA = (Code.DAMAGED, Code.TRUNCATED, Code.UNSUPPORTED)


def _read(
    data: bytes, request: dict[str, Any], exif: bytes = b""
) -> tuple[dict[str, Any], list[bytes]]:
    try:
        return _decode(data, request, exif)
    except _RefusedError as refusal:
        return {"refused": refusal.code}, []
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        return {"refused": Code.TOO_MANY_PIXELS}, []
    except MemoryError:
        raise
    except Exception as error:
        # Untrusted bytes make a decoder raise nearly anything;
        # whatever it is, the file is at fault.
        return {"refused": _code_of(error)}, []


def _code_of(error: Exception) -> Code:
    return next((code for words, code in _WORDS if words.search(str(error))), Code.DAMAGED)


def _open(data: bytes, pixels: int, reduced: int) -> Image.Image:
    Image.MAX_IMAGE_PIXELS = max(pixels, reduced)
    if not _accepted:
        raise _RefusedError(Code.UNSUPPORTED)
    try:
        image = Image.open(BytesIO(data), formats=_accepted)
    except UnidentifiedImageError:
        if _is_heif(data):
            raise _RefusedError(_why(data) if "HEIF" in _accepted else Code.UNSUPPORTED) from None
        if data.startswith(_ACCEPTED_SIGNATURES) or (data[:4] == b"RIFF" and data[8:12] == b"WEBP"):
            raise _RefusedError(_why(data)) from None
        other = data.lstrip()[:16].startswith(_OTHER_SIGNATURES) or (
            data[4:8] == b"ftyp" and data[8:12] in _OTHER_BRANDS
        )
        raise _RefusedError(Code.UNSUPPORTED if other else Code.NOT_AN_IMAGE) from None
    # libjpeg decodes at a half, a quarter or an eighth; the other decoders only at full size.
    if image.width * image.height > (reduced if image.format in ("JPEG", "MPO") else pixels):
        raise _RefusedError(Code.TOO_MANY_PIXELS)
    return image


def _why(data: bytes) -> Code:
    """Why no opener took a file that begins like one of ours: Pillow keeps the reason to itself
    unless the opener is asked alone (https://github.com/python-pillow/Pillow/issues/1687)."""
    for name in _accepted:
        factory, accept = Image.OPEN[name]
        try:
            if accept is None or accept(data[:16]) is True:
                factory(BytesIO(data), b"")
        except MemoryError:
            raise
        except Exception as error:
            # as in `_read`: whatever untrusted bytes make an opener raise, the file is at fault
            if _code_of(error) is Code.UNSUPPORTED:
                return Code.UNSUPPORTED
    return Code.DAMAGED


def _is_heif(data: bytes) -> bool:
    return data[4:8] == b"ftyp" and data[8:12] in (
        b"heic",
        b"heix",
        b"hevc",
        b"hevx",
        b"heim",
        b"heis",
        b"mif1",
        b"msf1",
        b"avif",
        b"avis",
    )


def _decode(
    data: bytes, request: dict[str, Any], kept_exif: bytes = b""
) -> tuple[dict[str, Any], list[bytes]]:
    """`kept_exif` is what was taken out of a file that could not be read with it."""
    pixels: int = request["pixels"]
    sizes: list[tuple[str, int, str, int]] = [tuple(size) for size in request["sizes"]]
    image = _open(data, pixels, request["reduced"])
    # An MPO is a JPEG with further pictures behind it. AVIF and HEIF keep their own names.
    kind = "JPEG" if image.format == "MPO" else str(image.format)
    width, height = image.size
    frames = min(
        max(1, int(getattr(image, "n_frames", 1))), MOST_FRAMES
    )  # a file may say any number
    icc = image.info.get("icc_profile")
    largest = max([_HASHED_EDGE, *(size[1] for size in sizes)])
    if kind == "JPEG":
        # libjpeg then decodes at 1/2, 1/4 or 1/8: less work, same picture. Above the limit it has
        # to, however large a rendition is wanted.
        least = next((part for part in (1, 2, 4) if width * height <= pixels * part * part), 8)
        wide, high = _fit(width, height, largest)
        image.draft(None, (min(wide, max(1, width // least)), min(high, max(1, height // least))))
        if image.width * image.height > pixels:
            raise _RefusedError(Code.TOO_MANY_PIXELS)
    image.load()
    if image.width * image.height > pixels:  # Some containers promise one size and hold another.
        raise _RefusedError(Code.TOO_MANY_PIXELS)
    exif = _exif(image, kept_exif)
    orientation = _orientation(exif)

    drawn = kind in ("PNG", "GIF")
    upright = _upright(image, largest, orientation, icc, drawn=drawn)
    image.close()
    if orientation >= 5:
        width, height = height, width

    # Each rendition comes from the next larger one.
    made: dict[int, Image.Image] = {}
    larger = upright
    for edge in sorted({_HASHED_EDGE, *(size[1] for size in sizes)}, reverse=True):
        larger = made[edge] = _shrink(larger, edge, drawn=drawn)
    parts = [_encode(made[edge], mime, quality, drawn=drawn) for _, edge, mime, quality in sizes]
    vectors, quality = pdqhash.compute_dihedral(numpy.asarray(made[_HASHED_EDGE]))
    return {
        "format": kind,
        "width": width,
        "height": height,
        "orientation": orientation,
        "frames": frames,
        "renditions": [list(made[edge].size) for _, edge, _, _ in sizes],
        "metadata": _metadata(exif, icc, "xmp" in image.info),
        "pdq_all8": [
            numpy.packbits(vector.astype(numpy.uint8)).tobytes().hex() for vector in vectors
        ],
        "pdq_quality": int(quality),
    }, parts


def _fit(width: int, height: int, edge: int) -> tuple[int, int]:
    """Width and height inside a square of `edge` pixels, in proportion, never enlarged and never
    nothing."""
    longest = max(width, height)
    if longest <= edge:
        return width, height
    return max(1, round(width * edge / longest)), max(1, round(height * edge / longest))


def _shrink(image: Image.Image, edge: int, *, drawn: bool) -> Image.Image:
    """The picture inside a square of `edge` pixels. Shrinking is most of the work: what has fine
    lines gets the dearer filter."""
    size = _fit(*image.size, edge)
    if size == image.size:
        return image
    return image.resize(
        size, Image.Resampling.LANCZOS if drawn else Image.Resampling.HAMMING, reducing_gap=3.0
    )


def _upright(
    image: Image.Image, edge: int, orientation: int, icc: bytes | None, *, drawn: bool
) -> Image.Image:
    """The picture at most `edge` wide and high, opaque sRGB, turned as its orientation says, with
    nothing attached."""
    if image.mode in ("P", "PA"):
        image = image.convert(
            "RGBA" if image.mode == "PA" or "transparency" in image.info else "RGB"
        )
    elif image.mode == "1":
        image = image.convert("L")
    elif image.mode.startswith("I;16") or image.mode in ("I", "F"):
        image = _eight_bits(image)
    elif "transparency" in image.info:
        image = image.convert("RGBA")
    image = _shrink(image, edge, drawn=drawn)
    if image.mode in ("RGBA", "LA", "RGBa", "La"):
        image = image.convert("RGBA")
        paper = Image.new("RGB", image.size, "white")
        paper.paste(image, mask=image.getchannel("A"))
        image = paper
    if icc and image.mode in ("RGB", "L", "CMYK"):
        with suppress(
            ImageCms.PyCMSError, OSError, ValueError, TypeError
        ):  # A broken profile leaves the colours as they are.
            profile = ImageCms.ImageCmsProfile(BytesIO(icc))
            image = ImageCms.profileToProfile(image, profile, _srgb, outputMode="RGB") or image
    if image.mode != "RGB":
        image = image.convert("RGB")
    if orientation in _TRANSPOSE:
        image = image.transpose(_TRANSPOSE[orientation])
    bare = Image.new("RGB", image.size)
    bare.paste(image)
    return bare


def _eight_bits(image: Image.Image) -> Image.Image:
    """Grey pictures of 16 or 32 bits, scaled by what is in them if that is more than 8 bits
    hold."""
    values = numpy.asarray(image)
    top = float(numpy.nanmax(values, initial=0.0))
    scale = 1.0 if top <= 255 else 255 / (65535 if top <= 65535 else top)
    grey = numpy.empty(values.shape, numpy.uint8)
    for start in range(
        0, len(values), 256
    ):  # In strips: as floating point the whole would not fit the memory limit.
        strip = numpy.nan_to_num(values[start : start + 256].astype(numpy.float32)) * scale
        grey[start : start + 256] = strip.clip(0, 255)
    return Image.fromarray(grey)


def _encode(image: Image.Image, mime: str, quality: int, *, drawn: bool) -> bytes:
    buffer = BytesIO()
    if mime == "image/webp":
        image.save(buffer, "WEBP", quality=quality, method=2)
    else:
        # Screenshots and drawings have coloured letters, which halved colour resolution smears.
        image.save(buffer, "JPEG", quality=quality, subsampling="4:4:4" if drawn else "4:2:0")
    return buffer.getvalue()


# -- what the file says about itself
# ------------------------------------------------------------------------------------

_TEXTS: dict[str, int] = {
    "make": ExifTags.Base.Make,
    "model": ExifTags.Base.Model,
    "software": ExifTags.Base.Software,
    "artist": ExifTags.Base.Artist,
    "copyright": ExifTags.Base.Copyright,
    "description": ExifTags.Base.ImageDescription,
    "host_computer": ExifTags.Base.HostComputer,
    "serial": ExifTags.Base.BodySerialNumber,
    "owner": ExifTags.Base.CameraOwnerName,
    "lens": ExifTags.Base.LensModel,
    "lens_serial": ExifTags.Base.LensSerialNumber,
    "image_id": ExifTags.Base.ImageUniqueID,
    "offset": ExifTags.Base.OffsetTime,
    "taken_offset": ExifTags.Base.OffsetTimeOriginal,
    "comment": ExifTags.Base.UserComment,
}
_TIMES: dict[str, int] = {
    "modified_at": ExifTags.Base.DateTime,
    "taken_at": ExifTags.Base.DateTimeOriginal,
    "digitized_at": ExifTags.Base.DateTimeDigitized,
}
_NUMBERS: dict[str, int] = {
    "exif_width": ExifTags.Base.ExifImageWidth,
    "exif_height": ExifTags.Base.ExifImageHeight,
}


def _exif(image: Image.Image, kept: bytes = b"") -> dict[str, dict[int, Any]]:
    """The main, Exif and GPS directories, from `kept` if there is any. What cannot be read is left
    out, one tag at a time."""
    tags: dict[str, dict[int, Any]] = {"main": {}, "exif": {}, "gps": {}}
    with suppress(Exception):  # The parser meets arbitrary bytes here and raises arbitrary errors.
        exif = image.getexif()
        if kept:
            exif.load(kept)
        tags["main"] = _tags(exif)
        for name, ifd in (("exif", ExifTags.IFD.Exif), ("gps", ExifTags.IFD.GPSInfo)):
            with suppress(Exception):  # As above, one directory at a time.
                tags[name] = _tags(exif.get_ifd(ifd))
        tags["order"] = {0: exif.endian}
    return tags


def _tags(directory: Any) -> dict[int, Any]:
    values = {}
    for tag in list(directory):
        with suppress(
            Exception
        ):  # As above, one tag at a time: the orientation is not lost for a comment.
            values[tag] = directory[tag]
    return values


def _orientation(exif: dict[str, dict[int, Any]]) -> int:
    value = exif["main"].get(ExifTags.Base.Orientation)
    return value if type(value) is int and 1 <= value <= 8 else 1


def _text(value: object, order: str = "<") -> str:
    """A printable text of limited length from whatever a tag holds, empty if it holds none. `order`
    is the file's own, "<" or ">"."""
    if isinstance(value, bytes):
        head, body = value[:8], value[8 : 8 + 16 * TEXT_LENGTH]
        if head == b"UNICODE\0":
            value = _utf16(body, order)
        elif head == b"JIS\0\0\0\0\0":
            value = _first_that_fits(body, "iso2022_jp_ext", "utf-8", "shift_jis", "euc_jp")
        else:
            value = _first_that_fits(
                body if head in (b"ASCII\0\0\0", b"\0" * 8) else value[: 16 * TEXT_LENGTH],
                "utf-8",
                "gb18030",
            )
    elif isinstance(value, str):
        # Pillow reads bytes as Latin-1; cameras that write Chinese write UTF-8
        # (https://github.com/python-pillow/Pillow/issues/7120).
        with suppress(UnicodeError):
            value = value.encode("latin-1").decode()
    if not isinstance(value, str):
        return ""
    return "".join(
        sign if sign.isprintable() else " " for sign in value[: 4 * TEXT_LENGTH].split("\0")[0]
    ).strip()[:TEXT_LENGTH]


def _first_that_fits(body: bytes, *names: str) -> str:
    """The text in the first of the encodings that has a meaning for every byte; as UTF-8 with marks
    for what is none, if none has."""
    body = body.rstrip(b"\0 ")
    for name in names:
        decoder = codecs.getincrementaldecoder(
            name
        )()  # forgives a character that our limit of length cut in two
        with suppress(UnicodeError):
            return decoder.decode(body)
    return body.decode("utf-8", "replace")


def _utf16(body: bytes, order: str) -> str:
    """UTF-16 in the byte order that gives the likelier text: cameras and programs disagree whether
    the file's own holds for comments."""
    for mark, name in ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be")):
        if body.startswith(mark):
            return body[2:].decode(name, "replace")
    texts = [body.decode(name, "replace").rstrip("\0 ") for name in ("utf-16-le", "utf-16-be")]
    if order == ">":
        texts.reverse()
    if any(byte >= 0x80 for byte in body):
        with suppress(UnicodeError):  # some programs write UTF-8 under this head
            texts.append(body.rstrip(b"\0").decode())
    return max(texts, key=_likelihood)  # the first of equals


#: Characters that people write much, likeliest first: ASCII; Chinese and kana with their
#: punctuation, Latin with accents, Greek, Cyrillic; Korean last, for there is hardly a pair of
#: bytes that is neither Chinese nor Korean in one of the two orders.
_USUAL = (
    (" ", "~", 1.0), ("\u00a0", "\u04ff", 0.9), ("\u2010", "\u2026", 0.9),
    ("\u3000", "\u30ff", 0.9), ("\u4e00", "\u9fa5", 0.9),
    ("\uff01", "\uff5e", 0.9), ("\uac00", "\ud7a3", 0.8),
)  # fmt: skip


def _likelihood(text: str) -> float:
    """How likely somebody wrote this, from 0 to 1: the mean over its characters."""
    return sum(
        next((weight for low, high, weight in _USUAL if low <= sign <= high), 0.0) for sign in text
    ) / (len(text) or 1)


def _number(value: object) -> float | None:
    with suppress(TypeError, ValueError, ZeroDivisionError, OverflowError):
        number = float(value)  # type: ignore[arg-type]  # A rational of Pillow's, or anything; what is no number raises.
        if math.isfinite(number) and abs(number) < 1e9:
            return number
    return None


def _degrees(value: object, reference: object, limit: int) -> str | None:
    """Degrees, minutes, seconds as a decimal string with seven places (a centimetre)."""
    if not isinstance(value, tuple) or len(value) != 3:
        return None
    parts = [_number(part) for part in value]
    if None in parts:
        return None
    degrees = sum(part / 60**power for power, part in enumerate(parts) if part is not None)
    if not 0 <= degrees <= limit:
        return None
    return f"{-degrees if _text(reference)[:1] in ('S', 'W') else degrees:.7f}"


def _metadata(
    exif: dict[str, dict[int, Any]], icc: bytes | None, xmp: bool
) -> dict[str, str | int]:
    """What the file says, as plain strings and integers, decimal numbers as strings. Absent keys
    were not there."""
    tags = {**exif["main"], **exif["exif"]}
    order = str(exif.get("order", {}).get(0) or "<")
    metadata: dict[str, str | int] = {
        name: text for name, tag in _TEXTS.items() if (text := _text(tags.get(tag), order))
    }
    for name, tag in _TIMES.items():
        with suppress(ValueError):  # Local time without a zone, as EXIF writes it: kept as such.
            taken = datetime.strptime(_text(tags.get(tag)), "%Y:%m:%d %H:%M:%S")  # noqa: DTZ007  EXIF names no zone
            metadata[name] = taken.isoformat()
    for name, tag in _NUMBERS.items():
        if type(value := tags.get(tag)) is int and 0 < value < 2**32:
            metadata[name] = value
    gps = exif["gps"]
    for name, tag, limit in (("gps_latitude", 2, 90), ("gps_longitude", 4, 180)):
        if degrees := _degrees(gps.get(tag), gps.get(tag - 1), limit):
            metadata[name] = degrees
    altitude = _number(gps.get(6))
    if altitude is not None:
        below_sea = gps.get(5) in (1, b"\x01")
        metadata["gps_altitude"] = f"{-altitude if below_sea else altitude:.2f}"
    if date := _text(gps.get(29)):
        metadata["gps_date"] = date[:10]
    clock = gps.get(7)
    if (
        isinstance(clock, tuple)
        and len(clock) == 3
        and None not in (parts := [_number(part) for part in clock])
    ):
        metadata["gps_time"] = ":".join(f"{int(part or 0):02d}" for part in parts)
    if icc:
        metadata["has_profile"] = 1
    if xmp:
        metadata["has_xmp"] = 1
    return metadata


# Imported for what they register; Pillow would import them only when a file asks for them, and a
# child cannot.
_LOADED = (MpoImagePlugin, TiffImagePlugin)
