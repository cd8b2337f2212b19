"""Mails: when they are due, what they say, and that each goes out at most once."""

from __future__ import annotations

import os
import signal
import smtplib
from collections.abc import Callable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.core import mail as outbox
from django.core.mail import EmailMessage
from django.db import connection, transaction
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import failpoints
import jobs
from accounts.models import User
from jobs.models import Job
from notifications import Kind, people, sending, tell
from notifications.actions import Wishes, choose, mark_all_read, try_address_again, turn_off
from notifications.bounces import Bounce, note
from notifications.kinds import Delivery, Group
from notifications.models import ZONE, Mail, Notification, Preferences
from notifications.sending import failing_since, make_mails
from notifications.states import MAIL_TRANSITIONS, MailState
from tests.notifications import sink
from tests.scenes import person
from tests.system.processes import eventually, in_a_child

pytestmark = pytest.mark.django_db


class Subject:
    """What people are told of."""

    def __init__(self, reference: str = "AC-1234567") -> None:
        self.pk, self.reference = uuid4(), reference


@pytest.fixture
def owner() -> User:
    return person("owner")


def say(user: User, kind: Kind = Kind.SUBMISSION_ACCEPTED, times: int = 1) -> None:
    for _ in range(times):
        tell(kind, to=people([user.pk]), about=Subject())


def wish(user: User, **more: Any) -> None:
    values: dict[str, Any] = {
        "language": "en", "time_zone": ZONE, "digest_at": datetime.min.time(),
        "quiet_from": None, "quiet_until": None, "deliveries": {}, **more,
    }  # fmt: skip
    choose(by=user, wishes=Wishes(**values))


def sent() -> list[EmailMessage]:
    """Make and send all that is due; the mails that went out."""
    outbox.outbox.clear()
    make_mails()
    jobs.drain(["deliver"])
    return list(outbox.outbox)


def states() -> set[str]:
    return set(Mail.objects.values_list("state", flat=True))


# --- what a mail says -----------------------------------------------------------------------------


def test_a_mail_says_what_happened_in_both_languages_and_how_to_turn_it_off(owner: User) -> None:
    say(owner)
    (message,) = sent()
    assert message.to == [owner.email]
    assert message.subject == (
        "Your submission AC-1234567 was accepted. · 您提交的材料AC-1234567已采纳。"
    )
    assert "http://testserver/en/submissions/AC-1234567/" in message.body
    assert "http://testserver/zh/submissions/AC-1234567/" in message.body
    headers = message.extra_headers
    assert headers["List-Unsubscribe-Post"] == "List-Unsubscribe=One-Click"
    assert headers["List-Unsubscribe"].startswith("<http://testserver/")
    assert headers["List-Unsubscribe"].strip("<>") in message.body
    assert headers["Message-ID"] == f"<{Mail.objects.get().pk}@testserver>"
    assert states() == {"sent"}


def test_several_of_one_group_are_one_mail_and_the_language_is_chosen(owner: User) -> None:
    wish(owner, language="zh-hans")
    say(owner, times=3)
    (message,) = sent()
    assert message.subject == "言实录：3条通知"
    assert message.body.count("http://testserver/zh/submissions/") == 3
    assert "/en/" not in message.body


def test_a_long_mail_names_how_many_more_there_are(owner: User) -> None:
    wish(owner)
    say(owner, times=52)
    (message,) = sent()
    assert message.body.count("/submissions/") == 50
    assert "2 more notifications are in your inbox:" in message.body


# --- when it comes --------------------------------------------------------------------------------


def test_what_was_read_or_turned_off_or_belongs_to_a_closed_account_is_not_mailed(
    owner: User,
) -> None:
    say(owner)
    mark_all_read(by=owner, newest=Notification.objects.get(), now=timezone.now())
    assert sent() == []
    say(owner)
    make_mails()
    turn_off(by=owner, group=Group.SUBMISSIONS)
    assert sent() == []
    say(owner)
    assert sent() == []
    wish(owner, deliveries={Group.SUBMISSIONS: Delivery.AT_ONCE})
    say(owner)
    User.objects.update(is_active=False)
    assert sent() == []
    assert states() == {"dropped"}
    assert Notification.objects.count() == 4


