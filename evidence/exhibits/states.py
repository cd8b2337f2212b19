"""The vocabularies of what owners hand in, and the workflows of a submission and a file."""

from __future__ import annotations

from typing import Final

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.choices import label
from evidence import labels


class Licence(models.TextChoices):
    CC_BY = "cc-by-4.0", label(labels.LICENCE["cc-by-4.0"])
    CC0 = "cc0-1.0", label(labels.LICENCE["cc0-1.0"])
    SHOW = "show", label(labels.LICENCE["show"])


class Affiliation(models.TextChoices):
    """From whose side evidence is (evidence.exhibits.affiliation). Only what is independent counts
    as units, owners and laboratories."""

    INDEPENDENT = "independent", label(labels.AFFILIATION["independent"])
    COMPANY = "company", label(labels.AFFILIATION["company"])
    OTHER_COMPANY = "other_company", label(labels.AFFILIATION["other_company"])


class SubmissionStatus(models.TextChoices):
    """A decision of moderation, never a verdict."""

    RECEIVED = "received", _("received")
    ACCEPTED = "accepted", _("accepted")
    RETURNED = "returned", _("more information needed")
    REFUSED = "refused", _("not accepted")
    WITHDRAWN = "withdrawn", _("withdrawn by the submitter")


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
    STORED = "stored", _("stored, not processed yet")
    READY = "ready", _("ready")
    UNREADABLE = "unreadable", _("stored, but cannot be displayed")
    WITHHELD = "withheld", _("withheld: its file was permanently deleted")


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

    A = "A", label(labels.GRADE_SOURCE["A"])
    B = "B", label(labels.GRADE_SOURCE["B"])
    C = "C", label(labels.GRADE_SOURCE["C"])
    D = "D", label(labels.GRADE_SOURCE["D"])
    E = "E", label(labels.GRADE_SOURCE["E"])
    F = "F", label(labels.GRADE_SOURCE["F"])


class InformationGrade(models.TextChoices):
    """Admiralty system: how credible the information is, judged apart from its source."""

    ONE = "1", label(labels.GRADE_INFORMATION["1"])
    TWO = "2", label(labels.GRADE_INFORMATION["2"])
    THREE = "3", label(labels.GRADE_INFORMATION["3"])
    FOUR = "4", label(labels.GRADE_INFORMATION["4"])
    FIVE = "5", label(labels.GRADE_INFORMATION["5"])
    SIX = "6", label(labels.GRADE_INFORMATION["6"])


#: Why the information in a file that nobody could see has one grade only.
UNSEEN: Final = _("This file cannot be displayed, so its information cannot be judged: choose 6.")


class CustodyKind(models.TextChoices):
    RECEIVED = "received", label(labels.CUSTODY["received"])
    READ = "read", label(labels.CUSTODY["read"])
    ORIGINAL_VIEWED = "original_viewed", label(labels.CUSTODY["original_viewed"])
    GRADED = "graded", label(labels.CUSTODY["graded"])
    PUBLISHED = "published", label(labels.CUSTODY["published"])
    WITHDRAWN = "withdrawn", label(labels.CUSTODY["withdrawn"])
    CHECKED = "checked", label(labels.CUSTODY["checked"])
    WITHHELD = "withheld", label(labels.CUSTODY["withheld"])
