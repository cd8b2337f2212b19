"""`manage.py pgtrigger ls` lists; everything else is refused. `migrate` puts the record's triggers
on, and no command takes them off."""

from __future__ import annotations

from typing import Any

from django.core.management.base import CommandError
from pgtrigger.management.commands.pgtrigger import Command as TheirCommand


class Command(TheirCommand):  # type: ignore[misc]  # pgtrigger is read as untyped
    help = (
        "List triggers. Installing, switching and removing them is refused: `migrate` keeps "
        "those of the record in place."
    )

    def handle(self, *args: Any, method: Any, **options: Any) -> Any:
        if method.__name__ != "ls":
            raise CommandError(
                f"`pgtrigger {method.__name__}` is refused: it would take off, or switch, the "
                "triggers that keep the record. Nothing was changed. `manage.py migrate` puts "
                "every trigger in its place, and `manage.py verify_record` names those that are "
                "not."
            )
        return super().handle(*args, method=method, **options)
