"""Have the mail server hand over what comes back."""

from __future__ import annotations

import sys
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from notifications.bounces import MOST_BYTES, note, read_bounce


class Command(BaseCommand):
    """Reads one message on standard input."""

    help = (
        "Reads a bounce (RFC 3464) on standard input and marks the mail that came back. For an "
        "alias of the mail server: it ends with 0 for any message, so that nothing bounces twice."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        bounce = read_bounce(sys.stdin.buffer.read(MOST_BYTES + 1))
        if bounce is None:
            self.stdout.write("No bounce of a mail of ours. Nothing was changed.")
        elif note(bounce, now=timezone.now()):
            self.stdout.write(f"Noted: {bounce.status}.")
        else:
            self.stdout.write("Not for good, or noted before. Nothing was changed.")
