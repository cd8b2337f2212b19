from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

import ledger
from accounts.models import ErasureDue
from ledger import erasure
from ledger.erasure import ErasureRefusedError


class Command(BaseCommand):
    help = (
        "Erase what deleted accounts left sealed in the record: contacts, addresses that were "
        "invited, names of API keys. Needs the owner of the tables. May run again."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        done, refused = 0, []
        for due in ErasureDue.objects.order_by("due_at", "pk"):
            try:
                erasure.erase(
                    due.label,
                    due.object_id,
                    fields=due.fields,
                    ground="account deleted by its person",
                    reason="It belongs to an account that was deleted.",
                    by=ledger.SYSTEM,
                    role="system",
                )
            except ErasureRefusedError as error:
                refused.append(f"{due}: {error}")
                continue
            due.delete()
            done += 1
        self.stdout.write(f"{done} objects erased")
        if refused:
            raise CommandError("not erased, and tried again next time:\n" + "\n".join(refused))
