"""What the API tells of claims and verdicts."""

from __future__ import annotations

import gzip
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from django.db import connection
from django.test import Client, RequestFactory
from django.test.client import ClientHandler
from django.test.utils import CaptureQueriesContext

from claims.localized_text import write
from claims.models import Aspect, Claim
from config.verdict_fast_path import VerdictFastPath
from tests import scenes
from tests.pages import page_text
from tests.shared_scenes import shared_scene
from verdicts.models import Verdict, VerdictDocument
from verdicts.published_files import write_document, write_successor

pytestmark = pytest.mark.django_db


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_claim()


def aspects(client: Client, address: str) -> list[dict[str, Any]]:
    """The points of the one claim there is, from the list or from the claim itself."""
    answer = client.get(address).json()
    (claim,) = answer.get("results", [answer])
    found: list[dict[str, Any]] = claim["aspects"]
    return found


@pytest.mark.parametrize(
    "address",
    ["/api/v1/claims/", "/api/v1/claims/{claim.reference}/", "/api/v1/claims/{claim.pk}/"],
)
def test_a_rated_point_says_so_and_which_verdict_stands(
    client: Client, scene: scenes.Scene, address: str, settings: Any
) -> None:
    verdict = scenes.build_verdict(scene)
    ducts, carbon = aspects(client, address.format(claim=scene.claim))
    assert (ducts["progress"], carbon["progress"]) == ("rated", "in_review")
    assert ducts["verdict"] == {
        "id": str(verdict.pk),
        "reference": verdict.reference,
        "rating": "not_delivered",
        "mechanism": "",
        "published_at": verdict.published_at.isoformat().replace("+00:00", "Z")
        if verdict.published_at
        else None,
        "url": f"{settings.SITE_URL}/verdicts/{verdict.reference}/",
    }
    assert carbon["verdict"] is None


def test_a_proposed_verdict_is_no_verdict_of_its_point(client: Client, scene: scenes.Scene) -> None:
    scenes.build_findings(scenes.build_evidence(scene))
    scenes.build_silence(scene)
    scenes.propose(scene)
    assert [(one["progress"], one["verdict"]) for one in aspects(client, "/api/v1/claims/")] == [
        ("in_review", None)
    ] * 2


def test_a_superseding_verdict_stands_in_place_of_the_old_one(
    client: Client, scene: scenes.Scene
) -> None:
    old = scenes.build_verdict(scene)
    proposed = scenes.propose(scene, rating="partly_delivered", reason="Another car was measured.")
    new = scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=proposed, now=scene.now
    )
    ducts, _carbon = aspects(client, "/api/v1/claims/")
    assert (ducts["verdict"]["reference"], ducts["progress"]) == (new.reference, "rated")
    assert old.reference != new.reference


def test_a_list_of_claims_costs_the_same_with_one_rated_point_and_with_eleven(
    client: Client, scene: scenes.Scene
) -> None:
    verdict = scenes.build_verdict(scene)
    with CaptureQueriesContext(connection) as before:
        client.get("/api/v1/claims/")
    for _ in range(10):
        claim = scenes.claims.register_claim(
            by=scene.moderator, product=scene.product, quote="又一句", quote_lang="zh-Hans",
            now=scene.now,
            summary=write("en", "Another"),
            aspects=[scenes.claims.NewAspect("process", write("en", "It comes"))],
        )  # fmt: skip
        copy = Verdict.objects.get(pk=verdict.pk)
        copy.pk, copy.reference, copy.aspect = (
            Claim().pk,
            claim.reference,
            Aspect.objects.get(claim=claim),
        )
        copy.save(force_insert=True)
    with CaptureQueriesContext(connection) as after:
        rows = client.get("/api/v1/claims/").json()["results"]
    assert sum(one["verdict"] is not None for row in rows for one in row["aspects"]) == 11
    assert len(after) == len(before)


def test_claims_are_found_by_the_rating_of_a_verdict_that_stands(
    client: Client, scene: scenes.Scene
) -> None:
    scenes.build_verdict(scene)
    assert [
        one["reference"]
        for one in client.get("/api/v1/claims/?rating=not_delivered").json()["results"]
    ] == [scene.claim.reference]
    assert client.get("/api/v1/claims/?rating=misleading").json()["results"] == []
    assert client.get("/api/v1/claims/?rating=wrong").status_code == 400


# --- what was superseded, withdrawn, or is a demonstration ----------------------------------------


def superseded(scene: scenes.Scene) -> tuple[Verdict, Verdict]:
    """A verdict, and the one that was published in its place later."""
    old = scenes.build_verdict(scene)
    proposed = scenes.propose(scene, rating="partly_delivered", reason="Another car was measured.")
    new = scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=proposed, now=scene.now + timedelta(hours=1)
    )
    return Verdict.objects.get(pk=old.pk), new


