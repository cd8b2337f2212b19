"""The cookie that says no more than that someone is signed in: there while a session is, and no
longer."""

from __future__ import annotations

from http.cookies import Morsel

import pytest
from allauth.mfa.totp.internal.auth import TOTP
from django.conf import settings
from django.http import HttpResponse
from django.test import Client

from accounts.models import User
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db
NAME = settings.SIGNED_IN_COOKIE_NAME


@pytest.fixture
def user() -> User:
    found = scenes.person("someone")
    found.emailaddress_set.create(email=found.email, verified=True, primary=True)
    return found


def sign_in(client: Client, user: User, **more: str) -> HttpResponse:
    given = {"login": user.email, "password": "correct horse battery", **more}
    return client.post("/account/login/", given)


def hint(answer: HttpResponse) -> Morsel[str] | None:
    return answer.cookies.get(NAME)


def deleted(answer: HttpResponse) -> bool:
    found = hint(answer)
    return found is not None and found.value == "" and found["max-age"] == 0


def test_it_comes_with_the_session_and_holds_nothing_of_anyone(user: User) -> None:
    client = Client()
    assert hint(client.get("/account/login/")) is None
    answer = sign_in(client, user)
    found, session = hint(answer), answer.cookies[settings.SESSION_COOKIE_NAME]
    assert found is not None
    assert found.value == f"message-1-{len('You are signed in.')}"
    assert not found["httponly"]
    assert found["samesite"] == "Lax"
    for name in ("max-age", "path", "secure"):
        assert found[name] == session[name], name
    assert hint(client.get("/account/fragment/")).value == "1"  # type: ignore[union-attr]  # it was shown
    assert hint(client.get("/account/")) is None  # nothing changed


def test_it_does_not_come_before_the_mail_address_is_verified(user: User) -> None:
    user.emailaddress_set.update(verified=False)
    client = Client()
    answer = sign_in(client, user)
    assert answer["Location"].endswith("/account/confirm-email/")
    assert hint(answer) is None
    assert client.get("/account/fragment/").status_code == 204
    form = client.get(f"/claims/{scenes.build_claim().claim.reference}/file/")
    assert "/account/login/?next=" in form["Location"]


def test_it_does_not_come_before_the_second_factor(user: User) -> None:
    TOTP.activate(user, "A" * 32)
    client = Client()
    answer = sign_in(client, user)
    assert answer["Location"].endswith("/account/second-factor/authenticate/")
    assert hint(answer) is None
    assert client.get("/account/fragment/").status_code == 204


def test_it_lasts_as_long_as_the_session(user: User) -> None:
    answer = sign_in(Client(), user, remember="on")
    session = answer.cookies[settings.SESSION_COOKIE_NAME]
    assert session["max-age"] == hint(answer)["max-age"] == settings.SESSION_COOKIE_AGE  # type: ignore[index]


def test_signing_out_deletes_it(user: User) -> None:
    client = Client()
    sign_in(client, user)
    assert deleted(client.post("/account/logout/"))
    assert client.cookies[NAME].value == ""


def test_a_session_that_ended_elsewhere_or_an_account_that_was_blocked_deletes_it(
    user: User,
) -> None:
    for change in ("ended", "blocked", "password"):
        User.objects.filter(pk=user.pk).update(is_active=True)
        client = Client()
        sign_in(client, user)
        if change == "ended":
            client.session.delete()
        elif change == "blocked":
            User.objects.filter(pk=user.pk).update(is_active=False)
        else:
            User.objects.filter(pk=user.pk).update(password="!")
        answer = client.get("/account/fragment/")
        assert answer.status_code == 204, change
        assert deleted(answer), change


def test_a_public_page_neither_sets_nor_deletes_it(user: User) -> None:
    client = Client()
    client.cookies[NAME] = "1"
    assert hint(client.get("/method/")) is None
    client.force_login(user)
    client.cookies.pop(NAME, None)
    assert hint(client.get("/method/")) is None
    assert hint(client.get("/account/")).value == "1"  # type: ignore[union-attr]  # it is back


def test_the_page_names_the_cookie_and_the_fragment_to_its_script() -> None:
    page = page_text(Client().get("/method/"))
    assert f'data-src="/account/fragment/?page=%2Fen%2Fmethod%2F" data-cookie="{NAME}"' in page
    assert "ui/own.js" not in page_text(Client().get("/account/login/"))
