"""Reading a bounce: a delivery status notification (RFC 3464) about a mail of ours.

It counts only if it names the Message-ID of a mail that went out. That id is random and known to
its recipient alone, so nobody can have another person's address marked.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from email import policy
from email.message import Message
from email.parser import BytesParser
from typing import Final
from uuid import UUID

from django.db import transaction

from notifications.mails import mail_named
from notifications.models import Mail
from notifications.sending import move, note_refusal
from notifications.states import MailState

#: A longer message is no bounce.
MOST_BYTES: Final = 1024 * 1024


@dataclass(frozen=True)
class Bounce:
    """A mail of ours, whether it is for good, and the status code (RFC 3463)."""

    mail: UUID
    is_permanent: bool
    status: str


def read_bounce(content: bytes) -> Bounce | None:
    """What a message says of a mail of ours, or None where it is no bounce of one."""
    if len(content) > MOST_BYTES:
        return None
    message = BytesParser(policy=policy.compat32).parsebytes(content)
    if message.get_content_type() != "multipart/report":
        return None
    parts = list(message.walk())
    mail = next((named for part in parts if (named := _named(part))), None)
    statuses = [block for part in parts for block in _recipients(part)]
    if mail is None or not statuses:
        return None
    failed = [block for block in statuses if _field(block, "Action").lower() == "failed"]
    status = _field((failed or statuses)[0], "Status").split(" ")[0]
    return Bounce(mail, bool(failed) and status.startswith("5."), status[:12])


def _recipients(part: Message) -> Iterator[Message]:
    """The blocks of a delivery status that are about recipients; the first is about the
    message."""
    if part.get_content_type() == "message/delivery-status" and part.is_multipart():
        for block in part.get_payload():
            if isinstance(block, Message) and "Action" in block:
                yield block


def _named(part: Message) -> UUID | None:
    """The mail of ours that a returned message, or its headers, names."""
    kind = part.get_content_type()
    if kind == "message/rfc822" and part.is_multipart():
        returned = part.get_payload(0)
        return mail_named(_field(returned, "Message-ID")) if isinstance(returned, Message) else None
    if kind == "text/rfc822-headers":
        payload = part.get_payload(decode=True)
        if isinstance(payload, bytes):
            return mail_named(_field(BytesParser().parsebytes(payload), "Message-ID"))
    return None


def _field(block: Message, name: str) -> str:
    return str(block.get(name, "")).strip()


@transaction.atomic
def note(bounce: Bounce, *, now: datetime) -> bool:
    """Mark the mail, and count against its mailbox, if it bounced for good. Once for each mail;
    False where nothing was changed."""
    mail = Mail.objects.select_related("recipient").filter(pk=bounce.mail).first()
    if mail is None or not bounce.is_permanent:
        return False
    if not move(mail, {MailState.SENT, MailState.UNKNOWN}, MailState.BOUNCED, bounce.status):
        return False
    note_refusal(mail, now=now)
    return True
