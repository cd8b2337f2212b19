"""A mail server that keeps what it took, and refuses what it is told to."""

from __future__ import annotations

import os
from collections.abc import Sequence

from django.conf import settings
from django.core.mail import EmailMessage
from django.core.mail.backends.base import BaseEmailBackend


class FileSink(BaseEmailBackend):
    """Appends the Message-ID of each mail to the file EMAIL_FILE_PATH, whole lines at once."""

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        for message in email_messages:
            line = f"{message.extra_headers['Message-ID']}\n".encode()
            file = os.open(settings.EMAIL_FILE_PATH, os.O_WRONLY | os.O_CREAT | os.O_APPEND)
            try:
                os.write(file, line)
            finally:
                os.close(file)
        return len(email_messages)


class Refusing(BaseEmailBackend):
    """Raises what `error` is, when asked to send or (`at_door`) to open."""

    error: Exception | None = None
    at_door = False

    def open(self) -> bool:
        if self.at_door and self.error:
            raise self.error
        return True

    def send_messages(self, email_messages: Sequence[EmailMessage]) -> int:
        if self.error:
            raise self.error
        return len(email_messages)
