"""Sources over time: looks at them, the bytes and versions they brought back, where quotes stand,
since when a page is not available."""

from __future__ import annotations

from typing import Self

from django.db import models
from django.db.models import F, Q
from uuid_utils.compat import uuid7

import ledger
from accounts.models import User
from claims.dates import validate_past
from claims.languages import LONGEST as LONGEST_TAG
from claims.models import Appearance, Claim, Source, known
from evidence.sources.states import (
    DISAPPEARANCE_TRANSITIONS,
    AlertKind,
    DisappearanceStatus,
    ObservationMethod,
    ObservationResult,
    SightingKind,
)
from evidence.states import Provenance

SAME_WORDS = 1000  # per mille: of a passage that differs by punctuation at most


class CaptureQuerySet(models.QuerySet["Capture"]):
    def public(self) -> Self:
        """Captures whose bytes anyone may have: our own. What was handed in may show who saved
        it."""
        return self.exclude(provenance=Provenance.P1)


@ledger.recorded(
    name="capture",
    plain=["source", "digest", "size", "content_type", "provenance", "captured_at", "created_at"],
    text=["url", "origin"],
    public=True,
)
class Capture(models.Model):
    """The preserved bytes of one observation, in the store under `digest` (SHA-256).

    Our own are P3; what was handed in is P1, with where it came from (`origin`): that it was so on
    the day we have on someone's word.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    digest = models.CharField(max_length=64)
    size = models.PositiveBigIntegerField()
    content_type = models.CharField(max_length=120, blank=True)
    url = models.URLField(
        max_length=2000, blank=True, help_text="Where the bytes came from after redirects."
    )
    provenance = models.CharField(max_length=2, choices=Provenance.choices, default=Provenance.P3)
    origin = models.CharField(max_length=300, blank=True)
    captured_at = models.DateTimeField(validators=[validate_past])
    created_at = models.DateTimeField()

    objects = CaptureQuerySet.as_manager()

    class Meta:
        constraints = [known("provenance", Provenance, "capture_provenance_known")]


class VersionQuerySet(models.QuerySet["Version"]):
    def in_order(self) -> Self:
        """As they followed each other."""
        return self.order_by("number")


@ledger.recorded(
    name="version",
    plain=[
        "source",
        "capture",
        "number",
        "lang",
        "characters",
        "extractor",
        "extractor_version",
        "not_before",
        "not_after",
        "created_at",
    ],
    text=["title", "body", "digest"],
    public=True,
)
class Version(models.Model):
    """One distinct text state of a source. A→B→A is three versions.

    The text came to stand there after `not_before` (the last look that found the text before it;
    None for the first) and not after `not_after` (the first look that found it).
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    capture = models.ForeignKey(Capture, on_delete=models.PROTECT)
    number = models.PositiveIntegerField()
    title = models.TextField(blank=True)
    body = models.TextField()
    digest = models.CharField(
        max_length=64,
        help_text=(
            "SHA-256 of the text. Committed, not bare: the text may have to be deleted one day."
        ),
    )
    characters = models.PositiveIntegerField()
    lang = models.CharField(max_length=LONGEST_TAG)
    extractor = models.CharField(max_length=40)
    extractor_version = models.CharField(max_length=20)
    not_before = models.DateTimeField(null=True, blank=True)
    not_after = models.DateTimeField()
    created_at = models.DateTimeField()

    objects = VersionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source", "number"], name="version_number_once_per_source"
            ),
            models.CheckConstraint(
                condition=Q(not_before=None) | Q(not_before__lte=F("not_after")),
                name="version_interval_ordered",
            ),
        ]

    @property
    def withheld(self) -> bool:
        """Its text was erased. That there was a version, and when, stays."""
        return not self.digest


@ledger.recorded(
    name="observation",
    plain=[
        "source",
        "type",
        "method",
        "looked_at",
        "status",
        "capture",
        "version",
        "elapsed_ms",
        "created_at",
    ],
    text=["final_url", "reason", "digest"],
    public=True,
)
class Observation(models.Model):
    """One look at a source. Only `ok` made a version; `unchanged` points at the version it found
    again.

    `suspect` is an answer that shares nothing with the version before it. It has the `digest` of
    its text, so that later looks can agree with it, and its bytes, but no version.
    """

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    type = models.CharField(max_length=12, choices=ObservationResult.choices)
    method = models.CharField(
        max_length=8, choices=ObservationMethod.choices, default=ObservationMethod.LIVE
    )
    looked_at = models.DateTimeField()
    status = models.PositiveSmallIntegerField(
        null=True, blank=True, help_text="HTTP status, if there was a response."
    )
    final_url = models.URLField(max_length=2000, blank=True)
    reason = models.CharField(max_length=300, blank=True)
    capture = models.ForeignKey(Capture, null=True, blank=True, on_delete=models.PROTECT)
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT)
    elapsed_ms = models.PositiveIntegerField(null=True, blank=True)
    digest = models.CharField(  # noqa: DJ001  # rows that were logged before have none
        max_length=64, null=True, blank=True,
        help_text="SHA-256 of the text of a suspect check. Committed, as a version's."
    )  # fmt: skip
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            known("type", ObservationResult, "observation_type_known"),
            models.CheckConstraint(
                condition=Q(type="suspect", capture__isnull=False)
                | ~Q(type="suspect") & Q(digest=None),
                name="observation_has_a_digest_only_if_suspect",
            ),
            known("method", ObservationMethod, "observation_method_known"),
            models.CheckConstraint(
                condition=Q(type__in=["ok", "unchanged"], version__isnull=False)
                | ~Q(type__in=["ok", "unchanged"]) & Q(version=None),
                name="observation_has_a_version_iff_text_was_seen",
            ),
        ]
        indexes = [models.Index(fields=["source", "-looked_at"])]


