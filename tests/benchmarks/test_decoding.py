"""What the confined child costs: one 12-megapixel photo against the same work in plain Pillow, in our own process."""

from __future__ import annotations

import io
import subprocess
import sys

import numpy
import pdqhash
from PIL import Image, ImageOps

from evidence.decoding import SIZES, Decoded, Decoder
from tests.benchmarks.measure import compare


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


def test_a_photo_in_the_confined_child_against_plain_pillow() -> None:
    data = photo()
    with Decoder() as decoder:
        assert isinstance(decoder.decode(data), Decoded)
        compare(
            "a 12-megapixel photo in the confined child / plain Pillow",
            ours=lambda: decoder.decode(data),
            peer=lambda: plain(data),
            floor=1.5,
            goal=0.5,
            how="three renditions and the fingerprint of one JPEG; the peer decodes in its own process, without a wall",
            rounds=5,
        )
        compare(
            "a 12-megapixel photo in the confined child / one bare decode",
            ours=lambda: decoder.decode(data),
            peer=lambda: Image.open(io.BytesIO(data)).load(),
            floor=8,
            goal=4,
            how="the same; the peer reads the pixels once and makes nothing of them",
            rounds=5,
        )


def test_the_smallest_file_against_a_process_of_its_own() -> None:
    tiny = io.BytesIO()
    Image.new("RGB", (32, 32), "navy").save(tiny, "PNG")
    with Decoder() as decoder:
        decoder.facts()
        compare(
            "the smallest file in the warm chamber / a fresh Python that imports Pillow",
            ours=lambda: decoder.decode(tiny.getvalue()),
            peer=lambda: subprocess.run([sys.executable, "-c", "import PIL.Image, pdqhash"], check=True),
            floor=0.5,
            goal=0.1,
            how="what forking a warm parent saves for each photo",
        )
