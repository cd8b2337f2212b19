from __future__ import annotations

import threading
import time
from datetime import timedelta
from pathlib import Path
from uuid import uuid4

import pytest
from celery import current_app
from django.db import connection, transaction

import jobs
from demo.embedded import Valkey
from jobs import enqueueing, messaging, registry
from jobs.models import Job
from tests.jobs import scene
from tests.jobs.conftest import committed

pytestmark = [committed, pytest.mark.usefixtures("rows", "broker")]


def test_a_job_rolls_back_with_its_caller() -> None:
    with transaction.atomic():
        jobs.enqueue("test.simple", {}, key="gone")
        transaction.set_rollback(True)
    assert not Job.objects.exists()
    assert messaging.queue_depth("watch") == 0


def test_a_job_outside_a_transaction_is_refused() -> None:
    with pytest.raises(jobs.NotInTransactionError):
        jobs.enqueue("test.simple", {}, key="nowhere")
    assert not Job.objects.exists()


def test_workers_are_notified_once_the_caller_has_committed() -> None:
    with transaction.atomic():
        jobs.enqueue("test.simple", {"source": uuid4(), "n": 1}, key="one")
        assert messaging.queue_depth("watch") == 0
    assert messaging.queue_depth("watch") == 1


def test_the_same_key_twice_is_one_job_and_one_notification() -> None:
    first = scene.file(key="look:1")
    again = scene.file("test.broken", key="look:1", other="payload")
    assert again.id == first.id
    assert again.kind == "test.simple"
    assert Job.objects.count() == 1
    assert messaging.queue_depth("watch") == 1


def test_two_writers_of_one_key_make_one_job() -> None:
    """The second insert waits for the first transaction, and then finds its row."""
    ids = []
    inserted, ended = threading.Event(), threading.Event()

    def second() -> None:
        inserted.wait(5)
        ids.append(scene.file(key="both").id)
        ended.set()
        connection.close()

    thread = threading.Thread(target=second)
    thread.start()
    with transaction.atomic():
        ids.append(jobs.enqueue("test.simple", {}, key="both").id)
        inserted.set()
        assert not ended.wait(0.2), "the second writer must wait for the first"
    thread.join(5)
    assert ids[0] == ids[1]
    assert Job.objects.count() == 1


def test_a_kind_nobody_handles_is_refused() -> None:
    with pytest.raises(registry.UnknownKindError), transaction.atomic():
        jobs.enqueue("test.nobody", {}, key="x")


@pytest.mark.parametrize("value", ["x" * 201, ["a", "b"], {"a": 1}, 1.5, b"bytes"])
def test_a_payload_holds_ids_only(value: object) -> None:
    with pytest.raises(ValueError, match="holds ids"), transaction.atomic():
        jobs.enqueue("test.simple", {"body": value}, key="x")  # type: ignore[dict-item]  # the point of the test


def test_a_delayed_job_is_neither_notified_nor_taken_early() -> None:
    with transaction.atomic():
        jobs.enqueue("test.simple", {}, key="later", after=timedelta(hours=1))
    assert messaging.queue_depth("watch") == 0
    assert jobs.drain() == 0
    Job.objects.update(run_after="2020-01-01T00:00Z")
    assert jobs.drain() == 1


def test_a_transaction_of_many_jobs_leaves_most_rings_to_the_dispatcher(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(enqueueing, "MAX_NOTIFICATIONS_PER_COMMIT", 5)
    with transaction.atomic():
        for n in range(12):
            jobs.enqueue("test.simple", {}, key=f"many:{n}")
    assert messaging.queue_depth("watch") == 5
    assert Job.objects.filter(sent_at=None).count() == 7


def test_with_the_broker_frozen_requests_hardly_wait(tmp_path: Path) -> None:
    with Valkey(tmp_path / "v", durable=False) as engine:
        assert engine.process is not None
        current_app.conf.broker_url = engine.url.replace("unix://", "redis+socket://", 1)
        messaging.disconnect()
        scene.file(key="warm")
        engine.process.send_signal(
            19
        )  # SIGSTOP: connections are accepted by the kernel, and never answered
        try:
            began = time.monotonic()
            for n in range(20):
                scene.file(key=f"frozen:{n}")
            took = time.monotonic() - began
            messaging.disconnect()  # A process that has no connection yet.
            began = time.monotonic()
            scene.file(key="frozen and new")
            fresh = time.monotonic() - began
        finally:
            engine.process.send_signal(18)
            messaging.disconnect()
    assert took < 1.5
    assert fresh < 1.5
    assert Job.objects.count() == 22
    assert jobs.drain() == 22


@pytest.mark.parametrize("url", ["redis+socket:///nowhere/valkey.sock", "redis://127.0.0.1:1/0"])
def test_with_the_broker_away_jobs_are_written_and_not_notified(url: str) -> None:
    current_app.conf.broker_url = url
    messaging.disconnect()
    began = time.monotonic()
    scene.file(key="first")
    second = scene.file(key="second")
    assert time.monotonic() - began < 1
    assert second.sent_at is None, (
        "known to be away: the dispatcher need not wait before it notifies"
    )
    assert messaging.queue_depth("watch") is None
    assert not messaging.broker_reachable()


def test_without_a_short_timeout_notifying_would_make_pages_wait(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The proof that the test of the frozen broker can fail."""
    monkeypatch.setattr(messaging, "TIMEOUT", 1.2)
    monkeypatch.setattr(messaging, "CIRCUIT_OPEN_SECONDS", 0.0)
    with Valkey(tmp_path / "v", durable=False) as engine:
        assert engine.process is not None
        current_app.conf.broker_url = engine.url.replace("unix://", "redis+socket://", 1)
        messaging.disconnect()
        engine.process.send_signal(19)
        try:
            began = time.monotonic()
            scene.file(key="frozen")
            assert time.monotonic() - began > 1
        finally:
            engine.process.send_signal(18)
            messaging.disconnect()
