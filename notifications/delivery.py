"""Handing one mail to the mail server, and what the server's answer means."""

from __future__ import annotations

import re
from dataclasses import dataclass
from enum import Enum, auto
from smtplib import (
    SMTPException,
    SMTPRecipientsRefused,
    SMTPResponseException,
    SMTPSenderRefused,
    SMTPServerDisconnected,
)
from typing import Any, Final

from django.core.mail import EmailMessage

#: An enhanced status code at the beginning of an answer (RFC 3463).
_ENHANCED: Final = re.compile(r"[245]\.\d{1,3}\.\d{1,3}")


class Outcome(Enum):
    """TAKEN: the server has it. ADDRESS_REFUSED and REFUSED: for good, the mailbox or this mail.
    LATER: not now. UNKNOWN: the connection broke; it may have gone."""

    TAKEN = auto()
    ADDRESS_REFUSED = auto()
    REFUSED = auto()
    LATER = auto()
    UNKNOWN = auto()


@dataclass(frozen=True)
class Delivered:
    """What became of it; `answer` holds the codes alone, since words of a server quote
    addresses."""

    outcome: Outcome
    answer: str = ""


def deliver(message: EmailMessage, connection: Any) -> Delivered:
    """Hand `message` over an open connection. Raises nothing that a server can cause."""
    try:
        connection.send_messages([message])
    except SMTPRecipientsRefused as error:
        code, words = next(iter(error.recipients.values()), (0, b""))
        good = Outcome.ADDRESS_REFUSED if 500 <= code < 600 else Outcome.LATER
        return Delivered(good, _codes(code, words))
    except SMTPServerDisconnected:
        return Delivered(Outcome.UNKNOWN)
    except SMTPSenderRefused as error:  # ours to mend; the recipient's mailbox is well
        return Delivered(Outcome.LATER, _codes(error.smtp_code, error.smtp_error))
    except SMTPResponseException as error:
        refused = Outcome.REFUSED if 500 <= error.smtp_code < 600 else Outcome.LATER
        return Delivered(refused, _codes(error.smtp_code, error.smtp_error))
    except SMTPException as error:  # what the server cannot take at all
        return Delivered(Outcome.REFUSED, type(error).__name__[:20])
    except OSError:
        return Delivered(Outcome.UNKNOWN)
    return Delivered(Outcome.TAKEN)


def _codes(code: int, words: bytes | str) -> str:
    text = words.decode("ascii", "replace") if isinstance(words, bytes) else words
    enhanced = _ENHANCED.match(text.strip())
    return f"{code} {enhanced[0]}" if enhanced else str(code)
