"""The public pages: what they show, to whom, and at what cost."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Callable
from datetime import timedelta
from html import escape, unescape
from pathlib import Path
from typing import Any

import pytest
from django.conf import settings
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

import ledger
from claims.actions import lift_flag, place_claim, raise_flag, revise_claim, withdraw_claim
from claims.localized_text import write
from claims.models import Appearance, Aspect, Claim, Criterion, Flag, Series
from engines.text.extraction import Extract
from evidence.exhibits.models import Exhibit, Rendition
from evidence.sources.actions import ObservationData, locate_appearance, record_observation
from evidence.sources.models import Version
from evidence.stores import originals, renditions
from jobs.models import Job
from ledger import registry
from ledger.history import Change
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from reports.documents import report_json
from reports.documents.pdf_layout import of_discrepancy
from reports.documents.report_json import discrepancy
from reports.models import Report, ReportFile
from reports.pages import claim_page_data, listing, source_page
from reports.pages.exhibits import ExhibitView
from reports.pages.history import ChangeView, acts
from reports.pages.method import to_html
from reports.schema import to_bytes
from reports.wording.event_labels import FIELDS, KINDS, OBJECTS
from tests import scenes
from tests.pages import page_text
from tests.reports import sample
from tests.shared_scenes import shared_scene
from verdicts.basis import METHOD_VERSION
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db

EDITED = scenes.POST.replace("内部结构也一起改了，", "")


def look(scene: scenes.Scene, text: str | None, when: object = None, **more: object) -> None:
    """One look at the scene's source: the text it found, or None for a source that is gone."""
    now = when or timezone.now()
    if text is None:
        looked = ObservationData(type="gone", looked_at=now, status=404)
    else:
        stored = originals().put(f"<p>{text}</p>".encode(), limit=10_000)
        extract = Extract(
            title="", text=text, lang="zh-Hans", links=(), extractor="test", version="1"
        )
        looked = ObservationData(
            type="ok",
            looked_at=now,
            status=200,
            final_url=scene.source.url,
            digest=stored.sha256,
            size=stored.size,
            extract=extract,
        )
    record_observation(by=ledger.SYSTEM, source=scene.source, looked=looked, now=now)


def test_what_can_be_seen_stands_before_what_cannot() -> None:
    """Whatever rests on it, however it is graded, and even where another photo has the same words
    under it."""

    def shown(reference: str, *, seen: bool, caption: str, grade: str) -> ExhibitView:
        exhibit = Exhibit(
            reference=reference,
            caption=write("en", caption),
            grade_source=grade[:1],
            grade_information=grade[1:],
        )
        return ExhibitView(exhibit, {"thumb": Rendition(name="thumb")} if seen else {})

    first, twin, unseen = (
        shown("AC-1", seen=True, caption="The duct.", grade="C3"),
        shown("AC-2", seen=True, caption="The duct.", grade=""),
        shown("AC-0", seen=False, caption="The engine.", grade="A6"),
    )
    pinned = claim_page_data.Judgement(Aspect(), None, None, [], [], [unseen.exhibit], [], None)
    assert claim_page_data.telling([unseen, twin, first], [pinned]) == [first, twin, unseen]


def real_pictures(scene: scenes.Scene) -> None:
    """Give every exhibit a rendition whose bytes are in the store."""
    for number, exhibit in enumerate(scene.exhibits()):
        stored = renditions().put(f"picture {number}".encode(), limit=1000)
        Rendition.objects.filter(exhibit=exhibit).update(digest=stored.sha256)


@shared_scene
def case() -> scenes.Scene:
    """The founding case from post to verdict, its source edited and taken down, all of it in the
    log."""
    scene = scenes.build_claim()
    start = scene.now - timedelta(days=3)
    look(scene, scenes.POST, start)
    with transaction.atomic():
        for appearance in Appearance.objects.filter(claim=scene.claim):
            locate_appearance(by=ledger.SYSTEM, appearance=appearance, now=scene.now)
    look(scene, EDITED, start + timedelta(hours=6))
    for hours in (12, 20, 30):
        look(scene, None, start + timedelta(hours=hours))
    scenes.build_findings(scenes.build_evidence(scene))
    real_pictures(scene)
    scenes.build_silence(scene)
    with transaction.atomic():
        scene.verdict = scenes.verdicts.approve_verdict(  # type: ignore[attr-defined]
            by=scene.second_adjudicator, verdict=scenes.propose(scene), now=scene.now
        )
    sequence()
    return scene


def text(client: Client, path: str, status: int = 200, **extra: str) -> str:
    response = client.get(path, **extra)
    assert response.status_code == status, (
        path,
        response.status_code,
        response.headers.get("Location"),
    )
    return page_text(response)


