"""Reading photos. Each handler may run twice; its effects are in `work.finish()`."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

from django.utils import timezone

import jobs
import ledger
from engines import decoding
from evidence.exhibits.actions.filing import mark_read
from evidence.exhibits.models import Exhibit, Rendition
from evidence.exhibits.states import ExhibitStatus
from evidence.states import Provenance
from evidence.stores import CAPTURE_LIMIT, original_file, renditions
from failpoints import failpoint


@jobs.handler("evidence.read_exhibit", queue="decode")
def read_exhibit(work: jobs.Work) -> None:
    """Read one photo in the decoder child: renditions, fingerprint, sealed metadata; or the reason
    why it cannot be shown."""
    exhibit = Exhibit.objects.get(pk=work.payload["exhibit"])
    digest = ledger.unseal(exhibit, "digest")
    if exhibit.status in {ExhibitStatus.READY, ExhibitStatus.WITHHELD} or digest is None:
        return
    match decoding.decode(original_file(str(digest))):
        case decoding.RefusedPicture() as refused:
            # What may be the machine's fault is believed when it comes again: of three attempts,
            # kills may have taken two.
            if not refused.final and (work.attempt < 3 or "decoder: " not in work.before):
                raise jobs.Retry(f"decoder: {refused.code}")
            with work.finish():
                mark_read(
                    by=ledger.SYSTEM,
                    exhibit=exhibit,
                    now=timezone.now(),
                    outcome=str(refused.code),
                    status=ExhibitStatus.UNREADABLE,
                )
        case decoding.DecodedPicture() as photo:
            failpoint("exhibit.decoded")
            made = [
                (rendition, renditions().put(rendition.data, limit=CAPTURE_LIMIT))
                for rendition in photo.renditions
            ]
            failpoint("exhibit.stored")
            with work.finish():
                fields: dict[str, Any] = {
                    "status": ExhibitStatus.READY, "media_type": f"image/{photo.format.lower()}",
                    "width": photo.width, "height": photo.height,
                    "pdq": list(photo.pdq_all8), "pdq_quality": photo.pdq_quality,
                    "provenance": provenance_of(photo.metadata),
                }  # fmt: skip
                marked = mark_read(
                    by=ledger.SYSTEM, exhibit=exhibit, now=timezone.now(), outcome="ready",
                    metadata=json.dumps(photo.metadata, ensure_ascii=False), **fields,
                )  # fmt: skip
                for rendition, stored in made if marked else ():
                    shown = {
                        "media_type": rendition.mime,
                        "width": rendition.width,
                        "height": rendition.height,
                        "digest": stored.sha256,
                        "size": stored.size,
                    }
                    Rendition.objects.update_or_create(
                        exhibit=exhibit, name=rendition.name, defaults=shown
                    )
            if not marked:
                _remove_unnamed([stored.sha256 for _one, stored in made])


def _remove_unnamed(digests: Sequence[str]) -> None:
    """Pictures of a photo that was erased while it was read do not wait for the sweep, unless they
    are another's too."""
    for digest in set(digests):
        renditions().drop(digest, _named, older_than=timedelta(0))


def _named(digests: Sequence[str]) -> set[str]:
    return set(Rendition.objects.filter(digest__in=digests).values_list("digest", flat=True))


def provenance_of(metadata: dict[str, str | int]) -> str:
    """P2 when the file names its camera and its time, as an original does; else P1: hashed on
    arrival."""
    return Provenance.P2 if {"make", "model", "taken_at"} <= metadata.keys() else Provenance.P1


@jobs.periodic("evidence.sweep_files", every=timedelta(hours=6))
def sweep_files() -> None:
    """Remove renditions that no row names."""
    renditions().sweep(_named, older_than=timedelta(days=1))
