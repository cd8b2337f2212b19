"""What operators are told: alive, ready or not and which part, the numbers; and what visitors see
when something is away."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from celery import current_app
from django.conf import settings as configured
from django.contrib.sessions.backends.base import SessionBase
from django.contrib.sessions.backends.db import SessionStore
from django.core.signals import got_request_exception
from django.db import InterfaceError, OperationalError, connection
from django.http import HttpRequest, HttpResponse
from django.test import Client
from django.urls import path
from django.utils import timezone

from config import health, logs
from demo.embedded import Valkey
from jobs import messaging
from jobs.models import Heartbeat
from jobs.states import Queue
from ledger import health as log_health
from ledger import request_id

urlpatterns = [*health.urlpatterns]


def away(request: HttpRequest) -> HttpResponse:
    raise {"operational": OperationalError, "interface": InterfaceError}[
        request.GET.get("kind", "operational")
    ]("server closed the connection")


def broken(request: HttpRequest) -> HttpResponse:
    raise RuntimeError("the password is hunter2")


def touches_the_session(request: HttpRequest) -> HttpResponse:
    request.session["seen"] = True
    return HttpResponse("unreachable")


def ids(request: HttpRequest) -> HttpResponse:
    return HttpResponse(json.dumps([request_id.get(), logs.request.get()]))


urlpatterns += [
    path("ids", ids),
    path("page", away),
    path("api/v1/page", away),
    path("broken", broken),
    path("session", touches_the_session),
]
pytestmark = pytest.mark.urls(__name__)


@pytest.fixture
def working(db: None) -> None:
    """A system where a heartbeat was just recorded in every queue."""
    for queue in Queue.values:
        Heartbeat.objects.update_or_create(queue=queue, defaults={"at": timezone.now()})


@pytest.fixture
def quiet_bell() -> Iterator[None]:
    messaging.disconnect()
    yield
    messaging.disconnect()


def test_alive_asks_nobody(client: Client) -> None:
    """No database mark: a query would fail this test."""
    answer = client.get("/healthz")
    assert (answer.status_code, answer.content) == (200, b"alive\n")
    assert "no-store" in answer["Cache-Control"]


@pytest.mark.usefixtures("working", "quiet_bell")
def test_ready_when_every_part_is(client: Client) -> None:
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (200, {"ready": True, "not_ready": []})


@pytest.mark.usefixtures("working", "quiet_bell")
def test_not_ready_when_no_heartbeat_was_recorded_lately(client: Client) -> None:
    with connection.cursor() as cursor:
        cursor.execute(
            "UPDATE jobs_heartbeat SET at = now() - interval '1 hour' WHERE queue = 'report'"
        )
    answer = client.get("/readyz")
    assert (answer.status_code, answer.json()) == (
        503,
        {"ready": False, "not_ready": ["heartbeat"]},
    )


@pytest.mark.usefixtures("working", "quiet_bell")
def test_not_ready_when_the_sequencer_is_behind(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        log_health,
        "read_health",
        lambda: log_health.Health(
            0, None, 9, 0, timedelta(seconds=configured.READY_LAG_SECONDS + 1)
        ),
    )
    assert client.get("/readyz").json() == {"ready": False, "not_ready": ["sequencer"]}


@pytest.mark.usefixtures("working", "quiet_bell")
def test_not_ready_when_the_broker_is_stopped(
    client: Client, settings: Any, tmp_path: Path
) -> None:
    engine = Valkey(tmp_path / "valkey", durable=False)
    before = current_app.conf.broker_url
    current_app.conf.broker_url = engine.url.replace("unix://", "redis+socket://", 1)
    messaging.disconnect()
    try:
        with engine:
            assert client.get("/readyz").status_code == 200
        messaging.disconnect()
        answer = client.get("/readyz")
    finally:
        current_app.conf.broker_url = before
    assert answer.status_code == 503
    assert answer.json()["not_ready"] == ["broker", "heartbeat"]


@pytest.mark.usefixtures("quiet_bell")
def test_not_ready_without_a_database_and_says_nothing_inner(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise OperationalError("connection to server at db.internal (10.0.0.5) failed")

    monkeypatch.setattr(health, "connection", SimpleNamespace(cursor=refuse))
    answer = client.get("/readyz")
    assert answer.status_code == 503
    assert answer.json() == {"ready": False, "not_ready": ["database", "sequencer", "heartbeat"]}


@pytest.mark.usefixtures("working", "quiet_bell")
def test_metrics_are_prometheus_text(client: Client) -> None:
    text = client.get("/metrics").content.decode()
    assert 'asclaimed_ready{part="database"} 1.0' in text
    assert 'asclaimed_jobs_queued{queue="report"} 0.0' in text
    for name in (
        "asclaimed_log_size",
        "asclaimed_log_lag_seconds",
        "asclaimed_jobs_failed",
        "asclaimed_broker_up",
    ):
        assert f"\n{name} " in text


@pytest.mark.usefixtures("working", "quiet_bell")
def test_metrics_are_for_loopback_or_for_the_token(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = "a-token-of-more-than-24-characters"
    stranger = {"REMOTE_ADDR": "203.0.113.7"}
    assert client.get("/metrics").status_code == 200
    assert client.get("/metrics", **stranger).status_code == 403
    assert (
        client.get("/metrics", headers={"authorization": "Bearer wrong"}, **stranger).status_code
        == 403
    )
    assert (
        client.get(
            "/metrics", headers={"authorization": f"Bearer {settings.METRICS_TOKEN}"}, **stranger
        ).status_code
        == 200
    )
    # Through a proxy on this machine everyone seems to be on loopback.
    assert client.get("/metrics", headers={"x-forwarded-for": "203.0.113.7"}).status_code == 403
    settings.TRUSTED_PROXIES = 1
    assert client.get("/metrics").status_code == 403


@pytest.mark.usefixtures("quiet_bell")
def test_an_empty_token_opens_nothing(client: Client, settings: Any) -> None:
    settings.METRICS_TOKEN = ""
    assert (
        client.get(
            "/metrics", headers={"authorization": "Bearer "}, REMOTE_ADDR="203.0.113.7"
        ).status_code
        == 403
    )


@pytest.mark.parametrize("kind", ["operational", "interface"])
def test_a_database_that_is_away_is_503_for_people_and_for_programs(
    client: Client, kind: str
) -> None:
    client.raise_request_exception = False
    page, api = client.get("/page", {"kind": kind}), client.get("/api/v1/page", {"kind": kind})
    assert (page.status_code, api.status_code) == (503, 503)
    assert "Unavailable for the moment" in page.content.decode()
    assert "暂时无法使用" in page.content.decode()
    assert api["Content-Type"] == "application/problem+json"
    assert json.loads(api.content)["status"] == 503
    assert page["Retry-After"] == "30"
    assert b"server closed" not in page.content + api.content


def test_a_session_that_cannot_be_saved_is_503_too(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*arguments: object, **options: object) -> None:
        raise OperationalError("no connection")

    monkeypatch.setattr(SessionStore, "save", refuse)
    monkeypatch.setattr(
        SessionBase,
        "_get_session",
        lambda self, no_load=False: self.__dict__.setdefault("_session_cache", {}),
    )
    client.raise_request_exception = False
    assert client.get("/session").status_code == 503


def test_any_other_failure_is_an_ordinary_500(client: Client) -> None:
    client.raise_request_exception = False
    answer = client.get("/broken")
    assert answer.status_code == 500
    assert b"hunter2" not in answer.content


def test_every_answer_has_an_id_of_our_own_that_the_logs_and_the_record_share(
    client: Client,
) -> None:
    answer = client.get("/ids", headers={"x-request-id": "chosen-by-a-visitor"})
    in_record, in_logs = json.loads(answer.content)
    assert in_record == in_logs == answer["X-Request-Id"]
    assert len(in_record) == 32
    assert client.get("/ids")["X-Request-Id"] != in_record
    assert request_id.get() == logs.request.get() == ""


def test_the_control_without_the_middleware_it_would_be_500(client: Client, settings: Any) -> None:
    settings.MIDDLEWARE = [
        name for name in settings.MIDDLEWARE if name != "config.unavailable.UnavailableResponses"
    ]
    client.raise_request_exception = False
    assert client.get("/page").status_code == 500
    assert got_request_exception.receivers
