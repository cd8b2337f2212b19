"""Exact neighbours by PDQ: the same photo twice is one witness."""

from __future__ import annotations

import random
import time
from collections.abc import Sequence

import numpy
import pdqhash
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageDraw, ImageOps

from engines.decoding.fingerprints import (
    BITS,
    DISTANCE,
    cluster,
    distance,
    neighbours,
    same_picture,
)

HASHES = st.integers(0, 2**BITS - 1).map(lambda number: f"{number:064x}")


def flipped(one: str, bits: int, seed: int = 0) -> str:
    number = int(one, 16)
    for bit in random.Random(seed).sample(range(BITS), bits):
        number ^= 1 << bit
    return f"{number:064x}"


@given(HASHES, HASHES, HASHES)
def test_distance_is_a_metric_and_counts_bits(a: str, b: str, c: str) -> None:
    assert distance(a, b) == distance(b, a) == (int(a, 16) ^ int(b, 16)).bit_count()
    assert (distance(a, b) == 0) == (a == b)
    assert distance(a, c) <= distance(a, b) + distance(b, c)


@given(HASHES, st.lists(HASHES, max_size=20), st.integers(0, BITS))
def test_every_neighbour_is_found_nearest_first(query: str, hashes: list[str], within: int) -> None:
    slow = sorted(
        (distance(query, one), place)
        for place, one in enumerate(hashes)
        if distance(query, one) <= within
    )
    assert neighbours([query], hashes, within=within) == [(place, apart) for apart, place in slow]


def test_the_threshold_is_31_of_256_bits() -> None:
    one = f"{random.Random(1).getrandbits(BITS):064x}"
    assert DISTANCE == 31
    assert same_picture([one], flipped(one, 31))
    assert not same_picture([one], flipped(one, 32))


@pytest.mark.parametrize("wrong", ["", "0" * 63, "g" * 64, "0" * 65])
def test_what_is_no_fingerprint_is_refused(wrong: str) -> None:
    with pytest.raises(ValueError):
        distance(wrong, "0" * 64)


@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 9)), max_size=12))
def test_groups_are_a_partition_by_origin(drawn: list[tuple[int, int, int]]) -> None:
    origins = [f"{random.Random(n).getrandbits(BITS):064x}" for n in range(4)]
    pictures = [[flipped(origins[origin], bits, seed)] for origin, bits, seed in drawn]
    groups = cluster(pictures)
    assert sorted(place for group in groups for place in group) == list(range(len(pictures)))
    assert {tuple({drawn[place][0] for place in group}) for group in groups} == {
        (origin,) for origin, _, _ in drawn
    }
    assert len(groups) == len({origin for origin, _, _ in drawn})


def test_a_chain_of_small_changes_is_one_witness() -> None:
    one = f"{random.Random(2).getrandbits(BITS):064x}"
    chain = [one, flipped(one, 30, 1)]
    chain.append(flipped(chain[-1], 30, 2))
    assert distance(chain[0], chain[2]) > DISTANCE
    assert cluster([[item] for item in (chain[0], chain[2], chain[1])]) == [[0, 1, 2]]


def test_pictures_with_nothing_in_them_are_never_joined() -> None:
    blank = ["0" * 64]
    assert cluster([blank, blank, blank], [100, 100, 100]) == [[0, 1, 2]]
    assert cluster([blank, blank, blank], [0, 100, 49]) == [[0], [1], [2]]


def test_nothing_has_no_neighbours() -> None:
    assert neighbours([], ["0" * 64]) == []
    assert neighbours(["0" * 64], []) == []
    assert cluster([]) == []


# -- on pictures
# --------------------------------------------------------------------------------------------------


def drawing(seed: int) -> Image.Image:
    rng = random.Random(seed)
    image = Image.new("RGB", (512, 384), (90, 110, 120))
    draw = ImageDraw.Draw(image)
    for _ in range(40):
        x, y = rng.randrange(-60, 480), rng.randrange(-60, 360)
        draw.ellipse(
            (x, y, x + rng.randrange(20, 160), y + rng.randrange(20, 160)),
            fill=tuple(rng.randrange(256) for _ in range(3)),
        )
    return image


def eight(image: Image.Image) -> Sequence[str]:
    vectors, quality = pdqhash.compute_dihedral(numpy.asarray(image.convert("RGB")))
    assert quality >= 50
    return [numpy.packbits(vector.astype(numpy.uint8)).tobytes().hex() for vector in vectors]


def test_a_photo_is_known_again_turned_mirrored_and_resized() -> None:
    one = drawing(1)
    for other in (
        one.resize((300, 225)),
        one.rotate(90, expand=True),
        one.rotate(180),
        one.rotate(270, expand=True),
        ImageOps.mirror(one),
        ImageOps.flip(one),
        one.transpose(Image.Transpose.TRANSPOSE),
        one.convert("L"),
        one.point(lambda value: value * 9 // 10),
    ):
        assert same_picture(eight(one), eight(other)[0])
    assert not same_picture(
        eight(one)[:1], eight(one.rotate(90, expand=True))[0]
    )  # Negative control: one orientation is blind.


def test_different_photos_are_two_witnesses() -> None:
    pictures = [eight(drawing(seed)) for seed in range(12)]
    assert cluster(pictures) == [[place] for place in range(12)]
    turned = eight(drawing(3).rotate(180))
    assert cluster([*pictures, turned])[3] == [3, 12]


def test_a_crop_and_a_border_are_beyond_it() -> None:
    """The limits that the module's docstring states: where they move, the text has to."""
    one = drawing(5)
    wide, high = one.size
    assert not same_picture(eight(one), eight(one.crop((wide // 10, high // 10, wide, high)))[0])
    assert not same_picture(eight(one), eight(ImageOps.expand(one, 60, "white"))[0])


def test_the_search_is_fast_enough_for_a_hundred_thousand() -> None:
    rng = random.Random(4)
    hashes = [f"{rng.getrandbits(BITS):064x}" for _ in range(100_000)]
    start = time.perf_counter()
    assert neighbours([flipped(hashes[77_777], 20)], hashes) == [(77_777, 20)]
    assert time.perf_counter() - start < 1
