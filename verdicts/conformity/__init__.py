"""What was measured, counted or dated against a threshold. Pure: no Django, no floats, equal digits
for equal input on any machine.

`thresholds` says what is asked for, `judging` decides one measured value (JCGM 106:2012),
`repetitions` takes the mean of what one laboratory measured on one item (GUM, JCGM 100:2008),
`scatter` compares laboratories (ISO 5725-2, ISO 13528), `proportions` says how little k of n items
tell of all (Wilson 1927), `assessment` puts these together. `dates`, `amounts` and `observers`
decide what is not measured with an uncertainty.
"""

from verdicts.conformity.assessment import (
    Conformity,
    ExcludedValue,
    ItemResult,
    ItemScatter,
    assess,
)
from verdicts.conformity.judging import (
    COVERAGE,
    INDEPENDENT,
    Decision,
    JudgedValue,
    MeasuredValue,
    combine_decisions,
    judge,
)
from verdicts.conformity.normal import normal_distribution
from verdicts.conformity.thresholds import Threshold

__all__ = [
    "COVERAGE",
    "INDEPENDENT",
    "Conformity",
    "Decision",
    "ExcludedValue",
    "ItemResult",
    "ItemScatter",
    "JudgedValue",
    "MeasuredValue",
    "Threshold",
    "assess",
    "combine_decisions",
    "judge",
    "normal_distribution",
]
