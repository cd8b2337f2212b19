"""Words are found in claims wherever they stand, by the index."""

from __future__ import annotations

import pytest
from django.db import connection, transaction
from django.test import Client

from claims.localized_text import write
from claims.models import Claim
from claims.searching import UnselectiveSearchError, check_selective, contains_words, pairs
from tests import scenes
from tests.benchmarks import crowd

pytestmark = pytest.mark.django_db


def found(typed: str) -> list[str]:
    return list(Claim.objects.filter(contains_words(typed)).values_list("reference", flat=True))


def test_a_claim_is_found_by_what_stands_in_it_and_by_nothing_else() -> None:
    reference = scenes.build_claim().claim.reference
    Claim.objects.filter(reference=reference).update(
        quote_translation=write("en", "The inner structure was changed as well.")
    )
    for typed in (
        "制动",
        "散",
        "CARBON",
        "arbo",
        "hood brakes",
        "前舱盖的双风道",
        "inner structure",
        "",
        "structure changed",
    ):
        assert found(typed) == [reference], typed
    for typed in ("zebra", "动制", "carbonx", "hood zebra", "%", "translations", "\x01"):
        assert found(typed) == [], typed


def test_pairs_of_one_character_are_the_character() -> None:
    assert pairs("散") == ["散"]
    assert pairs("制动散") == ["制动", "动散"]


def test_a_search_reads_the_index_and_not_the_table() -> None:
    with transaction.atomic():
        crowd.build(3_000)
    plan = Claim.objects.filter(contains_words("座椅加热 7919")).explain()
    assert "claims_claim_words" in plan
    with connection.cursor() as cursor:
        cursor.execute("DROP INDEX claims_claim_words")
    assert (
        "Seq Scan" in Claim.objects.filter(contains_words("座椅加热 7919")).explain()
    )  # the proof that this test can fail


def test_every_kind_of_claim_of_the_crowd_is_found() -> None:
    with transaction.atomic():
        crowd.build(80)
    assert len(found("刹车距离")) == 10
    assert len(found("heated seats")) == 10


@pytest.mark.parametrize(
    "typed",
    ["a", "A b C", " ".join("abcdefghij" * 10), "1", "% _", " ".join(f"word{n}" for n in range(9))],
)
def test_what_would_read_most_of_the_record_is_refused_in_a_sentence(
    typed: str, client: Client
) -> None:
    scenes.build_claim()
    with pytest.raises(UnselectiveSearchError):
        check_selective(typed)
    page, api = client.get("/claims/", {"q": typed}), client.get("/api/v1/claims/", {"q": typed})
    assert (page.status_code, api.status_code) == (400, 400)
    for text in (page.content.decode(), api.content.decode()):
        assert "at most 8 words" in text or "at least two characters" in text
    assert (
        client.get("/claims/", {"q": typed}, headers={"HX-Request": "true"}).status_code == 200
    )  # htmx shows no other


@pytest.mark.parametrize(
    "typed", ["", "散", "制动", "carbon", "a hood", "hood " * 10, "AC-7F3K-Q2MW"]
)
def test_what_is_useful_is_searched_for(typed: str) -> None:
    check_selective(typed)


def test_single_letters_beside_a_word_are_looked_for_in_what_the_index_found() -> None:
    reference = scenes.build_claim().claim.reference
    assert found("hood a") == [reference]
    assert found("hood q") == []
    assert str(Claim.objects.filter(contains_words("hood a")).query).count("claims_pairs") == 1
