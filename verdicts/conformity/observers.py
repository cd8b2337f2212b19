"""A function that works or does not, as several people saw it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from verdicts.conformity.judging import Decision, combine_decisions
from verdicts.conformity.proportions import Share, share_of_items


@dataclass(frozen=True)
class Agreement:
    """How many observers saw it work, saw it fail, or could not tell, and what that comes to.

    `share` is Wilson's interval for those who would see it work, of people like them.
    """

    decision: Decision
    works: int
    fails: int
    cannot_tell: int
    share: Share

    @property
    def observers(self) -> int:
        return self.works + self.fails + self.cannot_tell


def agreement(observations: Iterable[tuple[str, bool | None]]) -> Agreement:
    """What (observer, works) pairs come to; None of one who cannot tell. Somebody who saw it work
    once and fail once is one observer who cannot tell, and says so: they disagree. Raises
    ValueError without an observer."""
    seen: dict[str, set[bool]] = {}
    for observer, works in observations:
        seen.setdefault(observer, set()).update(() if works is None else (works,))
    if not seen:
        raise ValueError("nobody observed it")
    return _agreement({observer: _decision(saw) for observer, saw in seen.items()})


def _decision(saw: set[bool]) -> Decision:
    if len(saw) == 2:
        return Decision.DISAGREE
    return (
        Decision.UNDECIDED
        if not saw
        else Decision.CONFORMS
        if True in saw
        else Decision.DOES_NOT_CONFORM
    )


def _agreement(decisions: Mapping[str, Decision]) -> Agreement:
    each = list(decisions.values())
    works, fails = each.count(Decision.CONFORMS), each.count(Decision.DOES_NOT_CONFORM)
    return Agreement(
        combine_decisions(each), works, fails, len(each) - works - fails,
        share_of_items(works, fails, len(each)),
    )  # fmt: skip
