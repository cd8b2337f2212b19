from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.models import Pending
from ledger.sequencing import (
    KeyUnusableError,
    LogInconsistentError,
    MasterKeyUnusableError,
    sequence,
)


class Command(BaseCommand):
    help = "Put every waiting change into the log, sign and publish it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--retry", action="store_true", help="try again what could not become an entry before"
        )

    def handle(self, *args: Any, retry: bool, **options: Any) -> None:
        if retry:
            Pending.objects.exclude(error="").update(error="")
        try:
            done = sequence()
        except (LogInconsistentError, KeyUnusableError, MasterKeyUnusableError) as error:
            raise CommandError(str(error)) from None
        if done.busy:
            self.stdout.write("another sequencer is at work")
        else:
            self.stdout.write(f"{done.added} added; the log has {done.size} entries")
