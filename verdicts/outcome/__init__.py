"""What the numbers of a point come to, in a sentence or two: the same for page, API and PDF. Pure.

`measured` is of measured values against a threshold; `facts` of days, prices, counts and of what
several people saw.
"""

from verdicts.outcome.measured import (
    Numbers,
    numbers_of,
    outcome,
    outcome_text,
    probability_text,
    span_of,
    with_summary,
)

__all__ = [
    "Numbers",
    "numbers_of",
    "outcome",
    "outcome_text",
    "probability_text",
    "span_of",
    "with_summary",
]
