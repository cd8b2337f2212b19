"""A broker that neither answers nor goes away (SIGSTOP) holds up nobody who files."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from celery import current_app
from django.core.files.uploadedfile import SimpleUploadedFile
from django.test import Client
from django.utils import timezone

from accounts.actions import create_key
from demo.embedded import Valkey
from evidence.exhibits.models import Submission
from jobs import messaging
from ledger import recording
from ledger.tasks import sequence
from tests import scenes

pytestmark = pytest.mark.django_db(transaction=True)


@pytest.fixture
def frozen(tmp_path: Path) -> Iterator[Valkey]:
    """Our broker, to be frozen once it was heard."""
    before = current_app.conf.broker_url
    with Valkey(tmp_path / "valkey", durable=False) as engine:
        current_app.conf.broker_url = engine.url.replace("unix://", "redis+socket://", 1)
        messaging.disconnect()
        assert messaging.broker_reachable()
        assert engine.process is not None
        yield engine
        os.kill(engine.process.pid, signal.SIGCONT)
        messaging.disconnect()
        current_app.conf.broker_url = before


def slowest(scene: scenes.Scene, count: int, engine: Valkey) -> float:
    """The longest that one of so many filings took with the broker frozen; a first one, with it
    alive, loads what filing needs."""
    key = create_key(by=scene.owners[0], label="script", scopes=["submit"], now=timezone.now())[1]
    longest = 0.0
    for number in range(count + 1):
        photo = SimpleUploadedFile("a.jpg", scenes.picture(number))
        sent = {
            "claim": str(scene.claim.pk),
            "narrative": "x",
            "narrative_lang": "en",
            "licence": "show",
            "photos": photo,
        }
        headers = {"Authorization": f"Bearer {key}", "Idempotency-Key": str(uuid4())}
        began = time.monotonic()
        assert Client().post("/api/v1/submissions/", sent, headers=headers).status_code == 201
        if number == 0:
            assert engine.process is not None
            os.kill(engine.process.pid, signal.SIGSTOP)
            recording._last_notified = 0.0
        else:
            longest = max(longest, time.monotonic() - began)
    return longest


def test_filing_does_not_wait_for_a_frozen_broker(
    frozen: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    scene = scenes.build_claim()
    monkeypatch.setattr(recording, "_last_notified", 0.0)
    monkeypatch.setattr(messaging, "_open_until", 0.0)
    assert slowest(scene, 5, frozen) < 2
    assert Submission.objects.count() == 6


def test_a_sequencer_notified_through_the_workers_connections_would_hold_it_up(
    frozen: Valkey, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The negative control: the timeout of a worker, who has nothing else to do, is not that of a
    person."""
    scene = scenes.build_claim()
    producers = current_app.amqp._producer_pool
    current_app.amqp._producer_pool = None
    monkeypatch.setattr(
        recording, "_notifier", lambda: sequence.apply_async(retry=False, ignore_result=True)
    )
    monkeypatch.setattr(recording, "_last_notified", 0.0)
    try:
        assert slowest(scene, 1, frozen) > 2
    finally:
        current_app.amqp._producer_pool = producers
