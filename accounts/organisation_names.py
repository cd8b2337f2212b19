"""Names of organisations, compared as people mean them."""

from __future__ import annotations

import re
import unicodedata
from typing import Final

_LEGAL: Final = frozenset(
    {"ab", "ag", "bv", "co", "company", "corp", "corporation", "gmbh", "inc", "incorporated"}
    | {"kg", "limited", "llc", "ltd", "nv", "oy", "plc", "sa", "sas", "srl"}
)
_CHINESE_LEGAL: Final = ("股份有限公司", "有限责任公司", "有限公司", "公司")
_WORD: Final = re.compile(r"\w+")
#: No name is longer.
_LONGEST: Final = 400


def fold_name(name: str) -> str:
    """The name without case, accents, width, spaces, punctuation and legal form. Two organisations
    that fold alike are shown to whoever adds one.

    >>> fold_name("Ａcme  Lab, Ltd.") == fold_name("ACME-LAB")
    True
    >>> fold_name("某车有限公司") == fold_name("某车")
    True
    >>> fold_name("Ltd")
    'ltd'
    """
    text = unicodedata.normalize("NFKD", name[:_LONGEST]).casefold()
    words = _WORD.findall("".join(c for c in text if not unicodedata.combining(c)))
    kept = list(words)
    while kept and kept[-1] in _LEGAL:
        kept.pop()
    folded = "".join(kept)
    for form in _CHINESE_LEGAL:
        folded = folded.removesuffix(form)
    return folded or "".join(words)
