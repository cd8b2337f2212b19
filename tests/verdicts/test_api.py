"""What the API tells of claims and verdicts."""

from __future__ import annotations

from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from claims.models import Aspect
from claims.written import write
from tests import scenes
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture
def scene() -> scenes.Scene:
    return scenes.build_claim()


def aspects(client: Client, address: str) -> list[dict[str, Any]]:
    """The points of the one claim there is, from the list or from the claim itself."""
    answer = client.get(address).json()
    (claim,) = answer.get("results", [answer])
    found: list[dict[str, Any]] = claim["aspects"]
    return found


@pytest.mark.parametrize("address", ["/api/v1/claims/", "/api/v1/claims/{claim.reference}/", "/api/v1/claims/{claim.pk}/"])
def test_a_rated_point_says_so_and_which_verdict_stands(client: Client, scene: scenes.Scene, address: str, settings: Any) -> None:
    verdict = scenes.build_verdict(scene)
    ducts, carbon = aspects(client, address.format(claim=scene.claim))
    assert (ducts["progress"], carbon["progress"]) == ("rated", "in_review")
    assert ducts["verdict"] == {
        "id": str(verdict.pk),
        "reference": verdict.reference,
        "rating": "not_delivered",
        "mechanism": "",
        "published_at": verdict.published_at.isoformat().replace("+00:00", "Z") if verdict.published_at else None,
        "url": f"{settings.SITE_URL}/verdicts/{verdict.reference}/",
    }
    assert carbon["verdict"] is None


def test_a_proposed_verdict_is_no_verdict_of_its_point(client: Client, scene: scenes.Scene) -> None:
    scenes.build_findings(scenes.build_evidence(scene))
    scenes.build_silence(scene)
    scenes.propose(scene)
    assert [(one["progress"], one["verdict"]) for one in aspects(client, "/api/v1/claims/")] == [("in_review", None)] * 2


def test_a_superseding_verdict_stands_in_place_of_the_old_one(client: Client, scene: scenes.Scene) -> None:
    old = scenes.build_verdict(scene)
    proposed = scenes.propose(scene, rating="partly_delivered", reason="Another car was measured.")
    new = scenes.verdicts.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=scene.now)
    ducts, _carbon = aspects(client, "/api/v1/claims/")
    assert (ducts["verdict"]["reference"], ducts["progress"]) == (new.reference, "rated")
    assert old.reference != new.reference


def test_a_list_of_claims_costs_the_same_with_one_rated_point_and_with_eleven(client: Client, scene: scenes.Scene) -> None:
    verdict = scenes.build_verdict(scene)
    with CaptureQueriesContext(connection) as before:
        client.get("/api/v1/claims/")
    for _ in range(10):
        claim = scenes.claims.register_claim(
            by=scene.moderator, product=scene.product, quote="又一句", quote_lang="zh-Hans", now=scene.now,
            summary=write("en", "Another"), aspects=[scenes.claims.NewAspect("process", write("en", "It comes"))],
        )  # fmt: skip
        copy = Verdict.objects.get(pk=verdict.pk)
        copy.pk, copy.reference, copy.aspect = scenes.claims.Claim().pk, claim.reference, Aspect.objects.get(claim=claim)
        copy.save(force_insert=True)
    with CaptureQueriesContext(connection) as after:
        rows = client.get("/api/v1/claims/").json()["results"]
    assert sum(one["verdict"] is not None for row in rows for one in row["aspects"]) == 11
    assert len(after) == len(before)


def test_claims_are_found_by_the_rating_of_a_verdict_that_stands(client: Client, scene: scenes.Scene) -> None:
    scenes.build_verdict(scene)
    assert [one["reference"] for one in client.get("/api/v1/claims/?rating=not_delivered").json()["results"]] == [scene.claim.reference]
    assert client.get("/api/v1/claims/?rating=misleading").json()["results"] == []
    assert client.get("/api/v1/claims/?rating=wrong").status_code == 400
