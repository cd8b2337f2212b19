"""Sign-up is open, or for invited people alone."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction
from django.test import Client
from django.utils import timezone

from accounts import actions
from accounts.models import Role, SignUp, User
from accounts.permissions import NotAllowedError
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db
PASSWORDS = {"password1": "correct horse battery", "password2": "correct horse battery"}
GUEST = "guest@mail.example"


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def ann() -> User:
    return scenes.person("ann", Role.OPERATOR)


def close(by: User, contact: str = "hello@record.example", reason: str = "Spam.") -> SignUp:
    return actions.close_sign_up(by=by, contact=contact, reason=reason, now=timezone.now())


def sign_up(client: Client, email: str) -> tuple[int, str]:
    answer = client.post("/en/account/signup/", {"email": email, **PASSWORDS})
    return answer.status_code, page_text(answer) if answer.status_code != 302 else ""


def invite(by: User) -> str:
    """Somebody is invited to a role; the address of the page that their mail leads to."""
    second = scenes.person("second", Role.OPERATOR)
    for user in (by, second):
        EmailAddress.objects.create(user=user, email=user.email, verified=True)
    row = actions.propose_invitation(
        by=by, organisation=scenes.operator_body(), email=GUEST, role=Role.MODERATOR,
        reason="They know cars.", now=timezone.now(),
    )  # fmt: skip
    scenes.send_invitation(second, row, "the-token")
    return "/en/account/invitations/the-token/"


def test_anyone_signs_up_until_an_operator_closes_it_and_again_afterwards(ann: User) -> None:
    assert sign_up(Client(), "first@mail.example")[0] == 302
    close(ann)
    sequence()
    leaf = Leaf.parse(bytes(Entry.objects.latest("index").leaf))
    assert (leaf.kind, leaf.fields["is_open"]) == ("sign_up.closed", False)
    status, text = sign_up(Client(), "second@mail.example")
    assert status == 200
    assert "Only invited people can create an account now." in text
    assert "hello@record.example" in text
    page = Client().get("/zh/account/signup/").content.decode()
    assert 'href="mailto:hello@record.example"' in page
    assert "目前只有受邀者可以注册" in page
    actions.open_sign_up(by=ann, reason="It is over.", now=timezone.now())
    assert sign_up(Client(), "second@mail.example")[0] == 302
    emails = set(User.objects.values_list("email", flat=True))
    assert {"first@mail.example", "second@mail.example"} < emails


def test_an_invited_person_joins_a_closed_site_by_the_invited_address_alone(ann: User) -> None:
    link = invite(ann)
    close(ann)
    client = Client()
    assert sign_up(client, GUEST)[0] == 200
    assert client.get(link).status_code == 200
    assert "Use the email address at which you got" in sign_up(client, "other@mail.example")[1]
    assert sign_up(client, GUEST.upper())[0] == 302
    assert User.objects.filter(email=GUEST).exists()
    assert not User.objects.filter(email="other@mail.example").exists()
    assert client.post(link, {"do": "accept"}).status_code == 302
    assert User.objects.get(email=GUEST).has_role(Role.MODERATOR)


def test_an_invitation_that_was_withdrawn_opens_nothing(ann: User) -> None:
    link, client = invite(ann), Client()
    close(ann)
    client.get(link)
    assert 'name="password1"' in client.get("/en/account/signup/").content.decode()
    row = actions.invitations.RoleInvitation.objects.get()
    actions.withdraw_invitation(by=ann, invitation=row)
    assert "Only invited people" in sign_up(client, GUEST)[1]
    assert not User.objects.filter(email=GUEST).exists()


@pytest.mark.parametrize(
    "contact", ["", " ", "no address", "javascript:alert(1)", "ftp://record.example/", "https://"]
)
def test_whom_to_ask_is_a_mail_address_or_a_page(ann: User, contact: str) -> None:
    with pytest.raises(ValidationError, match="whom people ask"):
        close(ann, contact)
    assert SignUp.objects.current().is_open
    assert close(ann, " https://record.example/join ").contact == "https://record.example/join"


def test_operators_alone_decide_with_a_reason_and_once(ann: User) -> None:
    with pytest.raises(NotAllowedError):
        close(scenes.person("eve", Role.AUDITOR))
    with pytest.raises(ValidationError, match="Give the reason"):
        close(ann, reason=" \n")
    with pytest.raises(actions.SignUpChangedError):
        actions.open_sign_up(by=ann, reason="x", now=timezone.now())
    close(ann)
    with pytest.raises(actions.SignUpChangedError):
        close(ann, "other@record.example")
    assert SignUp.objects.get().contact == "hello@record.example"
    second = SignUp(id=ann.pk, is_open=True, changed_at=timezone.now())
    with pytest.raises(IntegrityError, match="sign_up_one_row"), transaction.atomic():
        second.save(force_insert=True)


def test_an_operator_closes_and_opens_it_on_a_page(ann: User) -> None:
    client, path = Client(), "/en/account/sign-up/"
    client.force_login(ann)
    assert path in client.get("/en/account/").content.decode()
    for sent, status, words in (
        ({}, 400, "required"),
        ({"do": "close", "contact": "", "reason": ""}, 400, "required"),
        ({"do": "close", "contact": "nobody", "reason": "Spam."}, 400, "whom people ask"),
        ({"do": "open", "reason": "Spam."}, 409, "It is so already"),
    ):
        answer = client.post(path, sent)
        assert (answer.status_code, words in page_text(answer)) == (status, True), sent
    sent = {"do": "close", "contact": "a@b.example", "reason": "Spam."}
    assert client.post(path, sent).status_code == 302
    assert "Others are told to ask: a@b.example" in page_text(client.get(path))
    assert client.post(path, sent).status_code == 409
    assert client.post(path, {"do": "open", "reason": "Over."}).status_code == 302
    assert "开放：任何人都可以注册。" in page_text(client.get("/zh/account/sign-up/"))


@pytest.mark.django_db(transaction=True)
def test_of_two_operators_at_once_the_first_closes_it(ann: User) -> None:
    bo, both, results = scenes.person("bo", Role.OPERATOR), threading.Barrier(2), []

    def run(by: User) -> None:
        both.wait()
        try:
            close(by, f"{by.email}")
            results.append("closed")
        except actions.SignUpChangedError:
            results.append("late")
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=(by,)) for by in (ann, bo)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(results) == ["closed", "late"]
