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
    PROPOSAL_MADE = "proposal_made"
    PROPOSAL_DECIDED = "proposal_decided"
    VERDICT_PROPOSED = "verdict_proposed"
    VERDICT_SENT_BACK = "verdict_sent_back"
    VERDICT_PUBLISHED = "verdict_published"
    VERDICT_REPLACED = "verdict_replaced"
    REPLY_REQUESTED = "reply_requested"
    REPLY_EXTENDED = "reply_extended"
    REPLY_HALF_TIME = "reply_half_time"
    REPLY_LAST_DAY = "reply_last_day"
    REPLY_GIVEN = "reply_given"
    REPLY_TO_CHECK = "reply_to_check"
    QUOTE_VANISHED = "quote_vanished"
    CLAIM_ALERT = "claim_alert"
    SOURCE_ALERT = "source_alert"
    REPORT_FAILED = "report_failed"
    SNAPSHOT_FAILED = "snapshot_failed"
    ROLE_INVITATION_WAITING = "role_invitation_waiting"
    ROLE_ENDING_WAITING = "role_ending_waiting"


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

    `sentence` may hold `%(reference)s`. `leads_to` takes the reference, which is an id where the
    sentence names none.
    """

    group: Group
    recipients: str
    sentence: str | Promise
    leads_to: str
    todo: str | Promise = ""


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
    Kind.PROPOSAL_MADE: KindEntry(
        Group.WORK,
        "every moderator",
        _("Proposed claim %(reference)s is waiting for a decision."),
        "claims:triage",
    ),
    Kind.PROPOSAL_DECIDED: KindEntry(
        Group.SUBMISSIONS,
        "who proposed the claim",
        _("A moderator decided on your proposed claim %(reference)s, or has a question."),
        "claims:proposal",
        _("Open it to read what became of it and why."),
    ),
    Kind.VERDICT_PROPOSED: KindEntry(
        Group.WORK,
        "adjudicators who may decide it",
        _("Proposed verdict %(reference)s is waiting for a second adjudicator."),
        "verdicts:decide",
    ),
    Kind.VERDICT_SENT_BACK: KindEntry(
        Group.WORK,
        "its proposer",
        _("The verdict that you proposed on claim %(reference)s was returned."),
        "verdicts:case",
        _("Open the claim to read the reason."),
    ),
    Kind.VERDICT_PUBLISHED: KindEntry(
        Group.VERDICTS,
        "who submitted evidence used in it, and the representatives of the company",
        _("Verdict %(reference)s was published on a claim that concerns you."),
        "reports:verdict",
    ),
    Kind.VERDICT_REPLACED: KindEntry(
        Group.VERDICTS,
        "who submitted evidence used in either, and the representatives of the company",
        _("Verdict %(reference)s replaces an earlier one on a claim that concerns you."),
        "reports:verdict",
    ),
    Kind.REPLY_REQUESTED: KindEntry(
        Group.REQUESTS,
        "the representatives of the company",
        _("AsClaimed asks your company to reply about claim %(reference)s."),
        "verdicts:reply",
        _("Open the request to read the questions and the deadline, and to reply."),
    ),
    Kind.REPLY_EXTENDED: KindEntry(
        Group.REQUESTS,
        "the representatives of the company",
        _("Your company has more time to reply about claim %(reference)s."),
        "verdicts:reply",
        _("Open the request to read the new deadline."),
    ),
    Kind.REPLY_HALF_TIME: KindEntry(
        Group.REQUESTS,
        "the representatives of a company that has not replied",
        _("Half of the time for your company’s reply about claim %(reference)s has passed."),
        "verdicts:reply",
        _("Open the request to read the questions and the deadline, and to reply."),
    ),
    Kind.REPLY_LAST_DAY: KindEntry(
        Group.REQUESTS,
        "the representatives of a company that has not replied",
        _("Your company’s reply about claim %(reference)s is due within 24 hours."),
        "verdicts:reply",
        _("Open the request to read the questions and the deadline, and to reply."),
    ),
    Kind.REPLY_GIVEN: KindEntry(
        Group.WORK,
        "who asked, who recorded a finding on the claim, who proposed a verdict on it",
        _("The company replied about claim %(reference)s."),
        "verdicts:case",
    ),
    Kind.REPLY_TO_CHECK: KindEntry(
        Group.WORK,
        "every other moderator, and adjudicators",
        _("A reply about claim %(reference)s was entered from a letter and must be checked."),
        "verdicts:case",
        _("Another person compares it with the letter."),
    ),
    Kind.QUOTE_VANISHED: KindEntry(
        Group.WORK,
        "every moderator",
        _("A quote of claim %(reference)s is no longer in the text of its source."),
        "verdicts:case",
    ),
    Kind.CLAIM_ALERT: KindEntry(
        Group.WORK,
        "every moderator",
        _("Check a source of claim %(reference)s: what it returns has changed."),
        "verdicts:case",
    ),
    Kind.SOURCE_ALERT: KindEntry(
        Group.WORK,
        "every moderator",
        _("Check a source: its page was not found, or may be another page."),
        "reports:source",
    ),
    Kind.REPORT_FAILED: KindEntry(
        Group.WORK,
        "every moderator",
        _("The report on claim %(reference)s could not be made."),
        "verdicts:case",
        _("Ask an operator to retry it under “Background jobs”. Nothing is lost."),
    ),
    Kind.SNAPSHOT_FAILED: KindEntry(
        Group.WORK,
        "every moderator",
        _("A removed-page report could not be made."),
        "reports:source",
        _("Ask an operator to retry it under “Background jobs”. Nothing is lost."),
    ),
    Kind.ROLE_INVITATION_WAITING: KindEntry(
        Group.WORK,
        "operators and auditors, who may approve it",
        _("An invitation to a role is waiting for a second person."),
        "accounts:organisation",
    ),
    Kind.ROLE_ENDING_WAITING: KindEntry(
        Group.WORK,
        "operators and auditors but the one concerned",
        _("The end of a role is proposed and is waiting for a second person."),
        "accounts:organisation",
    ),
}


def kinds_of(group: Group) -> list[str]:
    """The codes of the kinds of a group."""
    return [kind.value for kind, entry in KINDS.items() if entry.group is group]
