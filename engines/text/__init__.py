"""Reading untrusted pages and comparing what they said, without Django.

`extract` makes text of bytes, `classify` says what an answer of a server was, `diff` what changed
between two texts; `anchor` makes of a passage what `sight` finds again in another text.
"""

from engines.text.anchors import Quote, QuoteMatch, Sight, anchor, sight
from engines.text.classification import Classification, ObservationResult, classify
from engines.text.diffing import Diff, diff
from engines.text.extraction import Extract, extract

__all__ = [
    "Classification",
    "Diff",
    "Extract",
    "ObservationResult",
    "Quote",
    "QuoteMatch",
    "Sight",
    "anchor",
    "classify",
    "diff",
    "extract",
    "sight",
]
