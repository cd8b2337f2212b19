"""What waits for somebody stands on their own page."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from django.test import Client
from django.utils import timezone

import ledger
from accounts import actions
from accounts.models import Membership, Role, User
from tests import scenes
from tests.pages import page_text

pytestmark = pytest.mark.django_db
WAITS = "Decisions waiting for you"


@pytest.fixture(autouse=True)
def _own_keys(settings: Any, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def read(user: User, path: str = "/en/account/") -> str:
    client = Client()
    client.force_login(user)
    return page_text(client.get(path))


def test_ends_of_roles_and_suspensions_wait_on_the_page_of_who_decides() -> None:
    ann, bo = (scenes.person(name, Role.OPERATOR) for name in ("ann", "bo"))
    mo, eve = scenes.person("mo", Role.MODERATOR), scenes.person("eve", Role.AUDITOR)
    held, now = Membership.objects.get(user=mo), timezone.now()
    assert WAITS not in read(eve)
    ending = actions.propose_ending(by=ann, membership=held, reason="x", now=now)
    actions.suspend_account(by=ann, person=bo, reason="x", now=now)
    text = read(eve)
    assert "Suspend an account" in text
    assert bo.pseudonym in text
    for second in (bo, eve):
        text = read(second)
        assert WAITS in text
        assert "End a role" in text
        assert mo.pseudonym in text
    assert "Suspend an account" not in read(bo)
    for other in (ann, mo, scenes.person("stranger")):
        assert WAITS not in read(other)
    actions.refuse_ending(by=eve, ending=ending, now=now)
    assert WAITS not in read(bo)


def test_two_operators_alone_read_what_to_do_before_one_ends_the_role_of_the_other() -> None:
    ann, bo = (scenes.person(name, Role.OPERATOR) for name in ("ann", "bo"))
    path = f"/en/account/roles/{Membership.objects.get(user=bo).pk}/end/"
    assert "Invite an auditor first" in read(ann, path)
    scenes.person("eve", Role.AUDITOR)
    assert "Invite an auditor first" not in read(ann, path)


def test_an_auditor_finds_the_organisations_and_an_empty_one_says_how_people_join() -> None:
    eve = scenes.person("eve", Role.AUDITOR)
    team = actions.found_organisation(
        by=ledger.SYSTEM, kind="moderation_team", name="A team", now=timezone.now()
    )
    client = Client()
    client.force_login(eve)
    assert "/en/account/organisations/" in client.get("/en/account/").content.decode()
    assert "A team" in page_text(client.get("/en/account/organisations/"))
    assert client.post("/en/account/organisations/", {"name": "x"}).status_code == 403
    assert "No members yet." in read(eve, f"/en/account/organisations/{team.pk}/")
