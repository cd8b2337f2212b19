"""Words on the sheet: pieces of text with their language, and how moments, money and people are
written."""

import re
from collections.abc import Iterable, Sequence
from decimal import Decimal
from typing import Any

from claims import currencies
from reports.drawing import fonts
from reports.schema import (
    Person,
    Text,
)
from reports.wording.report_strings import PHRASES, VOCABULARIES, Lang, phrase, word

Piece = dict[str, Any]


def exact(text: str) -> Piece:
    """A string that is copied rather than read (a digest, a key, an address): printable, but never
    given break marks."""
    return {"exact": text}


def ready(value: Any) -> Any:
    """Every string of the sheet made printable and breakable: one place, so that none is
    forgotten."""
    if isinstance(value, str):
        return fonts.breakable(fonts.printable(value))
    if isinstance(value, list):
        return [ready(each) for each in value]
    if isinstance(value, dict):
        if value.keys() == {"exact"}:
            return {"exact": fonts.printable(value["exact"])}
        return {name: ready(each) for name, each in value.items()}
    return value


def marks(sheet: Piece) -> list[str]:
    """Give every translated or untranslated piece its mark, and return the key to the marks that
    are used.

    A mark stands for the translator's role, or for "no translation yet": said once, and yet beside
    every text it is true of.
    """
    used: dict[str, list[Piece]] = {}

    def walk(value: Any) -> None:
        if isinstance(value, list):
            for each in value:
                walk(each)
        elif isinstance(value, dict):
            if value.get("n"):
                used.setdefault(value["n"], []).append(value)
            for each in value.values():
                walk(each)

    walk(sheet)
    key = []
    for number, note in enumerate(sorted(used)):
        mark = "†‡§¶"[number] if number < 4 else f"†{number}"
        for piece in used[note]:
            piece["n"] = mark
        key.append(f"{mark} {note}")
    return key


def primary_language(tag: str) -> str:
    primary = tag.split("-")[0].lower()
    return primary if 2 <= len(primary) <= 3 else "en"


def text_piece(text: str, tag: str, note: str = "") -> Piece:
    """A stretch of text in one language: the text, its language and region for typst, a note to
    stand behind it."""
    return {
        "s": text,
        "l": primary_language(tag),
        "r": "CN" if primary_language(tag) == "zh" else None,
        "n": note,
    }


def written_piece(text: Text, lang: Lang) -> Piece:
    """A text in the language of the report if there is one, else as it was written; either way
    saying so."""
    if primary_language(text["lang"]) == primary_language(lang):
        return text_piece(text["text"] or phrase("empty", lang), text["lang"])
    if lang in text["translations"]:
        translation = text["translations"][lang]
        if translation["role"] in {
            "system",
            "",
        }:  # fixed words of the house, or nobody said which came first: of equal standing
            return text_piece(translation["text"], lang)
        by = phrase("translated", lang, role=word("role", translation["role"], lang))
        return text_piece(translation["text"] or phrase("empty", lang), lang, by)
    return text_piece(
        text["text"] or phrase("empty", lang), text["lang"], phrase("original_only", lang)
    )


def original_piece(text: Text, lang: Lang) -> Piece:
    return text_piece(text["text"] or phrase("empty", lang), text["lang"])


def own_words(text: str, lang: Lang) -> Piece:
    return text_piece(text, lang)


def phrase_pieces(name: str, lang: Lang, **values: str | Piece) -> list[Piece]:
    """A phrase whose places hold texts of other languages: one piece per stretch, so that each
    keeps its language."""
    pieces = []
    for index, part in enumerate(re.split(r"\{(\w+)\}", PHRASES[name].to(lang))):
        value = values[part] if index % 2 else part
        if value:
            pieces.append(value if isinstance(value, dict) else own_words(value, lang))
    return pieces


def bare_piece(piece: Piece) -> Piece:
    return {**piece, "n": ""}


def quoted_pieces(piece: Piece, lang: Lang) -> list[Piece]:
    return [
        own_words(phrase("open_quote", lang), lang),
        bare_piece(piece),
        own_words(phrase("close_quote", lang), lang),
    ]


def pieces_in_quotes(piece: Piece, lang: Lang) -> list[Piece]:
    """The same with the note on its translation, which belongs behind the closing mark."""
    opened, bare, closed = quoted_pieces(piece, lang)
    return [opened, bare, {**closed, "n": piece["n"]}]


def claim_title_pieces(piece: Piece, lang: Lang) -> list[Piece]:
    """A claim as the title of its report: what it is, then its words in quotation marks."""
    pieces = phrase_pieces("claim_title", lang, words=bare_piece(piece))
    return [*pieces[:-1], {**pieces[-1], "n": piece["n"]}]


def money_text(amount: str, currency: str, lang: Lang) -> str:
    return currencies.in_words(Decimal(amount), currency, lang)


def listed(names: Iterable[str], lang: Lang) -> str:
    """Several names one after another."""
    return phrase("list_comma", lang).join(names)


def people_text(people: Sequence[Person], lang: Lang) -> str:
    each = (
        person["pseudonym"] + phrase("bracketed", lang, text=word("role", person["role"], lang))
        for person in people
    )
    return phrase("semicolon", lang).join(each)


def code_label(code: str, lang: Lang) -> str:
    """A word for what may or may not be a code of ours: an agent of custody is a pseudonym, a role
    or a part of the system."""
    for vocabulary in ("custody_word", "role"):
        if code in VOCABULARIES[vocabulary]:
            return word(vocabulary, code, lang)
    return code
