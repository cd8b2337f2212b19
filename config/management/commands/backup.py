"""`manage.py backup DIR --keys DIR`: all that cannot be made again, the keys apart from it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from config.backups import BackupRefusedError, save


class Command(BaseCommand):
    help = (
        "Save the database and the files in DIR, while everything runs; with --keys, the keys in "
        "another place."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("folder", metavar="DIR", type=Path)
        parser.add_argument(
            "--keys", metavar="DIR", type=Path, help="also copy the keys, to a place apart from DIR"
        )

    def handle(self, *args: Any, folder: Path, keys: Path | None, **options: Any) -> None:
        try:
            made = save(folder, keys, now=timezone.now())
        except (BackupRefusedError, OSError) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{made.folder}: a record of at least {made.size} entries, {made.files} files "
            f"({made.new} new)"
        )
