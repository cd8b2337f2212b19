"""A new installation: its first people, and what the public log says while there is only one."""

from __future__ import annotations

import re
import sys
from io import StringIO
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.core.management import CommandError, call_command
from django.test import Client
from django.utils import timezone

from accounts import actions
from accounts.models import Membership, Organisation, OrganisationKind, Role, User
from accounts.permissions import is_run_by_one
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text
from tests.workflows import end_role

pytestmark = pytest.mark.django_db
PASSWORDS = {"password1": "correct horse battery 9", "password2": "correct horse battery 9"}
ONE_PERSON = {"en": "One person runs this site", "zh": "由一人运营"}


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"
    settings.SITE_URL = "https://record.example"


def set_up(*words: str) -> str:
    """What `manage.py setup` prints."""
    out = StringIO()
    call_command("setup", *words, stdout=out)
    return out.getvalue()


def choose_password(client: Client, text: str, number: int) -> None:
    """Follow the nth address that was handed over."""
    path = re.findall(r"https://record\.example(/\S+/reset/key/\S+)", text)[number]
    client.post(client.get(path)["Location"], PASSWORDS)


def sign_in(client: Client, email: str) -> str:
    """Where signing in leads."""
    answer = client.post("/account/login/", {"login": email, "password": PASSWORDS["password1"]})
    return str(answer.get("Location", ""))


def grants() -> list[Leaf]:
    """The log's entries about roles."""
    sequence()
    entries = Entry.objects.filter(object_label="membership").order_by("index")
    return [Leaf.parse(bytes(entry.leaf)) for entry in entries]


def test_setup_makes_two_operators_who_choose_their_passwords(client: Client) -> None:
    text = set_up("--operator", "Ann@one.example", "--second", "bo@two.example")
    ann, bo = User.objects.order_by("email")
    assert [user.roles for user in (ann, bo)] == [{Role.OPERATOR}] * 2
    assert not ann.has_usable_password()
    assert Organisation.objects.get().name == "record.example"
    assert [leaf.fields["alone"] for leaf in grants()] == [False, False]
    assert "two adjudicators" in text
    assert "/account/second-factor/" in text
    choose_password(client, text, 1)
    assert "reset" not in sign_in(client, "bo@two.example")
    assert client.get("/account/").status_code == 200
    used = re.findall(r"https://record\.example(/\S+/reset/key/\S+)", text)[1]
    assert "no longer valid" in page_text(Client().get(used, headers={"accept-language": "en"}))


def test_mailed_addresses_prove_the_mailbox_at_the_first_sign_in(client: Client) -> None:
    text = set_up("--operator", "ann@one.example", "--second", "bo@two.example", "--mail")
    assert "reset/key" not in text
    assert [message.to for message in mail.outbox] == [["ann@one.example"], ["bo@two.example"]]
    assert not EmailAddress.objects.filter(verified=True).exists()
    choose_password(client, str(mail.outbox[0].body), 0)
    assert "confirm-email" in sign_in(client, "ann@one.example")
    link = re.search(
        r"https://record\.example(/en/account/confirm-email/\S+)", mail.outbox[-1].body
    )
    assert link is not None
    client.post(link[1])
    assert EmailAddress.objects.get(email="ann@one.example").verified
    assert not EmailAddress.objects.get(email="bo@two.example").verified


def test_where_no_mail_goes_out_the_address_is_printed(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise ConnectionRefusedError

    monkeypatch.setattr("accounts.management.commands.setup.send_mail", refuse)
    text = set_up("--operator", "ann@one.example", "--alone", "--mail")
    assert "could not be sent" in text
    assert "/reset/key/" in text


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("--operator", "ann", "--alone"), "is not an e-mail address"),
        (("--operator", " ", "--alone"), "is not an e-mail address"),
        (("--operator", "", "--alone"), "is not an e-mail address"),
        (("--operator", "a@x.example", "--second", "b@"), "is not an e-mail address"),
        (("--operator", "a@x.example", "--second", " A@X.example "), "given twice"),
        (("--operator", "used@example.org", "--alone"), "belongs to an account"),
        (("--operator", "a@x.example", "--second", "OTHER@example.org"), "belongs to an account"),
        (("--operator", "a@x.example", "--second", "b@x.example", "--alone"), "contradict"),
        (("--operator", "a@x.example"), "Nobody is here to be asked"),
        (("--alone",), "Nobody is here to be asked"),
        (("--operator", "a@x.example", "--alone", "--name", "n" * 201), "cannot be called so"),
        (("--operator", "a@x.example", "--alone", "--name", " \t "), "needs a name"),
        (("--operator", "a@x.example", "--alone", "--name", "a\x00b"), "needs a name"),
        (("--operator", f"{'a' * 250}@x.example", "--alone"), "is not an e-mail address"),
        (
            ("--operator", f"{'a' * 60}@{'b' * 60}.{'.'.join(['c' * 60] * 3)}.example", "--alone"),
            "not an",
        ),
        (("--operator", "a\x00@x.example", "--alone"), "is not an e-mail address"),
    ],
)
def test_what_is_typed_wrong_gets_a_sentence_and_changes_nothing(
    words: tuple[str, ...], sentence: str
) -> None:
    user = User.objects.create_user("used@example.org")
    EmailAddress.objects.create(user=user, email="Other@example.org")
    with pytest.raises(CommandError, match=sentence) as refusal:
        set_up(*words)
    assert "Nothing was changed" in str(refusal.value)
    assert User.objects.count() == 1
    assert not Organisation.objects.exists()
    assert not Membership.objects.exists()


