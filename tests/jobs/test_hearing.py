from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery.worker import state

from jobs.hearing import FAILED, LOOKS, Hearing


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A consumer with a transport that counts messages."""
    monkeypatch.setattr(state, "should_stop", None)
    monkeypatch.setattr(state, "reserved_requests", set())
    qos = SimpleNamespace(_delivered={}, _dirty=set())
    return SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace(qos=qos)), qos=qos)


def test_a_worker_with_a_message_that_nobody_works_on_ends(parent: SimpleNamespace) -> None:
    step = Hearing(parent)
    parent.qos._delivered = {"lost": 1}
    for _ in range(LOOKS - 1):
        step.look(parent)
    assert state.should_stop is None
    step.look(parent)
    assert state.should_stop == FAILED


def test_a_busy_worker_and_one_between_two_messages_go_on(parent: SimpleNamespace) -> None:
    step = Hearing(parent)
    for _ in range(10):
        parent.qos._delivered, state.reserved_requests = {"a": 1}, {"request"}
        for _ in range(LOOKS):
            step.look(parent)
        state.reserved_requests = set()  # done, and not acknowledged for a moment
        for _ in range(LOOKS - 1):
            step.look(parent)
        parent.qos._dirty = {"a"}
        step.look(parent)
        parent.qos._dirty = set()
        parent.qos._delivered = {}
        step.look(parent)
    assert state.should_stop is None
