from __future__ import annotations

import pkgutil

import jobs
from jobs.states import CLOSED, OPEN, TRANSITIONS, State


def test_every_state_says_what_it_can_become() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_is_open_or_closed() -> None:
    assert set(State) == OPEN | CLOSED
    assert not OPEN & CLOSED


def test_a_job_that_ended_well_stays_ended() -> None:
    assert not TRANSITIONS[State.DONE]
    assert not TRANSITIONS[State.CANCELLED]


def test_no_module_of_the_room_hides_a_public_name() -> None:
    """`import jobs.x` sets the attribute `x` of the package, and would replace a function of that
    name."""
    assert not {module.name for module in pkgutil.iter_modules(jobs.__path__)} & set(jobs.__all__)


def test_every_public_name_is_there() -> None:
    assert all(getattr(jobs, name) for name in jobs.__all__)
