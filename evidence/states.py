"""The vocabularies of what was found, and the workflows of a submission and a disappearance."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class LookType(models.TextChoices):
    """What one look at a source came back with. The words are those of `engines.text.ObservationType`, and two that need the other
    looks to tell: suspect, and unplaced, which only what was handed in can be."""

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
    DisappearanceStatus.SUSPECTED: frozenset({DisappearanceStatus.CONFIRMED, DisappearanceStatus.REVERSED}),
    DisappearanceStatus.CONFIRMED: frozenset({DisappearanceStatus.REVERSED}),
    DisappearanceStatus.REVERSED: frozenset(),
}


class AlertKind(models.TextChoices):
    QUOTE_VANISHED = "quote_vanished", _("quote no longer in the text")
    SOURCE_GONE = "source_gone", _("source no longer available")
    SOURCE_BACK = "source_back", _("source available again")
    SOURCE_SUSPECT = "source_suspect", _("a source shows another page")
    SOURCE_UNFOUND = "source_unfound", _("source never found")


class Licence(models.TextChoices):
    CC_BY = "cc-by-4.0", _("CC BY 4.0")
    CC0 = "cc0-1.0", _("CC0 1.0")
    SHOW = "show", _("to be shown here only")


class Affiliation(models.TextChoices):
    """From whose side evidence is (evidence.affiliation). Only what is independent is counted as units, owners and laboratories."""

    INDEPENDENT = "independent", _("independent")
    COMPANY = "company", _("from the company’s side")
    OTHER_COMPANY = "other_company", _("from another company’s side")


class SubmissionStatus(models.TextChoices):
    """A decision of moderation, never a verdict."""

    RECEIVED = "received", _("received")
    ACCEPTED = "accepted", _("accepted")
    RETURNED = "returned", _("returned with a question")
    REFUSED = "refused", _("refused")
    WITHDRAWN = "withdrawn", _("withdrawn by its owner")


SUBMISSION_TRANSITIONS: dict[str, frozenset[str]] = {
    SubmissionStatus.RECEIVED: frozenset(
        {SubmissionStatus.ACCEPTED, SubmissionStatus.RETURNED, SubmissionStatus.REFUSED, SubmissionStatus.WITHDRAWN}
    ),
    SubmissionStatus.RETURNED: frozenset({SubmissionStatus.RECEIVED, SubmissionStatus.REFUSED, SubmissionStatus.WITHDRAWN}),
    SubmissionStatus.ACCEPTED: frozenset({SubmissionStatus.WITHDRAWN}),
    SubmissionStatus.REFUSED: frozenset(),
    SubmissionStatus.WITHDRAWN: frozenset(),
}


class ExhibitStatus(models.TextChoices):
    STORED = "stored", _("stored, not yet read")
    READY = "ready", _("ready")
    UNREADABLE = "unreadable", _("kept, but cannot be shown")
    WITHHELD = "withheld", _("withheld: its file was erased")


EXHIBIT_TRANSITIONS: dict[str, frozenset[str]] = {
    ExhibitStatus.STORED: frozenset({ExhibitStatus.READY, ExhibitStatus.UNREADABLE, ExhibitStatus.WITHHELD}),
    ExhibitStatus.READY: frozenset({ExhibitStatus.WITHHELD}),
    ExhibitStatus.UNREADABLE: frozenset({ExhibitStatus.READY, ExhibitStatus.WITHHELD}),
    ExhibitStatus.WITHHELD: frozenset(),
}


class Provenance(models.TextChoices):
    """How much an artefact proves by itself."""

    P0 = "P0", _("assertion")
    P1 = "P1", _("hashed on arrival")
    P2 = "P2", _("original with consistent metadata")
    P3 = "P3", _("our own capture")
    P4 = "P4", _("our own capture, signed, timed and logged")
    P5 = "P5", _("P4 with a matching independent capture")


class SourceGrade(models.TextChoices):
    """Admiralty system: how reliable the source has been."""

    A = "A", _("completely reliable")
    B = "B", _("usually reliable")
    C = "C", _("fairly reliable")
    D = "D", _("not usually reliable")
    E = "E", _("unreliable")
    F = "F", _("cannot be judged")


class InformationGrade(models.TextChoices):
    """Admiralty system: how credible the information is, judged apart from its source."""

    ONE = "1", _("confirmed by others")
    TWO = "2", _("probably true")
    THREE = "3", _("possibly true")
    FOUR = "4", _("doubtful")
    FIVE = "5", _("improbable")
    SIX = "6", _("cannot be judged")


#: Why the information in a file that nobody could see has one grade only.
UNSEEN: Final = _("This file cannot be shown, so its information cannot be judged: choose 6.")


class CustodyKind(models.TextChoices):
    RECEIVED = "received", _("received")
    READ = "read", _("read in the decoder")
    ORIGINAL_VIEWED = "original_viewed", _("original viewed")
    GRADED = "graded", _("graded")
    PUBLISHED = "published", _("published")
    WITHDRAWN = "withdrawn", _("withdrawn")
    CHECKED = "checked", _("checked against its fingerprint")
    WITHHELD = "withheld", _("withheld")
