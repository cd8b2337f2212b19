"""Sources over time: what a look found, which version it is, where the claims' words went, and
since when a source is no longer available.

look ─ ok ──────► Version (if the text is new) ─► Sightings ─► flag and alert when a quote is no
                  longer there, lifted when it is back
     ─ suspect ─► nothing, until several looks hours apart agree: then a Version, counted from the
                  first of them
     ─ unchanged► the version it found again
     ─ gone … ──► Disappearance: suspected → confirmed by several looks spread over time → reversed
                  when it is back
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from django.conf import settings
from django.core.exceptions import ValidationError
from django.db import transaction
from django.db.models import Count, Max, Min, Q, QuerySet
from django.utils.translation import gettext as _

import jobs
import ledger
import notifications
from accounts.models import Role, User
from claims.actions import lift_flag, raise_flag
from claims.dates import validate_past
from claims.models import Appearance, Claim, Flag, Source
from claims.states import FlagKind, Stance
from engines.text import extraction
from engines.text.anchors import Quote, sight
from engines.text.classification import continues
from engines.text.extraction import Extract, text_digest
from evidence.sources.models import Alert, Capture, Disappearance, Observation, Sighting, Version
from evidence.sources.permissions import check_handle_alert, check_upload
from evidence.sources.states import (
    MISSING,
    PRESENT,
    AlertKind,
    DisappearanceStatus,
    ObservationMethod,
    ObservationResult,
    SightingKind,
)
from evidence.states import Provenance
from evidence.stores import originals
from ledger import erasure
from notifications import Kind

WATCHER = ledger.SYSTEM
UPLOAD_LIMIT = 25 * 1024 * 1024
ROLE = "system"


@dataclass(frozen=True)
class ObservationData:
    """What one look brought back. `digest`, `size` and `content_type` are those of bytes that are
    in the store already."""

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
    method: str = ObservationMethod.LIVE
    # The latest version's bytes as the extractor of this look reads them, where another one read
    # them before and they could be read.
    reread: Extract | None = None


@transaction.atomic
def record_observation(  # noqa: C901 — what follows from one observation, in one transaction and one order
    *, by: ledger.Actor, source: Source, looked: ObservationData, now: datetime, role: str = ROLE
) -> Observation:
    """Record one check and everything that follows from it, in one transaction.

    Looks at one source are recorded one after another (its row is locked), so versions are numbered
    without gaps. A look that was overtaken by a later one changes nothing but the list of looks: it
    points at the version that it found again, or, where no version has its text, is kept with its
    bytes alone, because its place among the versions is not known any more. Raises jobs.Retry when
    the source has to be fetched again.

    Two things that may look like an edit are none of the company's: an answer that shares nothing
    with the latest version (`_doubted`), and a text that another extractor read (`_read_again`,
    `_ours`).
    """
    erasure.block_erasure()
    source = Source.objects.select_for_update().get(pk=source.pk)
    latest = Version.objects.filter(source=source).order_by("-number").first()
    overtaken = Observation.objects.filter(source=source, looked_at__gt=looked.looked_at).exists()
    type_, reason, version, capture, suspect = looked.type, looked.reason, None, None, None
    if type_ in PRESENT:
        if latest is not None and not overtaken and looked.reread is not None:
            latest = _read_again(by, role, latest, looked.reread, now)
        digest = text_digest(looked.extract.text) if looked.extract else None
        if overtaken:
            known = Version.objects.filter(source=source, not_after__lte=looked.looked_at)
            version = (
                (known if digest is None else known.filter(digest=digest))
                .order_by("-number")
                .first()
            )
        elif latest is not None and digest in (None, latest.digest):
            version = latest
        if version is not None:
            type_ = ObservationResult.UNCHANGED
        else:
            if looked.extract is None or not looked.digest:
                # It was the version's text when it was fetched, and another look wrote a new
                # version since: the bytes are needed.
                raise jobs.Retry(
                    "the source changed while it was looked at", after=timedelta(seconds=1)
                )
            capture = _capture(by, role, source, looked, now)
            seen_at = (
                _agreed_since(source, looked)
                if not overtaken and _is_suspect(looked, latest)
                else looked.looked_at
            )
            if overtaken:
                type_, reason = (
                    ObservationResult.TRANSIENT,
                    "A later look was written down before this one",
                )
            elif seen_at is None:
                type_, reason, suspect = (
                    ObservationResult.SUSPECT,
                    "The answer shares no sentence with the version before it",
                    looked.extract.digest,
                )
            else:
                type_ = ObservationResult.OK
                version = _version(by, role, source, capture, latest, looked.extract, seen_at, now)
    observation = Observation(
        source=source, type=type_, method=looked.method, looked_at=looked.looked_at,
        status=looked.status,
        final_url=looked.final_url[:2000], reason=reason[:300], capture=capture, version=version,
        digest=suspect,
        elapsed_ms=looked.elapsed_ms, created_at=now,
    )  # fmt: skip
    with ledger.act("source.observed", by=by, role=role):
        observation.save(force_insert=True)
    if capture is not None and version is not None:
        locate_quotes(by=by, version=version, now=now, role=role)
    if looked.method == ObservationMethod.LIVE and not overtaken:
        if not Observation.objects.filter(source=source, type__in=PRESENT).exists():
            _unfound(by, role, source, now)
        elif type_ in MISSING:
            _missing(by, role, source, type_, looked.looked_at, now)
        elif type_ in PRESENT:
            _back(by, role, source, looked.looked_at, now)
            if version is not None:
                _restored(by, role, source, version, now)
        elif type_ == ObservationResult.SUSPECT:
            _warn(by, role, source, now)
    return observation


def _is_suspect(looked: ObservationData, latest: Version | None) -> bool:
    """Whether an answer of a server may not be the page: it shares nothing with the latest version
    whose text is known."""
    if (
        looked.method != ObservationMethod.LIVE
        or looked.extract is None
        or latest is None
        or latest.withheld
    ):
        return False
    return not continues(looked.extract.text, latest.body)


def _suspects(source: Source) -> QuerySet[Observation]:
    """The suspect looks at a source since its text was seen last, oldest first."""
    suspects = Observation.objects.filter(source=source, type=ObservationResult.SUSPECT).order_by(
        "looked_at"
    )
    seen = (
        Observation.objects.filter(source=source, type__in=PRESENT)
        .order_by("-looked_at")
        .values_list("looked_at", flat=True)
        .first()
    )
    return suspects.filter(looked_at__gt=seen) if seen else suspects


def _enough(times: list[datetime]) -> bool:
    """Whether suspect looks are as many, and as far apart, as it takes."""
    return (
        len(times) >= settings.SUSPECT_CONFIRMATIONS
        and times[-1] - times[0] >= settings.SUSPECT_SPREAD
    )


def _agreed_since(source: Source, looked: ObservationData) -> datetime | None:
    """When the text of a suspect look was seen first, once enough looks agree on it; else None."""
    assert looked.extract is not None
    times = [
        *_suspects(source).filter(digest=looked.extract.digest).values_list("looked_at", flat=True),
        looked.looked_at,
    ]
    return times[0] if _enough(times) else None


def _warn(by: ledger.Actor, role: str, source: Source, now: datetime) -> None:
    """Moderators are told, once, of a source that goes on showing what may not be the page: its
    texts may never agree."""
    times = list(_suspects(source).values_list("looked_at", flat=True))
    if (
        _enough(times)
        and not Alert.objects.filter(
            kind=AlertKind.SOURCE_SUSPECT, source=source, created_at__gte=times[0]
        ).exists()
    ):
        _alert(by, role, AlertKind.SOURCE_SUSPECT, source, now)


def _unfound(by: ledger.Actor, role: str, source: Source, now: datetime) -> None:
    """Moderators are told, once, of an address that no look has ever found: it may be mistyped, and
    says nothing of the company."""
    if Alert.objects.filter(kind=AlertKind.SOURCE_UNFOUND, source=source).exists():
        return
    visits = Observation.objects.filter(source=source, method=ObservationMethod.LIVE)
    made = visits.aggregate(number=Count("pk"), first=Min("looked_at"), last=Max("looked_at"))
    if (
        made["number"] > settings.DISAPPEARANCE_CONFIRMATIONS
        and made["last"] - made["first"] >= settings.DISAPPEARANCE_SPREAD
    ):
        _alert(by, role, AlertKind.SOURCE_UNFOUND, source, now)


def _read_again(
    by: ledger.Actor, role: str, latest: Version, reread: Extract, now: datetime
) -> Version:
    """Extract the text of the latest version again with another extractor: a technical version,
    or the same one if nothing differs.

    It has the bytes and the interval of the one it reads again. What stands in it is written down,
    and accuses nobody (`_ours`).
    """
    if (
        latest.withheld
        or _extractor(latest) == (reread.extractor, reread.version)
        or reread.digest == latest.digest
    ):
        return latest
    version = Version(
        source_id=latest.source_id, capture_id=latest.capture_id, number=latest.number + 1,
        title=reread.title, body=reread.text,
        digest=reread.digest, characters=len(reread.text),
        lang=latest.lang if reread.lang == "und" else reread.lang,
        extractor=reread.extractor, extractor_version=reread.version, not_before=latest.not_before,
        not_after=latest.not_after,
        created_at=now,
    )  # fmt: skip
    with ledger.act("source.read_again", by=by, role=role):
        version.save(force_insert=True)
    locate_quotes(by=by, version=version, now=now, role=role)
    return version


def _extractor(version: Version) -> tuple[str, str]:
    return version.extractor, version.extractor_version


def _ours(version: Version) -> bool:
    """Whether a difference to the version before may be our extractor's: another one read that, so
    nobody is to blame."""
    before = (
        Version.objects.filter(source_id=version.source_id, number=version.number - 1)
        .defer("body")
        .first()
    )
    return before is not None and _extractor(before) != _extractor(version)


def _capture(
    by: ledger.Actor,
    role: str,
    source: Source,
    looked: ObservationData,
    now: datetime,
    *,
    provenance: str = Provenance.P3,
    origin: str = "",
) -> Capture:
    """Archive the bytes of a check."""
    capture = Capture(
        source=source, digest=looked.digest, size=looked.size,
        content_type=looked.content_type[:120], url=looked.final_url[:2000],
        provenance=provenance, origin=origin, captured_at=looked.looked_at, created_at=now,
    )  # fmt: skip
    with ledger.act("source.captured", by=by, role=role):
        capture.save(force_insert=True)
    return capture


def _version(
    by: ledger.Actor, role: str, source: Source, capture: Capture, latest: Version | None,
    extract: Extract, seen_at: datetime,
    now: datetime,
) -> Version:  # fmt: skip
    """Record the next version. It appeared after the last check that still found the one before
    it."""
    before = None
    if latest is not None:
        # A version that was read again has the bytes of the one before it, and their looks.
        observations = Observation.objects.filter(
            version__source=source, version__number__lte=latest.number, looked_at__lte=seen_at
        )
        observations = observations.filter(
            Q(version=latest) | Q(version__capture=latest.capture_id)
        )
        before = observations.order_by("-looked_at").values_list("looked_at", flat=True).first()
    version = Version(
        source=source, capture=capture, number=latest.number + 1 if latest else 1,
        title=extract.title, body=extract.text,
        digest=extract.digest, characters=len(extract.text),
        lang=source.lang if extract.lang == "und" else extract.lang,
        extractor=extract.extractor, extractor_version=extract.version,
        not_before=min(before, seen_at) if before else None, not_after=seen_at, created_at=now,
    )  # fmt: skip
    with ledger.act("source.changed" if latest else "source.first_seen", by=by, role=role):
        version.save(force_insert=True)
    return version


@transaction.atomic
def upload_capture(
    *,
    by: User,
    source: Source,
    content: bytes,
    content_type: str,
    captured_at: datetime,
    now: datetime,
    note: str,
) -> Observation:
    """Add a copy of a source that someone saved at `captured_at` (HTML or plain text); `note`
    says where it came from.

    The bytes are stored first and always; what their text means depends on its place among the
    looks:

    - a version has the text: the look points at it, and narrows when the text came up or went where
      it falls inside that interval;
    - no version has it, and no text was seen since: it is the next version, like after a look of
      our own, with provenance P1;
    - no version has it, but other texts were seen since: it is kept with its bytes as `unplaced`,
      with the number of quotes that stand in it. Versions are never renumbered, and an order that
      only someone's word gives is not written into them.

    It neither starts nor ends a disappearance. The same copy twice is one. Raises NotAllowedError,
    ValidationError, and the store's TooLargeError and StorageUnavailableError.
    """
    check_upload(by)
    validate_past(captured_at)
    if captured_at > now:
        raise ValidationError(_("The saving time is in the future. Check it."))
    if not note.strip():
        raise ValidationError(_("Say where the copy came from."))
    stored = originals().put(content, limit=UPLOAD_LIMIT)
    extract = extraction.extract(content, content_type, source.url)
    if extract.too_large:
        raise ValidationError(_("It contains more text or markup than we can process."))
    if not extract.text:
        raise ValidationError(_("We found no text in it."))
    erasure.block_erasure()
    source = Source.objects.select_for_update().get(pk=source.pk)
    looks = Observation.objects.filter(source=source)
    if earlier := looks.filter(
        method=ObservationMethod.UPLOAD, looked_at=captured_at, capture__digest=stored.sha256
    ).first():
        return earlier
    looked = ObservationData(
        type=ObservationResult.OK, looked_at=captured_at, digest=stored.sha256, size=stored.size,
        content_type=content_type, extract=extract,
        method=ObservationMethod.UPLOAD,
    )  # fmt: skip
    capture = _capture(
        by, Role.MODERATOR, source, looked, now, provenance=Provenance.P1, origin=note.strip()[:300]
    )
    versions = list(Version.objects.filter(source=source).order_by("number").defer("body"))
    same = [version for version in versions if version.digest == extract.digest]
    version, type_, reason = (
        None,
        ObservationResult.UNPLACED,
        _where_claims_stand(source, extract.text),
    )
    if same:
        version = _standing_at(captured_at, same)
        type_, reason = ObservationResult.UNCHANGED, ""
        _narrow(by, version, versions, captured_at)
    elif not looks.filter(version__isnull=False, looked_at__gte=captured_at).exists():
        version = _version(
            by,
            Role.MODERATOR,
            source,
            capture,
            versions[-1] if versions else None,
            extract,
            captured_at,
            now,
        )
        type_, reason = ObservationResult.OK, ""
    observation = Observation(
        source=source, type=type_, method=ObservationMethod.UPLOAD, looked_at=captured_at,
            reason=reason,
        capture=capture, version=version,
        created_at=now,
    )  # fmt: skip
    with ledger.act("source.copy_added", by=by, role=Role.MODERATOR):
        observation.save(force_insert=True)
    if type_ == ObservationResult.OK and version is not None:
        locate_quotes(by=by, version=version, now=now, role=Role.MODERATOR)
    return observation


def _where_claims_stand(source: Source, text: str) -> str:
    """What is known of a text without a version: how many of the claims made in the source stand in
    it."""
    appearances = Appearance.objects.filter(source=source).exclude(exact="")
    kinds = [
        sight(Quote(appearance.exact, appearance.prefix, appearance.suffix), text).kind
        for appearance in appearances
    ]
    verbatim = sum(str(kind) == SightingKind.VERBATIM for kind in kinds)
    return (
        f"No version has this text, and other texts were seen after it. It holds {verbatim} of "
        f"{len(kinds)} quotes word for word."
    )


def _standing_at(at: datetime, same: list[Version]) -> Version:
    """Of versions with one text, the last that may have stood at a time; the first where none
    may."""
    return next(
        (
            version
            for version in reversed(same)
            if version.not_before is None or version.not_before <= at
        ),
        same[0],
    )


def _narrow(by: ledger.Actor, version: Version, versions: list[Version], at: datetime) -> None:
    """Narrow the time in which a text appeared, since a saved copy shows it at a known time.
    Never widens it."""
    following = next((later for later in versions if later.number == version.number + 1), None)
    with ledger.act("source.interval_narrowed", by=by, role=Role.MODERATOR):
        if at < version.not_after and (version.not_before is None or version.not_before <= at):
            Version.objects.filter(pk=version.pk).update(not_after=at)
        if (
            following is not None
            and following.not_before is not None
            and following.not_before < at <= following.not_after
        ):
            Version.objects.filter(pk=following.pk).update(not_before=at)


@transaction.atomic
def locate_quotes(
    *, by: ledger.Actor, version: Version, now: datetime, role: str = ROLE
) -> list[Sighting]:
    """Look for every claim that stands in this source in a version. Twice is once."""
    appearances = (
        Appearance.objects.filter(source_id=version.source_id)
        .exclude(exact="")
        .select_related("claim")
    )
    return [_locate(by, role, appearance, version, now) for appearance in appearances]


@transaction.atomic
def locate_appearance(
    *, by: ledger.Actor, appearance: Appearance, now: datetime, role: str = ROLE
) -> list[Sighting]:
    """Look for one appearance in every version that is there already, oldest first. Twice is
    once."""
    erasure.block_erasure()
    source = Source.objects.select_for_update().get(pk=appearance.source_id)
    if (
        appearance.says == Stance.SAYS_SO
        and Disappearance.objects.filter(
            source=source, status=DisappearanceStatus.CONFIRMED
        ).exists()
    ):
        raise_flag(by=by, claim=appearance.claim, kind=FlagKind.DELETED, now=now, role=role)
    if not appearance.exact:
        return []
    # one that is withheld says nothing
    versions = Version.objects.filter(source=source).exclude(digest="").order_by("number")
    return [_locate(by, role, appearance, version, now) for version in versions]


def _locate(
    by: ledger.Actor, role: str, appearance: Appearance, version: Version, now: datetime
) -> Sighting:
    """Record the state of a quote in a version: unchanged, reworded, elsewhere or no longer
    there, with the nearest passage."""
    earlier = Sighting.objects.filter(appearance=appearance, version=version).first()
    if earlier:
        return earlier
    seen = sight(Quote(appearance.exact, appearance.prefix, appearance.suffix), version.body)
    sighting = Sighting(
        appearance=appearance, version=version, kind=str(seen.kind), start=seen.start, end=seen.end,
        passage=seen.passage,
        similarity=seen.similarity, created_at=now,
    )  # fmt: skip
    with ledger.act("quote.sighted", by=by, role=role):
        sighting.save(force_insert=True)
    before = (
        Sighting.objects.filter(appearance=appearance, version__number__lt=version.number)
        .order_by("-version__number")
        .first()
    )
    if before is not None and before.stands and not sighting.stands and not _ours(version):
        # which a moderator looks at first
        if appearance.says == Stance.SAYS_SO and sighting.kind != SightingKind.ELSEWHERE:
            raise_flag(
                by=by,
                claim=appearance.claim,
                kind=FlagKind.EDITED_AFTER_PUBLICATION,
                now=now,
                role=role,
            )
        _alert(
            by,
            role,
            AlertKind.QUOTE_VANISHED,
            version.source,
            now,
            claim=appearance.claim,
            version=version,
        )
    return sighting


def _restored(by: ledger.Actor, role: str, source: Source, version: Version, now: datetime) -> None:
    """The flags of claims whose words stand in the source as they were said, and have not gone from
    any other, fall."""
    flags = (
        Flag.objects.raised()
        .filter(kind=FlagKind.EDITED_AFTER_PUBLICATION, claim__in=_claims_in(source))
        .select_related("claim")
    )
    for flag in flags:
        appearances = Appearance.objects.saying_so().filter(claim=flag.claim).exclude(exact="")
        latest = [_latest_sightings(appearance) for appearance in appearances]
        here = [
            sightings[0]
            for sightings in latest
            if sightings and sightings[0].version_id == version.pk
        ]
        if any(sighting.stands for sighting in here) and not any(
            _is_gone(sightings) for sightings in latest
        ):
            reason = f"The quote stands word for word in version {version.number} of the source"
            lift_flag(by=by, claim=flag.claim, kind=flag.kind, now=now, role=role, reason=reason)


def _latest_sightings(appearance: Appearance) -> list[Sighting]:
    """What became of an appearance, in the newest version first."""
    return list(Sighting.objects.filter(appearance=appearance).order_by("-version__number"))


def _is_gone(sightings: list[Sighting]) -> bool:
    """Whether words that once stood there do not any more."""
    return (
        bool(sightings)
        and not sightings[0].stands
        and any(sighting.stands for sighting in sightings)
    )


def _alert(
    by: ledger.Actor,
    role: str,
    kind: str,
    source: Source,
    now: datetime,
    *,
    claim: Claim | None = None,
    version: Version | None = None,
) -> None:
    """Send moderators an alert."""
    with ledger.act("alert.raised", by=by, role=role):
        alert = Alert.objects.create(
            kind=kind, claim=claim, source=source, version=version, created_at=now
        )
    otherwise = Kind.SOURCE_ALERT if claim is None else Kind.CLAIM_ALERT
    notifications.tell(
        Kind.QUOTE_VANISHED if claim and kind == AlertKind.QUOTE_VANISHED else otherwise,
        to=notifications.holders(Role.MODERATOR),
        about=alert,
        by=by,
        reference=claim.reference if claim else str(source.pk),
    )


def _claims_in(source: Source) -> list[Claim]:
    """The claims that are made in a source; of those about which it says otherwise or nothing, its
    going takes nothing away."""
    return list(
        Claim.objects.filter(
            pk__in=Appearance.objects.saying_so().filter(source=source).values("claim")
        )
    )


def _missing(
    by: ledger.Actor, role: str, source: Source, type_: str, looked_at: datetime, now: datetime
) -> None:
    """Record a check at which a known source was unavailable. Enough checks, far enough apart,
    confirm that it is no longer available."""
    going = (
        Disappearance.objects.filter(source=source)
        .exclude(status=DisappearanceStatus.REVERSED)
        .first()
    )
    if going is None:
        seen = (
            Observation.objects.filter(source=source, type__in=PRESENT)
            .order_by("-looked_at")
            .values_list("looked_at", flat=True)
            .first()
        )
        with ledger.act("source.missing", by=by, role=role):
            Disappearance.objects.create(
                source=source,
                type=type_,
                last_seen_at=seen,
                first_missing_at=looked_at,
                created_at=now,
            )
        return
    if going.status == DisappearanceStatus.CONFIRMED:
        return
    confirmations = going.confirmations + 1
    enough = (
        confirmations >= settings.DISAPPEARANCE_CONFIRMATIONS
        and looked_at - going.first_missing_at >= settings.DISAPPEARANCE_SPREAD
    )
    with ledger.act("source.disappeared" if enough else "source.missing_again", by=by, role=role):
        Disappearance.objects.filter(pk=going.pk, status=DisappearanceStatus.SUSPECTED).update(
            confirmations=confirmations, type=type_,
            **({"status": DisappearanceStatus.CONFIRMED,
            "confirmed_at": looked_at} if enough else {}),
        )  # fmt: skip
    if not enough:
        return
    for claim in _claims_in(source):
        raise_flag(by=by, claim=claim, kind=FlagKind.DELETED, now=now, role=role)
        _alert(by, role, AlertKind.SOURCE_GONE, source, now, claim=claim)
    jobs.enqueue("reports.snapshot", {"source": str(source.pk)}, key=f"snapshot:{going.pk}")


def _back(by: ledger.Actor, role: str, source: Source, looked_at: datetime, now: datetime) -> None:
    """Record that a source was restored."""
    going = (
        Disappearance.objects.filter(source=source)
        .exclude(status=DisappearanceStatus.REVERSED)
        .first()
    )
    if going is None:
        return
    with ledger.act("source.back", by=by, role=role):
        Disappearance.objects.filter(pk=going.pk, status=going.status).update(
            status=DisappearanceStatus.REVERSED, reversed_at=looked_at
        )
    if going.status == DisappearanceStatus.CONFIRMED:
        for claim in _claims_in(source):
            if _gone_elsewhere(claim):
                continue
            lift_flag(by=by, claim=claim, kind=FlagKind.DELETED, now=now, role=role)
            _alert(by, role, AlertKind.SOURCE_BACK, source, now, claim=claim)


def _gone_elsewhere(claim: Claim) -> bool:
    """Whether another source of the claim is gone."""
    sources = Appearance.objects.saying_so().filter(claim=claim).values("source")
    return Disappearance.objects.filter(
        status=DisappearanceStatus.CONFIRMED, source__in=sources
    ).exists()


@transaction.atomic
def handle_alert(*, by: ledger.Actor, alert: Alert, now: datetime) -> None:
    """Mark an alert as seen by a moderator. Idempotent. Raises NotAllowedError."""
    if isinstance(by, User):
        check_handle_alert(by, alert)
    with ledger.act("alert.handled", by=by, role="moderator"):
        Alert.objects.filter(pk=alert.pk, handled_at=None).update(handled_at=now, handled_by=by.pk)
