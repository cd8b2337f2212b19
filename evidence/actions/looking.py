"""Sources over time: what a look found, which version it is, where the claims' words went, and when a source was taken down.

look ─ ok ──────► Version (if the text is new) ─► Sightings ─► flag and alert when a quote is no longer there
     ─ unchanged► the version it found again
     ─ gone … ──► Disappearance: suspected → confirmed by several looks spread over time → reversed when it is back
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction

import jobs
import ledger
from claims.actions import lift_flag, raise_flag
from claims.models import Appearance, Claim, Source
from claims.states import FlagKind
from evidence.anchors import Quote, sight
from evidence.extraction import Extract, text_digest
from evidence.models import Alert, Capture, Disappearance, Observation, Sighting, Version
from evidence.states import MISSING, PRESENT, AlertKind, DisappearanceStatus, LookMethod, LookType, SightingKind
from ledger import erasure

WATCHER = ledger.SYSTEM
ROLE = "system"


@dataclass(frozen=True)
class Looked:
    """What one look brought back. `digest`, `size` and `content_type` are those of bytes that are in the store already."""

    type: str
    looked_at: datetime
    reason: str = ""
    status: int | None = None
    final_url: str = ""
    elapsed_ms: int | None = None
    digest: str = ""
    size: int = 0
    content_type: str = ""
    extract: Extract | None = None
    method: str = LookMethod.LIVE


@transaction.atomic
def record_look(*, by: ledger.Actor, source: Source, looked: Looked, now: datetime, role: str = ROLE) -> Observation:
    """Write down one look and everything that follows from it, in one transaction.

    Looks at one source are recorded one after another (its row is locked), so versions are numbered without gaps. A look that was
    overtaken by a later one changes nothing but the list of looks: it points at the version that it found again, or, where no
    version has its text, is kept with its bytes alone, because its place among the versions is not known any more. Raises jobs.Retry
    when the source has to be fetched again.
    """
    erasure.hold()
    source = Source.objects.select_for_update().get(pk=source.pk)
    latest = Version.objects.filter(source=source).order_by("-number").first()
    overtaken = Observation.objects.filter(source=source, looked_at__gt=looked.looked_at).exists()
    type_, reason, version, capture = looked.type, looked.reason, None, None
    if type_ in PRESENT:
        digest = text_digest(looked.extract.text) if looked.extract else None
        if overtaken:
            known = Version.objects.filter(source=source, not_after__lte=looked.looked_at)
            version = (known if digest is None else known.filter(digest=digest)).order_by("-number").first()
        elif latest is not None and digest in (None, latest.digest):
            version = latest
        if version is not None:
            type_ = LookType.UNCHANGED
        else:
            if looked.extract is None or not looked.digest:
                # It was the version's text when it was fetched, and another look wrote a new version since: the bytes are needed.
                raise jobs.Retry("the source changed while it was looked at", after=timedelta(seconds=1))
            capture = _capture(by, role, source, looked, now)
            if overtaken:
                type_, reason = LookType.TRANSIENT, "A later look was written down before this one"
            else:
                type_ = LookType.OK
                version = _version(by, role, source, capture, latest, looked.extract, looked.looked_at, now)
    observation = Observation(
        source=source, type=type_, method=looked.method, looked_at=looked.looked_at, status=looked.status,
        final_url=looked.final_url[:2000], reason=reason[:300], capture=capture, version=version,
        elapsed_ms=looked.elapsed_ms, created_at=now,
    )  # fmt: skip
    with ledger.act("source.observed", by=by, role=role):
        observation.save(force_insert=True)
    if capture is not None and version is not None:
        sight_version(by=by, version=version, now=now, role=role)
    if looked.method == LookMethod.LIVE and not overtaken:
        if type_ in MISSING:
            _missing(by, role, source, type_, looked.looked_at, now)
        elif type_ in PRESENT:
            _back(by, role, source, looked.looked_at, now)
    return observation


def _capture(by: ledger.Actor, role: str, source: Source, looked: Looked, now: datetime) -> Capture:
    """The bytes of a look are preserved."""
    capture = Capture(
        source=source, digest=looked.digest, size=looked.size, content_type=looked.content_type[:120], url=looked.final_url[:2000],
        captured_at=looked.looked_at, created_at=now,
    )  # fmt: skip
    with ledger.act("source.captured", by=by, role=role):
        capture.save(force_insert=True)
    return capture


def _version(
    by: ledger.Actor, role: str, source: Source, capture: Capture, latest: Version | None, extract: Extract, seen_at: datetime,
    now: datetime,
) -> Version:  # fmt: skip
    """The next version. It came after the last look that still found the one before it."""
    before = None
    if latest is not None:
        before = Observation.objects.filter(version=latest).order_by("-looked_at").values_list("looked_at", flat=True).first()
    version = Version(
        source=source, capture=capture, number=latest.number + 1 if latest else 1, title=extract.title, body=extract.text,
        digest=extract.digest, characters=len(extract.text), lang=source.lang if extract.lang == "und" else extract.lang,
        extractor=extract.extractor, extractor_version=extract.version,
        not_before=min(before, seen_at) if before else None, not_after=seen_at, created_at=now,
    )  # fmt: skip
    with ledger.act("source.changed" if latest else "source.first_seen", by=by, role=role):
        version.save(force_insert=True)
    return version


@transaction.atomic
def sight_version(*, by: ledger.Actor, version: Version, now: datetime, role: str = ROLE) -> list[Sighting]:
    """Look for every claim that stands in this source in a version. Twice is once."""
    appearances = Appearance.objects.filter(source_id=version.source_id).exclude(exact="").select_related("claim")
    return [_sight(by, role, appearance, version, now) for appearance in appearances]


@transaction.atomic
def sight_appearance(*, by: ledger.Actor, appearance: Appearance, now: datetime, role: str = ROLE) -> list[Sighting]:
    """Look for one appearance in every version that is there already, oldest first. Twice is once."""
    erasure.hold()
    source = Source.objects.select_for_update().get(pk=appearance.source_id)
    if Disappearance.objects.filter(source=source, status=DisappearanceStatus.CONFIRMED).exists():
        raise_flag(by=by, claim=appearance.claim, kind=FlagKind.DELETED, now=now, role=role)
    if not appearance.exact:
        return []
    versions = Version.objects.filter(source=source).exclude(digest="").order_by("number")  # one that is withheld says nothing
    return [_sight(by, role, appearance, version, now) for version in versions]


def _sight(by: ledger.Actor, role: str, appearance: Appearance, version: Version, now: datetime) -> Sighting:
    """How an appearance stands in a version: verbatim, reworded or absent, with the nearest passage."""
    found = Sighting.objects.filter(appearance=appearance, version=version).first()
    if found:
        return found
    seen = sight(Quote(appearance.exact, appearance.prefix, appearance.suffix), version.body)
    sighting = Sighting(
        appearance=appearance, version=version, kind=str(seen.kind), start=seen.start, end=seen.end, passage=seen.passage,
        similarity=seen.similarity, created_at=now,
    )  # fmt: skip
    with ledger.act("quote.sighted", by=by, role=role):
        sighting.save(force_insert=True)
    before = Sighting.objects.filter(appearance=appearance, version__number__lt=version.number).order_by("-version__number").first()
    if sighting.kind != SightingKind.VERBATIM and before is not None and before.kind == SightingKind.VERBATIM:
        raise_flag(by=by, claim=appearance.claim, kind=FlagKind.EDITED_AFTER_PUBLICATION, now=now, role=role)
        _alert(by, role, AlertKind.QUOTE_VANISHED, version.source, now, claim=appearance.claim, version=version)
    return sighting


def _alert(
    by: ledger.Actor, role: str, kind: str, source: Source, now: datetime, *, claim: Claim | None = None, version: Version | None = None
) -> None:
    """Moderators are told of something they should look at."""
    with ledger.act("alert.raised", by=by, role=role):
        Alert.objects.create(kind=kind, claim=claim, source=source, version=version, created_at=now)


def _claims_in(source: Source) -> list[Claim]:
    return list(Claim.objects.filter(appearance__source=source).distinct())


def _missing(by: ledger.Actor, role: str, source: Source, type_: str, looked_at: datetime, now: datetime) -> None:
    """One look that did not find the source: the first suspects, later ones confirm once they are enough and spread enough."""
    going = Disappearance.objects.filter(source=source).exclude(status=DisappearanceStatus.REVERSED).first()
    if going is None:
        seen = (
            Observation.objects.filter(source=source, type__in=PRESENT).order_by("-looked_at").values_list("looked_at", flat=True).first()
        )
        with ledger.act("source.missing", by=by, role=role):
            Disappearance.objects.create(source=source, type=type_, last_seen_at=seen, first_missing_at=looked_at, created_at=now)
        return
    if going.status == DisappearanceStatus.CONFIRMED:
        return
    confirmations = going.confirmations + 1
    enough = confirmations >= settings.DISAPPEARANCE_CONFIRMATIONS and looked_at - going.first_missing_at >= settings.DISAPPEARANCE_SPREAD
    with ledger.act("source.disappeared" if enough else "source.missing_again", by=by, role=role):
        Disappearance.objects.filter(pk=going.pk, status=DisappearanceStatus.SUSPECTED).update(
            confirmations=confirmations, type=type_,
            **({"status": DisappearanceStatus.CONFIRMED, "confirmed_at": looked_at} if enough else {}),
        )  # fmt: skip
    if not enough:
        return
    for claim in _claims_in(source):
        raise_flag(by=by, claim=claim, kind=FlagKind.DELETED, now=now, role=role)
        _alert(by, role, AlertKind.SOURCE_GONE, source, now, claim=claim)
    jobs.enqueue("reports.snapshot", {"source": str(source.pk)}, key=f"snapshot:{going.pk}")


def _back(by: ledger.Actor, role: str, source: Source, looked_at: datetime, now: datetime) -> None:
    """The source was found again: a disappearance is reversed, and that is history too."""
    going = Disappearance.objects.filter(source=source).exclude(status=DisappearanceStatus.REVERSED).first()
    if going is None:
        return
    with ledger.act("source.back", by=by, role=role):
        Disappearance.objects.filter(pk=going.pk).update(status=DisappearanceStatus.REVERSED, reversed_at=looked_at)
    if going.status == DisappearanceStatus.CONFIRMED:
        for claim in _claims_in(source):
            if _gone_elsewhere(claim):
                continue
            lift_flag(by=by, claim=claim, kind=FlagKind.DELETED, now=now, role=role)
            _alert(by, role, AlertKind.SOURCE_BACK, source, now, claim=claim)


def _gone_elsewhere(claim: Claim) -> bool:
    """Whether another source of the claim is gone."""
    return Disappearance.objects.filter(status=DisappearanceStatus.CONFIRMED, source__appearance__claim=claim).exists()


@transaction.atomic
def handle_alert(*, by: ledger.Actor, alert: Alert, now: datetime) -> None:
    """A moderator has seen it. Twice is once."""
    with ledger.act("alert.handled", by=by, role="moderator"):
        Alert.objects.filter(pk=alert.pk, handled_at=None).update(handled_at=now, handled_by=by.pk)
