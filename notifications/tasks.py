"""Sending one mail."""

from __future__ import annotations

import logging
from datetime import timedelta
from smtplib import SMTPException
from typing import Final

from django.core.mail import get_connection
from django.utils import timezone

import jobs
from failpoints import failpoint
from notifications.delivery import Delivered, Outcome, deliver
from notifications.mails import compose
from notifications.models import Mail
from notifications.sending import claim, move, note_refusal, to_tell
from notifications.states import MailState

log = logging.getLogger(__name__)
#: After how long a mail that the server would not take now is tried again, and until when.
LATER: Final = timedelta(minutes=5)
GIVEN_UP_AFTER: Final = timedelta(days=2)

_ENDS: Final = {
    Outcome.TAKEN: MailState.SENT,
    Outcome.ADDRESS_REFUSED: MailState.REFUSED,
    Outcome.REFUSED: MailState.REFUSED,
    Outcome.LATER: MailState.WAITING,
    Outcome.UNKNOWN: MailState.UNKNOWN,
}


@jobs.handler("notifications.send", queue="deliver")
def send(work: jobs.Work) -> None:
    """Send one mail, at most once however often this runs."""
    mail = Mail.objects.select_related("recipient").filter(pk=work.payload["mail"]).first()
    if mail is None:
        return
    if mail.state == MailState.SENDING:  # whoever claimed it has lost the job
        move(mail, {MailState.SENDING}, MailState.UNKNOWN)
        log.warning("a mail was interrupted and is not sent again: %s", mail.pk)
    if mail.state != MailState.WAITING:
        return
    rows = list(to_tell(mail))
    if not rows:
        move(mail, {MailState.WAITING}, MailState.DROPPED)
        return
    message, connection = compose(mail, rows), get_connection()
    try:
        connection.open()
    except (SMTPException, OSError) as error:  # nothing was claimed, so nothing is lost
        raise jobs.Retry(f"no mail server: {type(error).__name__}", after=LATER) from None
    try:
        if not claim(mail):
            return
        failpoint("mail.claimed")
        delivered = deliver(message, connection)
        failpoint("mail.sent")
    finally:
        connection.close()
    _note(work, mail, delivered)


def _note(work: jobs.Work, mail: Mail, delivered: Delivered) -> None:
    now, after = timezone.now(), _ENDS[delivered.outcome]
    if after == MailState.WAITING and now - mail.created_at > GIVEN_UP_AFTER:
        after = MailState.REFUSED
    mail.refresh_from_db()
    move(mail, {MailState.SENDING, MailState.UNKNOWN} if after == MailState.SENT
         else {MailState.SENDING}, after, delivered.answer)  # fmt: skip
    if delivered.outcome is Outcome.ADDRESS_REFUSED:
        note_refusal(mail, now=now)
    if after == MailState.WAITING:
        raise jobs.Retry(f"the mail server said {delivered.answer}", after=LATER)