def fetched(client: Client, path: str, **headers: str) -> tuple[Any, bytes]:
    """A file as it is served, its stream read and closed."""
    response = client.get(path, **headers)
    body = response.getvalue()
    # closing the response itself would close the connection of the test, too
    for close in response._resource_closers:
        close()
    return response, body


def addresses(scene: scenes.Scene) -> list[str]:
    """Every kind of public page of the case."""
    source, exhibit = scene.source.pk, scene.exhibits()[0].reference
    return [
        "/",
        "/claims/",
        f"/claims/{scene.claim.reference}/",
        f"/claims/{scene.claim.reference}/history/",
        f"/companies/{scene.company.pk}/",
        f"/verdicts/{scene.verdict.reference}/",
        f"/sources/{source}/",
        f"/sources/{source}/versions/1/",
        f"/sources/{source}/diff/",
        f"/sources/{source}/diff/?from=1&to=2&view=sides",
        f"/sources/{source}/diff/?all=1",
        f"/exhibits/{exhibit}/",
        "/record/",
        "/record/?outside=1",
        "/record/entries/0/",
        "/record/?all=1",
        "/record/verify/",
        "/corrections/",
        "/method/",
        "/glossary/",
    ]


@pytest.mark.parametrize("lang", ["en", "zh-hans"])
def test_every_public_page_opens_in_both_languages_without_inline_code(
    case: scenes.Scene, client: Client, lang: str
) -> None:
    client.defaults["HTTP_ACCEPT_LANGUAGE"] = lang
    for path in addresses(case):
        page = text(client, path)
        assert f'<html lang="{"en" if lang == "en" else "zh-Hans"}">' in page
        assert "<script" not in re.sub(
            r'<script (type="module" |defer )?src="/static/[^"]+"( defer| data-[^>]*)?></script>'
            r'|<script type="application/ld\+json">[^<]*</script>',
            "",
            page,
        )
        assert not re.search(r'<[^>]+\s(style|on\w+)="', page), path
        assert "<style" not in page
        assert page.count("<h1") == 1, path


def test_the_claim_page_says_what_was_said_found_and_answered(
    case: scenes.Scene, client: Client
) -> None:
    page = text(client, f"/claims/{case.claim.reference}/")
    said, found = page.index('id="said"'), page.index('id="found"')
    assert (
        said
        < page.index(
            "新前舱盖照着赛道原型车来做，<del>内部结构也一起改了，</del>双风道给制动系统散热。"
        )
        < found
    )
    assert 'lang="zh-Hans"' in page
    assert found < page.index("Not as claimed", found)
    assert "42,000" in page
    assert "no reply by the deadline" in page
    assert "Edited after publication" in page
    assert "No longer available" in page
    assert f"/verdicts/{case.verdict.reference}/" in page
    # the aspect without a verdict says how far it is
    assert "Not rated yet" in page or "Awaiting verdict" in page
    for order in (
        ("Company reply", 'id="said"'),
        ("Strength of evidence", "Transparency log</h2>"),
        ('id="evidence"', 'id="elsewhere"'),
    ):
        assert page.index(order[0]) < page.index(order[1])


def test_the_diff_strikes_exactly_the_words_that_went(case: scenes.Scene, client: Client) -> None:
    page = text(client, f"/sources/{case.source.pk}/diff/")
    shown = page.split('<section id="diff"', 1)[1].split("</section>", 1)[0]
    assert set(re.findall(r'<del data-change="1">([^<]*)</del>', shown)) == {"内部结构也一起改了，"}
    assert "<ins" not in shown
    assert 'id="c1" href="#c1"' in shown


def test_an_extractor_that_read_otherwise_is_not_told_as_their_edit(
    case: scenes.Scene, client: Client
) -> None:
    source, diff = f"/sources/{case.source.pk}/", f"/sources/{case.source.pk}/diff/"
    assert "may come from our text extraction" not in text(client, diff)
    Version.objects.filter(source=case.source, number=2).update(extractor_version="2")
    for page in (text(client, diff), text(client, source)):
        assert "Part of this may come from our text extraction." in page
    first = Version.objects.get(source=case.source, number=1)
    Version.objects.filter(source=case.source, number=2).update(capture=first.capture_id)
    for page in (text(client, diff), text(client, source)):
        assert "Only our text extraction changed." in page


def test_a_source_shows_the_changed_words_themselves_and_pages_its_versions(client: Client) -> None:
    scene = scenes.build_claim()
    start = scene.now - timedelta(days=30)
    for number in range(source_page.EDITS + 3):
        look(scene, f"{scenes.POST}第{number}稿。", start + timedelta(hours=number))
    page = text(client, f"/sources/{scene.source.pk}/")
    assert page.count('class="version-item"') == source_page.EDITS
    assert re.search(r"<del[^>]*>[^<]*11[^<]*</del>", page)
    older = re.search(r'href="\?upto=(\d+)#versions"', page)
    assert older
    rest = text(client, f"/sources/{scene.source.pk}/?upto={older[1]}")
    assert rest.count('class="version-item"') == 3
    assert "The first text seen here." in rest
    assert "All checks" in page
    assert '<details class="more" open' not in page


