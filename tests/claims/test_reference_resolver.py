"""Addresses that spell a reference as a person typed it: one redirect, to an address that redirects
no further."""

from __future__ import annotations

from urllib.parse import quote, unquote

import pytest
from django.test import Client

from reports.models import Report
from tests import scenes
from tests.claims.test_references import wide
from tests.shared_scenes import shared_scene
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db

#: Every way of a reference that names it all the same.
SPELLED = (
    "{lower}", "AC%20{short}", "%20{ref}%20", "{spaced}", "{wide}", "{wide_lower}", "{dashed}",
    "AC{bare}",
    "{ref}%E2%80%8B", "AC%C2%A0{short}",
)  # fmt: skip


def spellings(reference: str) -> list[str]:
    known = {
        "ref": reference, "lower": reference.lower(), "short": reference[3:],
        "bare": reference[3:].replace("-", ""),
        "spaced": quote(" ".join(reference)), "wide": quote(wide(reference)),
        "wide_lower": quote(wide(reference.lower())),
        "dashed": quote(reference.replace("-", "–")),
    }  # fmt: skip
    return [one.format(**known) for one in SPELLED]


@shared_scene
def scene() -> scenes.Scene:
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    return scene


def test_every_page_of_a_reference_leads_to_its_one_address_however_it_is_spelled(
    client: Client, scene: scenes.Scene
) -> None:
    verdict, exhibit = Verdict.objects.get().reference, scene.exhibits()[0].reference
    pages = {
        "/claims/{}/": scene.claim.reference, "/claims/{}/history/": scene.claim.reference,
        "/claims/{}/card.png": scene.claim.reference,
        "/verdicts/{}/": verdict, "/verdicts/{}/card.png": verdict,
        "/verdicts/{}/chart.en.svg": verdict, "/exhibits/{}/": exhibit,
    }  # fmt: skip
    wrong = []
    for page, reference in pages.items():
        for spelled in spellings(reference):
            answer = client.get(f"{page.format(spelled)}?q=%E5%AD%97&x=AC")
            if (
                answer.status_code == 301
                and answer["Location"] == f"{page.format(reference)}?q=%E5%AD%97&x=AC"
            ):
                continue
            if (
                answer.status_code == 200 and "." in page
            ):  # a picture is no page: it is the same under every spelling
                continue
            wrong.append((page, unquote(spelled), answer.status_code, answer.get("Location")))
    assert not wrong


def test_the_api_reads_a_reference_however_it_is_spelled(
    client: Client, scene: scenes.Scene
) -> None:
    for path, reference in (
        ("claims", scene.claim.reference),
        ("verdicts", Verdict.objects.get().reference),
    ):
        for spelled in spellings(reference):
            assert client.get(f"/api/v1/{path}/{spelled}/").status_code == 200, spelled
    for spelled in spellings(scene.claim.reference):
        assert client.get(f"/api/v1/claims/{spelled}/history/").status_code == 200, spelled


@pytest.mark.parametrize(
    "wrong",
    [
        "AC%2F7F3K-Q2MX",
        "AC%5C7F3K",
        "%00",
        "..%2F..%2Fdesk",
        "AC-7F3K-Q2M%CC%81",
        "%E5%AD%97" * 40,
        "AC%25207F3K",
    ],
)
def test_what_is_no_reference_is_nowhere(client: Client, scene: scenes.Scene, wrong: str) -> None:
    for path in (
        f"/claims/{wrong}/",
        f"/verdicts/{wrong}/",
        f"/exhibits/{wrong}/",
        f"/reports/{wrong}/",
        f"/api/v1/claims/{wrong}/",
    ):
        assert client.get(path).status_code in {400, 404}, path
    assert not Report.objects.exists()
