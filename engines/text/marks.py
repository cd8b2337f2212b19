"""Combining marks: no more than thirty on one character.

Canonical composition sorts the marks behind a character, in quadratic time: 160 kB of them hold a
processor for ten seconds. No writing needs more than a handful; Unicode's Stream-Safe Text Format
(UAX #15, section 13) draws the line at thirty, and so do we. Marks beyond it are dropped.
"""

import re
import unicodedata

MOST_MARKS = 30


def _ranges() -> str:
    """All code points with a combining class, as the inside of a character class. None lies above
    U+1FFFF."""
    ranges: list[list[int]] = []
    for code in filter(lambda code: unicodedata.combining(chr(code)), range(0x300, 0x20000)):
        if ranges and ranges[-1][1] == code - 1:
            ranges[-1][1] = code
        else:
            ranges.append([code, code])
    return "".join(f"{chr(first)}-{chr(last)}" for first, last in ranges)


_TOO_MANY = re.compile(f"((?:[{_ranges()}]){{{MOST_MARKS}}})[{_ranges()}]+")


def few_marks(text: str) -> str:
    """The text without the marks that are too many. Composing the result takes linear time."""
    return _TOO_MANY.sub(r"\1", text)


def too_many_marks(text: str) -> list[tuple[int, int]]:
    """The spans that `few_marks` drops."""
    return [(match.end(1), match.end()) for match in _TOO_MANY.finditer(text)]
