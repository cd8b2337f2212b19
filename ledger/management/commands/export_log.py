from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.files import ExportRefusedError, LogFiles, export
from ledger.proofs import NotLoggedError, published


class Command(BaseCommand):
    help = (
        "Write a complete copy of the published log into a folder, for mirrors and for python -m "
        "ledger.verify."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)

    def handle(self, *args: Any, folder: Path, **options: Any) -> None:
        try:
            head, note, _ = published()
            count = export(LogFiles(), folder, head.size, note)
        except (NotLoggedError, ExportRefusedError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(f"{head.size} entries in {count} files")
