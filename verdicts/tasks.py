"""The work of this app: closing reply windows, writing the published bytes of a verdict."""

from __future__ import annotations

from datetime import timedelta

from django.utils import timezone

import jobs
import ledger
from verdicts.actions import close_window, telling
from verdicts.models import Invitation, VerdictDocument
from verdicts.published_files import remove_document, write_document, write_successor


@jobs.handler("verdicts.close_window", queue="report", together=True)
def close(work: jobs.Work) -> None:
    """The deadline of an invitation has come."""
    invitation = Invitation.objects.get(pk=work.payload["invitation"])
    now = timezone.now()
    if now < invitation.deadline_at:
        raise jobs.Retry(
            "the window is still open",
            after=invitation.deadline_at - now + timedelta(milliseconds=50),
        )
    with work.finish():
        close_window(by=ledger.SYSTEM, invitation=invitation, now=now)


@jobs.handler("verdicts.publish", queue="report")
def publish(work: jobs.Work) -> None:
    """Write the verdict's document where the front serves it from; the row stays the truth, so the
    file can be written again."""
    document = (
        VerdictDocument.objects.select_related("verdict").filter(pk=work.payload["verdict"]).first()
    )
    if document is not None:
        write_document(str(document.pk), document.body)
        if document.verdict.supersedes_id:
            write_successor(str(document.verdict.supersedes_id), str(document.pk))
    with work.finish():
        if document is None or not VerdictDocument.objects.filter(pk=document.pk).exists():
            remove_document(
                str(work.payload["verdict"])
            )  # withheld in the meantime (verdicts.erasure)


@jobs.periodic("verdicts.close_overdue_windows", every=timedelta(hours=1))
def close_overdue() -> None:
    """What the timed job should have closed already; here so that a failed one cannot keep a window
    open for ever."""
    now = timezone.now()
    for invitation in Invitation.objects.filter(status="open", deadline_at__lte=now)[:500]:
        close_window(by=ledger.SYSTEM, invitation=invitation, now=now)


@jobs.periodic("verdicts.remind_companies", every=timedelta(hours=1))
def remind_companies() -> None:
    """Half of the time to reply is over, or its last day has begun."""
    telling.remind(now=timezone.now())