def test_a_daily_mail_waits_for_its_hour_in_the_zone_of_the_reader(owner: User) -> None:
    here = timezone.now().astimezone(ZoneInfo("America/New_York"))
    for ahead in (1, -1):
        hour = (here + timedelta(hours=ahead)).time().replace(second=0, microsecond=0)
        daily = {Group.SUBMISSIONS: Delivery.DAILY}
        wish(owner, time_zone="America/New_York", digest_at=hour, deliveries=daily)
        Notification.objects.all().delete()
        say(owner)
        due = Notification.objects.get().mail_due_at
        assert due is not None
        assert due.astimezone(here.tzinfo).time() == hour
        assert timedelta(0) < due - timezone.now() <= timedelta(days=1)
        assert sent() == []
    Notification.objects.update(mail_due_at=timezone.now())
    assert len(sent()) == 1


@pytest.mark.parametrize(
    ("begins", "ends", "quiet"), [(-1, 1, True), (-14, 1, True), (1, 3, False), (1, -1, False)]
)
def test_quiet_hours_hold_mails_back_over_midnight_too(
    owner: User, begins: int, ends: int, quiet: bool
) -> None:
    """Hours from now, so that some of these cross midnight whenever this runs."""
    here = timezone.now().astimezone(ZoneInfo(ZONE))
    hours = [
        (here + timedelta(hours=h)).time().replace(second=0, microsecond=0) for h in (begins, ends)
    ]
    wish(owner, quiet_from=hours[0], quiet_until=hours[1])
    say(owner)
    due = Notification.objects.get().mail_due_at
    assert due is not None
    assert (due > timezone.now()) is quiet
    if quiet:
        assert due.astimezone(here.tzinfo).time() == hours[1]
        assert due - timezone.now() <= timedelta(hours=ends)


# --- what the server answers ----------------------------------------------------------------------


@pytest.fixture
def refusing(settings: Any, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    settings.EMAIL_BACKEND = "tests.notifications.sink.Refusing"

    def refuse(error: Exception | None, *, at_door: bool = False) -> None:
        monkeypatch.setattr(sink.Refusing, "error", error)
        monkeypatch.setattr(sink.Refusing, "at_door", at_door)

    return refuse


def no_mailbox(code: int = 550) -> smtplib.SMTPRecipientsRefused:
    words = b"5.1.1 <owner@example.org> no such user"
    return smtplib.SMTPRecipientsRefused({"owner@example.org": (code, words)})


def test_an_address_that_refuses_for_good_three_times_is_failing_until_it_changes(
    owner: User, refusing: Callable[..., None]
) -> None:
    refusing(no_mailbox())
    for count in (1, 2, 3):
        assert failing_since(owner) is None
        say(owner)
        sent()
        assert Preferences.objects.get().refusals == count
    assert set(Mail.objects.values_list("state", "answer")) == {("refused", "550 5.1.1")}
    assert failing_since(owner) is not None
    say(owner)
    sent()
    assert Mail.objects.filter(state="dropped").count() == 1
    say(owner, Kind.REPLY_REQUESTED)  # with a deadline it is tried all the same
    sent()
    assert Mail.objects.filter(state="refused").count() == 4
    owner.email = "new@example.org"
    owner.save()
    assert failing_since(owner) is None
    refusing(None)
    say(owner)
    sent()
    assert Mail.objects.filter(state="sent").count() == 1


def test_who_says_that_the_mailbox_works_gets_mails_again(
    owner: User, refusing: Callable[..., None]
) -> None:
    refusing(no_mailbox())
    for _ in range(3):
        say(owner)
        sent()
    try_address_again(by=owner)
    assert failing_since(owner) is None
    refusing(no_mailbox())
    say(owner)
    sent()
    assert Preferences.objects.get().refusals == 1


def test_refusals_far_apart_are_not_counted_together(
    owner: User, refusing: Callable[..., None]
) -> None:
    refusing(no_mailbox())
    for _ in range(4):
        say(owner)
        sent()
        Preferences.objects.update(refused_at=timezone.now() - timedelta(days=31))
    assert Preferences.objects.get().refusals == 1


@pytest.mark.parametrize(
    ("error", "at_door"),
    [
        (no_mailbox(450), False),
        (smtplib.SMTPDataError(451, b"later"), False),
        (smtplib.SMTPSenderRefused(550, b"who are you", "us"), False),
        (ConnectionRefusedError(), True),
        (smtplib.SMTPAuthenticationError(535, b"no"), True),
    ],
)
def test_what_the_server_does_not_take_now_is_sent_later_once(
    owner: User, refusing: Callable[..., None], error: Exception, at_door: bool
) -> None:
    refusing(error, at_door=at_door)
    say(owner)
    sent()
    assert states() == {"waiting"}
    refusing(None)
    Job.objects.update(run_after=timezone.now())
    sent()
    assert states() == {"sent"}
    assert not Preferences.objects.exists()


def test_a_mail_that_nobody_takes_is_given_up_after_two_days(
    owner: User, refusing: Callable[..., None]
) -> None:
    refusing(smtplib.SMTPDataError(451, b"later"))
    say(owner)
    sent()
    Mail.objects.update(created_at=timezone.now() - timedelta(days=3))
    Job.objects.update(run_after=timezone.now())
    sent()
    assert states() == {"refused"}


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (smtplib.SMTPServerDisconnected(), "unknown"),
        (TimeoutError(), "unknown"),
        (smtplib.SMTPDataError(554, b"spam"), "refused"),
        (smtplib.SMTPNotSupportedError(), "refused"),
    ],
)
def test_what_may_have_gone_is_not_sent_again(
    owner: User, refusing: Callable[..., None], error: Exception, state: str
) -> None:
    refusing(error)
    say(owner)
    sent()
    assert states() == {state}
    refusing(None)
    jobs.enqueue("notifications.send", {"mail": Mail.objects.get().pk}, key="once more")
    sent()
    assert states() == {state}
    assert not Preferences.objects.exists()


