"""The sheet of a report: every word that will be printed, in one language, in order, as plain JSON
for the templates.

All choosing, wording and number writing happens here. ``ready`` then makes every string printable,
in one place.
"""

from reports.documents.pdf_layout.pieces import (
    Piece,
    exact,
    marks,
    ready,
)
from reports.documents.pdf_layout.sheet import (
    of_discrepancy,
    of_snapshot,
)

__all__ = [
    "Piece",
    "exact",
    "marks",
    "of_discrepancy",
    "of_snapshot",
    "ready",
]
