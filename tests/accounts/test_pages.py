"""One's own account: signing in, keys."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path
from typing import Any

import allauth
import pytest
from django.conf import settings
from django.core import mail
from django.template.loader import render_to_string
from django.test import Client
from django.utils.translation import override

from accounts.models import ApiKey, Role, Scope, User
from accounts.role_descriptions import ROLE_DESCRIPTIONS, SCOPE_DESCRIPTIONS
from tests.pages import page_text, squeezed
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
    page = page_text(
        client.post(
            "/account/keys/",
            {"label": "my script", "scopes": ["read", "submit"], "days": "90", **more},
        )
    )
    shown = re.search(r'<pre id="new-key"[^>]*>(ac_[^<]+)</pre>', page)
    return shown[1] if shown else ""


def test_a_key_is_shown_once_and_kept_as_a_fingerprint(mine: Client, owner: User) -> None:
    secret = make(mine)
    key = ApiKey.objects.get(user=owner)
    assert key.digest == hashlib.sha256(secret.encode()).hexdigest()
    assert key.expires_at is not None
    page = page_text(mine.get("/account/keys/"))
    assert secret not in page
    assert key.prefix in page


def test_the_answer_with_the_key_is_kept_nowhere(mine: Client) -> None:
    response = mine.post("/account/keys/", {"label": "x", "scopes": ["read"], "days": "30"})
    assert "no-store" in response["Cache-Control"]
    assert not [value for value in mine.session.values() if "ac_" in str(value)]


def test_a_key_needs_a_scope_and_a_label(mine: Client) -> None:
    answer = mine.post("/account/keys/", {"label": "kept words", "days": "90"})
    assert answer.status_code == 400
    assert "kept words" in page_text(answer)
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
    assert 'name="next" value="/submissions/"' in page_text(client.get(asked["Location"])).replace(
        'type="hidden" ', ""
    )
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    answer = client.post(
        "/account/login/",
        {"login": owner.email, "password": "correct horse battery", "next": "/submissions/"},
    )
    assert answer["Location"] == "/submissions/"
    wrong = Client().post("/account/login/", {"login": owner.email, "password": "wrong"})
    assert wrong.status_code == 200
    assert owner.email in page_text(wrong)


def test_signing_up_sends_a_mail_and_tells_nothing_about_others(owner: User) -> None:
    for email in ("new@example.org", owner.email):
        answer = Client().post(
            "/account/signup/",
            {
                "email": email,
                "password1": "correct horse battery 9",
                "password2": "correct horse battery 9",
            },
        )
        assert answer["Location"] == "/account/confirm-email/"
    assert len(mail.outbox) == 2
    assert Client().get("/account/confirm-email/").status_code == 200


@pytest.mark.parametrize(
    "path",
    [
        "/account/login/",
        "/account/signup/",
        "/account/password/reset/",
        "/account/password/reset/done/",
        "/account/password/reset/key/x-y/",
        "/account/password/reset/key/done/",
        "/account/confirm-email/",
        "/account/confirm-email/x/",
        "/account/inactive/",
    ],
)
@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_the_entrance_wears_the_dress_of_the_site(client: Client, path: str, lang: str) -> None:
    wears_the_dress(page_text(client.get(path, headers={"accept-language": lang})))


@pytest.mark.parametrize(
    "path",
    [
        "/account/",
        "/account/email/",
        "/account/password/change/",
        "/account/reauthenticate/",
        "/account/logout/",
        "/account/keys/",
    ],
)
def test_the_account_pages_open(mine: Client, path: str) -> None:
    wears_the_dress(page_text(mine.get(path)))


def wears_the_dress(page: str) -> None:
    """Our style sheets, one heading, no script but our own, nothing in the page that the policy
    forbids."""
    assert "ui/site.css" in page
    assert "accounts/accounts.css" in page
    assert page.count("<h1") == 1
    assert not re.search(r'<script(?! (?:type="module"|defer) src="/static/)', page)
    assert not re.search(r'<[^>]+\s(style|on\w+)="', page)


def test_every_template_of_the_library_that_a_visitor_can_reach_is_ours() -> None:
    """Pages of features that are switched off (codes, telephones, passkeys at the door) are left to
    the library."""
    theirs = Path(allauth.__file__).parent / "templates" / "account"
    ours = Path(settings.BASE_DIR) / "accounts" / "templates" / "account"
    off = {
        "confirm_email_verification_code", "confirm_login_code", "confirm_password_reset_code",
        "confirm_phone_verification_code",
        "email_change", "phone_change", "request_login_code", "signup_by_passkey",
    }  # fmt: skip
    pages = {path.stem for path in theirs.glob("*.html") if not path.stem.startswith("base_")}
    assert pages - off - {path.stem for path in ours.glob("*.html")} == set()
    assert off <= pages


def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail(
    client: Client, owner: User
) -> None:
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    assert (
        client.post("/account/password/reset/", {"email": owner.email})["Location"]
        == "/account/password/reset/done/"
    )
    message = mail.outbox[-1]
    assert "AsClaimed" in message.body
    link = re.search(r"http://testserver/en(/account/password/reset/key/\S+)", message.body)
    assert link is not None
    form = client.get(link[1], follow=True)
    wears_the_dress(page_text(form))
    new = {"password1": "a new battery staple 7", "password2": "a new battery staple 7"}
    assert (
        client.post(form.redirect_chain[-1][0], new)["Location"]
        == "/account/password/reset/key/done/"
    )
    owner.refresh_from_db()
    assert owner.check_password("a new battery staple 7")
    assert "no longer valid" in page_text(
        Client().get(link[1], follow=True, headers={"accept-language": "en"})
    )


def test_an_address_is_confirmed_by_the_link_in_the_mail(client: Client) -> None:
    client.post(
        "/account/signup/",
        {
            "email": "new@example.org",
            "password1": "correct horse battery 9",
            "password2": "correct horse battery 9",
        },
    )
    link = re.search(r"http://testserver/en(/account/confirm-email/\S+)", mail.outbox[-1].body)
    assert link is not None
    page = page_text(client.get(link[1], headers={"accept-language": "en"}))
    wears_the_dress(page)
    assert "Yes, confirm address" in page
    client.post(link[1])
    assert User.objects.get(email="new@example.org").emailaddress_set.get().verified


@pytest.mark.parametrize("asked", ["localhost:8443", "LOCALHOST.", "127.0.0.1:1", "testserver:99"])
def test_every_mail_leads_to_the_site_alone_whatever_host_was_asked(
    settings: Any, owner: User, asked: str
) -> None:
    settings.SITE_URL = "https://record.example"
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    passwords = {"password1": "correct horse battery 9", "password2": "correct horse battery 9"}
    client = Client(HTTP_HOST=asked)
    client.post("/account/password/reset/", {"email": owner.email})
    for email in ("new@example.org", owner.email):
        client.post("/account/signup/", {"email": email, **passwords})
    assert len(mail.outbox) == 3
    for message in mail.outbox:
        sent = f"{message.subject}\n{message.body}"
        assert asked.lower() not in sent.lower()
        assert asked.partition(":")[0].rstrip(".").lower() not in sent.lower()
        links = re.findall(r"https?://\S+", sent)
        assert links
        assert all(link.startswith("https://record.example/en/account/") for link in links)
        assert sent.rstrip().endswith("record.example")


def test_a_mail_of_the_librarys_own_would_follow_the_asked_host(settings: Any, owner: User) -> None:
    """The control: allauth's own adapter."""
    settings.SITE_URL, settings.ACCOUNT_ADAPTER = (
        "https://record.example",
        "allauth.account.adapter.DefaultAccountAdapter",
    )
    owner.emailaddress_set.create(email=owner.email, verified=True, primary=True)
    Client(HTTP_HOST="localhost:8443").post("/account/password/reset/", {"email": owner.email})
    assert "http://localhost:8443/en/account/password/reset/key/" in mail.outbox[-1].body


