from __future__ import annotations

from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import protection


class Command(BaseCommand):
    help = (
        "Grant the application role what it needs: everything on ordinary tables, but only "
        "adding and reading on the record."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("role", nargs="?", default=getattr(settings, "DATABASE_APP_ROLE", ""))

    def handle(self, *args: Any, role: str, **options: Any) -> None:
        if not role:
            raise CommandError("name the role, or set DATABASE_APP_ROLE")
        protection.grant(role)
        self.stdout.write(f"{role} may add to the record and read it, and change nothing in it")
