"""What the confined child costs: one 12-megapixel photo against the same work in plain Pillow, in
our own process."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy
import pdqhash
from PIL import Image, ImageOps

from engines.decoding import SIZES, DecodedPicture, Decoder
from tests.benchmarks.measure import compare

PHOTOS = 4


def photo() -> bytes:
    rng = numpy.random.default_rng(1)
    coarse = Image.fromarray(rng.integers(0, 255, (300, 400, 3), dtype=numpy.uint8))
    buffer = io.BytesIO()
    coarse.resize((4000, 3000), Image.Resampling.BICUBIC).save(buffer, "JPEG", quality=90)
    return buffer.getvalue()


def plain(data: bytes) -> Image.Image:
    """The loop that one writes first: read once, then each rendition from the whole picture, and
    the fingerprint."""
    with Image.open(io.BytesIO(data)) as image:
        upright = ImageOps.exif_transpose(image).convert("RGB")
    for size in SIZES:
        small = upright.copy()
        small.thumbnail((size.edge, size.edge), Image.Resampling.LANCZOS)
        small.save(io.BytesIO(), "JPEG", quality=size.quality)
    small = upright.copy()
    small.thumbnail((512, 512), Image.Resampling.LANCZOS)
    pdqhash.compute_dihedral(numpy.asarray(small))
    return small


def processor(decoder: Decoder) -> Callable[[], float]:
    """A clock of the processor time that we, the warm parent and its dead children have used:
    others at the machine do not count."""

    def clock() -> float:
        fields = (
            Path(f"/proc/{decoder.sandbox.parent_pid}/stat").read_text().rpartition(")")[2].split()
        )
        return time.process_time() + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")

    return clock


def test_a_photo_in_the_confined_child_against_plain_pillow() -> None:
    data = photo()
    with Decoder() as decoder:
        assert isinstance(decoder.decode(data), DecodedPicture)
        compare(
            "a 12-megapixel photo in the confined child / plain Pillow",
            ours=lambda: [decoder.decode(data) for _ in range(PHOTOS)],
            peer=lambda: [plain(data) for _ in range(PHOTOS)],
            clock=processor(decoder),
            floor=1 / 2,
            goal=1 / 4.5,
            how=f"three renditions and the fingerprint of a JPEG, {PHOTOS} times; the peer "
            f"decodes in its own process, without a wall; "
            "processor time of all processes",
        )


def test_a_photo_in_the_confined_child_against_one_bare_decode() -> None:
    data = photo()
    with Decoder() as decoder:
        assert isinstance(decoder.decode(data), DecodedPicture)
        compare(
            "a 12-megapixel photo in the confined child / one bare decode",
            ours=lambda: [decoder.decode(data) for _ in range(PHOTOS)],
            peer=lambda: [Image.open(io.BytesIO(data)).load() for _ in range(PHOTOS)],
            clock=processor(decoder),
            floor=8,
            goal=4,
            how="three renditions and the fingerprint; the peer reads the pixels once and makes "
            "nothing of them",
        )


def test_the_smallest_file_against_a_process_of_its_own() -> None:
    tiny = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(tiny, "PNG")
    with Decoder() as decoder:
        decoder.facts()
        compare(
            "the smallest file in the warm sandbox / a fresh Python that imports Pillow",
            ours=lambda: decoder.decode(tiny.getvalue()),
            peer=lambda: subprocess.run(
                [sys.executable, "-c", "import PIL.Image, pdqhash"], check=True
            ),
            floor=0.5,
            goal=0.1,
            how="what forking a warm parent saves for each photo",
        )
