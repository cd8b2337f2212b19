from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger.sealing import MasterKeyUnusableError
from ledger.verification import Verification


class Command(BaseCommand):
    help = (
        "Recompute the record from the inside: list every mismatch in one line, exit 1 if there "
        "is one."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--checkpoint",
            metavar="FILE",
            type=Path,
            help="a checkpoint that was kept outside: the log must contain it",
        )
        parser.add_argument(
            "--copy",
            metavar="DIR",
            type=Path,
            help="a copy of the log kept outside: names the first entry that differs",
        )
        parser.add_argument(
            "--allow-outside",
            action="store_true",
            help="list changes made outside the application, but do not fail for them",
        )
        parser.add_argument(
            "--json", action="store_true", help="print one JSON object instead of lines"
        )

    def handle(
        self,
        *args: Any,
        checkpoint: Path | None,
        copy: Path | None,
        allow_outside: bool,
        **options: Any,
    ) -> None:
        try:
            kept = checkpoint.read_bytes() if checkpoint else None
        except OSError as error:
            raise CommandError(f"{checkpoint}: {error.strerror}", returncode=2) from None
        verification = Verification(kept, copy)
        mismatches = []
        try:
            for mismatch in verification.mismatches():
                mismatches.append(mismatch)
                if not options["json"]:
                    self.stdout.write(str(mismatch))
        except MasterKeyUnusableError as error:
            raise CommandError(
                f"{error}. Without it nothing more can be verified.", returncode=2
            ) from None
        counts = verification.counts
        bad = [
            mismatch
            for mismatch in mismatches
            if not (allow_outside and mismatch.code == "outside")
        ]
        if options["json"]:
            listed = [
                {"code": mismatch.code, "index": mismatch.index, "sentence": mismatch.sentence}
                for mismatch in mismatches
            ]
            numbers = {
                "entries": counts.entries,
                "checkpoints": counts.checkpoints,
                "rows": counts.rows,
                "outside": counts.outside,
            }
            self.stdout.write(
                json.dumps({"ok": not bad, "drifts": listed, **numbers}, ensure_ascii=False)
            )
        else:
            looked = (
                f"{counts.entries} entries, {counts.checkpoints} checkpoints, {counts.rows} rows"
            )
            self.stdout.write(
                f"{looked}: {f'{len(bad)} mismatches' if bad else 'everything is as the log says'}"
            )
        if bad:
            sys.exit(1)
