from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from ledger import erasure
from ledger.erasure import ErasureRefusedError
from ledger.sequencing import KeyUnusableError, LogInconsistentError, MasterKeyUnusableError
from ledger.verify import NothingToVerifyError, VerificationError


@dataclass(frozen=True)
class _Operator:
    pk: None
    pseudonym: str


class Command(BaseCommand):
    help = (
        "Erase texts and sealed values of one object from the row, its history and every copy. "
        "Needs the owner of the tables."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "name_of_type",
            nargs="?",
            metavar="NAME",
            help="what the object is called in the log: exhibit, claim, reply…",
        )
        parser.add_argument("id", nargs="?")
        parser.add_argument(
            "--field",
            action="append",
            default=[],
            help="only this field (may be repeated); without it all texts and sealed values",
        )
        parser.add_argument(
            "--ground",
            default="",
            help="on what ground: a court's file number, an article of a law",
        )
        parser.add_argument("--reason", default="", help="why, in a sentence")
        parser.add_argument(
            "--as", dest="name", default="operator", help="the public pseudonym of who erases"
        )
        parser.add_argument(
            "--reapply",
            action="store_true",
            help="apply all known erasures again, after a backup was restored",
        )
        parser.add_argument(
            "--mirror",
            type=Path,
            metavar="DIR",
            help="with --reapply: also those told of in this copy of the log",
        )

    def handle(self, *args: Any, **options: Any) -> None:
        by = _Operator(None, options["name"])
        try:
            if options["reapply"]:
                done = erasure.reapply(options["mirror"], by=by)
                self.stdout.write(f"{done} erasures had something left to erase")
                return
            if not options["name_of_type"] or not options["id"]:
                raise CommandError("name the type and the id, or --reapply")
            made = erasure.erase(
                options["name_of_type"],
                options["id"],
                fields=options["field"],
                ground=options["ground"],
                reason=options["reason"],
                by=by,
            )
        except (
            ErasureRefusedError,
            LogInconsistentError,
            KeyUnusableError,
            MasterKeyUnusableError,
            VerificationError,
            NothingToVerifyError,
        ) as error:
            raise CommandError(str(error)) from None
        except OSError as error:
            raise CommandError(
                f"a copy stays: {error.strerror or error}. Run this again when that is mended."
            ) from None
        self.stdout.write(
            f"erased: {', '.join(made.fields)} of {made.object_label}/{made.object_id}"
        )
