"""What evidence knows of a conflict of interest: one's own submission, and one's employer's (claims.conflicts)."""

from __future__ import annotations

from django.db.models import Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from claims import conflicts
from claims.models import Claim
from evidence.models import Submission
from evidence.states import SubmissionStatus


def _counted(claim: Claim) -> QuerySet[Submission]:
    return Submission.objects.filter(claim=claim).exclude(status=SubmissionStatus.REFUSED)


def own_filing(user: User, claim: Claim) -> str | None:
    """Someone who filed on a claim judges nothing on it."""
    if _counted(claim).filter(filed_by=user).exists():
        return _("You filed evidence on this claim, so someone else has to judge it.")
    return None


def own_employer(user: User, claim: Claim) -> str | None:
    """Nor does someone of the organisation for which evidence was filed, or of the laboratory that measured."""
    employers = user.membership_set.current().values("organisation")
    if _counted(claim).filter(Q(organisation__in=employers) | Q(teardown__laboratory__in=employers)).exists():
        return _("An organisation that you belong to submitted or measured evidence on this claim, so someone else has to judge it.")
    return None


def register() -> None:
    """Have both asked wherever a conflict is."""
    conflicts.register(own_filing)
    conflicts.register(own_employer)
