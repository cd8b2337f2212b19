"""`manage.py restore DIR --keys DIR`: a backup on an empty machine, with what was erased since
erased again."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from config.backups import BackupRefusedError, latest, restore
from ledger.erasure import ErasureRefusedError
from ledger.keys import KeyUnusableError
from ledger.sealing import MasterKeyUnusableError
from ledger.sequencing import LogInconsistentError
from ledger.verification import Mismatch
from ledger.verify import NothingToVerifyError, VerificationError


@dataclass(frozen=True)
class _Operator:
    pk: None = None
    pseudonym: str = "operator"


class Command(BaseCommand):
    help = (
        "Put a backup back on an empty machine, erase again what was erased since, verify; exit "
        "1 if anything is not right."
    )
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "folder", metavar="DIR", type=Path, help="a backup, or a folder of backups: the newest"
        )
        parser.add_argument(
            "--keys", metavar="DIR", type=Path, required=True, help="where the keys were saved"
        )
        parser.add_argument(
            "--copy",
            metavar="DIR",
            type=Path,
            help="the newest copy of the public log: tells what is missing and what was erased "
            "since",
        )

        parser.add_argument(
            "--nothing-signed-since",
            action="store_true",
            help="instead: no checkpoint was published after this backup",
        )

    def handle(
        self,
        *args: Any,
        folder: Path,
        keys: Path,
        copy: Path | None,
        nothing_signed_since: bool,
        **options: Any,
    ) -> None:
        if (copy is None) != nothing_signed_since:
            raise CommandError(
                "name the newest copy of the public log with --copy. Entries signed after the "
                "backup and missing from it would be signed a second time otherwise, and two "
                "trees of one size end all trust in the log; --nothing-signed-since says there "
                "are none"
            )
        mismatches = 0
        try:
            for line in restore(latest(folder), keys, copy=copy, by=_Operator()):
                mismatches += isinstance(line, Mismatch)
                self.stdout.write(str(line))
        except (
            BackupRefusedError,
            ErasureRefusedError,
            LogInconsistentError,
            KeyUnusableError,
            MasterKeyUnusableError,
            VerificationError,
            NothingToVerifyError,
            OSError,
        ) as error:
            raise CommandError(str(error)) from None
        self.stdout.write(
            f"{mismatches} mismatches" if mismatches else "everything is as the log says"
        )
        if mismatches:
            sys.exit(1)