def test_foreign_markup_is_shown_as_text_and_its_bytes_only_as_a_download(client: Client) -> None:
    scene = scenes.build_claim()
    look(scene, "<script>alert(1)</script> said")
    page = text(client, f"/sources/{scene.source.pk}/versions/1/")
    assert "&lt;script&gt;alert(1)" in page
    capture = re.search(r'href="(/sources/[^"]+/captures/[^"]+)"', page)
    assert capture
    response, body = fetched(client, capture[1], HTTP_HOST="content.localhost")
    assert body == b"<p><script>alert(1)</script> said</p>"
    assert response["Content-Disposition"].startswith("attachment")
    assert response["Content-Type"] == "application/octet-stream"
    assert response["X-Content-Type-Options"] == "nosniff"
    assert response["Content-Security-Policy"].startswith("sandbox; default-src 'none'")


def test_pictures_are_served_for_public_exhibits_alone(client: Client) -> None:
    scene = scenes.build_evidence(scenes.build_claim(), accept=False)
    real_pictures(scene)
    exhibit = scene.exhibits()[0]
    digest = Rendition.objects.get(exhibit=exhibit).digest
    text(client, f"/media/{digest}.jpg", status=404)
    text(client, f"/exhibits/{exhibit.reference}/", status=404)
    scenes.filing.decide_submission(
        by=scene.moderator,
        submission=exhibit.submission,
        decision="accepted",
        reason=write("en", "Clear."),
        now=scene.now,
    )
    response, body = fetched(client, f"/media/{digest}.jpg")
    assert response.status_code == 200
    assert response["Cache-Control"] == "public, max-age=300"  # it may be taken back one day
    assert (
        client.get(f"/media/{digest}.jpg", HTTP_IF_NONE_MATCH=response["ETag"]).status_code == 304
    )
    assert hashlib.sha256(body).hexdigest() == digest
    text(client, f"/exhibits/{exhibit.reference}/")


def test_a_proposed_verdict_is_on_no_public_page(client: Client) -> None:
    scene = scenes.build_findings(scenes.build_evidence(scenes.build_claim()))
    scenes.build_silence(scene)
    verdict = scenes.propose(scene)
    text(client, f"/verdicts/{verdict.reference}/", status=404)
    text(client, f"/verdicts/{verdict.pk}/", status=404)
    text(client, f"/verdicts/{verdict.reference}/chart.en.svg", status=404)
    assert verdict.reference not in text(client, f"/claims/{scene.claim.reference}/")


def test_no_page_tells_who_filed_or_when_to_the_hour(case: scenes.Scene, client: Client) -> None:
    submission = case.submissions[0]
    submission.refresh_from_db()
    hour = submission.filed_at.strftime("%H:%M:%S.%f")
    for path in addresses(case):
        page = text(client, path)
        assert "owner1" not in page
        assert case.owners[0].pseudonym not in page, path
        assert "VIN1" not in page
        if path.startswith("/exhibits/"):
            assert hour not in page


def test_the_history_tells_every_edit_field_by_field(case: scenes.Scene, client: Client) -> None:
    with transaction.atomic():
        revise_claim(
            by=case.moderator,
            claim=Claim.objects.get(pk=case.claim.pk),
            reason="The summary was too broad.",
            now=timezone.now(),
            summary=write(
                "en",
                "Two ducts in the hood cool the front brakes",
                zh_Hans="碳纤维前舱盖的双风道给前制动散热",
            ),
        )
    with connection.cursor() as cursor:
        cursor.execute("UPDATE claims_claim SET currency = 'EUR' WHERE id = %s", [case.claim.pk])
    sequence()
    page = text(client, f"/claims/{case.claim.reference}/history/")
    assert "The summary was too broad." in page
    assert f"moderator {case.moderator.pseudonym}" in page
    assert re.search(r"<ins[^>]*>[^<]*front[^<]*</ins>", page)
    assert "direct database change" in page
    entry = re.search(r'href="(/record/entries/\d+/)"', page)
    assert entry
    leaf = text(client, entry[1])
    assert "Direct database change" in leaf
    assert "EUR" in leaf
    assert client.get(entry[1] + "proof").content.startswith(b"c2sp.org/tlog-proof@v1")
    assert client.get(entry[1] + "leaf.json")["Content-Disposition"].startswith("attachment")
    assert "outside" in text(client, "/record/?outside=1")


