"""After harm: when the company first got in touch, when it first spoke, who acted first, and how
many hours lay between.

An event is known to the minute, the hour or the day, so each is an interval, and each lag is one
too: at least so many hours, at most so many. Nothing is guessed from the middle of an interval.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Final

WIDTHS: Final = {
    "minute": timedelta(minutes=1),
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
}
_TENTH: Final = Decimal("0.1")


@dataclass(frozen=True)
class IncidentEvent:
    """One event: what it was, who acted, and the interval in which it began (`end` is no longer in
    it)."""

    kind: str
    actor: str
    start: datetime
    end: datetime

    @classmethod
    def known_to(cls, kind: str, actor: str, at: datetime, exact_to: str) -> IncidentEvent:
        """An event that began within the minute, hour or day that holds `at`. Raises KeyError for
        another unit."""
        width = WIDTHS[exact_to]
        midnight = at.replace(hour=0, minute=0, second=0, microsecond=0)
        start = midnight + (at - midnight) // width * width
        end = datetime.max.replace(tzinfo=at.tzinfo)
        return cls(kind, actor, start, start + width if start < end - width else end)


@dataclass(frozen=True)
class ResponseTime:
    """How long after the harm: at least and at most."""

    least: timedelta
    most: timedelta

    @property
    def hours(self) -> tuple[Decimal, Decimal]:
        """Both in hours to one decimal, rounded outwards, so that the truth is never left out."""
        return (
            (Decimal(self.least // timedelta(seconds=1)) / 3600).quantize(_TENTH, ROUND_FLOOR),
            (Decimal(-(-self.most // timedelta(seconds=1))) / 3600).quantize(_TENTH, ROUND_CEILING),
        )


@dataclass(frozen=True)
class IncidentCare:
    """What the chain says about how the company met the harm. What it does not hold is None or
    empty."""

    harm: IncidentEvent | None
    first_contact: IncidentEvent | None
    first_statement: IncidentEvent | None
    first_action: IncidentEvent | None
    contact_lag: ResponseTime | None
    statement_lag: ResponseTime | None
    action_lag: ResponseTime | None
    acted_first: frozenset[str]
    before_contact: frozenset[str]


def response_time(harm: IncidentEvent, later: IncidentEvent) -> ResponseTime:
    """From one interval to another; never less than nothing, because an answer to harm cannot come
    before it."""
    nothing = timedelta(0)
    return ResponseTime(max(nothing, later.start - harm.end), max(nothing, later.end - harm.start))


def read_chain(chain: Sequence[IncidentEvent]) -> IncidentCare:
    """The chain in any order. Where several may have acted first within what is known, all of them
    are named."""
    harm = _earliest([event for event in chain if event.kind == "happened"])
    after = [
        event
        for event in chain
        if event.kind != "happened" and (harm is None or event.end > harm.start)
    ]
    first = {
        kind: _earliest(
            [event for event in after if event.actor == "company" and event.kind == kind]
        )
        for kind in ("contact", "statement", "action")
    }
    opening = min((event.end for event in after), default=None)
    contact = first["contact"]
    lags = {
        kind: response_time(harm, event) if harm and event else None
        for kind, event in first.items()
    }
    return IncidentCare(
        harm=harm,
        first_contact=contact,
        first_statement=first["statement"],
        first_action=first["action"],
        contact_lag=lags["contact"],
        statement_lag=lags["statement"],
        action_lag=lags["action"],
        acted_first=frozenset(
            event.actor for event in after if opening is not None and event.start < opening
        ),
        before_contact=frozenset(
            event.actor
            for event in after
            if event.actor != "company" and (contact is None or event.end <= contact.start)
        ),
    )


def _earliest(chain: Sequence[IncidentEvent]) -> IncidentEvent | None:
    return min(chain, key=lambda event: (event.start, event.end, event.actor), default=None)
