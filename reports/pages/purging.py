"""What is withdrawn or erased leaves the pages that our own servers keep before whoever does it has
their answer, and the caches in front as soon as the operator's hook has taken them.

Our own: `settle` waits until no process gives a page of before any more. Caches in front: PURGE_URL
is told which addresses to forget, and waited for. What could not be told stands in the log, for
people to purge by hand.
"""

from __future__ import annotations

import json
import logging
import urllib.error
import urllib.request
from collections.abc import Iterator
from typing import Final

from django.conf import settings
from django.db import transaction
from django.urls import reverse
from django.utils import translation

from claims.actions import claims as claim_actions
from claims.models import Appearance, Claim
from evidence.exhibits.actions import filing
from evidence.exhibits.models import Exhibit, Rendition, Submission
from ledger import erasure
from reports.models import Report, ReportFile
from reports.pages.page_cache import settle
from verdicts.models import Verdict

log = logging.getLogger(__name__)

SECONDS: Final = 10
LANGUAGES: Final = ("en", "zh-hans")
#: Lists and feeds in which a claim may stand.
_LISTS: Final = (
    "front", "claims", "companies", "corrections", "feed-verdicts", "feed-edits",
    "feed-corrections", "feed-disappearances",
)  # fmt: skip


def register() -> None:
    """Have withdrawals and erasures come by here. After all others: what they hide is hidden by
    then."""
    filing.after_withdrawal.add(_after_withdrawn_submission)
    claim_actions.after_withdrawal.add(_after_withdrawn_claim)
    erasure.register(_after_erasure, "pages")


def _after_withdrawn_claim(claim: Claim) -> None:
    transaction.on_commit(lambda: _leave(addresses_of(claim)), robust=True)


def _after_withdrawn_submission(submission: Submission) -> None:
    _after_withdrawn_claim(submission.claim)


def _after_erasure(_target: erasure.Target) -> None:
    _leave([])  # an erased text may stand anywhere


def _leave(addresses: list[str]) -> None:
    """Wait for our own servers, then tell the caches in front. No addresses: all of them."""
    settle()
    if not settings.PURGE_URL:
        if settings.SHARED_CACHE_SECONDS:
            _by_hand(addresses, "PURGE_URL is not set")
        return
    body = json.dumps({"everything": not addresses, "addresses": addresses}).encode()
    request = urllib.request.Request(  # noqa: S310  the operator's own address, from the settings
        settings.PURGE_URL, body, {"Content-Type": "application/json"}, method="POST"
    )
    try:
        with urllib.request.urlopen(request, timeout=SECONDS):  # noqa: S310  as above
            pass
    except (OSError, ValueError) as error:
        _by_hand(addresses, str(error))


def _by_hand(addresses: list[str], why: str) -> None:
    log.error(
        "still to purge from the caches in front (%s): %s",
        why,
        " ".join(addresses) or f"everything under {settings.SITE_URL}/",
    )


def addresses_of(claim: Claim) -> list[str]:
    """Every address that shows something of a claim, in both languages, absolute."""
    addresses: dict[str, None] = {}
    for language in LANGUAGES:
        with translation.override(language):
            addresses.update(dict.fromkeys(_addresses(claim)))
    return [f"{settings.SITE_URL}{address}" for address in addresses]


def _addresses(claim: Claim) -> Iterator[str]:
    yield from (reverse(f"reports:{name}") for name in _LISTS)
    yield reverse("reports:company", args=[claim.company_id])
    yield reverse("reports:product", args=[claim.product_id])
    yield reverse("reports:claim", args=[claim.reference])
    yield reverse("reports:history", args=[claim.reference])
    yield reverse("api:claim-detail", args=[claim.pk])
    for verdict in Verdict.objects.public().filter(aspect__claim=claim):
        yield reverse("reports:verdict", args=[verdict.reference])
        yield reverse("api:verdict-detail", args=[verdict.pk])
    for exhibit in Exhibit.objects.filter(submission__claim=claim):
        yield reverse("reports:exhibit", args=[exhibit.reference])
    for digest in Rendition.objects.filter(exhibit__submission__claim=claim).values_list(
        "digest", flat=True
    ):
        yield reverse("reports:media", args=[digest])
    for source in Appearance.objects.filter(claim=claim).values_list("source", flat=True):
        yield reverse("reports:source", args=[source])
    for report in Report.objects.filter(claim=claim):
        yield reverse("reports:report", args=[report.reference])
    for file in ReportFile.objects.filter(report__claim=claim).select_related("report"):
        yield reverse("reports:report-file", args=[file.report.reference, file.name])
