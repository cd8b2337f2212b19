from __future__ import annotations

from jobs.states import CLOSED, OPEN, TRANSITIONS, State


def test_every_state_says_what_it_can_become() -> None:
    assert set(TRANSITIONS) == set(State)


def test_every_state_is_open_or_closed() -> None:
    assert set(State) == OPEN | CLOSED
    assert not OPEN & CLOSED


def test_a_job_that_ended_well_stays_ended() -> None:
    assert not TRANSITIONS[State.DONE]
    assert not TRANSITIONS[State.CANCELLED]
