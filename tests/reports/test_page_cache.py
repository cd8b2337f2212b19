"""Pages kept for strangers: never stale, never someone else's. Real transactions, because inside of
one nothing is kept."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from typing import Any

import pytest
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from claims.actions import raise_flag, revise_claim
from claims.localized_text import write
from demo.embedded import Postgres
from reports.pages import claim_page_data, page_cache
from tests import scenes
from tests.embedded import models_in

pytestmark = [
    pytest.mark.django_db(transaction=True),
    pytest.mark.xdist_group("kept"),
]  # one server
TOKEN = re.compile(r'name="csrfmiddlewaretoken" value="(\w{64})"')
ENGLISH = {"headers": {"accept-language": "en"}}


@pytest.fixture(scope="module", autouse=True)
def _own_server(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[None]:
    """A snapshot names the transactions of all databases of a server, and in those of the suite
    others write all the time."""
    folder = tmp_path_factory.mktemp("server")
    with (
        django_db_blocker.unblock(),
        Postgres(folder / "postgres", durable=False) as engine,
        models_in(engine, folder),
    ):
        yield


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_claim()


@pytest.fixture(autouse=True)
def nothing_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "_held", page_cache._CachedPages(()))


def visited(scene: scenes.Scene, client: Client | None = None, **more: Any) -> tuple[str, int]:
    """The page without its form token, and how many queries it took."""
    with CaptureQueriesContext(connection) as seen:
        answer = (client or Client()).get(
            f"/claims/{scene.claim.reference}/", **{**ENGLISH, **more}
        )
    assert answer.status_code == 200
    assert page_cache._PLACE not in answer.content.decode()
    return TOKEN.sub("", answer.content.decode()), len(seen)


def revised(scene: scenes.Scene, words: str) -> None:
    scene.claim.refresh_from_db()
    revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        now=timezone.now(),
        reason="Clearer.",
        summary=write("en", words),
    )


def test_a_second_stranger_gets_the_same_page_for_one_query(scene: scenes.Scene) -> None:
    (first, cost), (second, again) = visited(scene), visited(scene)
    assert first == second
    assert cost > 10
    assert again == 1


@pytest.mark.parametrize(
    "path", ["/", "/companies/{company}/", "/products/{product}/", "/verdicts/{verdict}/"]
)
def test_other_pages_are_kept_alike(scene: scenes.Scene, path: str) -> None:
    verdict = scenes.build_verdict(scene)
    address = path.format(
        company=scene.company.pk, product=scene.product.pk, verdict=verdict.reference
    )
    pages, costs = [], []
    for change in (False, False, True):
        if change:
            touch()
        with CaptureQueriesContext(connection) as seen:
            pages.append(TOKEN.sub("", Client().get(address, **ENGLISH).content.decode()))
        costs.append(len(seen))
    assert scene.claim.summary["text"] in pages[0]
    assert len(set(pages)) == 1
    assert costs[1] == 1 < costs[2]


def test_every_change_is_seen_at_once(scene: scenes.Scene) -> None:
    visited(scene)
    revised(scene, "Other words")
    assert "Other words" in visited(scene)[0]
    raise_flag(
        by=scene.moderator, claim=scene.claim, kind="remedied", now=timezone.now(), role="moderator"
    )
    page, cost = visited(scene)
    assert 'class="flags"' in page
    assert cost > 10
    touch()
    assert visited(scene)[1] > 10


def touch() -> None:
    """Write past every action, without waiting for whoever changes the claim."""
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_company SET website = website")


def _elsewhere(change: Any) -> None:
    """Over a connection of its own, committed."""

    def run() -> None:
        try:
            change()
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(20)
    assert not thread.is_alive()


@pytest.mark.parametrize("guarded", [True, False])
def test_a_change_during_the_reading_is_not_overlooked(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch, guarded: bool
) -> None:
    """With the version made blind, the same visit keeps a page that was old before it was answered:
    the test can fail."""
    real = claim_page_data.claim_page

    def read_and_then_changed(claim: Any) -> dict[str, Any]:
        found = real(claim)
        _elsewhere(lambda: revised(scene, "Other words"))
        return found

    if not guarded:
        monkeypatch.setattr(page_cache, "_version", lambda: ("always the same",))
    with monkeypatch.context() as during:
        during.setattr(claim_page_data, "claim_page", read_and_then_changed)
        assert "Other words" not in visited(scene)[0]
    assert ("Other words" in visited(scene)[0]) is guarded


def test_a_transaction_that_began_before_and_ends_after_is_seen(scene: scenes.Scene) -> None:
    """Its number is older than the snapshot's newest, so that counting the newest alone would
    overlook it."""
    began, go_on = threading.Event(), threading.Event()

    def slowly() -> None:
        with transaction.atomic():
            revised(scene, "Other words")
            began.set()
            assert go_on.wait(20)

    thread = threading.Thread(target=lambda: _elsewhere(slowly))
    thread.start()
    assert began.wait(20)
    touch()
    assert "Other words" not in visited(scene)[0]
    assert visited(scene)[1] == 1
    go_on.set()
    thread.join(20)
    assert "Other words" in visited(scene)[0]


def test_who_is_known_neither_gets_nor_leaves_a_kept_page(scene: scenes.Scene) -> None:
    moderator = Client()
    moderator.force_login(scene.moderator)
    stranger = visited(scene)[0]
    assert visited(scene, moderator)[0] == stranger
    page_cache._held.pages.clear()
    visited(scene, moderator)
    visited(scene, QUERY_STRING="x=1")
    visited(scene, headers={"authorization": "Bearer x"})
    waiting = Client()
    waiting.cookies["messages"] = "x"
    visited(scene, waiting)
    assert not page_cache._held.pages


def test_languages_and_hosts_are_kept_apart(scene: scenes.Scene) -> None:
    english = visited(scene)[0]
    chinese = visited(scene, headers={"accept-language": "zh-hans"})[0]
    elsewhere = visited(scene, HTTP_HOST="localhost")[0]
    assert '<html lang="en">' in english
    assert '<html lang="zh-Hans">' in chinese
    assert "http://testserver/claims/" in elsewhere  # where the site is, not where it was asked
    assert len(page_cache._held.pages) == 3
    assert [visited(scene)[1], visited(scene, headers={"accept-language": "zh-hans"})[1]] == [1, 1]


def test_only_so_many_are_held(scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(page_cache, "MOST", 1)
    visited(scene)
    visited(scene, HTTP_HOST="localhost")
    assert len(page_cache._held.pages) == 1


def test_inside_of_a_transaction_nothing_is_kept(scene: scenes.Scene) -> None:
    with transaction.atomic():
        visited(scene)
        scenes.claims.raise_flag(
            by=scene.moderator,
            claim=scene.claim,
            kind="remedied",
            now=timezone.now(),
            role="moderator",
        )
        assert 'class="flags"' in visited(scene)[0]
    assert not page_cache._held.pages
