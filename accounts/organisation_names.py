"""Names of organisations, compared as people mean them."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache
from typing import Final

_LEGAL: Final = frozenset({
    "ab", "ag", "aps", "as", "asa", "bhd", "bv", "co", "company", "corp", "corporation", "gmbh",
    "holding", "holdings", "inc", "incorporated", "kg", "kgaa", "kk", "limited", "llc", "llp",
    "lp", "ltd", "mbh", "nv", "ohg", "oy", "oyj", "plc", "private", "pte", "pty", "pvt", "sa",
    "sarl", "sas", "sdn", "se", "sl", "spa", "srl", "tbk", "ug",
})  # fmt: skip
#: Legal forms that are written without a space, the longest first.
_JOINED: Final = (
    "股份有限公司", "有限责任公司", "有限責任公司", "有限公司", "株式会社", "株式會社", "有限会社",
    "주식회사", "公司",
)  # fmt: skip
_BEFORE: Final = ("株式会社", "株式會社", "有限会社", "주식회사")
#: Letters that people part by points: "G.m.b.H.", "S.A.".
_DOTTED: Final = re.compile(r"\b(?:[^\W\d_]\.){2,}(?:[^\W\d_]\b)?")
_WORD: Final = re.compile(r"\w+")
#: No name is longer.
_LONGEST: Final = 400


@lru_cache(maxsize=50_000)
def fold_name(name: str) -> str:
    """The name without case, accents, width, spaces, punctuation and legal form. Two organisations
    that fold alike are shown to whoever adds one.

    >>> fold_name("Ａcme  Lab, Ltd.") == fold_name("ACME-LAB")
    True
    >>> fold_name("某车有限公司") == fold_name("某车")
    True
    >>> fold_name("Acme G.m.b.H. & Co. KG") == fold_name("acme")
    True
    >>> fold_name("Ltd"), fold_name("有限公司")
    ('ltd', '有限公司')
    """
    text = unicodedata.normalize("NFKD", name[:_LONGEST]).casefold()
    bare = "".join(c for c in text if not unicodedata.combining(c))
    text = unicodedata.normalize("NFC", bare)
    words = _WORD.findall(_DOTTED.sub(lambda letters: letters[0].replace(".", "") + " ", text))
    kept = list(words)
    while kept and kept[-1] in _LEGAL:
        kept.pop()
    folded = "".join(kept)
    for form in _BEFORE:
        folded = folded.removeprefix(form) or folded
    ending = next((form for form in _JOINED if folded.endswith(form)), "")
    return folded.removesuffix(ending) or folded or "".join(words)
