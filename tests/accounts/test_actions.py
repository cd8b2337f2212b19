"""Organisations, roles and keys: who grants them, what is kept of them, when they end."""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import IntegrityError, connection, transaction

import ledger
from accounts import actions
from accounts.models import ApiKey, Membership, Organisation, OrganisationKind, Role, User
from accounts.permissions import NotAllowedError, check_role, objection
from ledger import history
from ledger.leaf import Leaf
from ledger.models import Entry
from ledger.sequencing import sequence
from tests import scenes
from tests.workflows import end_role

pytestmark = pytest.mark.django_db
NOW = datetime(2025, 3, 1, tzinfo=UTC)


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


@pytest.fixture
def operator() -> User:
    return scenes.person("operator", Role.OPERATOR)


@pytest.fixture
def lab(operator: User) -> Organisation:
    return actions.found_organisation(
        by=operator, kind=OrganisationKind.LABORATORY, name="A laboratory", now=NOW
    )


def fresh(user: User) -> User:
    """The account as the next request sees it."""
    return User.objects.get(pk=user.pk)


def test_a_role_is_granted_once_held_and_ended_for_good(operator: User, lab: Organisation) -> None:
    user = scenes.person("someone")
    assert not fresh(user).has_role(Role.FILER)
    held = actions.grant_role(
        by=operator, user=user, organisation=lab, role=Role.FILER, now=NOW, reason="They asked."
    )
    assert (
        actions.grant_role(by=operator, user=user, organisation=lab, role=Role.FILER, now=NOW)
        == held
    )
    assert fresh(user).roles == {Role.FILER}
    end_role(by=operator, membership=held, now=NOW + timedelta(days=1), reason="They left.")
    end_role(by=operator, membership=held, now=NOW + timedelta(days=9), reason="Again.")
    assert fresh(user).roles == frozenset()
    held.refresh_from_db()
    assert held.ended_at == NOW + timedelta(days=1)
    again = actions.grant_role(
        by=operator, user=user, organisation=lab, role=Role.FILER, now=NOW + timedelta(days=2)
    )
    assert again.pk != held.pk
    sequence()
    kinds = [
        change.kind for change in history.of("membership", [held.pk, again.pk], everything=True)
    ]
    assert kinds == ["role.granted", "role.ended", "role.granted"]


def test_nobody_grants_a_role_to_themselves(operator: User, lab: Organisation) -> None:
    with pytest.raises(NotAllowedError, match="to yourself"):
        actions.grant_role(
            by=operator, user=operator, organisation=lab, role=Role.ADJUDICATOR, now=NOW
        )
    assert not fresh(operator).has_role(Role.ADJUDICATOR)


@pytest.mark.parametrize("role", [None, *(one for one in Role if one != Role.OPERATOR)])
def test_only_operators_found_bodies_and_give_and_end_roles(
    operator: User, lab: Organisation, role: str | None
) -> None:
    by = scenes.person("someone", *([role] if role else []))
    other = scenes.person("other")
    held = actions.grant_role(by=operator, user=other, organisation=lab, role=Role.FILER, now=NOW)
    before = Membership.objects.count(), Organisation.objects.count()
    for change in (
        lambda: actions.grant_role(
            by=by, user=other, organisation=lab, role=Role.MODERATOR, now=NOW
        ),
        lambda: actions.grant_role(by=by, user=by, organisation=lab, role=Role.OPERATOR, now=NOW),
        lambda: actions.propose_ending(by=by, membership=held, now=NOW, reason="x"),
        lambda: actions.found_organisation(
            by=by, kind=OrganisationKind.NEWSROOM, name="x", now=NOW
        ),
    ):
        with pytest.raises(NotAllowedError):
            change()
    held.refresh_from_db()
    assert held.ended_at is None
    assert (Membership.objects.count(), Organisation.objects.count()) == before


def test_what_is_no_role_or_body_is_refused(operator: User, lab: Organisation) -> None:
    user = scenes.person("someone")
    with pytest.raises(ValidationError):
        actions.grant_role(by=operator, user=user, organisation=lab, role="king", now=NOW)
    with pytest.raises(ValidationError):
        actions.found_organisation(by=operator, kind="club", name="x", now=NOW)
    with pytest.raises(ValidationError):
        actions.found_organisation(
            by=operator, kind=OrganisationKind.LABORATORY, name="A laboratory", now=NOW
        )
    with pytest.raises(IntegrityError, match="membership_role_known"), transaction.atomic():
        Membership.objects.create(user=user, organisation=lab, role="king", created_at=NOW)


