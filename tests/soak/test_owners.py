"""Owners stay unknown, whoever files what: more ways in which two people can share five
submissions, and every page there is."""

from __future__ import annotations

import random
import re
from collections.abc import Callable
from hashlib import sha256
from itertools import product
from pathlib import Path
from typing import Any

import pytest
from rest_framework import serializers

from evidence.api.serializers import ExhibitSerializer
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Unit
from reports.pages.views import exhibits
from tests.system.test_owners_unknown import (
    FIRST,
    PEOPLE,
    SECOND,
    NamedFile,
    differences,
    found_in,
    moved,
    play,
    public_doors,
    whole,
)

WAYS = 6


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("who filed what can be told from no public byte")
def test_whoever_files_what_the_public_bytes_are_the_same(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    # How many units and contributors there are is public:
    # of the three teardowns each person has one.
    ways = [who for who in product(PEOPLE, repeat=5) if len(set(who[:3])) == 2 and who != FIRST]
    first = play(monkeypatch, settings, tmp_path / "first", FIRST, whole)
    secrets, known = found_in(first), len(first.secrets)
    for number, who in enumerate(random.Random(4711).sample(ways, WAYS)):
        other = play(monkeypatch, settings, tmp_path / str(number), who, whole)
        parted = differences(first.public, other.public)
        assert not parted, f"{[one.email for one in who]}\n" + "\n".join(
            str(one) for one in parted[:40]
        )
        secrets |= found_in(other)
        known += len(other.secrets)
    assert secrets == {}
    figure(
        f"{WAYS + 1} worlds, {len(first.public)} heads, bodies, files and entries of "
        f"{sum(map(len, first.public.values()))} bytes in each: 0 differ; {known} values that "
        f"name someone: found nowhere"
    )


@pytest.mark.django_db(transaction=True)
@pytest.mark.promise("what only tells owners apart is seen as a difference")
def test_what_only_tells_owners_apart_is_a_difference(
    monkeypatch: pytest.MonkeyPatch, settings: Any, tmp_path: Path, figure: Callable[[str], None]
) -> None:
    """Negative control: four leaks that hold no word of anyone, each named by its address."""
    monkeypatch.setattr(exhibits, "FileResponse", NamedFile)
    marked = serializers.SerializerMethodField()
    monkeypatch.setitem(ExhibitSerializer._declared_fields, "pseudonym", marked)
    monkeypatch.setattr(
        ExhibitSerializer,
        "get_pseudonym",
        lambda self, one: sha256(one.submission.contributor_id.bytes).hexdigest()[:8],
        raising=False,
    )
    moved(monkeypatch, "exhibit", "size")
    make = Unit.objects.create

    def shared(**fields: Any) -> Unit:
        return Unit.objects.filter(serial_key=fields["serial_key"]).first() or make(**fields)

    monkeypatch.setattr(filing.Unit.objects, "create", shared)
    first, second = (
        play(monkeypatch, settings, tmp_path / name, who, public_doors)
        for name, who in (("one", FIRST), ("two", SECOND))
    )
    parted = {one.url: one for one in differences(first.public, second.public)}
    named = " ".join(parted)
    assert "/media/" in named
    assert ".jpg ETag" in named
    assert "/api/v1/exhibits/" in parted
    assert "exhibit.read of exhibit" in named
    assert "submission.filed of teardown" in named
    assert re.search(r"/submissions/AC-[^ ]+ \[maker\]", named)
    assert not [url for url in parted if url.endswith((" of submission", " of custody_event"))]
    size = next(one for url, one in parted.items() if "exhibit.read of exhibit" in url)
    assert (size.one.isdigit(), size.offset > 500) == (True, True), str(size)
    figure(f"four leaks that hold no word of anyone, {len(parted)} differences")
