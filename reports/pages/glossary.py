"""The glossary as readers need it: which word stands for a thing in each language, and why. The
columns of words that we avoid are for those who write texts (`docs/glossary.md`). Pure."""

from __future__ import annotations

from typing import Final

SHOWN: Final = ("English", "中文", "Note")
#: How the paragraph begins that explains the other columns.
FOR_WRITERS: Final = "The words under"


def for_readers(text: str) -> str:
    """The document with its tables down to the columns SHOWN, without what explains the others."""
    kept: list[str] = []
    columns: list[int] = []
    for line in text.splitlines():
        if line.startswith("|"):
            cells = [cell.strip() for cell in line.strip().strip("|").split("|")]
            if set(SHOWN) <= set(cells):
                columns = [cells.index(name) for name in SHOWN]
            kept.append(f"| {' | '.join(cells[column] for column in columns)} |")
        elif not line.startswith(FOR_WRITERS):
            kept.append(line)
    return "\n".join(kept)
