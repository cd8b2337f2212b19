"""What people are told of: one table. `tests/notifications/test_kinds.py` proves it complete; the
recipe for a new kind is in CONTRIBUTING.md.

Sentences hold a public reference at most, never a name, a text or a file: they stand in mails.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Final

from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _


class Group(StrEnum):
    """What a person chooses about together: inbox alone, a mail at once, one a day."""

    SUBMISSIONS = "submissions"
    VERDICTS = "verdicts"
    WORK = "work"
    REQUESTS = "requests"


class Delivery(StrEnum):
    """How a group reaches a mailbox. The inbox has everything."""

    AT_ONCE = "at_once"
    DAILY = "daily"
    NONE = "none"


class Kind(StrEnum):
    SUBMISSION_FILED = "submission_filed"
    SUBMISSION_ANSWERED = "submission_answered"
    SUBMISSION_ACCEPTED = "submission_accepted"
    SUBMISSION_RETURNED = "submission_returned"
    SUBMISSION_REFUSED = "submission_refused"
    CLAIM_WITHDRAWN = "claim_withdrawn"
    REPLY_REQUESTED = "reply_requested"


@dataclass(frozen=True)
class GroupEntry:
    """`critical`: the mails cannot be turned off, since a deadline hangs on them."""

    name: str | Promise
    about: str | Promise
    delivery: Delivery
    critical: bool = False


@dataclass(frozen=True)
class KindEntry:
    """One kind: who is told, the sentence they read, the view it leads to, and what to do.

    `sentence` may hold `%(reference)s`. `leads_to` takes the reference, or nothing if `by_itself`.
    """

    group: Group
    recipients: str
    sentence: str | Promise
    leads_to: str
    todo: str | Promise = ""
    by_itself: bool = False


GROUPS: Final[dict[Group, GroupEntry]] = {
    Group.SUBMISSIONS: GroupEntry(
        _("Your submissions"),
        _("decisions on evidence you submitted, and what becomes of the claim"),
        Delivery.AT_ONCE,
    ),
    Group.VERDICTS: GroupEntry(
        _("Verdicts"),
        _("verdicts on claims that concern you, and their replacements"),
        Delivery.AT_ONCE,
    ),
    Group.WORK: GroupEntry(
        _("Work waiting for you"),
        _("what needs a decision by someone in your role"),
        Delivery.DAILY,
    ),
    Group.REQUESTS: GroupEntry(
        _("Requests for reply"),
        _("requests to the company you act for, and reminders before each deadline"),
        Delivery.AT_ONCE,
        critical=True,
    ),
}

KINDS: Final[dict[Kind, KindEntry]] = {
    Kind.SUBMISSION_FILED: KindEntry(
        Group.WORK,
        "every moderator",
        _("Submission %(reference)s is waiting for review."),
        "evidence:review",
    ),
    Kind.SUBMISSION_ANSWERED: KindEntry(
        Group.WORK,
        "every moderator",
        _("The submitter replied to the question about submission %(reference)s."),
        "evidence:review",
    ),
    Kind.SUBMISSION_ACCEPTED: KindEntry(
        Group.SUBMISSIONS,
        "its submitter",
        _("Your submission %(reference)s was accepted."),
        "evidence:submission",
    ),
    Kind.SUBMISSION_RETURNED: KindEntry(
        Group.SUBMISSIONS,
        "its submitter",
        _("A moderator has a question about your submission %(reference)s."),
        "evidence:submission",
        _("Open it to read the question and reply."),
    ),
    Kind.SUBMISSION_REFUSED: KindEntry(
        Group.SUBMISSIONS,
        "its submitter",
        _("Your submission %(reference)s was not accepted."),
        "evidence:submission",
        _("Open it to read the reason."),
    ),
    Kind.CLAIM_WITHDRAWN: KindEntry(
        Group.SUBMISSIONS,
        "who submitted evidence on it",
        _("AsClaimed withdrew claim %(reference)s, on which you submitted evidence."),
        "reports:claim",
        _("Open the claim to read the reason."),
    ),
    Kind.REPLY_REQUESTED: KindEntry(
        Group.REQUESTS,
        "the representatives of the company",
        _("AsClaimed asks your company to reply about claim %(reference)s."),
        "verdicts:reply",
        _("Open the request to read the questions and the deadline, and to reply."),
    ),
}


def kinds_of(group: Group) -> list[str]:
    """The codes of the kinds of a group."""
    return [kind.value for kind, entry in KINDS.items() if entry.group is group]
