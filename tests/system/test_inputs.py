"""What no text has is refused at the entrance, in a sentence; and what was found by hand of what
broke a door.

Every place of every request is asked in tests/system/test_every_input.py.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from django.core.exceptions import BadRequest
from django.core.handlers.wsgi import WSGIHandler
from django.core.signals import request_finished, request_started
from django.db import DataError, close_old_connections, connection, transaction
from django.http import HttpRequest, HttpResponse
from django.test import Client, override_settings
from django.urls import path
from rest_framework.exceptions import ParseError
from rest_framework.pagination import CursorPagination

from claims import paging
from claims.api.paging import KeysetPagination, Paging
from claims.editing import version
from claims.localized_text import write
from claims.models import Claim
from claims.moments import read_moment
from config import inputs
from config.inputs import Charset, ReadableInputs, ReadableJSON, is_text, shows_nothing
from config.urls import urlpatterns as every_url
from evidence.api import views as evidence_api
from tests import scenes
from tests.system.asking import PLACES
from verdicts.models import Reply

pytestmark = pytest.mark.django_db


@pytest.mark.parametrize(
    "query", ["q=%00", "rating=%00", "flag=a%00b", "kind=%00", "company=%00", "%00=1"]
)
def test_a_search_for_a_character_that_no_text_has_is_told_so(query: str, client: Client) -> None:
    page = client.get(f"/claims/?{query}")
    assert page.status_code == 400
    assert "half a character" in page.content.decode()
    program = client.get(f"/api/v1/claims/?{query}")
    assert (program.status_code, program["Content-Type"]) == (400, "application/problem+json")
    assert "half a character" in program.json()["detail"]


@pytest.mark.parametrize("name", PLACES)
def test_a_cursor_that_names_no_place_starts_a_page_over_and_is_unknown_to_the_api(
    name: str, client: Client
) -> None:
    assert client.get("/claims/", {"after": PLACES[name]}).status_code == 200
    source = scenes.build_claim().source
    assert client.get(
        f"/api/v1/sources/{source.pk}/versions/", {"cursor": PLACES[name]}
    ).status_code in {200, 404}
    assert client.get(
        f"/api/v1/sources/{source.pk}/observations/", {"cursor": PLACES[name]}
    ).status_code in {200, 404}


def test_every_list_of_the_api_reads_its_cursor_by_the_field_it_is_ordered_by() -> None:
    def below(kind: type) -> Iterator[type]:
        for one in kind.__subclasses__():
            yield one
            yield from below(one)

    ours = {
        one for one in below(CursorPagination) if one.__module__.split(".")[0] != "rest_framework"
    }
    assert all(issubclass(one, (Paging, KeysetPagination)) for one in ours), ours
    assert evidence_api.ByNumber in ours


@pytest.mark.parametrize(
    "at",
    [
        "9999-12-31T23:59:59-14:00",
        "0001-01-01T00:00:00+14:00",
        "9999-12-31T23:59:59-23:59",
        "2025-01-01T00:00:00+99:99",
        "\ud800",
        "",
    ],
)
def test_what_a_source_said_at_the_ends_of_time_is_a_question_that_is_refused(
    at: str, client: Client
) -> None:
    assert read_moment(at) is None
    source = scenes.build_claim().source
    answer = client.get(
        f"/api/v1/sources/{source.pk}/as-of/", {"at": at.encode("utf-8", "surrogatepass")}
    )
    assert answer.status_code == 400
    assert list(answer.json()["errors"]) == ["at"]
    assert "offset" in str(answer.json()) or not at
    assert (
        client.get(
            f"/api/v1/sources/{source.pk}/as-of/", {"at": "9999-12-31T23:59:59Z"}
        ).status_code
        == 404
    )
    assert (
        client.get(
            f"/api/v1/sources/{source.pk}/as-of/", {"at": "0001-01-01T00:00:00Z"}
        ).status_code
        == 404
    )


KINDS = (
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=x",
    "application/json",
    "text/plain",
)
CHARSETS = (
    "latin-1",
    "utf-16",
    "base64",
    "idna",
    "rot13",
    "\0",
    "utf-8; charset=latin-1",
    '"gbk"',
    "",
)


def served(environ: dict[str, Any]) -> tuple[int, bytes]:
    """What our WSGI application answers, as a server calls it: nothing of the test client stands
    between."""
    statuses: list[str] = []
    application = Charset(WSGIHandler())
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # ours is the test's own, in its transaction
    try:
        body = application(environ, lambda status, headers, error=None: statuses.append(status))
        content = b"".join(body)
        body.close()  # type: ignore[attr-defined]  # a response of Django's
    finally:
        for signal in (request_started, request_finished):
            signal.connect(close_old_connections)
    return int(statuses[0][:3]), content


@pytest.mark.parametrize("charset", CHARSETS)
@pytest.mark.parametrize("kind", KINDS)
def test_a_body_in_another_charset_is_refused_and_escapes_nothing(kind: str, charset: str) -> None:
    """With and without a form token, in the query too: the charset is looked for before anything
    catches an error."""
    token = Client().get("/account/login/").cookies["csrftoken"].value
    for where in (
        "/en/account/login/", "/zh/no such page", "/en/", "/api/v1/submissions/", "/api/v1/none/",
    ):  # fmt: skip
        for method in ("GET", "POST"):
            for cookie in ("", f"csrftoken={token}"):
                environ = Client()._base_environ(
                    REQUEST_METHOD=method, PATH_INFO=where, QUERY_STRING="a=%E9",
                    CONTENT_TYPE=f"{kind}; charset={charset}",
                    CONTENT_LENGTH="9", HTTP_COOKIE=cookie,
                    **{"wsgi.input": io.BytesIO(b"login=a\xe9&")},
                )  # fmt: skip
                status, content = served(environ)
                assert status < 500
                if method == "POST":
                    assert status == 400
                    assert b"UTF-8" in content
                else:
                    assert status in {200, 401, 404}


def test_a_form_that_cannot_be_read_is_answered_and_not_read_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Found while the token is looked for; negative control: Django's own answer to that reads it
    once more, and raises."""
    client = Client(enforce_csrf_checks=True)
    client.get("/account/login/")

    def send(where: str, body: str = "a=1", charset: str = "utf-8") -> int:
        return client.generic(
            "POST", where, body, f"application/x-www-form-urlencoded; charset={charset}"
        ).status_code

    for body in ("&".join(f"a{n}=1" for n in range(600)), "a=" + "x" * 3_000_000):
        assert {send("/account/login/", body), send("/claims/", body)} <= {400, 413}
    client = Client(enforce_csrf_checks=True)
    client.get("/account/login/")
    monkeypatch.setattr(
        ReadableInputs, "__call__", lambda self, request: self.get_response(request)
    )
    client.handler._middleware_chain = None
    assert send("/account/login/", charset="latin-1") == 400
    with override_settings(ROOT_URLCONF=__name__), pytest.raises(BadRequest):
        send("/account/login/", charset="latin-1")


