from __future__ import annotations

from types import SimpleNamespace

import pytest
from celery.worker import state

from jobs.worker_watchdog import CHECKS, EXIT_CODE, WorkerWatchdog


@pytest.fixture
def parent(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """A consumer with a transport that counts messages."""
    monkeypatch.setattr(state, "should_stop", None)
    monkeypatch.setattr(state, "reserved_requests", set())
    qos = SimpleNamespace(_delivered={}, _dirty=set())
    return SimpleNamespace(task_consumer=SimpleNamespace(channel=SimpleNamespace(qos=qos)), qos=qos)


def test_a_worker_with_a_message_that_nobody_works_on_ends(parent: SimpleNamespace) -> None:
    step = WorkerWatchdog(parent)
    parent.qos._delivered = {"lost": 1}
    for _ in range(CHECKS - 1):
        step.check(parent)
    assert state.should_stop is None
    step.check(parent)
    assert state.should_stop == EXIT_CODE


def test_a_busy_worker_and_one_between_two_messages_go_on(parent: SimpleNamespace) -> None:
    step = WorkerWatchdog(parent)
    for _ in range(10):
        parent.qos._delivered, state.reserved_requests = {"a": 1}, {"request"}
        for _ in range(CHECKS):
            step.check(parent)
        state.reserved_requests = set()  # done, and not acknowledged for a moment
        for _ in range(CHECKS - 1):
            step.check(parent)
        parent.qos._dirty = {"a"}
        step.check(parent)
        parent.qos._dirty = set()
        parent.qos._delivered = {}
        step.check(parent)
    assert state.should_stop is None