def test_a_superseded_verdict_says_by_which_and_when_and_comes_after_those_that_stand(
    client: Client, scene: scenes.Scene
) -> None:
    other = scenes.build_claim_beside(scene)
    standing = scenes.verdict_on(scene, other)
    old, new = superseded(scene)
    assert old.published_at
    assert standing.published_at
    Verdict.objects.filter(pk=standing.pk).update(published_at=old.published_at - timedelta(days=9))
    rows = client.get("/api/v1/verdicts/").json()["results"]
    assert [one["reference"] for one in rows] == [new.reference, standing.reference, old.reference]
    first, _second, last = rows
    assert (first["superseded_by"], first["superseded_at"]) == (None, None)
    assert (last["superseded_by"], last["superseded_at"]) == (str(new.pk), first["published_at"])
    assert [
        one["reference"]
        for one in client.get("/api/v1/verdicts/?status=superseded").json()["results"]
    ] == [old.reference]
    found = client.get(
        f"/api/v1/verdicts/?claim={scene.claim.reference.lower()}&status=published"
    ).json()["results"]
    assert [one["reference"] for one in found] == [new.reference]
    walked, path = [], "/api/v1/verdicts/?limit=1"
    while path:
        page = client.get(path).json()
        walked += [one["reference"] for one in page["results"]]
        path = page["next"]
    assert walked == [one["reference"] for one in rows]
    assert client.get("/api/v1/verdicts/?cursor=nonsense").status_code == 404


def test_a_proposal_to_supersede_is_no_successor(client: Client, scene: scenes.Scene) -> None:
    verdict = scenes.build_verdict(scene)
    scenes.propose(scene, rating="partly_delivered", reason="Another car was measured.")
    (row,) = client.get("/api/v1/verdicts/").json()["results"]
    assert (row["reference"], row["superseded_by"], row["superseded_at"]) == (
        verdict.reference,
        None,
        None,
    )
    assert "Link" not in client.get(f"/api/v1/verdicts/{verdict.pk}/").headers


def as_review(client: Client, verdict: Verdict) -> Any:
    return client.get(f"/api/v1/verdicts/{verdict.pk}/", headers={"accept": "application/ld+json"})


def test_only_the_verdict_that_stands_is_told_as_a_claim_review(
    client: Client, scene: scenes.Scene
) -> None:
    old, new = superseded(scene)
    assert as_review(client, new).json()["@type"] == "ClaimReview"
    refused = as_review(client, old)
    assert (refused.status_code, refused["Content-Type"]) == (406, "application/problem+json")
    assert new.reference in refused.json()["detail"]
    assert "ld+json" in page_text(client.get(f"/verdicts/{new.reference}/"))  # control
    page = page_text(client.get(f"/verdicts/{old.reference}/", headers={"accept-language": "en"}))
    assert "ld+json" not in page
    assert "<title>Replaced: " in page
    assert client.get(f"/api/v1/verdicts/{old.pk}/")["Link"].startswith(
        f"</api/v1/verdicts/{new.pk}/>"
    )


@pytest.mark.parametrize("field", [{"reconstruction": True}, {"status": "withdrawn"}])
def test_a_demonstration_and_a_withdrawn_claim_are_told_as_no_claim_review(
    client: Client, scene: scenes.Scene, field: dict[str, Any]
) -> None:
    verdict = scenes.build_verdict(scene)
    Claim.objects.filter(pk=scene.claim.pk).update(**field)
    assert as_review(client, verdict).status_code == 406
    for path in (f"/verdicts/{verdict.reference}/", f"/claims/{scene.claim.reference}/"):
        assert "ld+json" not in page_text(client.get(path))


def test_a_demonstration_and_a_licence_are_named_wherever_the_thing_is(
    client: Client, scene: scenes.Scene
) -> None:
    Claim.objects.filter(pk=scene.claim.pk).update(reconstruction=True)
    scene.claim.refresh_from_db()
    verdict = scenes.build_verdict(scene)
    scenes.build_pointing(scene)
    document = client.get(f"/api/v1/verdicts/{verdict.pk}/").json()
    assert document["claim"]["reconstruction"] is True
    assert {one["licence"] for one in document["exhibits"]} == {"cc-by-4.0"}
    for path in ("verdicts", "exhibits", "comparisons", "claims"):
        assert all(
            one["reconstruction"] is True
            for one in client.get(f"/api/v1/{path}/").json()["results"]
        ), path
    type(scene.submissions[0]).objects.update(licence="show")
    assert {one["licence"] for one in client.get("/api/v1/exhibits/").json()["results"]} == {"show"}