def test_a_cookie_with_a_character_that_no_text_has_is_passed_over() -> None:
    """A quoted cookie spells any character in octal, so that it passes every server as plain
    ASCII."""
    for name in ("sessionid", "csrftoken", "messages"):
        answer = Client(raise_request_exception=True).get(
            "/claims/", HTTP_COOKIE=f'{name}="\\000aaaaaaaaaaaa"'
        )
        assert answer.status_code == 200, name


def test_an_address_to_go_to_next_that_is_none_is_passed_over(client: Client) -> None:
    for where in ("/account/login/", "/account/password/reset/done/"):
        assert client.get(where, {"next": "http://[::1"}).status_code in {200, 302}
        assert client.post(where, {"next": "http://[::1"}).status_code in {
            200,
            302,
            405,
        }


def too_far(request: HttpRequest) -> HttpResponse:
    with connection.cursor() as cursor:
        cursor.execute("SELECT %s::date", ["99999999-01-01"])
    return HttpResponse()


urlpatterns = [path("too-far/", too_far), path("api/v1/too-far/", too_far), *every_url]


@pytest.mark.urls(__name__)
def test_a_value_that_only_the_database_refuses_is_the_senders(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def status(where: str) -> int:
        with transaction.atomic():
            answer = Client().get(where)
            transaction.set_rollback(True)
        return answer.status_code

    assert [status("/too-far/"), status("/api/v1/too-far/")] == [400, 400]
    monkeypatch.setattr(ReadableInputs, "process_exception", lambda self, request, error: None)
    with pytest.raises(DataError):
        status("/too-far/")


@pytest.mark.parametrize(
    "body",
    ["[" * 100_000, "[" * 60 + "]" * 60, '{"a":' * 500 + "1" + "}" * 500, '{"a": "\\u0000"}',
    '{"\\ud800": 1}', "1e999", "NaN", "9" * 9999,
     '["\\udfff"]', "\ud800"],
)  # fmt: skip
def test_json_is_read_as_far_as_it_is_text(body: str) -> None:
    with pytest.raises(ParseError):
        ReadableJSON().parse(io.BytesIO(body.encode("utf-8", "surrogatepass")))
    assert ReadableJSON().parse(io.BytesIO(json.dumps({"a": [1, 2.5, None, "字😀"]}).encode())) == {
        "a": [1, 2.5, None, "字😀"]
    }


@pytest.mark.parametrize(
    "unseen",
    ["\u200b", "\u202e\u2066", " \ufeff\xa0", "\u3164", "\u2800\n", "\ufe0f", "\u00ad\u2060"],
)
def test_a_text_of_which_nothing_is_seen_is_empty_at_every_door(
    unseen: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert shows_nothing(unseen)
    assert not shows_nothing(f"{unseen}א")
    given = {"reason": unseen, "steps": [unseen, "seen"], "n": 7}
    assert ReadableJSON().parse(io.BytesIO(json.dumps(given).encode())) == {
        "reason": "",
        "steps": ["", "seen"],
        "n": 7,
    }
    scene = scenes.build_claim()
    client = Client(headers={"accept-language": "en"})
    client.force_login(scene.moderator)

    def correct() -> int:
        sent = {
            "do": "revise",
            "quote": scene.claim.quote,
            "summary_en": "Other words",
            "kind": "express",
            "reason": unseen,
        }
        sent["version"] = version(Claim.objects.get(pk=scene.claim.pk))
        return client.post(f"/desk/claims/{scene.claim.reference}/revise/", sent).status_code

    assert correct() == 400
    with (
        monkeypatch.context() as unguarded
    ):  # negative control, but for what every form strips itself
        unguarded.setattr(inputs, "shows_nothing", lambda text: False)
        assert correct() == 302
    sent = {"do": "publish", "body": unseen, "lang": "en"}
    scenes.verdicts.request_reply(
        by=scene.moderator, claim=scene.claim, allegation=write("en", "No air."), now=scene.now
    )
    client.force_login(scenes.representative(scene))
    assert client.post(f"/reply/{scene.claim.reference}/", sent).status_code == 400
    assert not Reply.objects.exists()


def test_what_a_text_is() -> None:
    assert is_text("字😀\x01\uffff")
    assert not is_text("a\0")
    assert not is_text("\ud83d")


def test_a_place_in_a_list_is_found_again() -> None:
    """The cursors that our own pages make are read."""
    scenes.build_claim()
    claims = scenes.Claim.objects
    first = paging.page_of(claims.all(), {}, by=("-created_at", "-id"), size=1)
    made = base64.urlsafe_b64encode(
        json.dumps(["9999-01-01T00:00:00+00:00", "ffffffff-ffff-ffff-ffff-ffffffffffff"]).encode()
    ).decode()
    assert (
        paging.page_of(claims.all(), {"after": made}, by=("-created_at", "-id")).rows == first.rows
    )