def test_the_last_entry_of_a_claim_is_the_newest_of_all_that_hangs_on_it(
    case: scenes.Scene, client: Client
) -> None:
    def named() -> int:
        page = text(client, f"/claims/{case.claim.reference}/")
        found = re.search(
            r'Latest log entry on this claim: <a class="num" href="/record/entries/(\d+)/"', page
        )
        assert found
        return int(found[1])

    newest = client.get(f"/api/v1/claims/{case.claim.pk}/history/").json()["results"][0]["index"]
    assert named() == newest
    # the claim's own row stays as it is
    raise_flag(by=ledger.SYSTEM, claim=case.claim, kind="disputed", now=case.now)
    sequence()
    assert named() > newest


def told(reason: str | None, index: int = 1) -> ChangeView:
    change = Change(
        index=index, kind="claim.revised", op="update", label="claim", object_id="1",
        at=timezone.now().replace(microsecond=0, second=0),
        role="moderator", name="grey-heron-4821", reason=reason, outside=False, fields=(),
    )  # fmt: skip
    return ChangeView(change, "what", "thing", "moderator grey-heron-4821", ())


@pytest.mark.parametrize(
    ("reasons", "said"),
    [
        ((None, "Copied wrongly."), "Copied wrongly."),
        (("Copied wrongly.", None, ""), "Copied wrongly."),
        ((None, ""), None),
        (("",), ""),
        ((None,), None),
    ],
)
def test_a_reason_that_one_row_of_an_act_says_in_public_is_not_called_secret(
    reasons: tuple[str | None, ...], said: str | None
) -> None:
    (act,) = acts(told(reason, index) for index, reason in enumerate(reasons))
    assert act.reason == said


def test_two_reasons_are_two_acts() -> None:
    assert [one.reason for one in acts([told("One."), told(None), told("Another.")])] == [
        "One.",
        "Another.",
    ]


def test_the_history_goes_on_below_an_index(case: scenes.Scene, client: Client) -> None:
    first = text(client, f"/claims/{case.claim.reference}/history/")
    older = re.search(r'href="\?before=(\d+)"', first)
    if older:  # the scene is small enough for one page in some builds
        assert f'id="entry-{older[1]}"' not in text(
            client, f"/claims/{case.claim.reference}/history/?before={older[1]}"
        )
    text(client, f"/claims/{case.claim.reference}/history/?before=1")
    text(client, f"/claims/{case.claim.reference}/history/?before=nonsense")


def test_every_kind_of_act_has_its_sentence() -> None:
    root = Path(settings.BASE_DIR)
    written = set()
    for app in ("accounts", "claims", "evidence", "verdicts", "reports", "ledger"):
        for path in (root / app).rglob("*.py"):
            code = path.read_text()
            written |= set(re.findall(r'(?<![\w.])(?:ledger\.)?act\(\s*"([a-z_.]+)"', code))
            for pair in re.findall(
                r'(?<![\w.])ledger\.act\("([a-z_.]+)" if [^"]* else "([a-z_.]+)"', code
            ):
                written |= set(pair)
    assert written - {"outside"} <= set(KINDS), sorted(written - set(KINDS))


def test_every_field_of_a_history_has_its_name() -> None:
    for label in OBJECTS:
        assert set(registry.recorded[label].names) <= set(FIELDS), label


def everything_said(scene: scenes.Scene, client: Client, lang: str) -> dict[str, str]:
    """What pages, feeds and the API say of the case in a language, and its chart and report, by
    address."""
    reference = Verdict.objects.get(aspect=scene.ducts).reference
    places = [
        *addresses(scene),
        f"/verdicts/{reference}/",
        "/feeds/verdicts.atom",
        f"/verdicts/{reference}/chart.{lang}.svg",
    ]
    found = {path: text(client, path, HTTP_ACCEPT_LANGUAGE=lang) for path in dict.fromkeys(places)}
    report = discrepancy(Claim.objects.get(pk=scene.claim.pk), Checkpoint.objects.latest("size"))
    report["exhibits"] = []  # their pictures are none
    sheet = of_discrepancy(report, lang, {}, {}) | {"words": None}
    return {**found, "report": json.dumps(sheet, ensure_ascii=False, default=str)}


