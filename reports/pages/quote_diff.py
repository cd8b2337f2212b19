"""A quote beside what stands in its place today: which of its words are no longer there, and what
came instead."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from engines.text.diffing import Kind, Run, Side, diff

#: A sighting's passage ends where the likeness ends, so a stop or quotation mark at either end of
#: the quote is no change.
EDGES: Final = " \t\n。．.！!？?；;，,、「」『』“”\"'’‘"


@dataclass(frozen=True)
class QuoteDiff:
    """A quote in runs for display. `gone` and `came` count characters; both are 0 while the words
    stand."""

    runs: Sequence[Run]
    gone: int = 0
    came: int = 0

    @property
    def vanished(self) -> bool:
        """Whether some of the words stand there no more."""
        return self.gone > 0


def unchanged_quote(quote: str) -> QuoteDiff:
    """A quote that stands as it was said, or that nobody has looked for."""
    return QuoteDiff((Run(Kind.SAME, quote),))


def diff_quote(quote: str, passage: str) -> QuoteDiff:
    """The quote with what is missing from `passage` marked as gone. An empty passage strikes all of
    it.

    >>> quoted = diff_quote("The hood is light, strong and cheap.", "The hood is light and cheap")
    >>> [run.text for run in quoted.runs if run.kind is Kind.GONE]
    [', strong']
    """
    core = quote.strip(EDGES)
    start = quote.index(core) if core else 0
    head, tail = quote[:start], quote[start + len(core) :]
    if not passage.strip(EDGES):
        return QuoteDiff((Run(Kind.GONE, quote, 1, Side.OLD),), gone=len(quote))
    compared = diff(core, passage.strip(EDGES))
    if not compared:
        return unchanged_quote(quote)
    runs = [Run(Kind.SAME, head), *compared.inline(), Run(Kind.SAME, tail)]
    return QuoteDiff(
        [run for run in runs if run.text], compared.characters_gone, compared.characters_came
    )
