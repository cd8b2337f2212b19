"""The vocabularies of looks at sources, and the workflow of a disappearance."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class LookType(models.TextChoices):
    """What one look at a source came back with. The words are those of
    `engines.text.ObservationType`, and two that need the other looks to tell: suspect, and
    unplaced, which only what was handed in can be."""

    OK = "ok", _("seen, with text")
    UNCHANGED = "unchanged", _("seen, unchanged")
    GONE = "gone", _("gone")
    TOMBSTONE = "tombstone", _("the platform says it was deleted")
    MOVED = "moved", _("moved")
    SOFT_404 = "soft_404", _("a page without the content")
    LOGIN_WALL = "login_wall", _("behind a login")
    BLOCKED = "blocked", _("we were refused")
    TRANSIENT = "transient", _("not reachable just then")
    EMPTY = "empty", _("empty")
    TOO_LARGE = "too_large", _("too large")
    REFUSED = "refused", _("an address we do not visit")
    SUSPECT = "suspect", _("possibly not the page")
    UNPLACED = "unplaced", _("a text that no version has, from between other looks")


MISSING = frozenset({LookType.GONE, LookType.TOMBSTONE, LookType.SOFT_404})
PRESENT = frozenset({LookType.OK, LookType.UNCHANGED})


class LookMethod(models.TextChoices):
    LIVE = "live", _("our own visit")
    UPLOAD = "upload", _("handed in")


class SightingKind(models.TextChoices):
    VERBATIM = "verbatim", _("word for word")
    REWORDED = "reworded", _("reworded")
    ELSEWHERE = "elsewhere", _("only in another place")
    ABSENT = "absent", _("absent")


class DisappearanceStatus(models.TextChoices):
    SUSPECTED = "suspected", _("suspected")
    CONFIRMED = "confirmed", _("confirmed")
    REVERSED = "reversed", _("back again")


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
    SOURCE_SUSPECT = "source_suspect", _("a source shows another page")
    SOURCE_UNFOUND = "source_unfound", _("source never found")