class SightingQuerySet(models.QuerySet["Sighting"]):
    def changed(self) -> Self:
        """Where the words do not stand any more as they were said."""
        return self.exclude(kind=SightingKind.VERBATIM).exclude(
            kind=SightingKind.REWORDED, similarity=SAME_WORDS
        )


@ledger.recorded(
    name="sighting",
    plain=["appearance", "version", "kind", "start", "end", "similarity", "created_at"],
    text=["passage"],
    public=True,
)
class Sighting(models.Model):
    """One appearance looked for in one version: where, how like, and the nearest passage.
    `similarity` is per mille."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    appearance = models.ForeignKey(Appearance, on_delete=models.PROTECT)
    version = models.ForeignKey(Version, on_delete=models.PROTECT)
    kind = models.CharField(max_length=10, choices=SightingKind.choices)
    start = models.PositiveIntegerField(null=True, blank=True)
    end = models.PositiveIntegerField(null=True, blank=True)
    passage = models.TextField(blank=True)
    similarity = models.PositiveSmallIntegerField()
    created_at = models.DateTimeField()

    objects = SightingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["appearance", "version"], name="sighting_once_per_version"
            ),
            known("kind", SightingKind, "sighting_kind_known"),
            models.CheckConstraint(
                condition=Q(similarity__lte=1000), name="sighting_similarity_per_mille"
            ),
        ]

    @property
    def stands(self) -> bool:
        """Whether the same words stand there; their punctuation may have changed (`anchors.sight`
        gives 1000 to nothing else)."""
        return self.kind == SightingKind.VERBATIM or (
            self.kind == SightingKind.REWORDED and self.similarity == SAME_WORDS
        )


@ledger.transitions("status", DISAPPEARANCE_TRANSITIONS)
@ledger.recorded(
    name="disappearance",
    plain=[
        "source",
        "type",
        "status",
        "last_seen_at",
        "first_missing_at",
        "confirmations",
        "confirmed_at",
        "reversed_at",
        "created_at",
    ],
    public=True,
)
class Disappearance(models.Model):
    """A source going away: between `last_seen_at` and `first_missing_at`, confirmed by looks spread
    over time, reversible."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    type = models.CharField(max_length=12, choices=ObservationResult.choices)
    status = models.CharField(
        max_length=10, choices=DisappearanceStatus.choices, default=DisappearanceStatus.SUSPECTED
    )
    last_seen_at = models.DateTimeField(null=True, blank=True)
    first_missing_at = models.DateTimeField()
    confirmations = models.PositiveSmallIntegerField(default=1)
    confirmed_at = models.DateTimeField(null=True, blank=True)
    reversed_at = models.DateTimeField(null=True, blank=True)
    created_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["source"],
                condition=~Q(status="reversed"),
                name="disappearance_open_once_per_source",
            ),
            known("status", DisappearanceStatus, "disappearance_status_known"),
            known("type", ObservationResult, "disappearance_type_known"),
            models.CheckConstraint(
                condition=Q(status="suspected", confirmed_at=None, reversed_at=None)
                | Q(status="confirmed", confirmed_at__isnull=False, reversed_at=None)
                | Q(status="reversed", reversed_at__isnull=False),
                name="disappearance_times_match_its_status",
            ),
        ]


@ledger.recorded(
    name="alert",
    plain=["kind", "claim", "source", "version", "created_at", "handled_at"],
    text=["handled_by"],
)
class Alert(models.Model):
    """Something that moderators should look at."""

    id = models.UUIDField(primary_key=True, default=uuid7, editable=False)
    kind = models.CharField(max_length=20, choices=AlertKind.choices)
    claim = models.ForeignKey(Claim, null=True, blank=True, on_delete=models.PROTECT)
    source = models.ForeignKey(Source, on_delete=models.PROTECT)
    version = models.ForeignKey(Version, null=True, blank=True, on_delete=models.PROTECT)
    created_at = models.DateTimeField()
    handled_at = models.DateTimeField(null=True, blank=True)
    handled_by = models.ForeignKey(User, null=True, blank=True, on_delete=models.PROTECT)

    class Meta:
        constraints = [
            known("kind", AlertKind, "alert_kind_known"),
            models.CheckConstraint(
                condition=Q(handled_at=None, handled_by=None)
                | Q(handled_at__isnull=False, handled_by__isnull=False),
                name="alert_handled_all_or_none",
            ),
        ]
        indexes = [models.Index(fields=["-id"], condition=Q(handled_at=None), name="alert_open")]


@ledger.derived(
    reason="when to look next and what to send along; what a look found is an Observation"
)
class Watch(models.Model):
    """The timetable of one watched source."""

    source = models.OneToOneField(Source, primary_key=True, on_delete=models.CASCADE)
    next_look_at = models.DateTimeField(db_index=True)
    etag = models.CharField(max_length=300, blank=True)
    last_modified = models.CharField(max_length=60, blank=True)
