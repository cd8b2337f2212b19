"""The strict reader of renditions: what a bare picture is, and that nothing else is one."""

from __future__ import annotations

import io
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from engines.decoding.scanning import NotCleanError, scan_jpeg, scan_webp


def saved(
    kind: str, size: tuple[int, int] = (50, 40), mode: str = "RGB", **options: object
) -> bytes:
    buffer = io.BytesIO()
    Image.effect_noise(size, 90).convert(mode).save(buffer, kind, **options)
    return buffer.getvalue()


JPEG = saved("JPEG")
WEBP = saved("WEBP")
SEGMENT = b"\0\x08canary"


@pytest.mark.parametrize(
    "options",
    [{}, {"progressive": True}, {"optimize": True}, {"quality": 95, "subsampling": "4:4:4"}],
)
def test_a_bare_jpeg_is_clean(options: dict[str, object]) -> None:
    assert scan_jpeg(saved("JPEG", (33, 77), **options)) == (33, 77)
    assert scan_jpeg(saved("JPEG", (33, 77), "L", **options)) == (33, 77)


def test_restart_markers_are_refused_because_we_write_none() -> None:
    with pytest.raises(NotCleanError):
        scan_jpeg(saved("JPEG", restart_marker_rows=1))


@pytest.mark.parametrize("options", [{}, {"lossless": True}, {"quality": 5}])
@pytest.mark.parametrize("size", [(1, 1), (33, 77), (500, 3)])
def test_a_bare_webp_is_clean(options: dict[str, object], size: tuple[int, int]) -> None:
    assert scan_webp(saved("WEBP", size, **options)) == size


@pytest.mark.parametrize(
    "marker", [*range(0xE1, 0xF0), 0xFE, 0xDD, 0xDC, 0xCC, 0xC3, 0xF0, 0x01, 0xD0, 0xD8]
)
def test_no_other_segment_is_let_through(marker: int) -> None:
    assert JPEG[2:4] == b"\xff\xe0"
    for at in (2, 20):
        with pytest.raises(NotCleanError):
            scan_jpeg(JPEG[:at] + bytes((0xFF, marker)) + SEGMENT + JPEG[at:])


def test_the_header_segment_holds_no_thumbnail_and_comes_once() -> None:
    with pytest.raises(NotCleanError):
        scan_jpeg(JPEG[:18] + b"\1\1" + JPEG[20:])
    with pytest.raises(NotCleanError):
        scan_jpeg(JPEG[:20] + JPEG[2:])
    with pytest.raises(NotCleanError):
        scan_jpeg(JPEG[:4] + b"\0\x13" + JPEG[6:20] + b"abc" + JPEG[20:])


def test_tables_hold_tables_only() -> None:
    at = JPEG.index(b"\xff\xdb")
    length = int.from_bytes(JPEG[at + 2 : at + 4], "big")
    padded = (
        JPEG[: at + 2]
        + (length + 6).to_bytes(2, "big")
        + JPEG[at + 4 : at + 2 + length]
        + b"canary"
        + JPEG[at + 2 + length :]
    )
    with pytest.raises(NotCleanError):
        scan_jpeg(padded)


@pytest.mark.parametrize("tail", [b"\0", b"\xff\xd9", b"PK\x03\x04", JPEG])
def test_nothing_follows_the_end(tail: bytes) -> None:
    with pytest.raises(NotCleanError):
        scan_jpeg(JPEG + tail)
    with pytest.raises(NotCleanError):
        scan_webp(WEBP + tail)


def test_a_webp_with_a_second_chunk_is_not_clean() -> None:
    chunk = b"EXIF\x06\0\0\0canary"
    longer = (len(WEBP) - 8 + len(chunk)).to_bytes(4, "little")
    with pytest.raises(NotCleanError):
        scan_webp(b"RIFF" + longer + WEBP[8:] + chunk)
    for options in ({"exif": b"Exif\0\0canary"}, {"xmp": b"canary"}, {"icc_profile": b"canary"}):
        with pytest.raises(NotCleanError):
            scan_webp(saved("WEBP", **options))
    buffer = io.BytesIO()
    Image.new("RGBA", (50, 40), (1, 2, 3, 100)).save(buffer, "WEBP")
    with pytest.raises(NotCleanError):
        scan_webp(buffer.getvalue())


@given(st.integers(0, max(len(JPEG), len(WEBP))))
def test_every_cut_is_told(length: int) -> None:
    for scan, data in ((scan_jpeg, JPEG), (scan_webp, WEBP)):
        if length < len(data):
            with pytest.raises(NotCleanError):
                scan(data[:length])


@given(st.binary(max_size=300), st.integers(0, 400))
def test_any_bytes_are_read_to_an_answer(noise: bytes, at: int) -> None:
    for scan, data in ((scan_jpeg, JPEG), (scan_webp, WEBP)):
        for candidate in (noise, data[:at] + noise, data[:at] + noise + data[at + len(noise) :]):
            with suppress(NotCleanError):
                assert len(scan(candidate)) == 2
