"""A verdict as schema.org ClaimReview, for search engines and fact-check readers.

`{"@context": "https://schema.org", "@type": "ClaimReview", "url": …, "claimReviewed": …,
"reviewRating": {…}, "itemReviewed": {…}}`

The five ratings that have a number carry it (1 worst, 5 best); `unverifiable` has a name and no
number. Only what holds of a real company is told in this form: nothing superseded, nothing
withdrawn, no demonstration.
"""

from __future__ import annotations

from typing import Any

from django.utils.translation import override

from claims.localized_text import read
from claims.states import ClaimStatus
from verdicts.models import Verdict
from verdicts.states import SCORES, Rating

MEDIA_TYPE = "application/ld+json"


def withheld_because(verdict: Verdict) -> str | None:
    """Why a published verdict (with its aspect, claim and successor read) has no ClaimReview, as a
    sentence, or None if it has one."""
    if verdict.aspect.claim.reconstruction:
        return (
            "This is a demonstration: the company is fictional, so there is no ClaimReview of it."
        )
    if verdict.successor:
        return (
            f"This verdict was replaced by {verdict.successor.reference}. Only the verdict that "
            f"holds now has a ClaimReview."
        )
    if verdict.aspect.claim.status == ClaimStatus.WITHDRAWN:
        return "AsClaimed withdrew this claim from its record, so there is no ClaimReview of it."
    return None


def review(verdict: Verdict, *, lang: str, address: str, site: str) -> dict[str, Any]:
    """The ClaimReview of a published verdict (with its aspect, claim and company read) in a
    language.

    `address` is the verdict's permanent one, `site` that of this installation.
    """
    aspect = verdict.aspect
    claim = aspect.claim
    with override(lang.lower()):
        rating: dict[str, Any] = {
            "@type": "Rating",
            "alternateName": str(Rating(verdict.rating).label),
        }
    score = SCORES[verdict.rating]
    if score is not None:
        rating |= {"ratingValue": score, "bestRating": 5, "worstRating": 1}
    item: dict[str, Any] = {
        "@type": "Claim",
        "text": claim.quote,
        "inLanguage": claim.quote_lang,
        "identifier": claim.reference,
        "author": {"@type": "Organization", "name": read(claim.company.name, lang).text},
    }
    if claim.made_at:
        item["datePublished"] = claim.made_at.isoformat()
    return {
        "@context": "https://schema.org",
        "@type": "ClaimReview",
        "url": address,
        "identifier": verdict.reference,
        "datePublished": verdict.published_at.isoformat() if verdict.published_at else None,
        "inLanguage": lang,
        "claimReviewed": read(aspect.statement, lang).text,
        "reviewBody": read(verdict.rationale, lang).text,
        "author": {"@type": "Organization", "name": "AsClaimed", "url": site},
        "reviewRating": rating,
        "itemReviewed": item,
    }
