"""Whatever stands in a request, no door breaks: never a 5xx, and never an error that nothing
catches.

tests/system/asking.py finds what there is to ask. Here each place gets a few values, in turn; all
of them: tests/soak/test_inputs.py.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.db import transaction
from django.test import override_settings
from django.test.client import MULTIPART_CONTENT
from rest_framework.pagination import CursorPagination

from claims import paging
from claims.api.paging import Paging
from config.inputs import ReadableForms, ReadableInputs
from tests.system.asking import PLACES, TEXTS, Asker, Few, forms_of, multipart
from tests.system.test_permission_table import World

pytestmark = [pytest.mark.django_db, pytest.mark.xdist_group("entry_points")]


@pytest.fixture(scope="module")
def world(
    django_db_setup: None, django_db_blocker: Any, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[World]:
    folder = tmp_path_factory.mktemp("inputs")
    folders = {
        name: folder / name.lower()
        for name in ("LEDGER_DIR", "BLOBS_DIR", "RENDITIONS_DIR", "REPORTS_DIR", "PUBLISHED_DIR")
    }
    with django_db_blocker.unblock(), override_settings(**folders), transaction.atomic():
        yield World()
        transaction.set_rollback(True)


@pytest.fixture
def asker(world: World) -> Asker:
    world.clients.clear()  # sessions end with the test in which they began
    return Asker(world)


def refused(asker: Asker) -> int:
    return sum(count for status, count in asker.statuses.items() if 400 <= status < 500)


# --- everything, generated ------------------------------------------------------------------------


def test_no_parameter_of_a_query_breaks_a_page_or_the_api(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    asker.ask_queries(monkeypatch, Few(1))
    assert not asker.broken, "\n".join(asker.broken)
    assert asker.asked > 200


def test_no_part_of_an_address_breaks_it(asker: Asker) -> None:
    asker.ask_paths(Few(3))
    assert not asker.broken, "\n".join(asker.broken)
    assert refused(asker) > 100


def test_no_header_breaks_a_door(asker: Asker) -> None:
    asker.ask_headers(Few(2))
    assert not asker.broken, "\n".join(asker.broken)


def test_no_field_of_a_form_breaks_its_page(asker: Asker) -> None:
    fields = asker.ask_forms(Few(1))
    assert not asker.broken, "\n".join(asker.broken)
    assert fields > 150
    assert 2 * refused(asker) > fields


def test_no_field_of_the_api_breaks_a_filing(asker: Asker) -> None:
    given = {
        "claim": str(asker.world.scene.claim.pk),
        "narrative": "x",
        "narrative_lang": "en",
        "licence": "cc-by-4.0",
        "contact": "x",
    }
    few = Few(6)
    for name in (*given, "photos", "unknown"):
        for what, text in few.of(TEXTS):
            asker.ask(
                f"{name} {what}",
                "key:submit",
                "POST",
                "/api/v1/submissions/",
                multipart({**given, name: text}),
                MULTIPART_CONTENT,
            )
    assert not asker.broken, "\n".join(asker.broken)
    assert asker.statuses.get(201, 0) > 0


# --- controls: with a guard off, the same questions find a break ----------------------------------


def test_without_the_guards_the_questions_find_what_breaks(
    asker: Asker, monkeypatch: pytest.MonkeyPatch
) -> None:
    path_, cursor = "/claims/", PLACES["place nested"]

    def found(ask: Callable[[], None]) -> bool:
        asker.broken.clear()
        # a browser of the tests keeps the middleware with which it began
        asker.world.clients.clear()
        ask()
        return bool(asker.broken)

    def nul() -> None:
        asker.query("q NUL", "anonymous", path_, "q", TEXTS["NUL"])

    def nested() -> None:
        asker.query("after nested", "anonymous", path_, "after", cursor)

    def word() -> None:
        asker.query(
            "cursor word",
            "anonymous",
            "/api/v1/sources/{source}/versions/",
            "cursor",
            PLACES["cursor word"],
        )

    page = f"/claims/{asker.world.scene.claim.reference}/file/"
    form = next(
        one
        for one in forms_of(asker.ask("page", "owner", "GET", page).content.decode(), page)
        if "idempotency_key" in one.fields
    )

    def hidden() -> None:
        asker.form("idempotency_key NUL", "owner", form, "idempotency_key", TEXTS["NUL"])

    for ask in (nul, nested, word, hidden):
        assert not found(ask), asker.broken
    with monkeypatch.context() as patch:
        patch.setattr(ReadableInputs, "__call__", lambda self, request: self.get_response(request))
        patch.setattr(ReadableInputs, "process_exception", lambda self, request, error: None)
        assert found(nul)
    with monkeypatch.context() as patch:
        patch.setattr(
            paging,
            "_read_cursor",
            lambda model, keys, text: json.loads(base64.urlsafe_b64decode(text + "==")),
        )
        assert found(nested)
    with monkeypatch.context() as patch:
        patch.setattr(Paging, "decode_cursor", CursorPagination.decode_cursor)
        assert found(word)
    with monkeypatch.context() as patch:
        patch.setattr(ReadableForms, "process_view", lambda self, *args: None)
        patch.setattr(ReadableInputs, "process_exception", lambda self, request, error: None)
        assert found(hidden)


def test_fields_are_found_in_forms_as_browsers_send_them() -> None:
    page = """<form method="get"><input name="q"></form>
    <form method="post" action="/there/"><input type=hidden name=key value=7>
    <select name=kind><option value=""><option value=a></select>
    <input type=date name=on><textarea name=why>old</textarea><input type=file name=photo>
    <button name=do value=one></button><button name=do value=two></button></form>"""
    one, two = forms_of(page, "/here/")
    assert one.fields == {"key": "7", "kind": "a", "on": "2025-05-01", "why": "x", "do": "one"}
    assert (two.fields["do"], two.action, two.files) == ("two", "/there/", {"photo"})
