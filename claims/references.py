"""Citable references: `AC-7F3K-Q2MX`, what people write in letters.

Seven random characters of Crockford's base32 (35 bits) and his check character modulo 37, of which
the five extra symbols are never drawn: a reference whose check would fall on one is drawn again. A
reference says nothing about when or how often.
"""

from __future__ import annotations

import re
import secrets
import unicodedata

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1"})
_SHAPE = re.compile(r"AC-?([0-9A-Z]{4})-?([0-9A-Z]{4})")
_NOTHING = re.compile("[\\s\u00ad\u200b-\u200f\u2060\ufeff]+")
_DASHES = re.compile("[\u2010-\u2015\u2212\u30fc\ufe58\ufe63]")
_LONGEST_TYPED = 100
LENGTH = 12


def new_reference() -> str:
    """A fresh reference; whoever stores it retries on the one-in-34-billion collision with the
    unique constraint."""
    while True:
        number = secrets.randbits(35)
        if number % 37 < 32:
            return _format(number)


def reference_from(seed: int) -> str:
    """The reference that follows from `seed`: for things that are made again the same way, such as
    a report."""
    number = seed % 2**35
    while number % 37 >= 32:
        number = (number + 1) % 2**35
    return _format(number)


def _format(number: int) -> str:
    characters = (
        "".join(_ALPHABET[number >> shift & 31] for shift in range(30, -1, -5))
        + _ALPHABET[number % 37]
    )
    return f"AC-{characters[:4]}-{characters[4:]}"


def read_reference(text: str) -> str | None:
    """The canonical form of a reference as a person typed it, or None if it is not one.

    Any case, O for 0, I and L for 1; full-width letters, any dash, white space and invisible
    characters wherever they stand.
    """
    plain = _NOTHING.sub("", unicodedata.normalize("NFKC", text[:_LONGEST_TYPED]))
    shape = _SHAPE.fullmatch(_DASHES.sub("-", plain).upper())
    if shape is None:
        return None
    characters = (shape[1] + shape[2]).translate(_READ_AS)
    if any(character not in _ALPHABET for character in characters):
        return None
    number = 0
    for character in characters[:7]:
        number = number << 5 | _ALPHABET.index(character)
    canonical = _format(number) if number % 37 < 32 else None
    return canonical if canonical == f"AC-{characters[:4]}-{characters[4:]}" else None
