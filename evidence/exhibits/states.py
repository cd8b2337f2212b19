"""The vocabularies of what owners hand in, and the workflows of a submission and a file."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _


class Licence(models.TextChoices):
    CC_BY = "cc-by-4.0", _("CC BY 4.0")
    CC0 = "cc0-1.0", _("CC0 1.0")
    SHOW = "show", _("to be shown here only")


class Affiliation(models.TextChoices):
    """From whose side evidence is (evidence.exhibits.affiliation). Only what is independent counts
    as units, owners and laboratories."""

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
        {
            SubmissionStatus.ACCEPTED,
            SubmissionStatus.RETURNED,
            SubmissionStatus.REFUSED,
            SubmissionStatus.WITHDRAWN,
        }
    ),
    SubmissionStatus.RETURNED: frozenset(
        {SubmissionStatus.RECEIVED, SubmissionStatus.REFUSED, SubmissionStatus.WITHDRAWN}
    ),
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
    ExhibitStatus.STORED: frozenset(
        {ExhibitStatus.READY, ExhibitStatus.UNREADABLE, ExhibitStatus.WITHHELD}
    ),
    ExhibitStatus.READY: frozenset({ExhibitStatus.WITHHELD}),
    ExhibitStatus.UNREADABLE: frozenset({ExhibitStatus.READY, ExhibitStatus.WITHHELD}),
    ExhibitStatus.WITHHELD: frozenset(),
}


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
