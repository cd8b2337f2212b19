"""What a claim's and a verdict's page tell other sites about themselves: Open Graph, ClaimReview,
the picture beside a link."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse, HttpResponseNotModified
from django.utils.http import parse_etags
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext as _
from django.utils.translation import override

from accounts.expensive_reads import cached_picture
from claims.localized_text import read
from claims.models import Aspect, Claim
from claims.states import Progress
from reports.drawing import cards
from reports.wording.report_strings import Lang
from ui.languages import address, page_language, permanent_address
from verdicts.claimreview import review, withheld_because
from verdicts.models import Verdict
from verdicts.states import Rating

#: No `<`, `>` or `&` may stand in a data block: with them a quote could end it.
_ESCAPES = {ord(character): f"\\u{ord(character):04x}" for character in "<>&\u2028\u2029"}


def data_block(value: Any) -> SafeString:
    """JSON-LD as a data block. It is not a script: no browser runs it, and the CSP has nothing to
    say to it."""
    text = json.dumps(value, ensure_ascii=False).translate(_ESCAPES)
    return mark_safe(f'<script type="application/ld+json">{text}</script>')  # noqa: S308  escaped above


def head(*, name: str, reference: str, verdicts: Sequence[Verdict]) -> dict[str, Any]:
    """What a page's head needs: its permanent address, its picture, and a ClaimReview for each
    verdict on it."""
    lang, site = page_language(), settings.SITE_URL
    verdicts = [verdict for verdict in verdicts if withheld_because(verdict) is None]
    reviews = [
        review(
            verdict,
            lang=lang,
            site=f"{site}/",
            address=permanent_address("reports:verdict", verdict.reference),
        )
        for verdict in verdicts
    ]
    return {
        "permanent": permanent_address(f"reports:{name}", reference),
        "card": site + address(f"reports:{name}-card", reference),
        "claim_reviews": data_block(reviews[0] if len(reviews) == 1 else reviews)
        if reviews
        else "",
        "review_addresses": [
            f"/api/v1/verdicts/{verdict.pk}/?format=jsonld&lang={lang}" for verdict in verdicts
        ],
    }


def _label(text: Any) -> str:
    words = str(text)
    return words[:1].upper() + words[1:]


def _card(claim: Claim, lines: Iterable[cards.PointLine], reference: str, lang: Lang) -> cards.Card:
    return cards.Card(
        lang=lang,
        who=f"{read(claim.company.name, lang).text} · {read(claim.product.name, lang).text}",
        quote=claim.quote,
        quote_lang=claim.quote_lang,
        lines=list(lines),
        reference=reference,
        house="AsClaimed 言实录" + (" · " + _("demonstration") if claim.reconstruction else ""),
    )


def of_claim(claim: Claim, lang: Lang) -> cards.Card:
    """The picture of a claim: its first aspects with what stands on them."""
    with override(lang.lower()):
        aspects = list(Aspect.objects.filter(claim=claim).order_by("number")[: cards.MOST])
        ratings = dict(
            Verdict.objects.current().filter(aspect__in=aspects).values_list("aspect", "rating")
        )
        lines = [
            cards.PointLine(
                ratings.get(aspect.pk, ""),
                _label(
                    Rating(ratings[aspect.pk]).label
                    if aspect.pk in ratings
                    else Progress(aspect.progress).label
                ),
                read(aspect.statement, lang).text,
            )
            for aspect in aspects
        ]
        return _card(claim, lines, claim.reference, lang)


def of_verdict(verdict: Verdict, lang: Lang) -> cards.Card:
    """The picture of one verdict."""
    with override(lang.lower()):
        word = _label(Rating(verdict.rating).label)
        if verdict.successor:
            word = _("Replaced: %(word)s") % {"word": word}
        line = cards.PointLine(verdict.rating, word, read(verdict.aspect.statement, lang).text)
        return _card(verdict.aspect.claim, [line], verdict.reference, lang)


def answer(request: HttpRequest, card: cards.Card) -> HttpResponse:
    """The picture, or 304 for who holds it under its digest already."""
    etag = f'"{cards.digest(card)}"'
    if etag in parse_etags(request.headers.get("If-None-Match", "")):
        response: HttpResponse = HttpResponseNotModified()
    else:
        response = HttpResponse(
            cached_picture(request, "card", etag, lambda: cards.draw(card)),
            content_type="image/png",
        )
    response["ETag"] = etag
    response["Cache-Control"] = "public, max-age=300"
    return response
