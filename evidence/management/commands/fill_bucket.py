from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError

from engines.storage.blobs import Fixity, StorageUnavailableError
from evidence.stores import bucket_store, local_originals


class Command(BaseCommand):
    help = (
        "Store in the bucket every original that lies here: when S3_BUCKET is set for the first "
        "time, or after the bucket lost some."
    )

    def handle(self, *args: Any, **options: Any) -> None:
        store = bucket_store()
        if store is None:
            raise CommandError("S3_BUCKET names no bucket.")
        new = there = 0
        bad = []
        try:
            for digest in local_originals().addresses():
                if local_originals().verify(digest) is not Fixity.INTACT:
                    bad.append(digest)
                elif store.upload(digest):
                    new += 1
                else:
                    there += 1
            for sentence in self._unsafe(store.bucket.keeps_versions(), store.bucket.lock()):
                self.stderr.write(sentence)
        except StorageUnavailableError as error:
            raise CommandError(f"{error}. {new} were stored before that; run it again.") from None
        self.stdout.write(f"{new} originals were stored, {there} were there")
        if bad:
            raise CommandError(
                "\n".join(f"{digest} is damaged here and was not stored" for digest in bad)
            )

    def _unsafe(self, versions: bool, lock: str) -> list[str]:
        reasons = []
        if not versions:
            reasons.append(
                "The bucket keeps no versions: whoever may write can overwrite, and orphans "
                "cannot be swept."
            )
        if not lock:
            reasons.append(
                "The bucket locks nothing by itself: whoever may delete can destroy evidence."
            )
        if lock == "COMPLIANCE":
            reasons.append(
                "The bucket locks in compliance mode: an erasure that a court orders cannot be "
                "carried out."
            )
        return reasons