def test_an_account_that_was_closed_holds_no_role(operator: User, lab: Organisation) -> None:
    user = scenes.person("someone", Role.MODERATOR)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert fresh(user).roles == frozenset()
    assert objection(check_role, fresh(user), Role.MODERATOR)


def test_the_record_knows_the_role_but_not_the_person(operator: User, lab: Organisation) -> None:
    user = scenes.person("someone", Role.MODERATOR)
    sequence()
    leaf = Leaf.parse(bytes(Entry.objects.filter(object_label="membership").latest("index").leaf))
    assert leaf.fields["role"] == "moderator"
    assert "user" in leaf.commits
    everything = b"".join(bytes(entry.leaf) for entry in Entry.objects.all())
    assert str(user.pk).encode() not in everything
    assert b"example.org" not in everything


# --- keys -----------------------------------------------------------------------------------------


def test_a_key_is_shown_once_and_kept_as_a_hash(operator: User) -> None:
    key, secret = actions.create_key(
        by=operator, label="script", scopes=["submit", "read", "submit"], now=NOW
    )
    assert secret.startswith("ac_")
    assert len(secret) >= 46
    assert (key.prefix, key.digest, key.scopes) == (
        secret[:8],
        hashlib.sha256(secret.encode()).hexdigest(),
        ["read", "submit"],
    )
    sequence()
    with connection.cursor() as cursor:
        for table in ("accounts_apikey", "accounts_apikeyevent"):
            cursor.execute(
                f"SELECT count(*) FROM {table} r WHERE position(%s IN r::text) > 0", [secret[8:]]
            )
            assert cursor.fetchone() == (0,)
    assert all(
        secret[3:].encode() not in bytes(entry.leaf)
        and key.digest.encode() not in bytes(entry.leaf)
        for entry in Entry.objects.all()
    )


def test_a_key_works_until_it_expires_is_revoked_or_its_owner_leaves() -> None:
    user = scenes.person("someone")
    key, _secret = actions.create_key(
        by=user, label="a", scopes=["read"], now=NOW, expires_at=NOW + timedelta(days=1)
    )
    assert ApiKey.objects.usable(NOW).filter(pk=key.pk).exists()
    assert not ApiKey.objects.usable(NOW + timedelta(days=1)).filter(pk=key.pk).exists()
    actions.revoke_key(by=user, key=key, now=NOW)
    actions.revoke_key(by=user, key=key, now=NOW + timedelta(hours=1))
    key.refresh_from_db()
    assert key.revoked_at == NOW
    assert not ApiKey.objects.usable(NOW).exists()
    actions.create_key(by=user, label="b", scopes=["read"], now=NOW)
    User.objects.filter(pk=user.pk).update(is_active=False)
    assert not ApiKey.objects.usable(NOW).exists()


def test_a_key_is_its_owners_but_operators_can_revoke_it(operator: User) -> None:
    user, other = scenes.person("someone"), scenes.person("other", Role.MODERATOR)
    key, _secret = actions.create_key(by=user, label="a", scopes=["read"], now=NOW)
    with pytest.raises(NotAllowedError, match="not your key"):
        actions.revoke_key(by=other, key=key, now=NOW)
    actions.revoke_key(by=operator, key=key, now=NOW)
    key.refresh_from_db()
    assert key.revoked_at == NOW


@pytest.mark.parametrize("scopes", [[], ["admin"], ["read", "write"]])
def test_a_key_can_only_do_what_keys_can_do(scopes: list[str]) -> None:
    with pytest.raises(ValidationError, match="Choose what the key may do"):
        actions.create_key(by=scenes.person("someone"), label="a", scopes=scopes, now=NOW)


def test_no_account_hoards_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(actions.keys, "MAX_KEYS", 2)
    user = scenes.person("someone")
    first, _secret = actions.create_key(by=user, label="a", scopes=["read"], now=NOW)
    actions.create_key(by=user, label="b", scopes=["read"], now=NOW)
    with pytest.raises(ValidationError, match="Revoke one first"):
        actions.create_key(by=user, label="c", scopes=["read"], now=NOW)
    actions.revoke_key(by=user, key=first, now=NOW)
    actions.create_key(by=user, label="c", scopes=["read"], now=NOW)


def test_two_keys_that_were_erased_do_not_stand_in_each_others_way() -> None:
    user = scenes.person("someone")
    for label in ("a", "b"):
        key, _secret = actions.create_key(by=user, label=label, scopes=["read"], now=NOW)
        ApiKey.objects.filter(pk=key.pk).update(digest="")
    assert ApiKey.objects.filter(digest="").count() == 2
    assert ledger.SYSTEM.pk is None
