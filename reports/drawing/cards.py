"""The picture that stands beside a link to a claim or a verdict on other sites. Data in, PNG out,
the same bytes each time.

Nothing of a person is in it that is not on the page: the words, who said them, what was concluded,
the reference. Drawn by typst from data, in the faces of `reports.drawing.fonts`, in 15 ms once the
faces are read; nothing is kept here that would have to be erased. Readers keep it under the digest
of its content.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import typst

from reports.drawing import fonts
from reports.drawing.palette import light

WIDTH: Final = 1200
HEIGHT: Final = 630
MOST: Final = 3
TEMPLATE: Final = Path(__file__).parent / "typst" / "card.typ"
COLOURS: Final = ("paper", "ink", "ink-2")
RATINGS: Final = (
    "delivered",
    "delivered_late",
    "partly_delivered",
    "misleading",
    "not_delivered",
    "unverifiable",
)


class PointLine(NamedTuple):
    """One line of what was found: the rating's code (empty while there is none), its word, and the
    aspect."""

    rating: str
    word: str
    statement: str


class Card(NamedTuple):
    """What a picture says. `who` names company and product."""

    lang: str
    who: str
    quote: str
    quote_lang: str
    lines: Sequence[PointLine]
    reference: str
    house: str


def _cut(text: str, most: int) -> str:
    """Shortened at a word or character; Chinese counts double."""
    room = most
    for at, character in enumerate(text):
        room -= 2 if ord(character) > 0x2E7F else 1
        if room < 0:
            return text[:at].rstrip() + "…"
    return text


def _width(text: str) -> int:
    return sum(2 if ord(character) > 0x2E7F else 1 for character in text)


def _data(card: Card) -> str:
    colours = {name: light()[name] for name in COLOURS}
    colours |= {
        name: light()["partly" if name == "partly_delivered" else name.replace("_", "-")]
        for name in RATINGS
    }
    quote = fonts.printable(_cut(" ".join(card.quote.split()), 200))
    data: dict[str, Any] = {
        "colours": colours,
        "lang": card.lang[:2],
        "who": fonts.printable(_cut(card.who, 80)),
        "quote": f"“{quote}”",
        "quote_lang": tag[1].lower()
        if (tag := re.match(r"([A-Za-z]{2,3})(-|$)", card.quote_lang))
        else "en",
        "size": 50 if _width(quote) < 90 else 40 if _width(quote) < 150 else 34,
        "found": [
            {
                "rating": line.rating,
                "word": line.word,
                "statement": fonts.printable(_cut(line.statement, 52)),
            }
            for line in card.lines[:MOST]
        ],
        "reference": card.reference,
        "house": card.house,
    }
    return json.dumps(data, ensure_ascii=False, sort_keys=True)


def digest(card: Card) -> str:
    """What the picture's content is known by: its words and its template."""
    return hashlib.sha256(_data(card).encode() + TEMPLATE.read_bytes()).hexdigest()


def draw(card: Card) -> bytes:
    """The picture as PNG, WIDTH × HEIGHT."""
    picture = typst.compile(
        TEMPLATE.read_bytes(),
        font_paths=fonts.faces(),
        ignore_system_fonts=True,
        format="png",
        ppi=72.0,
        sys_inputs={"card": _data(card)},
    )
    assert isinstance(picture, bytes)
    return picture
