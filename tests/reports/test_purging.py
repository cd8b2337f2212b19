"""What is hidden leaves the caches: ours before the answer, those in front by the operator's
hook."""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from django.db import connection
from django.utils import timezone

from claims.actions import withdraw_claim
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit
from ledger import erasure
from reports.models import PageChange
from reports.page_changes import forget_changes
from reports.pages import page_cache, purging
from reports.pages.page_cache import LEASE, Follower
from tests import scenes

pytestmark = pytest.mark.django_db(transaction=True)


class _Hook(HTTPServer):
    asked: list[dict[str, Any]]
    status = 204


@pytest.fixture
def hook(settings: Any) -> Iterator[_Hook]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            length = int(self.headers["Content-Length"])
            server.asked.append(json.loads(self.rfile.read(length)))
            self.send_response(server.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            pass

    server = _Hook(("127.0.0.1", 0), Handler)
    server.asked = []
    threading.Thread(target=server.serve_forever, daemon=True).start()
    settings.PURGE_URL = f"http://127.0.0.1:{server.server_port}/purge"
    yield server
    server.shutdown()
    server.server_close()


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_evidence(scenes.build_claim())


def test_a_withdrawn_claim_is_told_with_every_address_of_it(
    scene: scenes.Scene, hook: _Hook, settings: Any
) -> None:
    withdraw_claim(by=scene.moderator, claim=scene.claim, reason="Ours.", now=timezone.now())
    [asked] = hook.asked
    addresses = set(asked["addresses"])
    assert asked["everything"] is False
    for address in (f"/claims/{scene.claim.reference}/", "/claims/", "/feeds/verdicts.atom"):
        for language in ("/en", "/zh"):
            assert f"{settings.SITE_URL}{language}{address}" in addresses
    assert f"{settings.SITE_URL}/api/v1/claims/{scene.claim.pk}/" in addresses


def test_withdrawn_evidence_is_told_with_its_pictures(
    scene: scenes.Scene, hook: _Hook, settings: Any
) -> None:
    exhibit = Exhibit.objects.select_related("submission").first()
    assert exhibit is not None
    filing.withdraw_submission(
        by=exhibit.submission.filed_by, submission=exhibit.submission, reason="Mine.",
        now=timezone.now(),
    )  # fmt: skip
    [asked] = hook.asked
    assert any("/media/" in address for address in asked["addresses"])
    assert f"{settings.SITE_URL}/en/exhibits/{exhibit.reference}/" in asked["addresses"]


def test_an_erasure_has_everything_forgotten(scene: scenes.Scene, hook: _Hook) -> None:
    erasure.erase(
        "claim", str(scene.claim.pk), fields=["summary"], ground="Art. 17", reason="Asked.",
        by=scene.moderator,
    )  # fmt: skip
    assert {"everything": True, "addresses": []} in hook.asked


def test_what_could_not_be_told_is_printed_and_nothing_else_fails(
    scene: scenes.Scene, hook: _Hook, caplog: pytest.LogCaptureFixture
) -> None:
    hook.status = 503
    with caplog.at_level(logging.ERROR, logger=purging.__name__):
        withdraw_claim(by=scene.moderator, claim=scene.claim, reason="Ours.", now=timezone.now())
    [said] = [record.getMessage() for record in caplog.records if record.name == purging.__name__]
    assert said.startswith("still to purge from the caches in front (HTTP Error 503")
    assert f"/claims/{scene.claim.reference}/" in said
    scene.claim.refresh_from_db()
    assert scene.claim.status == "withdrawn"


@pytest.mark.parametrize("seconds", [0, 30])
def test_without_a_hook_only_who_lets_caches_keep_pages_has_something_to_purge(
    scene: scenes.Scene, settings: Any, caplog: pytest.LogCaptureFixture, seconds: int
) -> None:
    settings.SHARED_CACHE_SECONDS = seconds
    with caplog.at_level(logging.ERROR, logger=purging.__name__):
        withdraw_claim(by=scene.moderator, claim=scene.claim, reason="Ours.", now=timezone.now())
    assert ("PURGE_URL is not set" in caplog.text) is bool(seconds)


def test_who_hides_something_waits_until_no_process_gives_it_any_more(settings: Any) -> None:
    from config.settings import base

    settings.PAGE_SETTLE_SECONDS = base.PAGE_SETTLE_SECONDS
    began = time.monotonic()
    page_cache.settle()
    assert time.monotonic() - began > LEASE


def test_changes_are_forgotten_after_every_follower_was_told(scene: scenes.Scene) -> None:
    follower = Follower()
    follower.ask()
    held = threading.Event(), threading.Event()

    def long_one() -> None:
        from django.db import transaction

        with transaction.atomic(), connection.cursor() as cursor:
            cursor.execute(_TOUCH)
            held[0].set()
            assert held[1].wait(30)
        connection.close()

    thread = threading.Thread(target=long_one)
    thread.start()
    assert held[0].wait(30)
    before = PageChange.objects.count()
    forget_changes()
    with connection.cursor() as cursor:
        cursor.execute("UPDATE reports_pagechange SET at = at - interval '1 hour'")
    held[1].set()
    thread.join(30)
    forget_changes()  # what ended before the first cleaning is gone, the long one is not
    left = set(PageChange.objects.values_list("key", flat=True))
    assert PageChange.objects.count() < before
    assert f"company:{scene.company.pk}" in left
    assert f"company:{scene.company.pk}" in follower.ask().keys
    follower.close()


_TOUCH = "UPDATE claims_company SET website = website || '/'"