# --- workers that are killed ----------------------------------------------------------------------


@pytest.fixture
def kept(settings: Any, tmp_path: Path) -> Iterator[Path]:
    settings.EMAIL_BACKEND = "tests.notifications.sink.FileSink"
    settings.EMAIL_FILE_PATH = tmp_path / "sent"
    settings.JOBS_LEASE = timedelta(seconds=0.5)
    settings.JOBS_BACKOFF = timedelta(seconds=0)
    yield settings.EMAIL_FILE_PATH
    failpoints.disarm()


def killed_while_sending(place: str, after: int) -> None:
    """A worker that is killed when it comes to `place` for the `after`th time."""

    def work() -> None:
        left = [after]

        def die() -> None:
            left[0] -= 1
            if not left[0]:
                os.kill(os.getpid(), signal.SIGKILL)

        failpoints.arm(place, die)
        jobs.drain(["deliver"])

    assert in_a_child(work) == -signal.SIGKILL, f"{place} was never reached"


def settle(seconds: float = 20) -> None:
    """Others go on, once the leases of those that were killed have run out."""

    def settled() -> bool:
        jobs.drain(["deliver"])
        return not Job.objects.filter(queue="deliver", state__in=["queued", "running"]).exists()

    assert eventually(settled, seconds)


PLACES = ["job.claimed", "mail.claimed", "mail.sent", "job.commit", "job.done"]


def crowd_told(count: int) -> None:
    User.objects.bulk_create(
        User(email=f"{n}@crowd.example", pseudonym=f"crowd-{n}") for n in range(count)
    )
    tell(Kind.CLAIM_WITHDRAWN, to=User.objects.filter(email__contains="@crowd"), about=Subject())
    make_mails()


