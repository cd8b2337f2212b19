"""The desk: what waits, a claim's case, findings, the company's say, proposing and approving
verdicts."""

from verdicts.views.claim_case import (
    AspectCase,
    Entry,
    case,
)
from verdicts.views.deciding import (
    decide,
    finding,
    propose,
)
from verdicts.views.work_queue import (
    DESK,
    desk,
)

__all__ = ["DESK", "AspectCase", "Entry", "case", "decide", "desk", "finding", "propose"]
