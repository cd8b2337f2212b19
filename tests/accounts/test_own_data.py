"""One's own data as a file, and the end of the account."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from allauth.account.models import EmailAddress
from allauth.mfa.models import Authenticator
from django.core.exceptions import ValidationError
from django.core.management import call_command
from django.test import Client
from django.utils import timezone

import ledger
from accounts import actions
from accounts.models import (
    AccountDeletion,
    ApiKey,
    ErasureDue,
    Membership,
    Role,
    RoleEnding,
    RoleInvitation,
    User,
)
from accounts.permissions import NotAllowedError
from evidence.exhibits.models import Submission
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.pages import page_text

PASSWORD = "correct horse battery"  # of accounts of the tests


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def confirm(user: User) -> None:
    EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)


def signed_in(user: User) -> Client:
    client = Client()
    client.force_login(user)
    return client


def delete(user: User) -> None:
    actions.delete_account(by=user, now=timezone.now())


@pytest.mark.django_db
def test_the_file_holds_what_the_account_holds_and_nothing_of_others() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    owner, other = scene.owners[:2]
    confirm(owner)
    actions.create_key(by=owner, label="my script", scopes=["read"], now=timezone.now())
    answer = signed_in(owner).post("/en/account/export/")
    assert answer.headers["Content-Disposition"].startswith("attachment;")
    content = answer.content.decode()
    held = json.loads(content)
    assert held["account"]["email"] == owner.email
    assert [key["label"] for key in held["api_keys"]] == ["my script"]
    own = Submission.objects.filter(filed_by=owner)
    assert {row["reference"] for row in held["submissions"]} == {row.reference for row in own}
    assert [row["contact"] for row in held["submissions"]] == [
        ledger.unseal(row, "contact") for row in own.order_by("filed_at", "pk")
    ]
    assert held["submissions"][0]["files"]
    theirs = Submission.objects.filter(filed_by=other).first()
    assert theirs is not None
    for foreign in (other.email, other.pseudonym, theirs.reference, "digest", "pbkdf2", "argon2"):
        assert foreign not in content
    moderator = json.loads(signed_in(scene.moderator).post("/en/account/export/").content)
    assert moderator["roles"][0]["role"] == Role.MODERATOR
    assert moderator["submissions"] == []


@pytest.mark.django_db
def test_a_contact_that_was_given_for_somebody_else_is_not_in_the_file() -> None:
    scene = scenes.build_evidence(scenes.build_claim())
    row = Submission.objects.filter(filed_by=scene.owners[0]).first()
    assert row is not None
    contact = str(ledger.unseal(row, "contact"))
    client = signed_in(scene.owners[0])
    assert contact in client.post("/en/account/export/").content.decode()  # the control
    Submission.objects.filter(pk=row.pk).update(organisation=scenes.operator_body())
    assert contact not in client.post("/en/account/export/").content.decode()


@pytest.mark.django_db
def test_a_deleted_account_leaves_roles_as_history_and_its_address_free() -> None:
    ann = scenes.person("ann", Role.OPERATOR)
    mo = scenes.person("mo", Role.MODERATOR)
    confirm(mo)
    Authenticator.objects.create(user=mo, type="totp", data={})
    _key, secret = actions.create_key(by=mo, label="x", scopes=["read"], now=timezone.now())
    scenes.person("bo", Role.OPERATOR)
    held = Membership.objects.get(user=mo)
    actions.propose_ending(by=ann, membership=held, reason="x", now=timezone.now())
    client, elsewhere, email = signed_in(mo), signed_in(mo), mo.email
    text = page_text(client.get("/en/account/delete/"))
    assert "What stays, and why" in text
    wrong = client.post("/en/account/delete/", {"pseudonym": "somebody"})
    assert (wrong.status_code, "not your pseudonym" in page_text(wrong)) == (400, True)
    sent = {"pseudonym": f" {mo.pseudonym.upper()} "}
    answer = client.post("/en/account/delete/", sent, follow=True)
    assert "Your account is deleted." in page_text(answer)
    for browser in (client, elsewhere):
        assert browser.get("/en/account/").status_code == 302
    mo.refresh_from_db()
    held.refresh_from_db()
    assert email not in f"{mo.email} {mo.password}"
    assert not mo.has_usable_password()
    assert (held.ended_at is not None, RoleEnding.objects.get().status) == (True, "withdrawn")
    assert not ApiKey.objects.usable(timezone.now()).filter(user=mo).exists()
    header = {"authorization": f"Bearer {secret}"}
    assert Client().get("/api/v1/submissions/", headers=header).status_code == 401
    assert not EmailAddress.objects.filter(user=mo).exists()
    assert not Authenticator.objects.filter(user=mo).exists()
    sequence()
    leaves = "".join(bytes(row.leaf).decode() for row in Entry.objects.all())
    assert "account.deleted" in leaves
    assert "role.left" in leaves
    last = Entry.objects.filter(object_label="account_deletion").get()
    assert mo.pseudonym not in bytes(last.leaf).decode()
    passwords = {"password1": PASSWORD, "password2": PASSWORD}
    again = Client().post("/en/account/signup/", {"email": email, **passwords})
    assert again.status_code == 302
    assert User.objects.get(email=email).pk != mo.pk
    with pytest.raises(NotAllowedError):
        delete(mo)
    with pytest.raises(ValidationError, match="cannot be used"):
        actions.grant_role(
            by=ann, user=mo, organisation=held.organisation, role=Role.MODERATOR,
            now=timezone.now(),
        )  # fmt: skip


@pytest.mark.django_db
def test_the_last_operator_cannot_delete_the_account() -> None:
    ann = scenes.person("ann", Role.OPERATOR)
    scenes.person("eve", Role.AUDITOR)
    answer = signed_in(ann).post("/en/account/delete/", {"pseudonym": ann.pseudonym})
    assert (answer.status_code, "last operator" in page_text(answer)) == (400, True)
    assert User.objects.get(pk=ann.pk).has_role(Role.OPERATOR)
    scenes.person("bo", Role.OPERATOR)
    delete(ann)
    assert AccountDeletion.objects.get().user == ann


@pytest.mark.django_db(transaction=True)
def test_what_is_sealed_of_a_deleted_account_is_erased_by_the_owner_of_the_tables(
    settings: Any, tmp_path: Path
) -> None:
    settings.LEDGER_DIR = tmp_path / "ledger"
    scene = scenes.build_evidence(scenes.build_claim())
    owner = scene.owners[0]
    confirm(owner)
    ann, bo = (scenes.person(name, Role.OPERATOR) for name in ("ann", "bo"))
    confirm(ann)
    confirm(bo)
    row = actions.propose_invitation(
        by=ann, organisation=scenes.operator_body(), email=owner.email, role=Role.FILER,
        reason="x", now=timezone.now(),
    )  # fmt: skip
    actions.withdraw_invitation(by=ann, invitation=row)
    actions.create_key(by=owner, label="my script", scopes=["read"], now=timezone.now())
    own = list(Submission.objects.filter(filed_by=owner))
    others = Submission.objects.exclude(filed_by=owner).exclude(contact=None).first()
    assert others is not None
    delete(owner)
    assert all(ledger.unseal(submission, "contact") for submission in own)  # not yet
    call_command("erase_deleted_accounts")
    for submission in own:
        submission.refresh_from_db()
        assert ledger.unseal(submission, "contact") is None
    assert ledger.unseal(others, "contact")
    row = RoleInvitation.objects.get()
    assert (actions.addresses([row])[row.pk], row.email_key) == ("", "")
    assert ApiKey.objects.get().label == ""
    assert not ErasureDue.objects.exists()
    call_command("erase_deleted_accounts")
