"""Which function does which kind of work. Filled by the apps' `tasks.py` and `periodic.py` as they
are imported."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, TypeVar

from django.utils.module_loading import autodiscover_modules

from jobs.states import Queue

if TYPE_CHECKING:
    from jobs.work import Work

F = TypeVar("F", bound=Callable[..., None])


class UnknownKindError(LookupError):
    """No app registered a handler for this kind of job."""


class Retry(Exception):  # noqa: N818 — a request to the runner, named as in Celery, and no error
    """Raised by a handler: try again.

    Without `after` something failed: it counts as one of three attempts, and the usual waiting time
    applies. With `after` it is only too early: the job comes back after that time and no attempt is
    used up, MAX_WAITS times.
    """

    def __init__(self, reason: str, after: timedelta | None = None) -> None:
        super().__init__(reason)
        self.after = after


@dataclass(frozen=True)
class Handler:
    kind: str
    queue: Queue
    function: Callable[[Work], None]
    together: bool = False


@dataclass(frozen=True)
class Periodic:
    name: str
    queue: Queue
    every: timedelta


_handlers: dict[str, Handler] = {}
_periodics: dict[str, Periodic] = {}
_discovered = False


def handler(kind: str, *, queue: str, together: bool = False) -> Callable[[F], F]:
    """Register the decorated function for jobs of `kind`, worked off by the workers of `queue`.

    The function gets a `jobs.Work` and may run several times: its effects belong inside
    `work.finish()`. `together` is for short work that is all in the database: many such jobs are
    done in one transaction (`jobs.work.run_batch`). Raises ValueError for an unknown queue or a
    kind that another function has.
    """

    def register(function: F) -> F:
        _add(Handler(kind, Queue(queue), function, together))
        return function

    return register


def periodic(name: str, *, every: timedelta, queue: str = "tick") -> Callable[[F], F]:
    """Run the decorated function, which takes no arguments, once per period of `every`, in its own
    transaction.

    Periods are counted from the Unix epoch by the database's clock. A period missed while
    everything was down is not made up for, and a period is skipped while the job of an earlier one
    is still open: work never piles up on itself. A failing run is tried again like any job and ends
    as failed; the next period starts afresh. Raises ValueError for a period that is not a positive
    whole number of seconds.
    """
    if every < timedelta(seconds=1) or every % timedelta(seconds=1):
        raise ValueError("a period is a positive whole number of seconds")

    def register(function: F) -> F:
        def run(work: Work) -> None:
            with work.finish():
                function()

        _add(Handler(name, Queue(queue), run))
        _periodics[name] = Periodic(name, Queue(queue), every)
        return function

    return register


def _add(entry: Handler) -> None:
    if entry.kind in _handlers:
        raise ValueError(f"{entry.kind} has a handler already")
    _handlers[entry.kind] = entry


def unregister(kind: str) -> None:
    """Drop the registration of `kind`; for tests, which register their own."""
    _handlers.pop(kind, None)
    _periodics.pop(kind, None)


def discover() -> None:
    """Import every app's `tasks.py` and `periodic.py`, once per process."""
    global _discovered
    if not _discovered:
        autodiscover_modules("tasks", "periodic")
        _discovered = True


def get_handler(kind: str) -> Handler:
    """The handler of `kind`. Raises UnknownKindError."""
    discover()
    try:
        return _handlers[kind]
    except KeyError:
        raise UnknownKindError(kind) from None


def is_batched(kind: str) -> bool:
    """Whether many jobs of `kind` may be done in one transaction; False for a kind that nobody
    handles."""
    discover()
    return kind in _handlers and _handlers[kind].together


def periodics() -> list[Periodic]:
    """All periodic work, by name."""
    discover()
    return [_periodics[name] for name in sorted(_periodics)]
