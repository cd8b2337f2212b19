"""What a page tells other sites about itself: ClaimReview, Open Graph, the picture beside a
link."""

from __future__ import annotations

import json
import re
from io import BytesIO
from typing import Any

import pytest
from django.contrib.staticfiles import finders
from django.test import Client
from PIL import Image

from claims.models import Claim
from reports.pages import previews
from tests import scenes
from tests.shared_scenes import shared_scene
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db


@shared_scene
def verdict() -> Verdict:
    return scenes.build_verdict(scenes.build_claim())


def blocks(page: str) -> list[object]:
    return [
        json.loads(text)
        for text in re.findall(r'<script type="application/ld\+json">(.*?)</script>', page)
    ]


def test_a_verdict_says_what_it_is_to_machines_on_its_pages_and_at_the_api(
    verdict: Verdict, client: Client
) -> None:
    claim = verdict.aspect.claim
    answer = client.get(
        f"/api/v1/verdicts/{verdict.pk}/", headers={"accept": "application/ld+json"}
    )
    assert answer["Content-Type"] == "application/ld+json"
    assert "Accept" in answer["Vary"]
    told = json.loads(answer.content)
    assert (told["@type"], told["reviewRating"]["ratingValue"]) == ("ClaimReview", 1)
    assert told["reviewRating"]["alternateName"] == "Not as claimed"
    assert (told["claimReviewed"], told["itemReviewed"]["text"]) == (
        "two ducts move air to the brakes",
        scenes.POST,
    )
    assert told["url"] == f"http://testserver/verdicts/{verdict.reference}/"
    assert blocks(client.get(f"/verdicts/{verdict.reference}/").content.decode()) == [told]
    assert blocks(client.get(f"/claims/{claim.reference}/").content.decode()) == [told]
    chinese = client.get(
        f"/api/v1/verdicts/{verdict.pk}/?lang=zh-Hans", headers={"accept": "application/ld+json"}
    ).json()
    assert (chinese["reviewRating"]["alternateName"], chinese["claimReviewed"]) == (
        "与宣称不符",
        "两条风道把空气送到制动",
    )
    assert client.get(f"/api/v1/verdicts/{verdict.pk}/").json()["format"] == "asclaimed-verdict@v2"
    assert (
        client.get("/api/v1/verdicts/", headers={"accept": "application/ld+json"}).status_code
        == 406
    )


#: What search engines ask of a ClaimReview, and Open Graph
#: of a page (schema.org/ClaimReview, ogp.me).
REVIEW = {
    "@context",
    "@type",
    "url",
    "claimReviewed",
    "reviewRating",
    "itemReviewed",
    "author",
    "datePublished",
    "inLanguage",
}
PARTS = {
    "reviewRating": {"@type", "alternateName", "ratingValue", "bestRating", "worstRating"},
    "itemReviewed": {"@type", "text", "author"},
    "author": {"@type", "name", "url"},
}  # fmt: skip
OPEN_GRAPH = {
    "og:type",
    "og:title",
    "og:url",
    "og:image",
    "og:description",
    "og:site_name",
    "og:locale",
}


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_nothing_is_missing_that_others_ask_of_a_review_or_a_preview(
    verdict: Verdict, client: Client, lang: str
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = lang
    for path in (f"/claims/{verdict.aspect.claim.reference}/", f"/verdicts/{verdict.reference}/"):
        page = client.get(path).content.decode()
        told: dict[str, Any]
        [told] = blocks(page)  # type: ignore[assignment]
        assert {name for name in REVIEW if told.get(name)} == REVIEW
        for name, asked in PARTS.items():
            assert asked <= {each for each, value in told[name].items() if value}, name
        given = dict(re.findall(r'<meta property="(og:[a-z_]+)" content="([^"]+)"', page))
        assert given.keys() >= OPEN_GRAPH
        assert given["og:url"] == f"http://testserver/{lang[:2]}{path}"
        for icon in re.findall(r'<link rel="(?:apple-touch-)?icon" href="/static/([^"]+)"', page):
            assert finders.find(icon), icon
        assert page.count('icon" href=') == 2


def test_a_quote_cannot_end_the_block_it_stands_in(verdict: Verdict, client: Client) -> None:
    hostile = '</script><script>alert(1)</script>&"'
    Claim.objects.filter(pk=verdict.aspect.claim_id).update(quote=hostile)
    page = client.get(f"/claims/{verdict.aspect.claim.reference}/").content.decode()
    assert "<script>alert" not in page
    [told] = blocks(page)
    assert told["itemReviewed"]["text"] == hostile  # type: ignore[index]
    assert "</script><" in json.dumps(hostile)  # what would stand there without the escapes


def test_a_claim_without_a_verdict_claims_no_review(client: Client) -> None:
    claim = scenes.build_claim().claim
    page = client.get(f"/claims/{claim.reference}/").content.decode()
    assert blocks(page) == []
    assert f'property="og:url" content="http://testserver/en/claims/{claim.reference}/"' in page


@pytest.mark.parametrize("lang", ["en", "zh-Hans"])
def test_the_picture_of_a_link_is_drawn_and_known_by_its_content(
    verdict: Verdict, client: Client, lang: str
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = lang
    for path in (
        f"/claims/{verdict.aspect.claim.reference}/card.png",
        f"/verdicts/{verdict.reference}/card.png",
    ):
        answer = client.get(path)
        assert answer["Content-Type"] == "image/png"
        picture = Image.open(BytesIO(answer.content))
        assert (picture.size, picture.info.get("Software")) == ((1200, 630), None)
        assert client.get(path, headers={"if-none-match": answer["ETag"]}).status_code == 304
        assert client.get(path).content == answer.content
        page = client.get(path.rpartition("card")[0]).content.decode()
        assert re.search(
            r'property="og:image" content="http://testserver/(en|zh)/[^"]+/card\.png"', page
        )
    Claim.objects.filter(pk=verdict.aspect.claim_id).update(quote="Other words.")
    assert client.get(path)["ETag"] != answer["ETag"]


def test_any_words_can_be_drawn(verdict: Verdict) -> None:
    claim = verdict.aspect.claim
    for quote in ('#eval(read("/etc/passwd"))', "字" * 900, "x" * 900, "\u202e\x00🂡", " "):
        claim.quote = quote
        assert previews.cards.draw(previews.of_claim(claim, "en")).startswith(b"\x89PNG")
