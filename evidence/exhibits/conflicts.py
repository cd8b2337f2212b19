"""What evidence knows of a conflict of interest (claims.conflicts): one's own submission, one's
employer's, and a company left since."""

from __future__ import annotations

from django.db.models import Exists, OuterRef, Q, QuerySet
from django.utils.translation import gettext as _

from accounts.models import User
from claims import conflicts
from claims.models import Claim, ClaimProposal
from evidence.exhibits.affiliation import side_of, side_on_proposal
from evidence.exhibits.models import Submission
from evidence.exhibits.states import Affiliation, SubmissionStatus


def _counted(claim: Claim) -> QuerySet[Submission]:
    return Submission.objects.filter(claim=claim).exclude(status=SubmissionStatus.REFUSED)


def own_filing(user: User, claim: Claim) -> str | None:
    """Someone who filed on a claim judges nothing on it."""
    if _counted(claim).filter(filed_by=user).exists():
        return _("You submitted evidence on this claim, so another person must rate it.")
    return None


def own_employer(user: User, claim: Claim) -> str | None:
    """Nor does who belonged to the organisation for which evidence was filed, or to the laboratory
    that measured, at any time since."""
    employed = user.membership_set.filter(Q(ended_at=None) | Q(ended_at__gte=OuterRef("filed_at")))
    body = Exists(employed.filter(organisation=OuterRef("organisation")))
    laboratory = Exists(employed.filter(organisation__teardown__submission=OuterRef("pk")))
    if _counted(claim).filter(body | laboratory).exists():
        return _(
            "An organisation that you belong to submitted or measured evidence on this claim, so "
            "another person must rate it."
        )
    return None


def former_seat(user: User, claim: Claim) -> str | None:
    """Nor who ever acted for the company, or for another since the claim came: leaving one's seat
    the day before changes nothing."""
    if side_of(user, claim) != Affiliation.INDEPENDENT:
        return _(
            "You acted for a company that has an interest in this claim, so another person must "
            "rate it."
        )
    return None


def former_seat_on_proposal(user: User, proposal: ClaimProposal) -> str | None:
    """The same of a claim that is only proposed."""
    if side_on_proposal(user, proposal) != Affiliation.INDEPENDENT:
        return _(
            "You acted for a company that has an interest in this proposal, so another person "
            "must decide on it."
        )
    return None


def register() -> None:
    """Have all of them asked wherever a conflict is."""
    conflicts.register(own_filing)
    conflicts.register(own_employer)
    conflicts.register(former_seat)
    conflicts.register_for_proposals(former_seat_on_proposal)