def check_sent_once(kept: Path, count: int, kills: int) -> None:
    """Each mail went out at most once; one that did not is among the few that were interrupted."""
    lines = kept.read_text().splitlines()
    assert len(lines) == len(set(lines))
    assert Mail.objects.count() == count
    assert states() == {"sent", "unknown"}
    went = {line.strip("<>").partition("@")[0] for line in lines}
    noted = Mail.objects.filter(state="sent").values_list("pk", flat=True)
    assert {str(pk) for pk in noted} <= went
    assert Mail.objects.filter(state="unknown").count() <= kills
    assert count - kills <= len(lines) <= count


@pytest.mark.django_db(transaction=True)
def test_hundreds_of_mails_are_sent_once_each_while_workers_are_killed(kept: Path) -> None:
    with_crowd(200)
    for place in PLACES:
        killed_while_sending(place, after=20)
    settle()
    check_sent_once(kept, 200, len(PLACES))


def with_crowd(count: int) -> None:
    with transaction.atomic():
        crowd_told(count)


@pytest.mark.django_db(transaction=True)
def test_without_the_claim_a_killed_worker_sends_twice(
    kept: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: no claim, and an attempt that finds nothing claimed begins again."""
    monkeypatch.setattr("notifications.tasks.claim", lambda mail: True)
    with_crowd(10)
    killed_while_sending("mail.sent", after=5)
    settle()
    lines = kept.read_text().splitlines()
    assert len(lines) == 11
    assert len(set(lines)) == 10


# --- the workflow ---------------------------------------------------------------------------------


@pytest.mark.django_db(transaction=True)
def test_every_way_of_a_mail_has_a_step_and_every_step_its_way(
    refusing: Callable[..., None],
) -> None:
    """The database refuses every other (tests/system/test_workflows.py)."""
    owner = person("owner")
    with connection.cursor() as cursor:
        cursor.execute(
            "CREATE TABLE ways (before text, after text); CREATE FUNCTION ways() RETURNS trigger "
            "LANGUAGE plpgsql AS $$ BEGIN INSERT INTO ways VALUES (OLD.state, NEW.state); RETURN "
            "NULL; END $$; CREATE TRIGGER ways AFTER UPDATE OF state ON notifications_mail FOR "
            "EACH ROW EXECUTE FUNCTION ways()"
        )
        try:
            _every_way(owner, refusing)
            cursor.execute("SELECT DISTINCT before, after FROM ways")
            taken = set(cursor.fetchall())
        finally:
            cursor.execute(
                "DROP TRIGGER ways ON notifications_mail; DROP FUNCTION ways(); DROP TABLE ways"
            )
    drawn = {(a.value, b.value) for a, after in MAIL_TRANSITIONS.items() for b in after}
    assert taken == drawn


def _every_way(owner: User, refusing: Callable[..., None]) -> None:
    def mail(error: Exception | None) -> Mail:
        refusing(error)
        with transaction.atomic():
            say(owner)
        sent()
        return Mail.objects.latest("created_at")

    later = smtplib.SMTPDataError(451, b"later")
    _waiting, interrupted = mail(later), mail(TimeoutError())
    for gone in (mail(None), mail(TimeoutError())):
        assert note(Bounce(gone.pk, is_permanent=True, status="5.0.0"), now=timezone.now())
    mail(no_mailbox())
    assert sending.move(interrupted, {MailState.UNKNOWN}, MailState.SENT)
    turn_off(by=owner, group=Group.SUBMISSIONS)
    Job.objects.filter(state="queued").update(run_after=timezone.now())
    sent()  # what waited is not wanted any more


def test_a_worker_thought_dead_may_still_say_that_it_sent(owner: User) -> None:
    say(owner)
    make_mails()
    mail = Mail.objects.get()
    assert sending.claim(mail)
    assert not sending.claim(mail)
    jobs.drain(["deliver"])
    assert states() == {"unknown"}
    assert sending.move(mail, {MailState.SENDING, MailState.UNKNOWN}, MailState.SENT)
    assert outbox.outbox == []


def test_mails_are_made_by_one_statement_per_group(owner: User) -> None:
    crowd_told(50)
    Notification.objects.update(mail=None)
    Mail.objects.all().delete()
    Job.objects.all().delete()
    with CaptureQueriesContext(connection) as queries:
        assert make_mails() == 50
    assert len(queries) <= len(Group) + 3
