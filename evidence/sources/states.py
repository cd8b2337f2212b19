"""The vocabularies of looks at sources, and the workflow of a disappearance."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.choices import label
from evidence import labels


class ObservationResult(models.TextChoices):
    """The result of one observation: `engines.text.ObservationResult` with its labels, and two
    more that need the other observations to tell: suspect, and unplaced, which only what was
    handed in can be."""

    OK = "ok", label(labels.OBSERVATION["ok"])
    UNCHANGED = "unchanged", label(labels.OBSERVATION["unchanged"])
    GONE = "gone", label(labels.OBSERVATION["gone"])
    TOMBSTONE = "tombstone", label(labels.OBSERVATION["tombstone"])
    MOVED = "moved", label(labels.OBSERVATION["moved"])
    SOFT_404 = "soft_404", label(labels.OBSERVATION["soft_404"])
    LOGIN_WALL = "login_wall", label(labels.OBSERVATION["login_wall"])
    BLOCKED = "blocked", label(labels.OBSERVATION["blocked"])
    TRANSIENT = "transient", label(labels.OBSERVATION["transient"])
    EMPTY = "empty", label(labels.OBSERVATION["empty"])
    TOO_LARGE = "too_large", label(labels.OBSERVATION["too_large"])
    REFUSED = "refused", label(labels.OBSERVATION["refused"])
    SUSPECT = "suspect", label(labels.OBSERVATION["suspect"])
    UNPLACED = "unplaced", label(labels.OBSERVATION["unplaced"])


MISSING = frozenset(
    {ObservationResult.GONE, ObservationResult.TOMBSTONE, ObservationResult.SOFT_404}
)
PRESENT = frozenset({ObservationResult.OK, ObservationResult.UNCHANGED})


class ObservationMethod(models.TextChoices):
    LIVE = "live", label(labels.LOOK_METHOD["live"])
    UPLOAD = "upload", label(labels.LOOK_METHOD["upload"])


class SightingKind(models.TextChoices):
    VERBATIM = "verbatim", label(labels.SIGHTING["verbatim"])
    REWORDED = "reworded", label(labels.SIGHTING["reworded"])
    ELSEWHERE = "elsewhere", label(labels.SIGHTING["elsewhere"])
    ABSENT = "absent", label(labels.SIGHTING["absent"])


class DisappearanceStatus(models.TextChoices):
    SUSPECTED = "suspected", _("suspected")
    CONFIRMED = "confirmed", _("confirmed")
    REVERSED = "reversed", _("restored")


DISAPPEARANCE_TRANSITIONS: dict[str, frozenset[str]] = {
    DisappearanceStatus.SUSPECTED: frozenset(
        {DisappearanceStatus.CONFIRMED, DisappearanceStatus.REVERSED}
    ),
    DisappearanceStatus.CONFIRMED: frozenset({DisappearanceStatus.REVERSED}),
    DisappearanceStatus.REVERSED: frozenset(),
}


class AlertKind(models.TextChoices):
    QUOTE_VANISHED = "quote_vanished", _("quote no longer in the text")
    SOURCE_GONE = "source_gone", _("source no longer available")
    SOURCE_BACK = "source_back", _("source available again")
    SOURCE_SUSPECT = "source_suspect", _("source shows another page")
    SOURCE_UNFOUND = "source_unfound", _("source never found")
