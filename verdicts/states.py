"""The vocabularies of what is concluded, and the workflow of a verdict."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _

from accounts.choices import label
from verdicts import labels


class Conclusion(models.TextChoices):
    CONTRADICTS = "contradicts", label(labels.CONCLUSION["contradicts"])
    SUPPORTS = "supports", label(labels.CONCLUSION["supports"])
    INCONCLUSIVE = "inconclusive", label(labels.CONCLUSION["inconclusive"])


class Rating(models.TextChoices):
    DELIVERED = "delivered", label(labels.RATING["delivered"])
    DELIVERED_LATE = "delivered_late", label(labels.RATING["delivered_late"])
    PARTLY_DELIVERED = "partly_delivered", label(labels.RATING["partly_delivered"])
    MISLEADING = "misleading", label(labels.RATING["misleading"])
    NOT_DELIVERED = "not_delivered", label(labels.RATING["not_delivered"])
    UNVERIFIABLE = "unverifiable", label(labels.RATING["unverifiable"])


SCORES: dict[str, int | None] = {
    Rating.DELIVERED: 5,
    Rating.DELIVERED_LATE: 4,
    Rating.PARTLY_DELIVERED: 3,
    Rating.MISLEADING: 2,
    Rating.NOT_DELIVERED: 1,
    Rating.UNVERIFIABLE: None,
}
ADVERSE = frozenset(
    {Rating.DELIVERED_LATE, Rating.PARTLY_DELIVERED, Rating.MISLEADING, Rating.NOT_DELIVERED}
)


class Mechanism(models.TextChoices):
    IMPLIED_FUNCTION = "implied_function", label(labels.MECHANISM["implied_function"])
    OMITTED_CONDITION = "omitted_condition", label(labels.MECHANISM["omitted_condition"])
    CHANGED_BASELINE = "changed_baseline", label(labels.MECHANISM["changed_baseline"])
    UNREPRESENTATIVE_IMAGE = (
        "unrepresentative_image",
        label(labels.MECHANISM["unrepresentative_image"]),
    )
    SCOPE_SHIFT = "scope_shift", label(labels.MECHANISM["scope_shift"])
    REDEFINED_AFTERWARDS = "redefined_afterwards", label(labels.MECHANISM["redefined_afterwards"])


class VerdictStatus(models.TextChoices):
    PROPOSED = "proposed", _("proposed")
    REJECTED = "rejected", _("returned")
    PUBLISHED = "published", _("published")
    SUPERSEDED = "superseded", _("replaced")


VERDICT_TRANSITIONS: dict[str, frozenset[str]] = {
    VerdictStatus.PROPOSED: frozenset({VerdictStatus.PUBLISHED, VerdictStatus.REJECTED}),
    VerdictStatus.REJECTED: frozenset(),
    VerdictStatus.PUBLISHED: frozenset({VerdictStatus.SUPERSEDED}),
    VerdictStatus.SUPERSEDED: frozenset(),
}


class InvitationStatus(models.TextChoices):
    """What came of one request. A company that replied to an earlier one is never called silent: it
    gave no further reply."""

    OPEN = "open", label(labels.INVITATION["open"])
    REPLIED = "replied", label(labels.INVITATION["replied"])
    SILENT = "silent", label(labels.INVITATION["silent"])
    NO_FURTHER_REPLY = "no_further_reply", label(labels.INVITATION["no_further_reply"])
    WAIVED = "waived", label(labels.INVITATION["waived"])


INVITATION_TRANSITIONS: dict[str, frozenset[str]] = {
    InvitationStatus.OPEN: frozenset(
        {
            InvitationStatus.REPLIED,
            InvitationStatus.SILENT,
            InvitationStatus.NO_FURTHER_REPLY,
            InvitationStatus.WAIVED,
        }
    ),
    InvitationStatus.REPLIED: frozenset(),
    InvitationStatus.SILENT: frozenset({InvitationStatus.REPLIED}),
    InvitationStatus.NO_FURTHER_REPLY: frozenset({InvitationStatus.REPLIED}),
    InvitationStatus.WAIVED: frozenset({InvitationStatus.REPLIED}),
}


class WaiverStatus(models.TextChoices):
    """Of the proposal to close the time to reply early. Nobody outside knows of one before it is
    approved."""

    PROPOSED = "proposed", _("proposed")
    APPROVED = "approved", _("approved")
    REFUSED = "refused", _("not accepted")


WAIVER_TRANSITIONS: dict[str, frozenset[str]] = {
    WaiverStatus.PROPOSED: frozenset({WaiverStatus.APPROVED, WaiverStatus.REFUSED}),
    WaiverStatus.APPROVED: frozenset(),
    WaiverStatus.REFUSED: frozenset(),
}


class ReplyStatus(models.TextChoices):
    """Who gave a reply: the company itself, or a moderator from its letter, which counts only once
    a second person checked it."""

    GIVEN = "given", _("given by the company")
    ENTERED = "entered", _("awaiting a check by another person")
    CONFIRMED = "confirmed", _("entered by moderators, checked by another person")
    DISCARDED = "discarded", _("discarded")


REPLY_TRANSITIONS: dict[str, frozenset[str]] = {
    ReplyStatus.GIVEN: frozenset(),
    ReplyStatus.ENTERED: frozenset({ReplyStatus.CONFIRMED, ReplyStatus.DISCARDED}),
    ReplyStatus.CONFIRMED: frozenset(),
    ReplyStatus.DISCARDED: frozenset(),
}


class Actor(models.TextChoices):
    """Who acts in the chain of events after harm. People by role, never by name."""

    COMPANY = "company", _("the company")
    FAMILY = "family", _("the family")
    OWNERS = "owners", _("owners")
    PRESS = "press", _("the press")
    AUTHORITY = "authority", _("an authority")
    OTHER = "other", _("others")


class IncidentKind(models.TextChoices):
    HAPPENED = "happened", _("what happened")
    CONTACT = "contact", _("contact")
    STATEMENT = "statement", _("public statement")
    ACTION = "action", _("action")
    FINDING = "finding", _("finding")


class Exactness(models.TextChoices):
    """How exactly the time of an event is known; it began within the unit named."""

    MINUTE = "minute", _("to the minute")
    HOUR = "hour", _("to the hour")
    DAY = "day", _("to the day")