@pytest.mark.parametrize(
    ("lang", "ours", "theirs"),
    [("en", "threshold", "claimed value"), ("zh-Hans", "限值", "宣称值")],
)
def test_a_figure_is_a_threshold_everywhere_until_it_is_the_companys(
    case: scenes.Scene, client: Client, lang: Any, ours: str, theirs: str
) -> None:
    said = everything_said(case, client, lang)
    verdict = f"/verdicts/{Verdict.objects.get(aspect=case.ducts).reference}/"
    told = [
        "/",
        f"/claims/{case.claim.reference}/",
        verdict,
        f"{verdict}chart.{lang}.svg",
        "report",
    ]
    assert [path for path in told if ours not in said[path].lower()] == []
    assert [
        path
        for path, words in said.items()
        if (path not in {"/method/", "/glossary/"} and theirs in words.lower())
        or "promised at" in words.lower()
        or "承诺不" in words
    ] == []
    quote = f"{case.claim.quote}出口风速达到每秒一点五米。"
    claim = scenes.claims.revise_claim(
        by=case.moderator,
        claim=case.claim,
        quote=quote,
        reason="The sentence went on.",
        now=case.now,
    )
    scenes.claims.revise_criterion(
        by=case.moderator,
        criterion=Criterion.objects.get(aspect=case.ducts),
        basis_kind="claimed",
        basis={},
        reason="It did say so.",
        now=case.now,
    )
    # the report is made again
    assert Job.objects.filter(kind="reports.discrepancy", payload__claim=str(claim.pk)).exists()
    sequence()
    said = everything_said(case, client, lang)
    assert [path for path in told if theirs not in said[path].lower()] == []


def test_a_heading_never_repeats_a_claim_as_our_own_statement(
    case: scenes.Scene, client: Client
) -> None:
    summary, point = case.claim.summary["text"], case.ducts.statement["text"]
    said = {**everything_said(case, client, "en"), "/desk/": ""}
    for path, words in said.items():
        for heading in re.findall(r"<(h[1-3]|title)\b[^>]*>(.*?)</\1>", words, re.DOTALL):
            bare = re.sub(r"<[^>]*>", "", heading[1])
            assert not re.search(rf"(?<!“){re.escape(summary)}|(?<!“){re.escape(point)}", bare), (
                path,
                bare,
            )
    assert f"Claim: “{summary}”" in re.sub(r"<[^>]*>", "", said[f"/claims/{case.claim.reference}/"])


def test_a_reconstruction_is_marked_wherever_it_is_shown(
    case: scenes.Scene, client: Client
) -> None:
    shown = [
        path
        for path in addresses(case)
        if str(case.claim.reference) in path or path.startswith(("/verdicts/", "/exhibits/"))
    ]
    shown.append(f"/sources/{case.source.pk}/")
    for path in shown:
        assert "The company and people are fictional" not in text(client, path), path
    Claim.objects.filter(pk=case.claim.pk).update(reconstruction=True)
    for path in shown:
        assert "The company and people are fictional" in text(client, path), path
    assert "demonstration" in text(client, "/claims/")


def test_a_demonstration_beside_it_does_not_call_a_real_claim_fictional(
    case: scenes.Scene, client: Client
) -> None:
    banner = "The company and people are fictional"
    lists = [
        f"/companies/{case.company.pk}/",
        f"/products/{case.product.pk}/",
        f"/sources/{case.source.pk}/",
    ]
    scenes.build_series(case)
    Claim.objects.filter(pk=case.claim.pk).update(reconstruction=True)
    Series.objects.update(reconstruction=True)
    report = Report.objects.create(
        kind="snapshot", source=case.source, checkpoint_size=1, basis="0" * 64, created_at=case.now
    )

    def snapshot_is_one() -> bool:
        by_api = Report.objects.with_reconstruction().get(pk=report.pk).reconstruction  # type: ignore[attr-defined]  # annotated
        checkpoint = Checkpoint.objects.latest("size")
        assert report_json.snapshot(case.source, checkpoint)["reconstruction"] == by_api
        assert all(one.reconstruction == by_api for one in listing.newest_edits(9))
        assert all(one.reconstruction == by_api for one in listing.newest_disappearances(9))
        return bool(by_api)

    for path in lists:
        assert banner in text(client, path), path
    assert snapshot_is_one()
    real = scenes.build_claim_beside(case)
    place_claim(
        by=case.moderator, claim=real, source=case.source, exact=scenes.POST, now=timezone.now()
    )
    for path in lists:
        page = text(client, path)
        assert banner not in page, path
        assert "demonstration" in page, path
    assert not snapshot_is_one()
    assert banner not in text(client, f"/claims/{real.reference}/")
    assert banner in text(client, f"/claims/{case.claim.reference}/")
    # figures that are real are real too
    Claim.objects.update(reconstruction=True)
    Series.objects.update(reconstruction=False)
    assert banner not in text(client, lists[0])
    assert banner in text(client, lists[1])


def test_flags_stand_in_the_order_in_which_they_were_raised() -> None:
    scene = scenes.build_claim()
    for kind, days in (("deleted", 2), ("edited_after_publication", 1), ("company_silent", 3)):
        raise_flag(
            by=ledger.SYSTEM, claim=scene.claim, kind=kind, now=scene.now + timedelta(days=days)
        )
    raise_flag(by=ledger.SYSTEM, claim=scene.claim, kind="company_replied", now=scene.now)
    lift_flag(by=ledger.SYSTEM, claim=scene.claim, kind="company_replied", now=scene.now)
    claim = scene.claim
    for path in (
        "/claims/",
        f"/companies/{claim.company_id}/",
        f"/products/{claim.product_id}/",
        f"/claims/{claim.reference}/",
    ):
        [shown] = re.findall(r'<ul class="flags"[^>]*>(.*?)</ul>', page_text(Client().get(path)))
        assert [one.partition(" ·")[0] for one in re.findall("<li>(.*?)</li>", shown)] == [
            "Edited after publication", "No longer available", "No reply by the deadline",
        ], path  # fmt: skip


