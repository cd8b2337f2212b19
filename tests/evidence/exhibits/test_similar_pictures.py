"""Which pictures look like which: by their bytes, by their fingerprints, and at the same cost for
many."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from evidence.exhibits.models import Exhibit
from evidence.exhibits.similar_pictures import similar_pictures, witnesses
from tests import scenes

pytestmark = pytest.mark.django_db


def fingerprinted(exhibit: Exhibit, number: int, *, quality: int = 90) -> Exhibit:
    exhibit.pdq, exhibit.pdq_quality = [f"{number:064x}"] * 8, quality
    Exhibit.objects.filter(pk=exhibit.pk).update(pdq=exhibit.pdq, pdq_quality=quality)
    return exhibit


@pytest.fixture
def exhibits() -> list[Exhibit]:
    return scenes.build_evidence(scenes.build_claim(), accept=False).exhibits()


def test_the_nearest_pictures_are_found_and_far_ones_are_not(exhibits: list[Exhibit]) -> None:
    first, near, far = exhibits
    fingerprinted(first, 0)
    fingerprinted(near, 2**31 - 1)  # 31 bits
    fingerprinted(far, 2**32 - 1)  # 32 bits
    (found,) = similar_pictures([first])[first.pk]
    assert (found.exhibit, found.same_file, found.distance) == (near, False, 31)


def test_the_same_bytes_are_said_to_be_the_same_file_and_stand_first(
    exhibits: list[Exhibit],
) -> None:
    first, same, near = exhibits
    fingerprinted(first, 0)
    fingerprinted(near, 0)
    Exhibit.objects.filter(pk=same.pk).update(duplicate_key=first.duplicate_key)
    found = similar_pictures([first])[first.pk]
    assert [(one.exhibit, one.same_file) for one in found] == [(same, True), (near, False)]


def test_pictures_without_detail_are_like_nothing(exhibits: list[Exhibit]) -> None:
    first, blank, other = exhibits
    fingerprinted(first, 0)
    fingerprinted(blank, 0, quality=49)
    fingerprinted(other, 0)
    assert [one.exhibit for one in similar_pictures([first])[first.pk]] == [other]
    assert similar_pictures([fingerprinted(blank, 0, quality=49)])[blank.pk] == []


def test_it_costs_three_queries_however_many_there_are(exhibits: list[Exhibit]) -> None:
    for number, one in enumerate(exhibits):
        fingerprinted(one, number)
    for asked in (exhibits[:1], exhibits):
        with CaptureQueriesContext(connection) as seen:
            assert all(similar_pictures(asked).values())
        assert len(seen) == 3


def test_contributors_who_handed_in_the_same_photo_are_one_witness(exhibits: list[Exhibit]) -> None:
    first, second, third = exhibits
    accounts = [one.submission.contributor_id for one in exhibits]
    for number, one in enumerate(exhibits):
        fingerprinted(one, 2 ** (80 * (number + 1)) - 2 ** (80 * number))
    assert len(set(accounts)) == len(set(witnesses(exhibits).values())) == 3, (
        "the control: three photos, three witnesses"
    )
    second.duplicate_key = first.duplicate_key
    assert len(set(witnesses(exhibits).values())) == 2
    third.duplicate_key = second.duplicate_key
    assert set(witnesses(exhibits).values()) == {min(accounts)}
    third.duplicate_key, third.pdq = "another", second.pdq
    assert witnesses(exhibits)[accounts[2]] == accounts[2], (
        "two owners' photos of two items may look alike"
    )
    assert witnesses([]) == {}
