"""What goes with an erased exhibit or version beyond the rows: original bytes, pictures, passages
that repeat the text.

Exhibit `digest` (the file): its original, unless another exhibit or a capture is the same file;
every rendition. The exhibit stays listed, as withheld.

Exhibit `metadata`: the original too, since what a file says of itself stands in the file. The
renditions hold none and stay; where none was made yet, the exhibit is withheld.

Version `body`: the digest of the text; the bytes captured when it was found, unless they are kept
for another version; the passages that sightings quote from it; the reasons of the looks that found
it. And the source is watched no more, for the next look would bring the text back.

Capture `origin`: its bytes, where no version shows them (a saved copy that found no place).

Each version of a text is erased apart: A→B→A has the text twice.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet
from django.utils import timezone

import ledger
from claims.actions import stop_monitoring
from evidence.exhibits.models import IN_THE_ORIGINAL, CustodyEvent, Exhibit, Rendition, StagedPhoto
from evidence.exhibits.states import CustodyKind, ExhibitStatus
from evidence.sources.models import Capture, Observation, Sighting, Version
from evidence.stores import originals, renditions
from ledger import erasure, registry, sealing
from ledger.erasure import ErasureRefusedError, Target

CAPTURE = registry.of(Capture).name
EXHIBIT = registry.of(Exhibit).name
VERSION = registry.of(Version).name


def register() -> None:
    """Have `manage.py erase` come by here."""
    erasure.register(forget, "evidence", before=forget_original)


def forget_original(target: Target) -> None:
    """Remove an exhibit's original while its sealed address can still be opened."""
    if target.label != EXHIBIT or set(target.fields).isdisjoint(IN_THE_ORIGINAL):
        return
    exhibit = Exhibit.objects.filter(pk=target.object_id).first()
    digest = ledger.unseal(exhibit, "digest") if exhibit else None
    if isinstance(digest, str) and not _kept_for_another(digest, exhibit=target.object_id):
        originals().remove(digest)


def forget(target: Target) -> None:
    """Remove what can be found without the erased value. May run again."""
    if target.label == EXHIBIT and (
        "digest" in target.fields or ("metadata" in target.fields and _never_read(target))
    ):
        _forget_pictures(target)
    elif target.label == VERSION and "body" in target.fields:
        _forget_version(target)
    elif target.label == CAPTURE and "origin" in target.fields:
        for capture in Capture.objects.filter(pk=target.object_id, version=None):
            if not _kept_for_another(capture.digest):
                originals().remove(capture.digest)


def _never_read(target: Target) -> bool:
    """Whether no picture was made of an exhibit, so that without its original nothing is left to
    show."""
    return Exhibit.objects.filter(
        pk=target.object_id, status__in=[ExhibitStatus.STORED, ExhibitStatus.UNREADABLE]
    ).exists()


def kept_captures() -> QuerySet[Capture]:
    """The captures whose bytes no erasure has taken."""
    texts = erasure.erased(VERSION, "body")
    without_place = Q(pk__in=erasure.erased(CAPTURE, "origin"), version=None)
    return (
        Capture.objects.exclude(version__in=texts)
        .exclude(observation__version__in=texts)
        .exclude(without_place)
    )


def _forget_pictures(target: Target) -> None:
    """Withhold an exhibit whose original was permanently deleted, with all pictures made from
    it."""
    exhibit = UUID(target.object_id)
    pictures = Rendition.objects.filter(exhibit=exhibit)
    for digest in pictures.values_list("digest", flat=True):
        if not Rendition.objects.filter(digest=digest).exclude(exhibit=exhibit).exists():
            renditions().remove(digest)
    with transaction.atomic():
        pictures.delete()
        with ledger.act("exhibit.withheld", by=ledger.SYSTEM, role="system"):
            changed = (
                Exhibit.objects.filter(pk=target.object_id)
                .exclude(status=ExhibitStatus.WITHHELD)
                .update(status=ExhibitStatus.WITHHELD)
            )
            if changed:
                CustodyEvent.objects.create(
                    exhibit_id=target.object_id,
                    kind=CustodyKind.WITHHELD,
                    agent="operator",
                    happened_at=timezone.now(),
                )


def _forget_version(target: Target) -> None:
    version = Version.objects.select_related("source").filter(pk=target.object_id).first()
    if version is None:
        return
    for capture in Capture.objects.filter(
        Q(version=version) | Q(observation__version=version)
    ).distinct():
        if not _kept_for_another(capture.digest):
            originals().remove(capture.digest)
    if version.digest:
        erasure.follow(target, VERSION, version.pk, ["digest"])
    for sighting in Sighting.objects.filter(version=version).exclude(passage=""):
        erasure.follow(target, registry.of(Sighting).name, sighting.pk, ["passage"])
    for look in Observation.objects.filter(version=version).exclude(reason=""):
        erasure.follow(target, registry.of(Observation).name, look.pk, ["reason"])
    if (
        version.source.watched
        and not Version.objects.filter(source=version.source, number__gt=version.number).exists()
    ):
        stop_monitoring(by=ledger.SYSTEM, source=version.source, role="system")


def kept_exhibits() -> QuerySet[Exhibit]:
    """The exhibits whose originals no erasure has taken."""
    return Exhibit.objects.exclude(digest=None).exclude(
        pk__in=erasure.erased(EXHIBIT, *IN_THE_ORIGINAL)
    )


@dataclass(frozen=True, slots=True)
class Address:
    """Where an exhibit's original is: its digest, None where the sealed value cannot be opened."""

    exhibit: UUID
    reference: str
    digest: str | None
    duplicate_key: str


def addresses(exhibits: QuerySet[Exhibit], batch: int = 1000) -> Iterator[Address]:
    """Every sealed address, opened with the keys of a whole batch at a time."""
    rows = (
        exhibits.order_by()
        .values_list("pk", "reference", "digest", "duplicate_key")
        .iterator(chunk_size=batch)
    )
    while part := list(islice(rows, batch)):
        keys = sealing.keys_of(EXHIBIT, [pk for pk, *_ in part])
        for pk, reference, sealed, duplicate_key in part:
            digest = sealing.open_with(keys.get(str(pk)), EXHIBIT, pk, "digest", sealed)
            yield Address(pk, reference, digest if isinstance(digest, str) else None, duplicate_key)


def _kept_for_another(digest: str, *, exhibit: str | None = None) -> bool:
    """Whether an original is also that of another exhibit or of a capture, of which nothing was
    erased, or waits for its form.

    The sealed addresses say so and not their keyed hashes: had the key of these been lost, every
    file would look like nobody's. Raises ErasureRefusedError when one of them cannot be opened and
    none that can is the same.
    """
    if (
        kept_captures().filter(digest=digest).exists()
        or StagedPhoto.objects.filter(digest=digest, closed_at=None).exists()
    ):
        return True
    others = kept_exhibits() if exhibit is None else kept_exhibits().exclude(pk=exhibit)
    closed = ""
    for other in addresses(others):
        if other.digest == digest:
            return True
        closed = closed or ("" if other.digest else other.reference)
    if closed:
        raise ErasureRefusedError(
            f"the sealed address of exhibit {closed} cannot be opened, so nobody can tell "
            "whether its original is the same file. Nothing of the file was removed: see what "
            "verify_record says, put the right master.key back, and run this again"
        )
    return False