# --- one document, one set of headers -------------------------------------------------------------


def through(
    address: str, published: Path, method: str = "GET", **headers: str
) -> tuple[int, dict[str, str], bytes]:
    """What the whole of our server answers: the front, and Django behind it."""
    environ = RequestFactory().generic(method, address, headers=headers).environ
    seen: dict[str, Any] = {}

    def start(status: str, found: list[tuple[str, str]], *_: Any) -> None:
        seen.update(
            status=int(status[:3]),
            headers={name: value for name, value in found if name != "X-Request-Id"},
        )

    def django(environ: dict[str, Any], start: Any) -> list[bytes]:
        answer: Any = ClientHandler()(environ)
        start(f"{answer.status_code} so", list(answer.items()))
        return [answer.content]

    body = b"".join(VerdictFastPath(django, published)(environ, start))
    return seen["status"], seen["headers"], body


ASKED: list[dict[str, str]] = [
    {}, {"Accept": "*/*"}, {"Accept": "application/json"},
    {"Accept": "application/json;q=0.5, text/html"}, {"Accept": "text/csv"},
    {"Accept": "application/ld+json"}, {"Accept": "application/ld+json, application/json"},
    {"Accept": "application/*"},
    {"Accept-Encoding": "gzip"}, {"Accept-Encoding": "gzip;q=0, br"},
    {"Accept-Encoding": "br, gzip;q=0.5", "Accept": "*/*"},
    {"Accept-Language": "zh-CN"}, {"If-None-Match": "*"}, {"If-None-Match": "W/{etag}"},
    {"If-None-Match": "{etag}", "Accept-Encoding": "gzip"},
    {"If-None-Match": '"other"'}, {"Origin": "https://elsewhere.example"},
    {"Cookie": "sessionid=none"}, {"Accept": "text/csv;q=0.1"},
]  # fmt: skip


@pytest.mark.parametrize("method", ["GET", "HEAD"])
@pytest.mark.parametrize("superseded_", [False, True])
def test_a_verdict_is_answered_alike_by_its_id_and_by_its_reference(
    scene: scenes.Scene, settings: Any, tmp_path: Path, method: str, superseded_: bool
) -> None:
    """By the file in front, by Django where the file is not there, by the reference however it is
    spelled."""
    verdict = superseded(scene)[0] if superseded_ else scenes.build_verdict(scene)
    write_document(str(verdict.pk), VerdictDocument.objects.get(pk=verdict.pk).body)
    if verdict.successor:
        write_successor(str(verdict.pk), str(verdict.successor.pk))
    addresses = [
        f"/api/v1/verdicts/{one}/"
        for one in (verdict.pk, verdict.reference, verdict.reference.lower())
    ]
    for asked in ASKED:
        headers = {
            name: value.replace("{etag}", f'"{verdict.document_digest}"')
            for name, value in asked.items()
        }
        answers = [through(one, settings.PUBLISHED_DIR, method, **headers) for one in addresses]
        answers.append(
            through(addresses[0], tmp_path, method, **headers)
        )  # whose file is not there
        status, told, body = answers[0]
        assert all(one == answers[0] for one in answers), (asked, answers)
        assert told["Access-Control-Allow-Origin"] == "*"
        if status in {200, 304}:
            assert told["Vary"] == "Accept, Accept-Encoding"
        if asked.get("Accept", "").startswith("text/csv"):
            assert (status, told["Content-Type"]) == (406, "application/problem+json")
        if (
            asked.get("Accept-Encoding", "").startswith(("gzip", "br, gzip"))
            and "q=0," not in asked["Accept-Encoding"]
            and status == 200
        ):
            assert told["Content-Encoding"] == "gzip"
            assert (
                method == "HEAD"
                or gzip.decompress(body) == VerdictDocument.objects.get(pk=verdict.pk).body.encode()
            )


def test_a_page_names_its_claim_review_by_an_address_of_its_own(
    client: Client, scene: scenes.Scene
) -> None:
    """A cache that does not look at Accept would give JSON to who asked for JSON-LD."""
    verdict = scenes.build_verdict(scene)
    for lang in ("en", "zh-Hans"):
        page = page_text(
            client.get(f"/verdicts/{verdict.reference}/", headers={"accept-language": lang})
        )
        (address,) = re.findall(
            r'<link rel="alternate" type="application/ld\+json" href="([^"]+)"', page
        )
        assert address == f"/api/v1/verdicts/{verdict.pk}/?format=jsonld&amp;lang={lang}"
        answer = client.get(address.replace("&amp;", "&"))
        assert (answer["Content-Type"], answer.json()["inLanguage"]) == (
            "application/ld+json",
            lang,
        )
