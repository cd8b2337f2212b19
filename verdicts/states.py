"""The vocabularies of what is concluded, and the workflow of a verdict."""

from __future__ import annotations

from django.db import models
from django.utils.translation import gettext_lazy as _


class Conclusion(models.TextChoices):
    CONTRADICTS = "contradicts", _("contradicts the claim")
    SUPPORTS = "supports", _("supports the claim")
    INCONCLUSIVE = "inconclusive", _("inconclusive")


class Rating(models.TextChoices):
    DELIVERED = "delivered", _("delivered")
    DELIVERED_LATE = "delivered_late", _("delivered late")
    PARTLY_DELIVERED = "partly_delivered", _("partly delivered")
    MISLEADING = "misleading", _("misleading")
    NOT_DELIVERED = "not_delivered", _("not delivered")
    UNVERIFIABLE = "unverifiable", _("unverifiable")


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
    IMPLIED_FUNCTION = "implied_function", _("implied function")
    OMITTED_CONDITION = "omitted_condition", _("omitted condition")
    CHANGED_BASELINE = "changed_baseline", _("changed baseline")
    UNREPRESENTATIVE_IMAGE = "unrepresentative_image", _("unrepresentative image")
    SCOPE_SHIFT = "scope_shift", _("scope shift")
    REDEFINED_AFTERWARDS = "redefined_afterwards", _("redefined afterwards")


class VerdictStatus(models.TextChoices):
    PROPOSED = "proposed", _("proposed")
    REJECTED = "rejected", _("sent back")
    PUBLISHED = "published", _("published")
    SUPERSEDED = "superseded", _("superseded")


VERDICT_TRANSITIONS: dict[str, frozenset[str]] = {
    VerdictStatus.PROPOSED: frozenset({VerdictStatus.PUBLISHED, VerdictStatus.REJECTED}),
    VerdictStatus.REJECTED: frozenset(),
    VerdictStatus.PUBLISHED: frozenset({VerdictStatus.SUPERSEDED}),
    VerdictStatus.SUPERSEDED: frozenset(),
}


class InvitationStatus(models.TextChoices):
    """What came of one request. A company that replied to an earlier one is never called silent: it
    gave no further reply."""

    OPEN = "open", _("open")
    REPLIED = "replied", _("the company replied")
    SILENT = "silent", _("the deadline passed without a reply")
    NO_FURTHER_REPLY = "no_further_reply", _("no further reply by the deadline")
    WAIVED = "waived", _("waived by two people")


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
    REFUSED = "refused", _("refused")


WAIVER_TRANSITIONS: dict[str, frozenset[str]] = {
    WaiverStatus.PROPOSED: frozenset({WaiverStatus.APPROVED, WaiverStatus.REFUSED}),
    WaiverStatus.APPROVED: frozenset(),
    WaiverStatus.REFUSED: frozenset(),
}


class ReplyStatus(models.TextChoices):
    """Who gave a reply: the company itself, or a moderator from its letter, which counts only once
    a second person checked it."""

    GIVEN = "given", _("given by the company")
    ENTERED = "entered", _("waiting for a second person")
    CONFIRMED = "confirmed", _("entered by moderators, checked by a second person")
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