def test_what_is_not_given_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    answers = {
        "E-mail address of the first operator: ": "ann@one.example",
        "E-mail address of the second operator, another person: ": "bo@two.example",
        "Name of the operators' organisation [record.example]: ": "  Claims   checked ",
    }
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", answers.__getitem__)
    set_up()
    assert Organisation.objects.get().name == "Claims checked"
    assert Membership.objects.count() == 2


def test_an_empty_answer_is_no_second_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdin, "isatty", lambda: True, raising=False)
    monkeypatch.setattr("builtins.input", lambda _: "")
    with pytest.raises(CommandError, match="say --alone"):
        set_up("--operator", "ann@one.example")
    assert not User.objects.exists()


def test_an_installation_is_set_up_once_and_never_by_createsuperuser() -> None:
    with pytest.raises(CommandError, match=r"manage\.py setup"):
        call_command("createsuperuser", email="a@x.example", interactive=False, stdout=StringIO())
    assert not User.objects.exists()
    set_up("--operator", "ann@one.example", "--alone")
    with pytest.raises(CommandError, match="There is an operator already") as refusal:
        set_up("--operator", "eve@one.example", "--alone")
    assert "/account/password/reset/" in str(refusal.value)
    assert User.objects.count() == 1


def test_nothing_is_left_of_a_setting_up_that_fails_half_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def fail(**_: object) -> None:
        raise RuntimeError

    monkeypatch.setattr("accounts.actions.installation.grant_role", fail)
    with pytest.raises(RuntimeError):
        actions.set_up(emails=["a@x.example"], organisation="x", is_proven=True, now=timezone.now())
    assert not User.objects.exists()
    assert not Organisation.objects.exists()


def statements(client: Client) -> list[bool]:
    """Whether the log's page says, in English and in Chinese, that one person runs the site."""
    return [
        sentence in page_text(client.get(f"/{language}/record/"))
        for language, sentence in ONE_PERSON.items()
    ]


def test_the_log_says_that_one_person_runs_the_site_until_a_second_does(client: Client) -> None:
    assert "The public log says so" in set_up("--operator", "ann@one.example", "--alone")
    [leaf] = grants()
    assert leaf.fields["alone"] is True
    assert statements(client) == [True, True]
    ann = User.objects.get()
    body = Organisation.objects.get()
    now = timezone.now()
    other = scenes.person("other")
    actions.grant_role(by=ann, user=other, organisation=body, role=Role.MODERATOR, now=now)
    assert statements(client) == [True, True]  # a moderator looks after nobody
    auditor = actions.grant_role(
        by=ann,
        user=scenes.person("auditor"),
        organisation=actions.found_organisation(
            by=ann, kind=OrganisationKind.NEWSROOM, name="A newsroom", now=now
        ),
        role=Role.AUDITOR,
        now=now,
    )
    assert statements(client) == [False, False]
    actions.grant_role(by=ann, user=other, organisation=body, role=Role.FILER, now=now)
    # The control: what was granted with nobody to look after it says so, and nothing else.
    assert [leaf.fields["alone"] for leaf in grants()] == [True, True, True, False]
    end_role(by=ann, membership=auditor, now=timezone.now(), reason="Left.")
    assert statements(client) == [True, True]


def test_two_roles_of_one_person_are_no_second_person(client: Client) -> None:
    scenes.person("ann", Role.OPERATOR, Role.AUDITOR)
    assert is_run_by_one()
    bo = scenes.person("bo", Role.OPERATOR)
    assert not is_run_by_one()
    User.objects.filter(pk=bo.pk).update(is_active=False)
    assert is_run_by_one()
    assert statements(client) == [True, True]
