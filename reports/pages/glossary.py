"""The glossary as readers need it: which word stands for a thing in each language, and why, in the
reader's. The columns of words that we avoid are for those who write texts (`docs/glossary.md`).
Pure."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final, Literal

SHOWN: Final[Mapping[str, Sequence[str]]] = {
    "en": ("English", "中文", "Note"),
    "zh-Hans": ("中文", "English", "说明"),
}
#: How the paragraph begins that explains the other columns.
FOR_WRITERS: Final = "The words under"
_CHINESE: Final = re.compile(r"[\u4e00-\u9fff]")


def for_readers(text: str, lang: Literal["en", "zh-Hans"]) -> str:
    """The document in one language: its tables down to the columns SHOWN, of headings and
    paragraphs those of the language, without what explains the other columns."""
    kept: list[str] = []
    columns: list[int] = []
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if set(SHOWN[lang]) <= set(cells):
                columns = [cells.index(name) for name in SHOWN[lang]]
            kept.append(f"| {' | '.join(_listed(cells[column]) for column in columns)} |")
        elif line.startswith("#"):
            english, _dot, chinese = line.partition(" · ")
            level = english.partition(" ")[0]
            kept.append(f"{level} {chinese}" if lang == "zh-Hans" else english)
        elif not line.startswith(FOR_WRITERS) and (
            not line or bool(_CHINESE.search(line)) == (lang == "zh-Hans")
        ):
            kept.append(line)
    return "\n".join(kept)


def _listed(cell: str) -> str:
    """Several words of Chinese one after another have the mark of Chinese between them."""
    return cell.replace(", ", "、") if _CHINESE.search(cell) else cell
