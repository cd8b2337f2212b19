"""Words in claims, found by an index at any size.

The index (migration 0004) holds every character and every pair of neighbouring characters of a
claim's words. pg_trgm was tried and left: it needs three characters, and Chinese words have two
(制动, 续航); with the C locale it sees no Chinese letters at all. A search asks the index for all
pairs of what was typed, and PostgreSQL then compares the words themselves, so that the answer is
exact: the claims in which what was typed stands, in Chinese as in English, inside words too.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from django.conf import settings
from django.contrib.postgres.fields import ArrayField
from django.db import connection, transaction
from django.db.models import BooleanField, F, Func, Q, TextField, Value
from django.db.models.expressions import Combinable
from django.db.models.functions import StrIndex
from django.db.models.lookups import GreaterThan
from django.utils.translation import gettext as _

LONGEST: Final = 200
MOST_WORDS: Final = 8


class Words(Func):
    """All words of a claim in lower case, as the index holds them."""

    function = "claims_words"
    output_field = TextField()

    def __init__(self) -> None:
        super().__init__(F("quote"), F("quote_translation"), F("summary"))


class ContainsAll(Func):
    """Whether the pairs of a text hold all of some others."""

    template = "claims_pairs(%(expressions)s::text[]"
    arg_joiner = ") @> "
    output_field = BooleanField()

    def __init__(self, words: Combinable, pairs: list[str]) -> None:
        super().__init__(words, Value(pairs, output_field=ArrayField(TextField())))


def pairs(text: str) -> list[str]:
    """Every pair of neighbouring characters, or the character itself if there is only one."""
    return sorted({text[at : at + 2] for at in range(len(text) - 1)}) or [text]


class UnselectiveSearchError(ValueError):
    """A search that would read most of the record and tell little; the message is a sentence for
    who typed it."""


def _words(typed: str) -> list[str]:
    return list(dict.fromkeys(typed[:LONGEST].lower().split()))


def check_selective(typed: str) -> None:
    """Raises UnselectiveSearchError for too many words, or if no word has more than a single
    letter. One Chinese character is a word."""
    words = _words(typed)
    if len(words) > MOST_WORDS:
        raise UnselectiveSearchError(
            _("Search for at most %(count)s words.") % {"count": MOST_WORDS}
        )
    if words and all(_is_letter(word) for word in words):
        raise UnselectiveSearchError(_("Enter a word of at least two characters."))


def _is_letter(word: str) -> bool:
    return len(word) == 1 and word.isascii()


def contains_words(typed: str) -> Q:
    """The condition that a claim holds each of the words typed, parted by spaces.

    Single letters stand in nearly every claim, so the index is asked for them only where there is
    nothing else to ask for.
    """
    words = _words(typed)
    condition = Q()
    for word in words:
        if not _is_letter(word) or all(_is_letter(other) for other in words):
            condition &= Q(ContainsAll(Words(), pairs(word)))
        condition &= Q(GreaterThan(StrIndex(Words(), Value(word)), 0))
    return condition


@contextmanager
def search_timeout() -> Iterator[None]:
    """Let PostgreSQL end each statement inside that takes longer than a search may:
    OperationalError, which is answered as too broad."""
    with transaction.atomic():
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)", [f"{settings.SEARCH_SECONDS}s"]
            )
        yield
        with connection.cursor() as cursor:
            cursor.execute(
                "SELECT set_config('statement_timeout', %s, true)",
                [f"{settings.REQUEST_STATEMENT_SECONDS}s"],
            )
