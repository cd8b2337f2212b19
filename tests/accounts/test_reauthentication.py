"""Before what cannot be undone, or gives power, a person proves anew that it is them."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.test import Client

from accounts.models import ApiKey, Membership, Role, RoleEnding, Suspension, User
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"  # of accounts of the tests


@pytest.fixture(autouse=True)
def _asked(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.ACCOUNT_REAUTHENTICATION_REQUIRED = True


@pytest.fixture
def ann() -> User:
    user = scenes.person("ann", Role.OPERATOR)
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
    return user


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def prove(client: Client) -> None:
    answer = client.post("/en/account/reauthenticate/", {"password": PASSWORD})
    assert answer.status_code == 302


def test_nothing_is_done_before_the_password_is_given_again(ann: User) -> None:
    mo = scenes.person("mo", Role.MODERATOR)
    scenes.person("bo", Role.OPERATOR)
    held = Membership.objects.get(user=mo)
    client = signed_in(ann)
    end = f"/en/account/roles/{held.pk}/end/"
    asked: list[tuple[str, dict[str, str]]] = [
        ("/en/account/keys/", {"label": "x", "scopes": "read", "days": "30"}),
        (end, {"do": "propose", "reason": "Moved."}),
        ("/en/account/suspensions/", {"do": "suspend", "account": mo.email, "reason": "x"}),
        ("/en/account/export/", {}),
        (f"/en/account/organisations/{held.organisation_id}/", {"do": "approve"}),
        ("/en/account/email/", {"action_add": "", "email": "new@mail.example"}),
        ("/en/account/delete/", {"pseudonym": ann.pseudonym}),
    ]
    for path, sent in asked:
        answer = client.post(path, sent)
        assert answer.status_code == 302, path
        assert "/account/reauthenticate/" in answer.headers["Location"], path
    made = (ApiKey, RoleEnding, Suspension)
    assert not any(model.objects.exists() for model in made)
    assert User.objects.get(pk=ann.pk).is_active
    prove(client)
    for path, sent in asked[:4]:
        assert "/account/reauthenticate/" not in client.post(path, sent).headers.get("Location", "")
    assert all(model.objects.exists() for model in made)


def test_what_was_typed_is_in_the_form_again_and_in_no_session_in_clear(ann: User) -> None:
    scenes.person("eve", Role.AUDITOR)
    client, path = signed_in(ann), "/en/account/suspensions/"
    match = re.search(r'name="form_key" value="([^"]+)"', client.get(path).content.decode())
    assert match
    sent = {"do": "suspend", "account": "nobody", "reason": "A secret.", "form_key": match[1]}
    answer = client.post(path, sent)
    assert "A secret." not in str(dict(client.session))
    page = client.post(
        answer.headers["Location"], {"password": PASSWORD, "next": path}, follow=True
    )
    assert page.request["PATH_INFO"] == path
    assert "A secret." in page_text(page)


def test_looking_at_a_page_and_refusing_need_no_password(ann: User) -> None:
    client = signed_in(ann)
    for path in ("/en/account/keys/", "/en/account/suspensions/", "/en/account/delete/"):
        assert client.get(path).status_code == 200
    body = scenes.operator_body()
    answer = client.post(f"/en/account/organisations/{body.pk}/", {"do": "refuse"})
    assert answer.status_code == 404
