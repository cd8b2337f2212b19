"""The record's own pages: entries read field by field, bundles of entries, corrections."""

from __future__ import annotations

import json

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext

from claims.actions import revise_claim, withdraw_claim
from claims.localized_text import write
from ledger import registry
from ledger.bundle import Bundle
from ledger.files import LogFiles
from ledger.models import Entry
from ledger.sequencing import sequence
from reports.wording.event_labels import OBJECTS
from tests import scenes
from tests.pages import page_text
from verdicts.actions import approve_verdict
from verdicts.models import Verdict, VerdictDocument

pytestmark = pytest.mark.django_db


def page(client: Client, path: str, status: int = 200) -> str:
    response = client.get(path, headers={"accept-language": "en"})
    assert response.status_code == status, path
    return page_text(response)


def test_every_recorded_model_has_a_name_in_words() -> None:
    assert {
        record.name for record in registry.records() if record.model._meta.app_label != "scratch"
    } == set(OBJECTS)


def test_an_entry_is_read_field_by_field_and_says_what_is_not_open(client: Client) -> None:
    scene = scenes.build_claim()
    verdict = scenes.build_verdict(scene)
    sequence()
    entry = Entry.objects.get(kind="verdict.published", object_id=str(verdict.pk))
    shown = page(client, f"/record/entries/{entry.index}/")
    assert "Verdict published" in shown
    assert '<p>Not as claimed</p><pre tabindex="0">not_delivered</pre>' in shown
    assert '<p lang="zh-Hans">没有空气到达制动。</p>' in shown
    assert "Not disclosed" in shown
    assert f"/record/verify/?entry={entry.index}" in shown
    assert scene.adjudicator.email not in shown


def test_a_leaf_is_kept_by_caches_only_once_a_checkpoint_covers_it(client: Client) -> None:
    """Before that it may still be made anew, after an interruption, with other bytes."""
    scenes.build_claim()
    sequence()
    last = Entry.objects.order_by("-index").first()
    assert last is not None
    assert (
        client.get(f"/record/entries/{last.index}/leaf.json")["Cache-Control"]
        == "public, max-age=31536000, immutable"
    )
    Entry.objects.create(
        index=last.index + 1, kind=last.kind, object_label=last.object_label,
        object_id=last.object_id, leaf=last.leaf,
        leaf_hash=last.leaf_hash, op=last.op, event_label=last.event_label, event_id=10**9,
    )  # fmt: skip
    assert client.get(f"/record/entries/{last.index + 1}/leaf.json")["Cache-Control"] == "no-store"
    size = last.index + 1
    files = LogFiles()
    width = size % 256
    covered = client.get(f"/ledger/tile/entries/000.p/{width}")
    assert "immutable" in covered["Cache-Control"]
    files.put(f"tile/entries/000.p/{width + 1}", b"not yet")
    assert client.get(f"/ledger/tile/entries/000.p/{width + 1}")["Cache-Control"] == "no-store"


def test_every_entry_can_be_had_as_a_bundle_that_holds(client: Client) -> None:
    scenes.build_verdict(scenes.build_claim())
    sequence()
    for index in Entry.objects.values_list("index", flat=True):
        answer = client.get(f"/record/entries/{index}/bundle.json")
        assert answer.status_code == 200
        assert Bundle.parse(answer.content).check().index == index


def test_a_bundle_whose_document_was_erased_is_gone_and_its_entry_stays(client: Client) -> None:
    verdict = scenes.build_verdict(scenes.build_claim())
    sequence()
    entry = Entry.objects.get(kind="verdict.published", object_id=str(verdict.pk))
    VerdictDocument.objects.filter(verdict=verdict).delete()
    assert "The entry and its proof stay" in page(
        client, f"/record/entries/{entry.index}/bundle.json", status=410
    )
    page(client, f"/record/entries/{entry.index}/")


def test_routine_looks_are_shown_on_demand(client: Client) -> None:
    scenes.build_post(scenes.build_claim())
    sequence()
    assert "Source checked" not in page(client, "/record/")
    assert "Source checked" in page(client, "/record/?all=1")


def test_corrections_tell_what_changed_and_why_newest_first(client: Client) -> None:
    scene = scenes.build_claim()
    assert "No corrections yet" in page(client, "/corrections/")
    first = scenes.build_verdict(scene)
    revise_claim(
        by=scene.moderator, claim=scene.claim, reason="A slip of the pen.", now=scene.now,
        summary=write("en", "Two ducts in the hood cool the brakes",
        zh_Hans="前舱盖的双风道给制动散热"),
    )  # fmt: skip
    second = scenes.propose(
        scene, rating="misleading", mechanism="implied_function", reason="New measurements came."
    )
    approve_verdict(by=scene.second_adjudicator, verdict=second, now=scene.now)
    scene.claim.refresh_from_db()
    withdraw_claim(
        by=scene.moderator, claim=scene.claim, reason="It was never said.", now=scene.now
    )
    sequence()
    shown = page(client, "/corrections/")
    assert (
        shown.index("It was never said.")
        < shown.index(second.reference)
        < shown.index("A slip of the pen.")
    )
    assert shown.index(second.reference) < shown.index("New measurements came.")
    assert first.reference in shown
    assert "<del>" in shown
    assert shown.count('class="correction"') == 3


def test_the_list_of_corrections_costs_the_same_for_few_and_many(client: Client) -> None:
    scene = scenes.build_claim()

    def revise(times: int) -> int:
        for number in range(times):
            summary = write("en", f"Wording {number} of {times}", zh_Hans=f"第{number}种")
            revise_claim(
                by=scene.moderator,
                claim=scene.claim,
                reason="Again.",
                now=scene.now,
                summary=summary,
            )
            scene.claim.refresh_from_db()
        sequence()
        client.get("/corrections/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/corrections/")
        return len(queries)

    assert revise(2) == revise(15)


def test_the_page_that_verifies_names_the_bundle_it_was_asked_for(client: Client) -> None:
    verdict = scenes.build_verdict(scenes.build_claim())
    sequence()
    shown = page(client, f"/record/verify/?verdict={verdict.reference.lower()}")
    assert f'data-address="/api/v1/verdicts/{verdict.pk}/proof/"' in shown
    assert (
        json.loads(client.get(f"/api/v1/verdicts/{verdict.pk}/proof/").content)["format"]
        == "asclaimed-bundle@v1"
    )
    assert 'data-address="/record/entries/0/bundle.json"' in page(client, "/record/verify/?entry=0")
    page(client, "/record/verify/?verdict=AC-0000-0000", status=404)
    page(client, "/record/verify/?entry=99999999", status=404)
    assert Verdict.objects.count() == 1
