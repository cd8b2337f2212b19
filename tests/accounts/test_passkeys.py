"""Passkeys without a browser: which host they belong to, and what is no passkey is a refusal."""

from __future__ import annotations

import json
from typing import Any

import pytest
from allauth.mfa.models import Authenticator
from django.core.cache import cache
from django.http import HttpRequest
from django.test import Client, RequestFactory

from accounts import passkeys
from accounts.models import Role
from accounts.second_factor import use_code
from tests import scenes
from tests.accounts.test_second_factor import PASSWORD, sign_in
from tests.pages import page_text

pytestmark = pytest.mark.django_db
SORRY = "This passkey could not be confirmed. Nothing was changed."
#: What a stranger may send for a passkey.
ODD = [
    "", "null", "[]", "5", '"x"', "{", "{}", '{"id": 5}', '{"id": null, "response": []}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {}}',
    '{"id": "AA", "rawId": "AA", "type": "public-key", "response": {"clientDataJSON": "AA"}}',
    json.dumps({
        "id": "AA", "rawId": "AA", "type": "public-key", "clientExtensionResults": {},
        "response": {
            "clientDataJSON": "e30", "attestationObject": "oA", "authenticatorData": "AA",
            "signature": "AA", "userHandle": "AA",
        },
    }),
    json.dumps({"id": "\x00", "response": {"userHandle": "é", "clientDataJSON": "\ud800"}}),
    "[" * 2000,
]  # fmt: skip


def asking(host: str) -> HttpRequest:
    return RequestFactory().get("/account/second-factor/passkeys/add/", HTTP_HOST=host)


@pytest.mark.parametrize(
    ("site", "asked", "party", "elsewhere"),
    [
        # by hand: SITE_URL, the host asked for, whose passkeys, where they work if not here
        ("https://asclaimed.example", "asclaimed.example", "asclaimed.example", None),
        ("http://127.0.0.1:8400", "localhost:8400", "localhost", None),
        ("http://127.0.0.1:8400", "127.0.0.1:8400", "localhost", "http://localhost:8400"),
        ("http://[::1]:8400", "127.0.0.1:8400", "localhost", "http://localhost:8400"),
        ("https://203.0.113.9", "127.0.0.1", "", ""),
        ("https://asclaimed.example", "127.0.0.1", "asclaimed.example",
         "https://asclaimed.example"),
    ],
)  # fmt: skip
def test_passkeys_belong_to_the_host_of_the_site_and_elsewhere_it_is_said(
    site: str, asked: str, party: str, elsewhere: str | None, settings: Any
) -> None:
    settings.SITE_URL, settings.ALLOWED_HOSTS = site, ["*"]
    assert passkeys.relying_party() == party
    sentence, onward = passkeys.obstacle(asking(asked))
    if elsewhere is None:
        assert (sentence, onward) == ("", "")
    else:
        assert sentence
        assert onward == (f"{elsewhere}/account/second-factor/passkeys/add/" if elsewhere else "")


@pytest.mark.parametrize("credential", ODD, ids=range(len(ODD)))
def test_what_is_no_passkey_is_refused_with_a_sentence_at_every_door(credential: str) -> None:
    cache.clear()  # so many tries within a minute are stopped by themselves
    user = scenes.person("someone", Role.MODERATOR)
    sent = {"credential": credential, "name": "x"}
    stranger = Client(headers={"accept-language": "en"})
    stranger.get("/account/second-factor/passkeys/sign-in/", headers={"accept": "application/json"})
    answer = stranger.post("/account/second-factor/passkeys/sign-in/", sent)
    assert answer.status_code == 302
    assert answer["Location"].endswith("/account/login/")
    assert "_auth_user_id" not in stranger.session

    client, _answer = sign_in(user)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert client.get("/account/second-factor/passkeys/add/").status_code == 200
    page = page_text(client.post("/account/second-factor/passkeys/add/", sent))
    assert SORRY in page or "This field is required." in page or "Enter a valid JSON." in page
    assert not Authenticator.objects.exists()

    factor = Authenticator.objects.create(
        user=user, type=Authenticator.Type.TOTP, data={"secret": "x"}
    )
    waiting, answer = sign_in(user)
    page = page_text(waiting.post(answer["Location"], {"credential": credential}))
    assert "Two-step verification" in page
    assert "_auth_user_id" not in waiting.session
    factor.delete()


def test_a_session_that_must_set_up_a_factor_may_add_a_passkey(settings: Any) -> None:
    settings.SECOND_FACTOR_REQUIRED = True
    client, _answer = sign_in(scenes.person("someone", Role.MODERATOR))
    assert client.get("/desk/").status_code == 403
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    assert client.get("/account/second-factor/passkeys/add/").status_code == 200


def test_a_passkey_of_another_is_not_there() -> None:
    owner, other = scenes.person("owner"), scenes.person("other")
    passkey = Authenticator.objects.create(
        user=owner, type=Authenticator.Type.WEBAUTHN, data={"name": "mine", "credential": {}}
    )
    client, _answer = sign_in(other)
    client.post("/account/reauthenticate/", {"password": PASSWORD})
    for door in ("rename", "remove"):
        path = f"/account/second-factor/passkeys/{passkey.pk}/{door}/"
        assert client.get(path).status_code == 404
        assert client.post(path, {"name": "taken"}).status_code == 404
    assert Authenticator.objects.get().data["name"] == "mine"


def test_a_code_is_not_tried_against_a_passkey() -> None:
    user = scenes.person("someone")
    Authenticator.objects.create(
        user=user, type=Authenticator.Type.WEBAUTHN, data={"name": "x", "credential": {}}
    )
    assert use_code(user, "123456") is None