def test_references_are_read_as_people_type_them(case: scenes.Scene, client: Client) -> None:
    reference = case.claim.reference
    answer = client.get(f"/claims/{reference.lower()}/?x=1")
    assert (answer.status_code, answer["Location"]) == (301, f"/claims/{reference}/?x=1")
    assert client.get(f"/claims/{case.claim.pk}/")["Location"] == f"/claims/{reference}/"
    assert client.get("/claims/", {"q": reference.lower()})["Location"] == f"/claims/{reference}/"
    assert (
        client.get("/claims/", {"q": case.verdict.reference})["Location"]
        == f"/verdicts/{case.verdict.reference}/"
    )
    for wrong in (
        "AC-0000-0000",
        "nonsense",
        "00000000-0000-0000-0000-000000000000",
        "AC-7F3K-Q2M",
    ):
        assert client.get(f"/claims/{wrong}/").status_code == 404, wrong
    assert client.get("/claims/%00/").status_code == 400


def test_facets_and_words_narrow_the_claims(case: scenes.Scene, client: Client) -> None:
    found = f"/claims/{case.claim.reference}/"
    for query in (
        "q=制动",
        "q=carbon",
        "rating=not_delivered",
        "flag=company_silent",
        "kind=express",
        f"company={case.company.pk}",
    ):
        assert found in text(client, f"/claims/?{query}"), query
    for query in (
        "q=zebra",
        "rating=delivered",
        "flag=remedied",
        "kind=puffery",
        "company=00000000-0000-0000-0000-000000000000",
    ):
        assert found not in text(client, f"/claims/?{query}"), query
    for broken in ("company=x", "after=x", "after=W10", "after=WyJ4Il0", "rating=x"):
        text(client, f"/claims/?{broken}")


def test_a_withdrawn_claim_stays_readable_and_says_so(case: scenes.Scene, client: Client) -> None:
    with transaction.atomic():
        withdraw_claim(by=case.moderator, claim=case.claim, reason="A double.", now=timezone.now())
    assert "AsClaimed withdrew this claim from its record." in text(
        client, f"/claims/{case.claim.reference}/"
    )


def test_a_text_without_translation_is_shown_in_its_original_and_says_so(client: Client) -> None:
    scene = scenes.build_claim()
    Claim.objects.filter(pk=scene.claim.pk).update(summary=write("zh-Hans", "双风道给制动散热"))
    page = text(client, f"/claims/{scene.claim.reference}/")
    assert '<h1>Claim: “<span lang="zh-Hans">双风道给制动散热</span>”</h1>' in page
    assert page.count("No translation yet") == 1
    assert '<p class="note">No translation yet</p>' in page


def test_the_language_switch_is_on_every_page_and_works_without_a_script(
    case: scenes.Scene, client: Client
) -> None:
    for path in addresses(case):
        page = client.get(path).content.decode()
        link = re.search(r'<a class="languages" href="([^"]+)" hreflang="zh-Hans"', page)
        assert link is not None, path
        assert unescape(link[1]) == f"/zh{path}"
        there = client.get(unescape(link[1])).content.decode()
        assert '<html lang="zh-Hans">' in there, path
        assert f'<a class="languages" href="/en{escape(path)}" hreflang="en"' in there, path


def test_the_chart_of_a_verdict_is_kept_under_the_digest_of_what_it_shows(
    case: scenes.Scene, client: Client
) -> None:
    path = f"/verdicts/{case.verdict.reference}/chart.en.svg"
    response = client.get(path)
    assert response["Content-Type"] == "image/svg+xml"
    assert "immutable" not in response["Cache-Control"]
    for page in (f"/verdicts/{case.verdict.reference}/", f"/claims/{case.claim.reference}/"):
        (address,) = set(re.findall(rf'src="({path}[^"]*)"', text(client, page)))
        assert "immutable" in client.get(address)["Cache-Control"]
        assert client.get(address).content == response.content
    assert client.get(path).content == response.content
    assert client.get(path.replace(".en.", ".fr.")).status_code == 404


