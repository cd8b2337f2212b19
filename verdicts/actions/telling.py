"""Who is told of what is concluded, each in the transaction of the act."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final

from django.db.models import F

import ledger
import notifications
from accounts.models import Role, User
from evidence.exhibits.models import Submission
from notifications import Kind
from verdicts import gates
from verdicts.basis import exhibits_of
from verdicts.evidence_assessment import counted_submissions
from verdicts.models import Finding, Invitation, Reply, Verdict
from verdicts.representation import representatives
from verdicts.states import InvitationStatus

LAST_DAY: Final = timedelta(days=1)
#: A shorter time to reply has no reminders: they would come with the request.
SHORTEST_REMINDED: Final = timedelta(days=2)


def proposed(verdict: Verdict, *, by: User) -> None:
    """Adjudicators who may decide it. Asked one by one, by the gates that will be asked of them:
    they are few."""
    claim, findings = verdict.aspect.claim, Finding.objects.filter(aspect=verdict.aspect)
    counted = counted_submissions(verdict.aspect, exhibits_of(verdict))
    free = [
        person.pk
        for person in notifications.holders(Role.ADJUDICATOR).exclude(pk=by.pk)
        if not any(
            (
                gates.conflict_of_interest(person, claim),
                gates.wrote_no_finding(person, findings),
                gates.accepted_none(person, counted),
                gates.discarded_none(person, claim),
            )
        )
    ]
    notifications.tell(Kind.VERDICT_PROPOSED, to=notifications.people(free), about=verdict, by=by)


def sent_back(verdict: Verdict, *, by: User) -> None:
    """Its proposer."""
    notifications.tell(
        Kind.VERDICT_SENT_BACK,
        to=notifications.people([verdict.proposed_by_id]),
        about=verdict,
        by=by,
        reference=verdict.aspect.claim.reference,
    )


def published(verdict: Verdict, *, by: User) -> None:
    """Who submitted what it rests on, or what the one before rested on, and the company."""
    rests_on = [pk for pk in (verdict.pk, verdict.supersedes_id) if pk]
    filed = Submission.objects.filter(exhibit__verdictexhibit__verdict__in=rests_on)
    company = verdict.aspect.claim.company
    notifications.tell(
        Kind.VERDICT_REPLACED if verdict.supersedes_id else Kind.VERDICT_PUBLISHED,
        to=notifications.people(filed.values("filed_by")) | representatives(company),
        about=verdict,
        by=by,
    )


def requested(invitation: Invitation, *, by: ledger.Actor) -> None:
    """The representatives: their company is asked for a reply."""
    notifications.tell(
        Kind.REPLY_REQUESTED,
        to=representatives(invitation.claim.company),
        about=invitation,
        by=by,
        reference=invitation.claim.reference,
    )


def extended(invitation: Invitation, *, by: ledger.Actor) -> None:
    """The representatives: their company has more time."""
    notifications.tell(
        Kind.REPLY_EXTENDED,
        to=representatives(invitation.claim.company),
        about=invitation,
        by=by,
        reference=invitation.claim.reference,
        occurrence=invitation.deadline_at.isoformat(),
    )


def remind(*, now: datetime) -> None:
    """The representatives of each company that has not replied: half of its time is over, or its
    last day has begun. Each of them once; of a last day that was put off, again."""
    waiting = Invitation.objects.filter(status=InvitationStatus.OPEN, deadline_at__gt=now)
    long = waiting.filter(deadline_at__gte=F("sent_at") + SHORTEST_REMINDED)
    for invitation in long.select_related("claim__company"):
        ends = invitation.deadline_at
        last_day = ends - now <= LAST_DAY
        if not last_day and now - invitation.sent_at < (ends - invitation.sent_at) / 2:
            continue
        notifications.tell(
            Kind.REPLY_LAST_DAY if last_day else Kind.REPLY_HALF_TIME,
            to=representatives(invitation.claim.company),
            about=invitation,
            reference=invitation.claim.reference,
            occurrence=ends.isoformat() if last_day else "",
        )


def replied(reply: Reply, *, by: ledger.Actor) -> None:
    """Who asked, who recorded a finding on the claim, who proposed a verdict on it."""
    claim = reply.invitation.claim
    asked = Invitation.objects.filter(claim=claim).values("invited_by")
    weighed = Finding.objects.filter(aspect__claim=claim).values("moderator")
    concluded = Verdict.objects.filter(aspect__claim=claim).values("proposed_by")
    people = notifications.people
    notifications.tell(
        Kind.REPLY_GIVEN,
        to=people(asked) | people(weighed) | people(concluded),
        about=reply,
        by=by,
        reference=claim.reference,
    )


def entered(reply: Reply, *, by: User) -> None:
    """Everyone who may compare what was entered with the letter."""
    notifications.tell(
        Kind.REPLY_TO_CHECK,
        to=notifications.holders(Role.MODERATOR, Role.ADJUDICATOR),
        about=reply,
        by=by,
        reference=reply.invitation.claim.reference,
    )
