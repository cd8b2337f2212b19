"""One's own wishes, and the link of a mail that turns off its group without signing in."""

from __future__ import annotations

import pytest
from django.core import mail as outbox
from django.db import IntegrityError, transaction
from django.test import Client
from django.utils import timezone

import jobs
from accounts.models import User
from notifications.actions import CriticalGroupError, turn_off
from notifications.forms import ZONE_NAMES, PreferencesForm
from notifications.kinds import Group
from notifications.mails import address_key, off_token, read_off_token
from notifications.models import ZONES, Choice, Preferences
from notifications.sending import make_mails
from tests.notifications.test_sending import say
from tests.pages import page_text
from tests.scenes import person

pytestmark = pytest.mark.django_db
SETTINGS = "/account/notifications/settings/"
GIVEN = {
    "language": "zh-hans", "time_zone": "Europe/London", "digest_at": "07:30",
    "quiet_from": "22:00", "quiet_until": "07:00",
    "submissions": "daily", "verdicts": "none", "work": "at_once",
}  # fmt: skip


@pytest.fixture
def owner() -> User:
    return person("owner")


@pytest.fixture
def mine(owner: User) -> Client:
    client = Client(headers={"accept-language": "en"})
    client.force_login(owner)
    return client


def off(user: User, group: Group = Group.SUBMISSIONS) -> str:
    return f"/account/notifications/off/{off_token(user, group)}/"


def choices(user: User) -> dict[str, str]:
    return dict(Choice.objects.filter(user=user).values_list("group", "delivery"))


def test_a_mail_program_turns_off_the_group_by_one_click_without_signing_in(owner: User) -> None:
    """RFC 8058: a POST with this body, no cookie and no token of a form; no redirect."""
    say(owner)
    make_mails()
    jobs.drain(["deliver"])
    address = outbox.outbox[-1].extra_headers["List-Unsubscribe"].strip("<>")
    client = Client(enforce_csrf_checks=True)
    path = address.removeprefix("http://testserver")
    page = client.get(path)
    assert choices(owner) == {}
    assert page.cookies == {}
    assert "no-store" in page.headers["Cache-Control"]
    assert "Turn off these emails" in page_text(page)
    answer = client.post(path, {"List-Unsubscribe": "One-Click"})
    assert (answer.status_code, choices(owner)) == (200, {"submissions": "none"})
    client.post(path, {"List-Unsubscribe": "One-Click"})
    say(owner)
    assert make_mails() == 0


def test_a_link_that_was_changed_or_whose_account_is_gone_is_no_page(owner: User) -> None:
    token = off_token(owner, Group.WORK)
    for bad in (token[:-1], "x", token.replace(":", ";"), "a" * 3000, "%F0"):
        assert Client().post(f"/account/notifications/off/{bad}/").status_code == 404
    owner.delete()
    assert Client().post(f"/account/notifications/off/{token}/").status_code == 404
    assert read_off_token("x:y:z") is None


def test_what_a_deadline_depends_on_cannot_be_turned_off_and_says_so(owner: User) -> None:
    answer = Client().post(off(owner, Group.REQUESTS))
    assert "cannot be turned off" in page_text(answer)
    with pytest.raises(CriticalGroupError):
        turn_off(by=owner, group=Group.REQUESTS)
    with pytest.raises(IntegrityError, match="choice_group_optional"), transaction.atomic():
        Choice.objects.create(user=owner, group="requests", delivery="none")


def test_wishes_are_kept_and_shown_again(mine: Client, owner: User) -> None:
    assert mine.post(SETTINGS, GIVEN).status_code == 302
    own = Preferences.objects.get(user=owner)
    assert (own.language, own.time_zone, str(own.quiet_from)) == (
        "zh-hans", "Europe/London", "22:00:00",
    )  # fmt: skip
    assert choices(owner) == {"submissions": "daily", "verdicts": "none", "work": "at_once"}
    form = PreferencesForm(user=owner)
    assert form["submissions"].value() == "daily"
    page = page_text(mine.get(SETTINGS))
    assert 'value="22:00"' in page
    assert "Always by email" in page


@pytest.mark.parametrize(
    "wrong",
    [
        {"quiet_until": ""}, {"quiet_from": "07:00"}, {"time_zone": "Mars/Base"},
        {"digest_at": "25:00"}, {"work": "hourly"}, {"language": "fr"}, {"submissions": ""},
    ],
)  # fmt: skip
def test_wishes_that_cannot_be_met_change_nothing(
    mine: Client, owner: User, wrong: dict[str, str]
) -> None:
    assert mine.post(SETTINGS, {**GIVEN, **wrong}).status_code == 400
    assert not Preferences.objects.exists()


def test_a_group_that_cannot_be_turned_off_is_not_asked_about(mine: Client, owner: User) -> None:
    mine.post(SETTINGS, {**GIVEN, "requests": "none"})
    assert "requests" not in choices(owner)
    assert 'name="requests"' not in page_text(mine.get(SETTINGS))


def test_every_zone_to_choose_has_a_name() -> None:
    assert set(ZONE_NAMES) == set(ZONES)


def test_an_address_that_fails_is_said_on_the_account_page(mine: Client, owner: User) -> None:
    sentence = "Our emails do not reach your address."
    assert sentence not in page_text(mine.get("/account/"))
    now = timezone.now()
    Preferences.objects.create(
        user=owner, refusals=3, refused_at=now, refused_key=address_key(owner.email),
        failing_since=now,
    )  # fmt: skip
    assert sentence in page_text(mine.get("/account/"))
    assert sentence in page_text(mine.get(SETTINGS))
    mine.post(SETTINGS + "retry/")
    assert sentence not in page_text(mine.get("/account/"))
