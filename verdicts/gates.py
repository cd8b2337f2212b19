"""What must be true before a verdict may stand, each rule a small function that answers with a
sentence or None.

The same functions tell a page why a button is disabled and stop the action that would break the
rule. Those that can be constraints of the database are that as well (verdicts.models).
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.permissions import NotAllowedError
from claims.conflicts import conflict_of_interest as conflict_of_interest
from claims.localized_text import is_in_all_languages
from claims.models import Aspect, Claim
from claims.states import ClaimStatus, Progress
from evidence.exhibits.affiliation import independent
from evidence.exhibits.models import CustodyEvent, Exhibit, Submission
from evidence.exhibits.similar_pictures import witnesses
from evidence.exhibits.states import CustodyKind, ExhibitStatus, SubmissionStatus
from ui.in_words import day_in_words, join_list, when_in_words
from verdicts.conformity import Conformity, Decision
from verdicts.models import Finding, Invitation, Reply, Verdict
from verdicts.states import ADVERSE, InvitationStatus, Mechanism, Rating, ReplyStatus, VerdictStatus

B2_SOURCES = frozenset("AB")
B2_INFORMATION = frozenset("12")
C3_SOURCES = frozenset("ABC")
C3_INFORMATION = frozenset("123")


class GateClosedError(NotAllowedError):
    """One or more rules stand against it; `reasons` has a sentence for each."""

    def __init__(self, reasons: Sequence[str]) -> None:
        super().__init__(" ".join(reasons))
        self.reasons = list(reasons)


class SentBackError(GateClosedError):
    """A proposal that could not be approved as it stands went back to its proposer; `reasons` says
    why."""


def require(*reasons: str | None) -> None:
    """Raises GateClosedError with every sentence that is not None."""
    standing = [reason for reason in reasons if reason]
    if standing:
        raise GateClosedError(standing)


def claim_is_rateable(claim: Claim) -> str | None:
    """Withdrawn claims and puffery are not judged."""
    if claim.status == ClaimStatus.WITHDRAWN:
        return _("AsClaimed withdrew this claim from its record.")
    if not claim.checkable:
        return _("Puffery is recorded but not rated.")
    return None


def in_scope(aspect: Aspect) -> str | None:
    """A point that was ruled out is not judged."""
    return _("This point is out of scope.") if aspect.progress == Progress.OUT_OF_SCOPE else None


def unrated(aspect: Aspect) -> str | None:
    """A point that was rated, or about which a verdict is proposed, stays in scope."""
    if aspect.progress == Progress.RATED:
        return _("This point has a verdict. The verdict can be replaced, but the point stays.")
    if aspect.verdict_set.filter(status=VerdictStatus.PROPOSED).exists():
        return _("A proposed verdict on this point awaits the second adjudicator.")
    return None


def company_asked(aspect: Aspect) -> str | None:
    """The company was asked about this very point: what was out of scope when it was asked is asked
    about again."""
    if aspect.progress in {
        Progress.REPLY_WINDOW_OPEN,
        Progress.IN_REVIEW,
        Progress.RATED,
        Progress.OUT_OF_SCOPE,
    }:
        # one that is out of scope has a sentence of its own, as has a window that is open
        return None
    return _("No reply was requested on this point yet. Request a reply first.")


def right_role(user: User, *roles: str) -> str | None:
    """The role that the step needs."""
    return (
        None
        if user.has_role(*roles)
        else _("This needs the role %(roles)s.")
        % {"roles": " / ".join(str(Role(r).label) for r in roles)}
    )


def four_eyes(user: User, verdict: Verdict) -> str | None:
    """A verdict is approved by someone who neither proposed it nor made a finding that it rests
    on."""
    if verdict.proposed_by_id == user.pk:
        return _("You proposed this verdict, so another person must approve it.")
    return None


def wrote_no_finding(user: User, findings: Iterable[Finding]) -> str | None:
    """Whoever approves a verdict wrote none of the findings on its point."""
    if any(finding.moderator_id == user.pk for finding in findings):
        return _(
            "You recorded a finding on this point, so another person must approve the verdict."
        )
    return None


def accepted_by_another(
    user: User, exhibits: Sequence[Exhibit], counted: Collection[Submission]
) -> str | None:
    """Filer ≠ moderator ≠ adjudicator: whoever proposes a verdict did not accept or grade all the
    evidence it rests on.

    `exhibits` are what it names, `counted` what its numbers and findings are from as well
    (verdicts.evidence_assessment).
    """
    graded = _graded_by(user, [exhibit.submission for exhibit in exhibits])
    own = {
        exhibit.pk: exhibit.submission.decided_by_id == user.pk or exhibit.pk in graded
        for exhibit in exhibits
    }
    if (own and all(own.values())) or (
        counted and all(submission.decided_by_id == user.pk for submission in counted)
    ):
        return _(
            "You accepted or graded all the evidence of this verdict. It must include some by "
            "another person."
        )
    return None


def accepted_none(user: User, counted: Collection[Submission]) -> str | None:
    """Whoever approves a verdict accepted and graded none of the evidence it rests on, named or
    counted."""
    if any(submission.decided_by_id == user.pk for submission in counted) or _graded_by(
        user, counted
    ):
        return _(
            "You accepted or graded evidence used in this verdict, so another person must "
            "approve it."
        )
    return None


def discarded_none(user: User, claim: Claim) -> str | None:
    """Whoever threw away what another entered as the company's reply concludes nothing on the
    claim: they alone would have silenced it."""
    if _discarded(user, claim):
        return _(
            "You discarded a reply that someone else entered for the company, so others must "
            "rate this claim."
        )
    return None


def proposer_discarded_none(proposer: User, claim: Claim) -> str | None:
    """The same of the first person, asked again when the second decides."""
    if _discarded(proposer, claim):
        return _(
            "The proposer discarded a reply that someone else entered for the company. Another "
            "person must propose this verdict."
        )
    return None


def _discarded(user: User, claim: Claim) -> bool:
    discarded = Reply.objects.filter(
        invitation__claim=claim, status=ReplyStatus.DISCARDED, checked_by=user
    )
    return discarded.exclude(recorded_by=user).exists()


def _graded_by(user: User, submissions: Iterable[Submission]) -> set[UUID]:
    """The exhibits of these submissions that `user` ever graded."""
    graded = CustodyEvent.objects.filter(
        exhibit__submission__in=submissions, kind=CustodyKind.GRADED, agent=user.pseudonym
    )
    return set(graded.values_list("exhibit", flat=True))


def still_free_to_propose(proposer: User, claim: Claim, findings: Sequence[Finding]) -> str | None:
    """The gates of the first person asked again of them, when the second decides."""
    if not proposer.has_role(Role.ADJUDICATOR):
        return _(
            "The proposer is no longer an adjudicator, so another person must propose this verdict."
        )
    if conflict_of_interest(proposer, claim):
        return _(
            "The proposer has a conflict of interest: they submitted evidence on this "
            "claim or act for a company. Another person must propose this verdict."
        )
    if findings and {finding.moderator_id for finding in findings} == {proposer.pk}:
        return _(
            "All findings that count are by the proposer, so another person must propose this "
            "verdict."
        )
    return None


def still_free_to_waive(proposer: User, claim: Claim) -> str | None:
    """As `still_free_to_propose`, of whoever proposed to end the reply period early."""
    if not proposer.has_role(Role.ADJUDICATOR) or conflict_of_interest(proposer, claim):
        return _(
            "The person who proposed this is no longer an adjudicator or has a conflict of "
            "interest. The company keeps its reply period."
        )
    return None


def findings_of_another(
    user: User, findings: Iterable[Finding], passed_over: int = 0
) -> str | None:
    """Filer ≠ moderator ≠ second moderator: the adjudicator did not write all the findings.
    `passed_over` of others do not count now."""
    authors = {finding.moderator_id for finding in findings}
    if not authors and passed_over:
        return _(
            "No finding on this point counts: its author has a conflict of interest, or "
            "its evidence was withdrawn or deleted. Another moderator must record one."
        )
    if not authors:
        return _("No finding on this point yet.")
    if authors == {user.pk}:
        return _(
            "All findings on this point are yours. A verdict must include one by another person."
        )
    return None


def reply_period_over(invitation: Invitation | None, now: datetime) -> str | None:
    """No verdict before the company replied, its deadline passed, or two people waived it."""
    if invitation is None:
        return _("No reply was requested yet.")
    if invitation.status == InvitationStatus.OPEN and invitation.deadline_at <= now:
        return _(
            "The reply period is over, but not closed yet. If a reply was entered from a letter, "
            "another person checks it first."
        )
    if invitation.status == InvitationStatus.OPEN:
        return _("The company’s reply is due by %(when)s.") % {
            "when": when_in_words(invitation.deadline_at)
        }
    return None


def letters_checked(unchecked: Iterable[Reply]) -> str | None:
    """No verdict while a reply that came in time waits for its second person: it would say that
    none came."""
    if any(not reply.late for reply in unchecked):
        return _(
            "A reply was entered from a letter that came in time. Another person must check it "
            "first."
        )
    return None


def best_evidence(rating: str, exhibits: Sequence[Exhibit]) -> str | None:
    """An adverse verdict needs one exhibit graded B2 or better, or two independent ones graded C3
    or better."""
    if rating not in ADVERSE:
        return None
    if any(
        exhibit.grade_source in B2_SOURCES and exhibit.grade_information in B2_INFORMATION
        for exhibit in exhibits
    ):
        return None
    good = [
        exhibit
        for exhibit in exhibits
        if exhibit.grade_source in C3_SOURCES and exhibit.grade_information in C3_INFORMATION
    ]
    if _witnesses(good) >= 2:
        return None
    return _(
        "An adverse verdict needs one exhibit graded B2 or better, or two graded C3 or better "
        "from different owners."
    )


def _witnesses(exhibits: Sequence[Exhibit]) -> int:
    """From how many independent owners these are: nobody on a company's side is one, and the same
    file twice is one witness."""
    free = independent([exhibit.submission_id for exhibit in exhibits])
    return len(
        set(witnesses(exhibit for exhibit in exhibits if exhibit.submission_id in free).values())
    )


def accepted_exhibits(exhibits: Sequence[Exhibit], claim: Claim) -> str | None:
    """A verdict rests on accepted evidence on this claim alone."""
    if any(
        exhibit.submission.status != SubmissionStatus.ACCEPTED
        or exhibit.submission.claim_id != claim.pk
        for exhibit in exhibits
    ):
        return _("A verdict can use only accepted evidence submitted on this claim.")
    if erased := sorted(
        exhibit.reference for exhibit in exhibits if exhibit.status == ExhibitStatus.WITHHELD
    ):
        return _(
            "The file of %(exhibits)s was permanently deleted, so no new verdict can use it."
        ) % {"exhibits": join_list(erased)}
    return None


def rests_on_something(rating: str, exhibits: Sequence[Exhibit]) -> str | None:
    """Only `unverifiable` can do without exhibits, and nobody clears a claim of their own with
    their own evidence alone."""
    if not exhibits and rating != Rating.UNVERIFIABLE:
        return _("Choose at least one exhibit for the verdict.")
    if rating == Rating.DELIVERED and not independent(
        [exhibit.submission_id for exhibit in exhibits]
    ):
        return _(
            "All of this evidence is from a company’s side. “As claimed” needs at least one "
            "exhibit from someone else."
        )
    return None


def attempts_listed(rating: str, attempts: dict[str, Any]) -> str | None:
    """`unverifiable` lists what was tried (the method says so): else it would say nothing that
    anyone could check."""
    if rating == Rating.UNVERIFIABLE and not attempts:
        return _("“Could not be verified” must list the checks attempted, in both languages.")
    return None


def due_date_passed(rating: str, aspect: Aspect, now: datetime) -> str | None:
    """`not_delivered` only after the due date, or after the company said it will not come."""
    if (
        rating == Rating.NOT_DELIVERED
        and aspect.due_date
        and aspect.due_date >= now.date()
        and aspect.cancelled_date is None
    ):
        return _(
            "The promised date is %(date)s. Before that day it cannot be rated “Not as claimed”."
        ) % {"date": day_in_words(aspect.due_date)}
    return None


def consistent_with_numbers(
    rating: str, mechanism: str, conformity: Conformity | None
) -> str | None:
    """The rating does not contradict the numbers, and only `misleading` names a mechanism."""
    if rating == Rating.MISLEADING and mechanism not in Mechanism.values:
        return _("Say why the wording is misleading.")
    if rating != Rating.MISLEADING and mechanism:
        return _("Only “Misleading presentation” says why the wording is misleading.")
    if conformity is None:
        return None
    if rating == Rating.DELIVERED and conformity.decision == Decision.DOES_NOT_CONFORM:
        return _("The measurements exclude conformity, so it cannot be rated “As claimed”.")
    if rating == Rating.NOT_DELIVERED and conformity.decision == Decision.CONFORMS:
        return _("The measurements show conformity, so it cannot be rated “Not as claimed”.")
    return None


def both_languages(*texts: dict[str, object]) -> str | None:
    """A verdict is published only with both Chinese and English."""
    return (
        None
        if all(is_in_all_languages(text) for text in texts if text)
        else _("The verdict must be written in both Chinese and English.")
    )
