from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from config.documents import documents


class Command(BaseCommand):
    help = (
        "Writes the generated pages of docs/; with --check, says which are out of date and "
        "changes nothing."
    )
    requires_system_checks = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--check", action="store_true", help="exit 1 if a page is out of date")

    def handle(self, *args: Any, **options: Any) -> None:
        stale = [
            path
            for path, text in documents().items()
            if not path.exists() or path.read_text() != text
        ]
        if options["check"] and stale:
            raise CommandError(
                f"out of date: {', '.join(path.name for path in stale)}. `make fix` writes them."
            )
        for path in [] if options["check"] else stale:
            path.write_text(documents()[path])
            self.stdout.write(f"wrote {path.name}")
