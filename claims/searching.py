"""Words in claims, found by an index at any size.

The index (migration 0004) holds every character and every pair of neighbouring characters of a claim's words. pg_trgm was tried and
left: it needs three characters, and Chinese words have two (制动, 续航); with the C locale it sees no Chinese letters at all. A
search asks the index for all pairs of what was typed, and PostgreSQL then compares the words themselves, so that the answer is exact:
the claims in which what was typed stands, in Chinese as in English, inside words too.
"""

from __future__ import annotations

from typing import Final

from django.contrib.postgres.fields import ArrayField
from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan

LONGEST: Final = 200


class Words(Func):
    """All words of a claim in lower case, as the index holds them."""

    function = "claims_words"
    output_field = TextField()

    def __init__(self) -> None:
        super().__init__(F("quote"), F("quote_translation"), F("summary"))


class Holds(Func):
    """Whether the pairs of a text hold all of some others."""

    template = "claims_pairs(%(expressions)s::text[]"
    arg_joiner = ") @> "
    output_field = BooleanField()

    def __init__(self, words: Combinable, pairs: list[str]) -> None:
        super().__init__(words, Value(pairs, output_field=ArrayField(TextField())))


def pairs(text: str) -> list[str]:
    """Every pair of neighbouring characters, or the character itself if there is only one."""
    return sorted({text[at : at + 2] for at in range(len(text) - 1)}) or [text]


def standing_in(typed: str) -> Q:
    """The condition that a claim holds each of the words typed, parted by spaces."""
    condition = Q()
    for word in typed[:LONGEST].lower().split():
        condition &= Q(Holds(Words(), pairs(word))) & Q(GreaterThan(StrIndex(Words(), Value(word)), 0))
    return condition
