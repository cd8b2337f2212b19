from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from engines.storage.blobs import StorageUnavailableError, TooManyOrphansError
from evidence import orphans


class Command(BaseCommand):
    help = (
        "Remove originals that no row names: left by filings that were killed or given up. A job "
        "does so every day, up to a number."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only list them")
        most = "refuse when there are more (default %(default)s)"
        parser.add_argument("--at-most", type=int, default=orphans.AT_MOST, metavar="N", help=most)

        parser.add_argument(
            "--bucket",
            action="store_true",
            help="those in the bucket, not here; needs credentials that may delete there",
        )

    def handle(self, *args: Any, dry_run: bool, at_most: int, bucket: bool, **options: Any) -> None:
        try:
            if dry_run:
                gone = tuple(orphans.find(in_bucket=bucket))
            elif bucket:
                gone = orphans.sweep_bucket(at_most=at_most)
            else:
                gone = orphans.sweep(at_most=at_most).unreferenced
        except (orphans.SweepRefusedError, TooManyOrphansError, StorageUnavailableError) as error:
            raise CommandError(f"Nothing was removed: {error}.") from None
        for digest in gone:
            self.stdout.write(digest)
        self.stdout.write(
            f"{len(gone)} originals that nothing names{' would be' if dry_run else ' were'} removed"
        )