def test_the_account_says_in_words_what_it_may_do() -> None:
    moderator = person("moderator", Role.MODERATOR)
    client = Client()
    client.force_login(moderator)
    page = page_text(client.get("/account/", headers={"accept-language": "en"}))
    assert "grade evidence" in page
    assert "Cannot: Propose a verdict" in page
    organisation = moderator.membership_set.get().organisation
    assert f"/account/organisations/{organisation.pk}/" in page


def test_an_organisation_shows_its_members_pseudonyms_to_its_members_alone(mine: Client) -> None:
    moderator, second = person("moderator", Role.MODERATOR), person("moderator2", Role.MODERATOR)
    organisation = moderator.membership_set.get().organisation
    client = Client()
    client.force_login(moderator)
    page = page_text(
        client.get(f"/account/organisations/{organisation.pk}/", headers={"accept-language": "en"})
    )
    assert moderator.pseudonym in page
    assert second.pseudonym in page
    assert moderator.email not in page
    assert second.email not in page
    assert mine.get(f"/account/organisations/{organisation.pk}/").status_code == 404


def test_every_role_and_every_scope_has_its_words() -> None:
    assert set(ROLE_DESCRIPTIONS) == set(Role)
    assert set(SCOPE_DESCRIPTIONS) == set(Scope)
    assert all(may and may_not for may, may_not in ROLE_DESCRIPTIONS.values())


def test_a_form_from_elsewhere_changes_nothing(owner: User) -> None:
    client = Client(enforce_csrf_checks=True)
    client.force_login(owner)
    answer = client.post("/account/keys/", {"label": "x", "scopes": ["read"], "days": "30"})
    assert answer.status_code == 403
    assert "The form has expired" in page_text(answer)
    assert not ApiKey.objects.exists()


def test_error_pages_say_what_to_do_in_both_languages(client: Client) -> None:
    assert "Page not found" in page_text(client.get("/nowhere/"))
    nothing_is_lost = {
        "en": "Nothing (was )?saved",
        "zh-hans": "没有保存任何内容|已保存的内容不受影响",
    }
    for lang, words in nothing_is_lost.items():
        with override(lang):
            for name in ("400.html", "403_csrf.html", "429.html", "500.html"):
                page = squeezed(render_to_string(name))
                assert re.search(words, page), name
                assert f'lang="{"en" if lang == "en" else "zh-Hans"}"' in page, name
