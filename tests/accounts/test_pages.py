"""One's own account: signing in, keys."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest
from django.conf import settings
from django.core import mail
from django.test import Client

from accounts.models import ApiKey, User
from tests.scenes import person

pytestmark = pytest.mark.django_db


@pytest.fixture
def owner() -> User:
    return person("owner")


@pytest.fixture
def mine(owner: User) -> Client:
    client = Client()
    client.force_login(owner)
    return client


def make(client: Client, **more: object) -> str:
    page = client.post("/account/keys/", {"label": "my script", "scopes": ["read", "submit"], "days": "90", **more}).content.decode()
    shown = re.search(r'<pre id="new-key">(ac_[^<]+)</pre>', page)
    return shown[1] if shown else ""


def test_a_key_is_shown_once_and_kept_as_a_fingerprint(mine: Client, owner: User) -> None:
    secret = make(mine)
    key = ApiKey.objects.get(user=owner)
    assert key.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert key.expires_at is not None
    page = mine.get("/account/keys/").content.decode()
    assert secret not in page
    assert key.prefix in page


def test_the_answer_with_the_key_is_kept_nowhere(mine: Client) -> None:
    response = mine.post("/account/keys/", {"label": "x", "scopes": ["read"], "days": "30"})
    assert "no-store" in response["Cache-Control"]
    assert not [value for value in mine.session.values() if "ac_" in str(value)]


def test_a_key_needs_a_scope_and_a_label(mine: Client) -> None:
    answer = mine.post("/account/keys/", {"label": "kept words", "days": "90"})
    assert answer.status_code == 400
    assert "kept words" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_a_key_is_revoked_by_its_owner_alone(mine: Client, owner: User) -> None:
    make(mine)
    key = ApiKey.objects.get()
    other = Client()
    other.force_login(person("other"))
    assert other.post(f"/account/keys/{key.pk}/revoke/").status_code == 404
    assert mine.get(f"/account/keys/{key.pk}/revoke/").status_code == 405
    assert mine.post(f"/account/keys/{key.pk}/revoke/")["Location"] == "/account/keys/"
    key.refresh_from_db()
    assert key.revoked_at is not None


def test_signing_in_leads_back_to_where_one_was_going(owner: User) -> None:
    client = Client()
    asked = client.get("/submissions/")
    assert asked["Location"] == "/account/login/?next=/submissions/"
    assert 'name="next" value="/submissions/"' in client.get(asked["Location"]).content.decode().replace('type="hidden" ', "")
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    answer = client.post("/account/login/", {"login": owner.email, "password": "correct horse battery", "next": "/submissions/"})
    assert answer["Location"] == "/submissions/"
    wrong = Client().post("/account/login/", {"login": owner.email, "password": "wrong"})
    assert wrong.status_code == 200
    assert owner.email in wrong.content.decode()


def test_signing_up_sends_a_mail_and_tells_nothing_about_others(owner: User) -> None:
    for email in ("new@example.org", owner.email):
        answer = Client().post(
            "/account/signup/", {"email": email, "password1": "correct horse battery 9", "password2": "correct horse battery 9"}
        )
        assert answer["Location"] == "/account/confirm-email/"
    assert len(mail.outbox) == 2
    assert Client().get("/account/confirm-email/").status_code == 200


@pytest.mark.parametrize(
    "path",
    ["/account/login/", "/account/signup/", "/account/password/reset/", "/account/password/reset/done/", "/account/confirm-email/x/"],
)
@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_the_entrance_wears_the_dress_of_the_site(client: Client, path: str, lang: str) -> None:
    client.cookies["django_language"] = lang
    page = client.get(path).content.decode()
    assert "config/site.css" in page
    assert "<script" not in page


@pytest.mark.parametrize("path", ["/account/", "/account/email/", "/account/password/change/", "/account/logout/", "/account/keys/"])
def test_the_account_pages_open(mine: Client, path: str) -> None:
    page = mine.get(path).content.decode()
    assert "config/site.css" in page
    assert "<script" not in page


def test_a_form_from_elsewhere_changes_nothing(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/account/keys/", {"label": "x", "scopes": ["read"], "days": "30"})
    assert answer.status_code == 403
    assert "The form has expired" in answer.content.decode()
    assert not ApiKey.objects.exists()


def test_error_pages_say_what_to_do_in_both_languages(client: Client) -> None:
    assert "Nothing here" in client.get("/nowhere/").content.decode()
    for name in ("400.html", "500.html", "403_csrf.html"):
        page = (Path(settings.BASE_DIR) / "config" / "templates" / name).read_text()
        assert 'lang="en"' in page
        assert "没有保存任何内容" in page or "都还在" in page
