"""No request holds the database longer than it may, and who asked is told so."""

from __future__ import annotations

import time

import pytest
from django.db import connection
from django.http import HttpRequest, HttpResponse
from django.test import Client, RequestFactory
from django.urls import path
from django.views.decorators.http import require_safe

from config import statement_timeouts
from config.urls import *  # noqa: F403  the pages, and two more
from config.urls import urlpatterns as ours
from tests import scenes


@require_safe
def slow(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_sleep(20)")
    return HttpResponse("slept")


@require_safe
def limit(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return HttpResponse(cursor.fetchone()[0])


urlpatterns = [path("slow/", slow), path("api/v1/slow/", slow), path("limit/", limit), *ours]


@pytest.fixture
def pages(settings) -> Client:
    settings.ROOT_URLCONF = "tests.system.test_statement_timeouts"
    return Client(raise_request_exception=False)


def shown() -> str:
    with connection.cursor() as cursor:
        cursor.execute("SHOW statement_timeout")
        return str(cursor.fetchone()[0])


@pytest.mark.django_db(transaction=True)
def test_a_statement_that_takes_too_long_is_ended_and_the_answer_says_so(
    pages: Client, settings
) -> None:
    settings.REQUEST_STATEMENT_SECONDS = 1
    for address, kind, words in (
        ("/slow/", "text/html", "too broad"),
        ("/api/v1/slow/", "application/problem+json", "Ask for less"),
    ):
        began = time.monotonic()
        answer = pages.get(address)
        assert time.monotonic() - began < 8
        assert (answer.status_code, words in answer.content.decode()) == (503, True)
        assert answer["Content-Type"].startswith(kind)
        assert answer["Retry-After"]
    assert pages.get("/limit/").content == b"1s"
    settings.REQUEST_STATEMENT_SECONDS = 7
    assert pages.get("/limit/").content == b"7s"
    connection.close()


@pytest.mark.django_db
def test_the_limit_is_that_of_requests_alone(pages: Client, settings) -> None:
    """Jobs and commands have none: what runs in the same place after a request is not ended
    either."""
    before = shown()
    assert pages.get("/limit/").content == f"{settings.REQUEST_STATEMENT_SECONDS}s".encode()
    assert shown() == before == "0"


@pytest.mark.django_db
def test_without_the_guard_a_request_has_no_limit(pages: Client, settings) -> None:
    settings.MIDDLEWARE = [
        name
        for name in settings.MIDDLEWARE
        if name != "config.statement_timeouts.StatementTimeouts"
    ]
    assert pages.get("/limit/").content == b"0"


def test_a_request_that_asks_nothing_opens_no_connection() -> None:
    answered = statement_timeouts.StatementTimeouts(lambda request: HttpResponse("alive"))(
        RequestFactory().get("/healthz")
    )
    assert answered.content == b"alive"  # a query would be refused here: the test has no database


@pytest.mark.django_db
def test_a_search_has_a_limit_of_its_own(settings, monkeypatch: pytest.MonkeyPatch) -> None:
    scenes.build_claim()
    settings.SEARCH_SECONDS = 1
    client, seen = Client(), []
    from reports.pages import claim_page_data

    asked = claim_page_data.rows_of
    monkeypatch.setattr(
        claim_page_data, "rows_of", lambda rows: (seen.append(shown()), asked(rows))[1]
    )
    assert client.get("/claims/?q=brakes").status_code == 200
    assert client.get("/claims/").status_code == 200
    assert seen == ["1s", f"{settings.REQUEST_STATEMENT_SECONDS}s"]
    assert shown() == "0"
