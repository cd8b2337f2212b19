"""Bounces (RFC 3464) mark the mail that they name, and nobody else's address."""

from __future__ import annotations

import io
from types import SimpleNamespace
from uuid import uuid4

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from accounts.models import User
from notifications import sending
from notifications.bounces import MOST_BYTES, read_bounce
from notifications.mails import message_id
from notifications.models import Mail, Preferences
from notifications.states import MailState
from tests.notifications.test_sending import say
from tests.scenes import person

REPORT = """\
From: MAILER-DAEMON@mx.example.org
To: record@asclaimed.example
Subject: Undelivered Mail Returned to Sender
MIME-Version: 1.0
Content-Type: multipart/report; report-type=delivery-status; boundary="b"

--b
Content-Type: text/plain

Sorry.

--b
Content-Type: message/delivery-status

Reporting-MTA: dns; mx.example.org

Final-Recipient: rfc822; somebody@example.org
Action: {action}
Status: {status}
Diagnostic-Code: smtp; 550 5.1.1 no such user

--b
Content-Type: {returned}

Subject: Your submission
Message-ID: {message}

--b--
"""


def report(
    message: str, *, action: str = "failed", status: str = "5.1.1", whole: bool = False
) -> bytes:
    returned = "message/rfc822" if whole else "text/rfc822-headers"
    text = REPORT.format(message=message, action=action, status=status, returned=returned)
    return text.replace("\n", "\r\n").encode()


def note(content: bytes, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr("sys.stdin", SimpleNamespace(buffer=io.BytesIO(content)))
    out = io.StringIO()
    call_command("note_bounce", stdout=out)
    return out.getvalue()


@pytest.fixture
def owner(db: None) -> User:
    return person("owner")


def sent_mail(owner: User) -> Mail:
    say(owner)
    sending.make_mails()
    mail = Mail.objects.get(state=MailState.WAITING)
    assert sending.claim(mail)
    sending.move(mail, {MailState.SENDING}, MailState.SENT)
    return mail


@pytest.mark.parametrize("whole", [True, False])
def test_a_bounce_for_good_marks_the_mail_once(
    owner: User, monkeypatch: pytest.MonkeyPatch, whole: bool
) -> None:
    mail = sent_mail(owner)
    content = report(message_id(mail), whole=whole)
    assert note(content, monkeypatch) == "Noted: 5.1.1.\n"
    assert "Nothing was changed" in note(content, monkeypatch)
    mail.refresh_from_db()
    assert (mail.state, mail.answer) == ("bounced", "5.1.1")
    assert Preferences.objects.get(user=owner).refusals == 1


def test_three_bounces_mark_the_address_as_failing(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        note(report(message_id(sent_mail(owner))), monkeypatch)
    assert sending.failing_since(owner) is not None


def test_what_is_late_or_forged_or_about_an_old_address_counts_against_nobody(
    owner: User, monkeypatch: pytest.MonkeyPatch
) -> None:
    mail = sent_mail(owner)
    for content in (
        report(message_id(mail), action="delayed", status="4.4.1"),
        report(f"<{uuid4()}@testserver>"),  # nobody can guess the id of a mail
        report(f"<{mail.pk}@elsewhere.example>"),
        report("x"),
        report(message_id(mail)).replace(b"multipart/report", b"multipart/mixed"),
        b"x" * (MOST_BYTES + 1),
        b"",
    ):
        assert "Nothing was changed" in note(content, monkeypatch)
    assert not Preferences.objects.exists()
    owner.email = "new@example.org"
    owner.save()
    assert note(report(message_id(mail)), monkeypatch) == "Noted: 5.1.1.\n"
    assert not Preferences.objects.filter(refusals__gt=0).exists()


@given(st.binary(max_size=300), st.integers(0, 1200))
def test_no_message_breaks_the_reading(noise: bytes, place: int) -> None:
    read_bounce(noise)
    whole = report("<x@testserver>", whole=True)
    read_bounce(whole[:place] + noise + whole[place:])
