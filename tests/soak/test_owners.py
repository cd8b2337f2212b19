"""Owners stay unknown, whoever files what: more ways in which two people can share five submissions, and every page there is."""

from __future__ import annotations

import random
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

import pytest

from tests.house.test_owners_unknown import FIRST, PEOPLE, differences, found_in, play, whole

WAYS = 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("who filed what can be told from no public byte")
def test_whoever_files_what_the_public_bytes_are_the_same(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    # How many units and contributors there are is public: of the three teardowns each person has one.
    ways = [who for who in product(PEOPLE, repeat=5) if len(set(who[:3])) == 2 and who != FIRST]
    first = play(monkeypatch, settings, tmp_path / "first", FIRST, whole)
    secrets, known = found_in(first), len(first.secrets)
    for number, who in enumerate(random.Random(4711).sample(ways, WAYS)):
        other = play(monkeypatch, settings, tmp_path / str(number), who, whole)
        parted = differences(first.public, other.public)
        assert not parted, f"{[one.email for one in who]}\n" + "\n".join(str(one) for one in parted[:40])
        secrets |= found_in(other)
        known += len(other.secrets)
    assert secrets == {}
    figure(
        f"{WAYS + 1} worlds, {len(first.public)} heads, bodies, files and entries of {sum(map(len, first.public.values()))} bytes in each:"
        f" 0 differ; {known} values that name someone: found nowhere"
    )
