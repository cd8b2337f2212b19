"""`manage.py messages`: bring the Chinese catalogue up to date with the code and compile it."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from config import catalogue


class Command(BaseCommand):
    help = (
        "Find every text of the pages, write the .po with the Chinese that is kept, compile the "
        ".mo. --check changes nothing."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--check",
            action="store_true",
            help="fail if a file is out of date or a text has no Chinese",
        )

    def handle(self, *args: Any, check: bool = False, **options: Any) -> None:
        root = settings.BASE_DIR
        current = catalogue.brought_up_to_date(root)
        files = {
            catalogue.po_path(root): catalogue.po_bytes(current),
            catalogue.mo_path(root): catalogue.mo_bytes(current),
        }
        without = catalogue.missing(current)
        if check:
            stale = [
                path.name
                for path, content in files.items()
                if not path.exists() or path.read_bytes() != content
            ]
            if stale or without:
                raise CommandError(
                    f"Out of date: {', '.join(stale) or 'nothing'}. Without Chinese: "
                    f"{len(without)}. Run `manage.py messages`."
                )
            return
        for path, content in files.items():
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(content)
        for text in without:
            self.stderr.write(f"no Chinese yet: {text}")
        self.stdout.write(f"{len(current)} texts, {len(without)} without Chinese")
