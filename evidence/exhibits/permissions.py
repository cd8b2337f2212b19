"""Who may file, read and decide on evidence."""

from __future__ import annotations

from django.utils.translation import gettext as _

from accounts.models import Role, User
from accounts.permissions import NotAllowedError, check_role
from claims.conflicts import check_no_conflict
from claims.models import Claim
from claims.states import ClaimStatus
from evidence.exhibits.models import Exhibit, Submission
from evidence.exhibits.states import SUBMISSION_TRANSITIONS, ExhibitStatus, SubmissionStatus


def check_takes_evidence(claim: Claim) -> None:
    """Evidence is taken on a claim that stands, whoever brings it. Raises NotAllowedError."""
    if claim.status == ClaimStatus.WITHDRAWN:
        raise NotAllowedError(
            _("AsClaimed withdrew this claim from its record and no longer accepts evidence on it.")
        )


def check_file(user: User, claim: Claim) -> None:
    """Any account may file on a claim that stands. Raises NotAllowedError."""
    if not user.is_authenticated:
        raise NotAllowedError(_("Sign in to submit evidence."))
    check_takes_evidence(claim)


def check_decide(user: User, submission: Submission) -> None:
    """A moderator without a conflict of interest decides on a submission that waits. Raises
    NotAllowedError."""
    check_role(user, Role.MODERATOR)
    if submission.filed_by_id == user.pk:
        raise NotAllowedError(
            _("You submitted this yourself, so another person must decide on it.")
        )
    check_no_conflict(user, submission.claim)
    if SubmissionStatus.REFUSED not in SUBMISSION_TRANSITIONS[submission.status]:
        raise NotAllowedError(_("This submission was already decided."))


def check_grade(user: User, exhibit: Exhibit) -> None:
    """A moderator without a conflict of interest grades an exhibit. Raises NotAllowedError."""
    check_role(user, Role.MODERATOR)
    if exhibit.submission.filed_by_id == user.pk:
        raise NotAllowedError(_("You submitted this yourself, so another person must grade it."))
    check_no_conflict(user, exhibit.submission.claim)


def check_open_sealed(user: User, submission: Submission) -> None:
    """A moderator without a conflict of interest may open what is sealed in a submission; each
    opening is recorded. Raises NotAllowedError."""
    check_role(user, Role.MODERATOR)
    if submission.filed_by_id == user.pk:
        raise NotAllowedError(_("You submitted this yourself, so another person must view it."))
    check_no_conflict(user, submission.claim)


def check_view_original(user: User, exhibit: Exhibit) -> None:
    """Its own filer may see an original while there is one, and moderators and adjudicators without
    a conflict of interest.

    Each view is recorded. Raises NotAllowedError.
    """
    if exhibit.status == ExhibitStatus.WITHHELD:
        raise NotAllowedError(_("The file was permanently deleted. Nothing of it is kept."))
    if exhibit.submission.filed_by_id != user.pk:
        check_role(user, Role.MODERATOR, Role.ADJUDICATOR)
        check_no_conflict(user, exhibit.submission.claim)


def check_mark(user: User, submission: Submission) -> None:
    """A moderator without a conflict of interest marks what is to be seen on the pictures of a
    submission. Raises NotAllowedError."""
    check_role(user, Role.MODERATOR)
    if submission.filed_by_id == user.pk:
        raise NotAllowedError(_("You submitted this yourself, so another person must annotate it."))
    check_no_conflict(user, submission.claim)


def check_can_be_seen(exhibit: Exhibit) -> None:
    """Raises NotAllowedError where there is no picture of an exhibit."""
    if exhibit.status != ExhibitStatus.READY:
        raise NotAllowedError(_("It has no picture to annotate."))


def check_point(user: User, exhibit: Exhibit) -> None:
    """Who may mark a submission marks regions on a picture of it that can be seen. Raises
    NotAllowedError."""
    check_mark(user, exhibit.submission)
    check_can_be_seen(exhibit)


def check_compare(user: User, before: Exhibit, after: Exhibit) -> None:
    """As `check_point`, for both. Raises NotAllowedError."""
    check_point(user, before)
    check_point(user, after)


def check_unreadable(exhibit: Exhibit) -> None:
    """Raises NotAllowedError for a photo that was read."""
    if exhibit.status != ExhibitStatus.UNREADABLE:
        raise NotAllowedError(_("Only a photo that could not be processed can be processed again."))


def check_read_again(user: User, exhibit: Exhibit) -> None:
    """Who may grade a photo that could not be read has it read again. Raises NotAllowedError."""
    check_grade(user, exhibit)
    check_unreadable(exhibit)


def check_answer(user: User, submission: Submission) -> None:
    """The submitter answers the question with which a submission was returned, while its claim
    stands. Raises NotAllowedError."""
    if submission.filed_by_id != user.pk:
        raise NotAllowedError(_("Only the submitter can reply."))
    check_file(user, submission.claim)


def check_withdraw(user: User, submission: Submission) -> None:
    """Who filed it may withdraw it. Raises NotAllowedError."""
    if submission.filed_by_id != user.pk:
        raise NotAllowedError(_("Only the submitter can withdraw it."))
