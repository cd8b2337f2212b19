"""What the confined child costs: one 12-megapixel photo against the same work in plain Pillow, in our own process."""

from __future__ import annotations

import io
import random
import statistics
import time
from collections.abc import Callable

import numpy
import pdqhash
import pytest
from PIL import Image, ImageOps

from evidence.decoding import SIZES, Decoded, Decoder


def photo() -> bytes:
    rng = numpy.random.default_rng(1)
    coarse = Image.fromarray(rng.integers(0, 255, (300, 400, 3), dtype=numpy.uint8))
    buffer = io.BytesIO()
    coarse.resize((4000, 3000), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def plain(data: bytes) -> None:
    """The loop that one writes first: read once, then each rendition from the whole picture, and the fingerprint."""
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    for size in SIZES:
        small = upright.copy()
        small.thumbnail((size.edge, size.edge), Image.Resampling.LANCZOS)
        small.save(io.BytesIO(), "JPEG", quality=size.quality)
    small = upright.copy()
    small.thumbnail((512, 512), Image.Resampling.LANCZOS)
    pdqhash.compute_dihedral(numpy.asarray(small))


def median(work: Callable[[], object], times: int = 7) -> float:
    spent = []
    for _ in range(times):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def test_a_photo_in_the_confined_child_costs_no_more_than_plain_pillow(capsys: pytest.CaptureFixture[str]) -> None:
    data = photo()
    rng = random.Random(1)
    tiny = io.BytesIO()
    Image.new("RGB", (32, 32), tuple(rng.randrange(256) for _ in range(3))).save(tiny, "PNG")
    with Decoder() as decoder:
        decoder.facts()
        assert isinstance(decoder.decode(data), Decoded)
        ours = median(lambda: decoder.decode(data))
        floor = median(lambda: decoder.decode(tiny.getvalue()), 30)
    theirs = median(lambda: plain(data))
    with capsys.disabled():
        print(  # noqa: T201 - a benchmark's figures
            f"\n12 megapixels: child {ours * 1000:.0f} ms, plain Pillow {theirs * 1000:.0f} ms, ratio {ours / theirs:.2f}; "
            f"smallest file {floor * 1000:.1f} ms"
        )
    assert ours < 1.5 * theirs
