"""Subscribing to what was concluded, edited and taken down."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from django.test import Client

from claims.models import Claim
from evidence.sources.models import Disappearance
from ledger.sequencing import sequence
from tests import scenes
from tests.shared_scenes import shared_scene

pytestmark = pytest.mark.django_db
ATOM = "{http://www.w3.org/2005/Atom}"


def entries(client: Client, name: str, language: str = "en") -> list[dict[str, str]]:
    """The entries of a feed: id, title, updated, summary."""
    answer = client.get(f"/feeds/{name}.atom", headers={"accept-language": language})
    assert answer.status_code == 200
    assert answer["Content-Type"] == "application/atom+xml; charset=utf-8"
    root = ElementTree.fromstring(answer.content)  # noqa: S314  of our own making
    assert root.get("{http://www.w3.org/XML/1998/namespace}lang") == language
    return [
        {one.tag.removeprefix(ATOM): one.text or "" for one in entry}
        for entry in root.findall(f"{ATOM}entry")
    ]


@shared_scene
def scene() -> scenes.Scene:
    return scenes.build_findings(scenes.build_evidence(scenes.build_claim()))


def test_a_verdict_is_told_once_it_is_published_and_not_before(
    client: Client, scene: scenes.Scene
) -> None:
    scenes.build_silence(scene)
    proposed = scenes.propose(scene)
    assert entries(client, "verdicts") == []
    verdict = scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=proposed, now=scene.now
    )
    (told,) = entries(client, "verdicts")
    assert told["id"] == f"http://testserver/verdicts/{verdict.reference}/"
    assert client.get(told["id"]).status_code == 200
    assert told["title"].startswith("Not as claimed: ")
    assert scene.claim.quote in told["summary"]
    (zh,) = entries(client, "verdicts", "zh-hans")
    assert zh["title"].startswith("与宣称不符")
    assert zh["id"] == told["id"]


def test_a_source_taken_down_is_told_once_it_is_confirmed(client: Client) -> None:
    scene = scenes.build_claim()
    gone = Disappearance.objects.create(
        source=scene.source,
        type="gone",
        first_missing_at=scene.now,
        last_seen_at=scene.now - timedelta(hours=1),
        created_at=scene.now,
    )
    assert entries(client, "disappearances") == []
    Disappearance.objects.filter(pk=gone.pk).update(status="confirmed", confirmed_at=scene.now)
    (told,) = entries(client, "disappearances")
    assert told["id"].endswith(f"/sources/{scene.source.pk}/#gone-{gone.pk}")
    assert f'id="gone-{gone.pk}"' in client.get(f"/sources/{scene.source.pk}/").content.decode()


def test_every_feed_has_an_id_of_its_own_that_is_not_where_it_was_asked(
    client: Client, settings: Any
) -> None:
    settings.SITE_URL = "https://record.example"
    ids = set()
    for name in ("verdicts", "edits", "disappearances", "corrections"):
        roots = [
            ElementTree.fromstring(client.get(f"/feeds/{name}.atom?x=1", HTTP_HOST=host).content)  # noqa: S314  of our own making
            for host in ("testserver", "localhost:8000")
        ]
        assert (
            len(
                {
                    ElementTree.tostring(root.find(f"{ATOM}id"))
                    for root in roots
                    if root.find(f"{ATOM}id") is not None
                }
            )
            == 1
        )
        ids.add(roots[0].findtext(f"{ATOM}id"))
        links = {one.get("rel"): one.get("href") for one in roots[1].findall(f"{ATOM}link")}
        assert links == {
            "alternate": "https://record.example/en/",
            "self": f"https://record.example/en/feeds/{name}.atom",
        }
        assert "testserver" not in ElementTree.tostring(roots[0], encoding="unicode")
        assert "localhost" not in ElementTree.tostring(roots[1], encoding="unicode")
    assert len(ids) == 4
    assert all(one and one.startswith("https://record.example/en/feeds/") for one in ids)


def test_an_entry_leads_to_where_the_site_is_and_not_to_where_it_was_asked(
    client: Client, scene: scenes.Scene, settings: Any
) -> None:
    settings.SITE_URL = "https://record.example"
    verdict = scenes.build_verdict(scene)
    text = client.get("/feeds/verdicts.atom", HTTP_HOST="localhost").content.decode()
    assert f"<id>https://record.example/verdicts/{verdict.reference}/</id>" in text
    assert "localhost" not in text
    for path in (f"/verdicts/{verdict.reference}/", f"/claims/{scene.claim.reference}/"):
        assert "localhost" not in client.get(path, HTTP_HOST="localhost").content.decode()


def test_words_that_xml_cannot_hold_break_no_feed(client: Client, scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    Claim.objects.filter(pk=scene.claim.pk).update(
        quote="two\x0bducts <script>alert(1)</script> ]]>"
    )
    (told,) = entries(client, "verdicts")
    assert "two\ufffdducts &lt;script&gt;" in told["summary"]


def test_an_unchanged_feed_is_not_sent_again(client: Client, scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    first = client.get("/feeds/verdicts.atom")
    assert (
        client.get("/feeds/verdicts.atom", headers={"if-none-match": first["ETag"]}).status_code
        == 304
    )


def test_a_verdict_that_was_replaced_is_told_again_as_replaced(
    client: Client, scene: scenes.Scene
) -> None:
    scenes.build_silence(scene)
    old = scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    (before,) = entries(client, "verdicts")
    proposed = scenes.propose(scene, rating="partly_delivered", reason="Another car was measured.")
    later = scene.now + timedelta(hours=1)
    new = scenes.verdicts.approve_verdict(by=scene.second_adjudicator, verdict=proposed, now=later)
    told = {one["id"]: one for one in entries(client, "verdicts")}
    again = told[before["id"]]
    assert again["title"] == "Replaced: “two ducts move air to the brakes”"
    assert new.reference in again["summary"]
    assert again["updated"] > before["updated"]
    assert len(told) == 2
    assert old.reference in before["id"]


def test_a_withdrawn_claim_is_announced_no_more(client: Client, scene: scenes.Scene) -> None:
    scenes.build_silence(scene)
    scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    assert len(entries(client, "verdicts")) == 1  # control
    scenes.claims.withdraw_claim(
        by=scene.moderator,
        claim=Claim.objects.get(pk=scene.claim.pk),
        reason="Said by another.",
        now=scene.now,
    )
    assert entries(client, "verdicts") == []
    assert (
        "two ducts move air"
        not in client.get("/", headers={"accept-language": "en"}).content.decode()
    )


def test_every_correction_is_told_with_its_reason(client: Client, scene: scenes.Scene) -> None:
    assert entries(client, "corrections") == []
    scenes.claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="It was cut short.",
        quote="另一句",
        now=scene.now,
    )
    sequence()
    (told,) = entries(client, "corrections")
    assert "It was cut short." in told["summary"]
    assert f"/claims/{scene.claim.reference}/" in told["summary"]
    assert client.get(told["id"]).status_code == 200
    (row,) = client.get("/api/v1/corrections/").json()["results"]
    assert (row["kind"], row["type"], row["reference"], row["reason"], row["superseded_by"]) == (
        "claim.revised", "claim", scene.claim.reference, "It was cut short.", None,
    )  # fmt: skip
    assert row["claim"] == row["id"] == str(scene.claim.pk)
    assert client.get(row["proof"]).status_code == 200


@pytest.mark.parametrize("feed", ["verdicts", "edits", "disappearances", "corrections"])
def test_a_demonstration_says_so_in_the_title_of_each_entry(
    client: Client, scene: scenes.Scene, feed: str
) -> None:
    Claim.objects.filter(pk=scene.claim.pk).update(reconstruction=True)
    scene.claim.refresh_from_db()
    scenes.build_post(scene)
    scenes.build_silence(scene)
    scenes.verdicts.approve_verdict(
        by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
    )
    scenes.claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="It was cut short.",
        quote="另一句",
        now=scene.now,
    )
    sequence()
    told = entries(client, feed)
    assert told
    assert all(one["title"].startswith("Demonstration: ") for one in told)