def test_report_files_are_served_as_they_are(case: scenes.Scene, client: Client) -> None:
    from reports.documents.report_files import store

    stored = store().put(b'{"x": 1}', limit=100)
    page = store().put(b"<script>1</script>", limit=100)
    with transaction.atomic(), ledger.act("report.built", by=ledger.SYSTEM, role="system"):
        report = Report.objects.create(
            kind="discrepancy",
            claim=case.claim,
            checkpoint_size=9,
            basis=stored.sha256,
            created_at=case.now,
        )
        ReportFile.objects.create(
            report=report,
            name="report.json",
            digest=stored.sha256,
            size=8,
            media_type="application/json",
        )
        ReportFile.objects.create(
            report=report, name="report.html", digest=page.sha256, size=18, media_type="text/html"
        )
    assert "report.json" in text(client, f"/reports/{report.reference}/")
    assert report.reference in text(client, f"/claims/{case.claim.reference}/")
    response, body = fetched(client, f"/reports/{report.reference}/files/report.json")
    assert response["Content-Disposition"].startswith("attachment")
    assert body == b'{"x": 1}'
    html, _body = fetched(client, f"/reports/{report.reference}/files/report.html")
    assert html["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert client.get(f"/reports/{report.reference}/files/..%2f..%2fetc").status_code == 404


def test_nothing_is_said_of_what_is_not_there(client: Client) -> None:
    for path in ("/record/", "/", "/claims/", "/method/"):
        text(client, path)
    for path in (
        "/record/entries/0/",
        "/record/entries/99999999999999999999/",
        "/record/entries/0/proof",
        "/reports/AC-0000-0000/",
    ):
        text(client, path, status=404)


def queries(client: Client, path: str) -> int:
    with CaptureQueriesContext(connection) as seen:
        text(client, path)
    return len(seen)


def more_claims(scene: scenes.Scene, count: int) -> None:
    for number in range(count):
        claim = scenes.claims.register_claim(
            by=scene.moderator,
            product=scene.product,
            option=scene.option,
            quote=f"claim {number}",
            quote_lang="en",
            now=scene.now,
            summary=write("en", f"claim {number}"),
            aspects=[scenes.claims.NewAspect("function", write("en", "it works"))],
        )
        scenes.claims.place_claim(
            by=scene.moderator,
            claim=claim,
            source=scene.source,
            exact=f"claim {number}",
            now=scene.now,
        )
        scenes.claims.raise_flag(
            by=scene.moderator, claim=claim, kind="remedied", now=scene.now, role="moderator"
        )


def more_looks(scene: scenes.Scene, count: int) -> None:
    for number in range(count):
        look(scene, f"{scenes.POST} {Flag.objects.count()} {number} {timezone.now()}")


@pytest.mark.parametrize(
    ("path", "grow"),
    [
        ("/", more_looks),
        ("/claims/", more_claims),
        ("/companies/{company}/", more_claims),
        ("/sources/{source}/", more_looks),
        ("/claims/{claim}/", more_looks),
        ("/sources/{source}/diff/?to=2", more_looks),
        ("/record/", more_claims),
    ],
)
def test_a_page_costs_the_same_for_ten_rows_and_twenty(
    client: Client, path: str, grow: Callable[[scenes.Scene, int], None]
) -> None:
    scene = scenes.build_claim()
    look(scene, scenes.POST)
    address = path.format(
        company=scene.company.pk, source=scene.source.pk, claim=scene.claim.reference
    )
    grow(scene, 10)
    sequence()
    text(client, address)  # what is read once per process is read here
    ten = queries(client, address)
    grow(scene, 10)
    sequence()
    assert queries(client, address) == ten


def test_lists_go_on_where_the_page_before_ended(client: Client) -> None:
    scene = scenes.build_claim()
    more_claims(scene, 25)
    first = text(client, "/claims/")
    after = re.search(r'rel="next" href="\?([^"]+)"', first)
    assert after
    second = text(client, "/claims/?" + after[1].replace("&amp;", "&"))
    seen = [set(re.findall(r'<h3><a href="(/claims/AC-[^"]+)"', page)) for page in (first, second)]
    assert [len(one) for one in seen] == [20, 6]
    assert not seen[0] & seen[1]
    assert 'rel="next"' not in second


def test_the_method_is_the_one_that_verdicts_name() -> None:
    docs = Path(settings.BASE_DIR) / "docs"
    assert f"Version {METHOD_VERSION}\n" in (docs / "method.md").read_text()
    assert f"第 {METHOD_VERSION} 版\n" in (docs / "method.zh-Hans.md").read_text()


def test_documents_become_html_and_nothing_else_does() -> None:
    assert to_html("# A <b>\n\none\ntwo **x** `y`\n\n- p\n  q\n- r") == (
        "<h1>A &lt;b&gt;</h1>\n<p>one two <strong>x</strong> <code>y</code></p>\n<ul><li>p "
        "q</li><li>r</li></ul>"
    )
    assert to_html("| a | b |\n|---|---|\n| 1 | <i> |").count("<td>") == 2
    assert to_html("甲\n乙") == "<p>甲乙</p>"


def test_the_bytes_of_an_unknown_exhibit_are_nowhere(client: Client) -> None:
    assert client.get(f"/media/{'0' * 64}.jpg").status_code == 404
    assert client.get("/media/../secret.jpg").status_code == 404


def test_a_claim_with_more_evidence_costs_no_more_queries(client: Client) -> None:
    scene = scenes.build_claim()
    counts = []
    for _ in range(2):
        for number in range(10):
            photo = scenes.filing.NewPhoto(
                originals().put(f"{len(counts)}.{number}".encode(), limit=99), "a.jpg"
            )
            submission = scenes.filing.file_submission(
                by=scene.owners[0],
                claim=scene.claim,
                narrative="x",
                narrative_lang="en",
                licence="show",
                photos=[photo],
                now=scene.now,
            )
            exhibit = Exhibit.objects.get(submission=submission)
            Exhibit.objects.filter(pk=exhibit.pk).update(status="ready")
            Rendition.objects.create(
                exhibit=exhibit,
                name="page",
                digest=f"{number}{len(counts)}" * 32,
                media_type="image/jpeg",
                width=4,
                height=3,
                size=1,
            )
            scenes.filing.decide_submission(
                by=scene.moderator,
                submission=submission,
                decision="accepted",
                reason=write("en", "Clear."),
                now=scene.now,
            )
        text(client, f"/claims/{scene.claim.reference}/")
        counts.append(queries(client, f"/claims/{scene.claim.reference}/"))
    assert counts[0] == counts[1]


def test_a_claim_with_more_verdicts_costs_no_more_queries(client: Client) -> None:
    scene = scenes.build_claim()
    scenes.build_verdict(scene)
    address = f"/claims/{scene.claim.reference}/"
    text(client, address)
    one = queries(client, address)
    second = scenes.propose(scene, aspect=scene.carbon, rating="delivered")
    scenes.verdicts.approve_verdict(by=scene.second_adjudicator, verdict=second, now=scene.now)
    assert second.reference in text(client, address)
    assert queries(client, address) == one


def filed_report(case: scenes.Scene, kind: str) -> Report:
    """A report of the sample, in the store as the workers leave it."""
    from reports.documents.report_files import store

    about = {"claim": case.claim} if kind == "discrepancy" else {"source": case.source}
    content = to_bytes(sample.discrepancy() if kind == "discrepancy" else sample.snapshot())
    stored = store().put(content, limit=10**7)
    with transaction.atomic(), ledger.act("report.built", by=ledger.SYSTEM, role="system"):
        report = Report.objects.create(
            kind=kind, checkpoint_size=9, basis=stored.sha256, created_at=case.now, **about
        )
        name = "report.json" if kind == "discrepancy" else "snapshot.json"
        ReportFile.objects.create(
            report=report, name=name, digest=stored.sha256, size=len(content),
            media_type="application/json"
        )  # fmt: skip
    return report


def test_the_page_of_a_report_tells_it_from_its_own_file(
    case: scenes.Scene, client: Client
) -> None:
    """Of a deleted post every version and edit; of a discrepancy what it was made from; of both how
    to check them."""
    report = filed_report(case, "snapshot")
    page = text(client, f"/reports/{report.reference}/")
    assert page.count('class="snapshot-version"') == len(sample.VERSIONS)
    assert re.search(r"<del[^>]*>[^<]*内部结构[^<]*</del>", page)
    assert 'href="#version-2"' in page  # the version line leads to the text on the same page
    assert "gone-interval" in page
    assert report.basis in page
    with transaction.atomic(), ledger.act("report.withheld", by=ledger.SYSTEM, role="system"):
        Report.objects.filter(pk=report.pk).update(withheld_at=case.now)
    withheld = text(client, f"/reports/{report.reference}/")
    assert "Withheld." in withheld
    assert "内部结构" not in withheld

    page = text(client, f"/reports/{filed_report(case, 'discrepancy').reference}/")
    assert "points of the claim" in page
    assert "python -m ledger.verify" in page


def test_a_history_groups_what_one_act_changed_and_names_each_day_once(
    case: scenes.Scene, client: Client
) -> None:
    address = f"/claims/{case.claim.reference}/history/"
    first = page = text(client, address)
    while older := re.search(r'rel="next" href="(\?before=\d+)"', page):
        page = text(client, address + older[1])
    registered = next(part for part in page.split("<article")[1:] if "Claim published" in part)
    assert registered.count('class="entry-told"') >= 3  # the claim, its aspects, what was promised
    assert page.count("/proof") == page.count('class="entry-told"')
    days = re.findall(r'class="history-day"><time[^>]*>([^<]+)<', first)
    assert len(days) == len(set(days)) >= 1
    assert not re.search(r"<ins>\d{4}-\d\d-\d\dT", page)  # moments as people write them
