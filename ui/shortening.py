"""How long a heading may be. Knows no Django: pages and reports shorten alike."""

from __future__ import annotations

from unicodedata import east_asian_width

#: What a heading holds, in letters; a Chinese character is as wide as two.
LONGEST = 120
#: Where a longer text may end, the better place first.
_ENDS = ("。！？.!?", "；;：:", "，,、 ")


def width(text: str) -> int:
    """How wide a text is, in letters."""
    return sum(2 if east_asian_width(each) in "WF" else 1 for each in text)


def shortened(words: str) -> str:
    """A text as it fits a heading: whole, or cut behind a sentence, a clause or a word of its
    second half and said to be cut. The page has the whole of it below (`claim_tags.in_full`).

    >>> shortened("Two ducts cool the brakes")
    'Two ducts cool the brakes'
    >>> shortened("Two ducts cool the brakes. " * 9)[-26:]
    'Two ducts cool the brakes…'
    """
    words = " ".join(words.split())
    if width(words) <= LONGEST:
        return words
    room = words
    while width(room) > LONGEST - 2:
        room = room[: -max((width(room) - LONGEST + 2) // 2, 1)]
    for ends in _ENDS:
        place = max(room.rfind(each) for each in ends)
        if place * 2 >= len(room):
            room = room[:place]
            break
    return room.rstrip("".join(_ENDS)) + "…"
