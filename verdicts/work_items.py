"""What waits for someone at the desk, as one list: how urgent, for how long, and why (UI,
Moderators).

Nine kinds of rows are read, each in one query and cut to its oldest; then they stand in one order:
what is urgent now, what soon will be, what can wait, and within that what has waited longest.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta
from typing import Any, Final

from django.db.models import Exists, OuterRef, Prefetch, Q, QuerySet
from django.urls import reverse
from django.utils.translation import gettext as _

from accounts.models import User
from claims.models import Aspect, ClaimProposal
from claims.states import Progress
from evidence.exhibits.models import Measurement, Submission
from evidence.exhibits.states import SubmissionStatus
from evidence.sources.models import Alert
from evidence.sources.states import AlertKind
from verdicts.models import Finding, FindingExhibit, Invitation, Reply, Verdict, VerdictExhibit
from verdicts.states import InvitationStatus, VerdictStatus

NOW, SOON, LATER = 0, 1, 2
SHORT = 10
DAY = timedelta(days=1)


def queues() -> dict[str, tuple[QuerySet[Any], tuple[str, ...]]]:
    """What waits, by kind, each with the order of its list."""
    return {
        "replies": (
            Invitation.objects.filter(status=InvitationStatus.OPEN).select_related("claim"),
            ("deadline_at", "id"),
        ),
        "entries": (
            Reply.objects.unchecked().select_related("invitation__claim", "recorded_by"),
            ("received_at", "id"),
        ),
        "proposals": (
            Verdict.objects.filter(status=VerdictStatus.PROPOSED)
            .select_related("aspect__claim", "proposed_by")
            .annotate(
                evidence_gone=Exists(VerdictExhibit.objects.gone().filter(verdict=OuterRef("pk")))
            ),
            ("proposed_at", "id"),
        ),
        "shaken": (
            Verdict.objects.shaken().select_related("aspect__claim").prefetch_related(*_GONE),
            ("published_at", "id"),
        ),
        "returned": (
            Verdict.objects.sent_back().select_related("aspect__claim", "proposed_by"),
            ("decided_at", "id"),
        ),
        "alerts": (
            Alert.objects.filter(handled_at=None)
            .select_related("claim", "source", "version")
            .defer("version__body"),
            ("-id",),
        ),
        "submissions": (
            Submission.objects.waiting().select_related("claim").prefetch_related("exhibit_set"),
            ("filed_at", "id"),
        ),
        "claim_proposals": (ClaimProposal.objects.waiting(), ("proposed_at", "id")),
        "aspects": (
            Aspect.objects.filter(Q(progress=Progress.OVERDUE) | Q(progress=Progress.IN_REVIEW))
            .exclude(
                Exists(
                    Verdict.objects.filter(
                        aspect=OuterRef("pk"),
                        status__in=[VerdictStatus.PROPOSED, VerdictStatus.PUBLISHED],
                    )
                )
            )
            .exclude(Exists(Verdict.objects.sent_back().filter(aspect=OuterRef("pk"))))
            .select_related("claim"),
            ("id",),
        ),
    }


@dataclass(frozen=True)
class WorkItem:
    """One thing that waits. `row` is the thing itself, `since` from when it waits (None if nothing
    says), `why` a whole sentence."""

    kind: str
    row: Any
    urgency: int
    since: datetime | None
    why: str
    address: str
    reasons: tuple[str, ...] = ()

    @property
    def key(self) -> str:
        """A name for the page, the same at every refresh, so that the keyboard stays where it
        was."""
        return f"{self.kind}-{self.row.pk}"

    @property
    def claim(self) -> Any:
        """The claim that it is about, or None."""
        if self.kind == "claim_proposals":
            return None
        if self.kind in {"proposals", "returned", "shaken"}:
            return self.row.aspect.claim
        return self.row.invitation.claim if self.kind == "entries" else self.row.claim


def work_item(kind: str, row: Any, *, user: User, now: datetime) -> WorkItem:
    """How urgent one row is for `user`, and why."""
    return _KINDS[kind](row, user, now)


def by_urgency(rows: list[WorkItem], now: datetime) -> list[WorkItem]:
    """The most urgent first; of the same urgency, what has waited longest."""
    return sorted(rows, key=lambda item: (item.urgency, item.since or now, item.key))


def _reply(row: Invitation, user: User, now: datetime) -> WorkItem:
    left = row.deadline_at - now
    if left <= timedelta(0):
        urgency, why = (
            NOW,
            _(
                "The deadline has passed. The reply period closes automatically; then a verdict "
                "can be proposed."
            ),
        )
    elif left <= DAY:
        urgency, why = (
            NOW,
            _("The company’s reply is due in less than a day. Check whether one came another way."),
        )
    else:
        urgency, why = (
            (SOON if left <= 3 * DAY else LATER),
            _("The company can still reply. No verdict can be proposed before."),
        )
    return WorkItem(
        "replies",
        row,
        urgency,
        row.sent_at,
        why,
        reverse("verdicts:case", args=[row.claim.reference]),
    )


def _entry(row: Reply, user: User, now: datetime) -> WorkItem:
    invitation = row.invitation
    holds = invitation.status == InvitationStatus.OPEN and row.received_at <= invitation.deadline_at
    if row.recorded_by_id == user.pk:
        urgency, why = LATER, _("You entered this reply, so another person must check it.")
    elif not holds and not row.late:
        urgency, why = (
            NOW,
            _(
                "A reply was entered from a letter that came in time. It is not public until "
                "another person checks it."
            ),
        )
    elif holds and invitation.deadline_at - now <= DAY:
        urgency, why = (
            NOW,
            _(
                "A reply was entered from a letter. The reply period does not end until another "
                "person checks it."
            ),
        )
    else:
        urgency, why = (
            SOON,
            _(
                "A reply was entered from a letter. It becomes public once another person has "
                "checked it."
            ),
        )
    return WorkItem(
        "entries",
        row,
        urgency,
        row.received_at,
        why,
        f"{reverse('verdicts:case', args=[invitation.claim.reference])}#reply",
    )


def _alert(row: Alert, user: User, now: datetime) -> WorkItem:
    why = {
        AlertKind.QUOTE_VANISHED.value: _("The quote of a claim is no longer in its source."),
        AlertKind.SOURCE_GONE.value: _("The source page is no longer available."),
        AlertKind.SOURCE_UNFOUND.value: _("No check has ever found this page. Check its address."),
        AlertKind.SOURCE_SUSPECT.value: _(
            "The source showed something else at several checks. Open it and see what it is."
        ),
    }.get(row.kind, _("A source is available again."))
    if row.version and row.version.number > 1:
        address = f"{reverse('reports:diff', args=[row.source_id])}?to={row.version.number}"
    else:
        address = reverse("reports:source", args=[row.source_id])
    return WorkItem(
        "alerts",
        row,
        SOON if row.kind == AlertKind.SOURCE_BACK else NOW,
        row.created_at,
        why,
        address,
    )


def _proposal(row: Verdict, user: User, now: datetime) -> WorkItem:
    own = row.proposed_by_id == user.pk
    if row.evidence_gone:  # type: ignore[attr-defined]  # annotated by `queues`
        why = _(
            "Evidence used in this proposal was withdrawn or deleted. It cannot be approved: "
            "return it."
        )
        return WorkItem(
            "proposals",
            row,
            NOW,
            row.proposed_at,
            why,
            reverse("verdicts:decide", args=[row.reference]),
        )
    why = (
        _("You proposed it, so another adjudicator must decide.")
        if own
        else _("One adjudicator proposed it. Not public until a second approves.")
    )
    urgency = LATER if own else NOW if now - row.proposed_at > 2 * DAY else SOON
    return WorkItem(
        "proposals",
        row,
        urgency,
        row.proposed_at,
        why,
        reverse("verdicts:decide", args=[row.reference]),
    )


#: What of a verdict's evidence its submitters withdrew, with their reasons.
_GONE: Final = (
    Prefetch(
        "verdictexhibit_set",
        VerdictExhibit.objects.filter(
            exhibit__submission__status=SubmissionStatus.WITHDRAWN
        ).select_related("exhibit__submission"),
        to_attr="pins_gone",
    ),
    Prefetch(
        "aspect__measurement_set",
        Measurement.objects.filter(
            teardown__submission__status=SubmissionStatus.WITHDRAWN
        ).select_related("teardown__submission"),
        to_attr="measured_gone",
    ),
    Prefetch(
        "aspect__finding_set",
        Finding.objects.prefetch_related(
            Prefetch(
                "findingexhibit_set",
                FindingExhibit.objects.filter(
                    exhibit__submission__status=SubmissionStatus.WITHDRAWN
                ).select_related("exhibit__submission"),
                to_attr="pins_gone",
            )
        ),
        to_attr="found",
    ),
)


def _withdrawn(row: Any) -> list[Submission]:
    """The submissions withdrawn since a verdict (with _GONE read) was proposed, in their order."""
    counted = [teardown.teardown.submission for teardown in row.aspect.measured_gone]
    of_findings = [
        pin.exhibit.submission for finding in row.aspect.found for pin in finding.pins_gone
    ]
    withdrawn = [
        *(pin.exhibit.submission for pin in row.pins_gone),
        *of_findings,
        *(
            submission
            for submission in counted
            if submission.decided_at is not None and submission.decided_at <= row.proposed_at
        ),
    ]
    since = {
        submission.pk: submission
        for submission in withdrawn
        if submission.withdrawn_at is None or submission.withdrawn_at >= row.proposed_at
    }
    return sorted(
        since.values(),
        key=lambda submission: (submission.withdrawn_at or row.published_at, str(submission.pk)),
    )


def _lost_evidence(row: Verdict, user: User, now: datetime) -> WorkItem:
    gone = _withdrawn(row)
    why = (
        _(
            "The submitter withdrew evidence used in a current verdict. See which rules are "
            "still met, and replace the verdict."
        )
        if gone
        else _(
            "A file used in a current verdict was permanently deleted. See which rules are still "
            "met, and replace the verdict."
        )
    )
    since = gone[0].withdrawn_at if gone else None
    reasons = tuple(
        submission.withdrawal_reason for submission in gone if submission.withdrawal_reason
    )
    return WorkItem(
        "shaken", row, NOW, since, why, reverse("verdicts:decide", args=[row.reference]), reasons
    )


def _returned(row: Verdict, user: User, now: datetime) -> WorkItem:
    own = row.proposed_by_id == user.pk
    why = (
        _("Your proposal was returned. Read why; then propose again or leave it.")
        if own
        else _("Returned to its proposer, who can propose again. So can any other adjudicator.")
    )
    return WorkItem(
        "returned",
        row,
        NOW if own else LATER,
        row.decided_at,
        why,
        reverse("verdicts:decide", args=[row.reference]),
    )


def _submission(row: Submission, user: User, now: datetime) -> WorkItem:
    if row.filed_by_id == user.pk:
        urgency, why = LATER, _("You submitted it, so another person must decide.")
    elif now - row.filed_at > 3 * DAY:
        urgency, why = SOON, _("The submitter has waited more than three days.")
    else:
        urgency, why = LATER, _("The submitter awaits a decision.")
    return WorkItem(
        "submissions",
        row,
        urgency,
        row.filed_at,
        why,
        reverse("evidence:review", args=[row.reference]),
    )


def _claim_proposal(row: ClaimProposal, user: User, now: datetime) -> WorkItem:
    if row.proposed_by_id == user.pk:
        urgency, why = LATER, _("You proposed it, so another person must decide.")
    elif now - row.proposed_at > 3 * DAY:
        urgency, why = SOON, _("Whoever proposed it has waited more than three days.")
    else:
        urgency, why = LATER, _("Somebody proposed a claim. Decide what becomes of it.")
    return WorkItem(
        "claim_proposals",
        row,
        urgency,
        row.proposed_at,
        why,
        reverse("claims:triage", args=[row.reference]),
    )


def _aspect(row: Aspect, user: User, now: datetime) -> WorkItem:
    address = reverse("verdicts:case", args=[row.claim.reference])
    if row.progress == Progress.OVERDUE:
        since = datetime.combine(row.due_date, time.max, UTC) if row.due_date else None
        return WorkItem(
            "aspects",
            row,
            SOON,
            since,
            _("The promised date has passed. There is no finding yet."),
            address,
        )
    return WorkItem(
        "aspects", row, LATER, None, _("Reply period over. You can propose a verdict."), address
    )


_KINDS: dict[str, Callable[[Any, User, datetime], WorkItem]] = {
    "replies": _reply,
    "entries": _entry,
    "alerts": _alert,
    "proposals": _proposal,
    "returned": _returned,
    "shaken": _lost_evidence,
    "submissions": _submission,
    "claim_proposals": _claim_proposal,
    "aspects": _aspect,
}
