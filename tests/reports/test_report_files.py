"""From rows to files: the same inputs give the same bytes, and nothing newer than the checkpoint
gets in."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from threading import Thread

import pytest
from django.db import connection, transaction
from pypdf import PdfReader

import jobs
from claims import actions as claims
from claims.localized_text import write
from engines.text.extraction import Extract
from evidence.sources.actions import WATCHER, ObservationData, record_observation
from evidence.stores import originals
from ledger.models import Checkpoint
from ledger.sequencing import sequence
from reports.documents import report_files, report_json, standalone
from reports.models import Report, ReportFile
from reports.schema import to_bytes, validate
from tests import scenes
from verdicts.models import Verdict

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _own_keys(settings, tmp_path: Path) -> None:
    settings.KEYS_DIR = tmp_path / "keys"


def looked(text: str, scene: scenes.Scene, seconds: int, kind: str = "ok") -> None:
    """The post was visited, and this stood there."""
    at = scene.now + timedelta(seconds=seconds)
    found = None
    stored = originals().put(text.encode(), limit=1 << 20)
    if kind == "ok":
        found = Extract("帖子", text, "zh-Hans")
    record_observation(
        by=WATCHER, source=scene.source, now=at,
        looked=ObservationData(
            type=kind, looked_at=at, status=200 if kind == "ok" else 410,
            final_url=scene.source.url,
            digest=stored.sha256, size=stored.size, content_type="text/html", extract=found,
        ),
    )  # fmt: skip


@pytest.fixture
def scene() -> scenes.Scene:
    """The founding case as far as a verdict on the ducts; the post was edited and is gone."""
    scene = scenes.build_claim()
    looked(scenes.POST + "敬请期待。", scene, 1)
    looked(scenes.POST.replace("内部结构也一起改了，", "") + "敬请期待。", scene, 2)
    for hour in (4, 8, 12):
        looked("", scene, hour * 3600, "gone")
    scenes.build_verdict(scene)
    return scene


def checkpoint() -> Checkpoint:
    sequence()
    return Checkpoint.objects.latest("size")


def attached(pdf: bytes) -> dict[str, bytes]:
    return {name: contents[0] for name, contents in PdfReader(io.BytesIO(pdf)).attachments.items()}


def test_a_report_has_all_its_files_and_both_pdfs_carry_the_proofs(
    scene: scenes.Scene, tmp_path: Path
) -> None:
    head = checkpoint()
    built = report_files.make(report_files.gather_discrepancy(scene.claim.pk, head))
    verdict = Verdict.objects.get()
    bundle = f"{verdict.reference}.bundle.json"
    assert set(built.files) == {
        "report.json", "report.html", "report.en.pdf", "report.zh.pdf", "chart-1.en.svg",
        "chart-1.zh.svg", bundle,
    }  # fmt: skip
    report = json.loads(built.files["report.json"][0])
    validate(report)
    assert report["made_from"]["size"] == head.size
    assert report["claim"]["flags"] == ["company_silent", "deleted", "edited_after_publication"]
    assert report["claim"]["at_stake"] == {"amount": "42000", "currency": "CNY", "basis": None}
    assert [one["verdict"] and one["verdict"]["rating"] for one in report["aspects"]] == [
        "not_delivered",
        None,
    ]
    assert report["sources"][0]["diffs"][0]["characters_gone"] == len("内部结构也一起改了，")
    for lang in ("en", "zh"):
        inside = attached(built.files[f"report.{lang}.pdf"][0])
        assert inside == {
            "report.json": built.files["report.json"][0],
            bundle: built.files[bundle][0],
        }
    path = tmp_path / bundle
    path.write_bytes(built.files[bundle][0])
    checked = subprocess.run(
        [sys.executable, "-m", "ledger.verify", "--key", report["verify"]["key"], str(path)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert checked.returncode == 0, checked.stdout + checked.stderr


def test_a_quote_that_was_translated_is_printed_with_its_translation(scene: scenes.Scene) -> None:
    ours = write("en", "Two ducts cool the brakes.")
    claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="For English readers.",
        quote_translation=ours,
        now=scene.now,
    )
    now = checkpoint()
    scene.claim.refresh_from_db()
    for report in (
        report_json.discrepancy(scene.claim, now),
        report_json.snapshot(scene.source, now),
    ):
        validate(report)
        quote = report["claim"]["quote"] if "claim" in report else report["claims"][0]["quote"]
        assert quote["translations"]["en"]["text"] == "Two ducts cool the brakes."
        assert quote["lang"] == "zh-Hans"
    report = report_json.discrepancy(scene.claim, now)
    assert {one["licence"] for one in report["exhibits"]} == {"cc-by-4.0"}
    page = standalone.page(
        {**report, "exhibits": [{**one, "picture": None} for one in report["exhibits"]]}, {}
    ).decode()
    assert "Two ducts cool the brakes." in page


def test_the_same_inputs_give_the_same_bytes(scene: scenes.Scene) -> None:
    head = checkpoint()
    first = report_files.make(report_files.gather_discrepancy(scene.claim.pk, head))
    again = report_files.make(report_files.gather_discrepancy(scene.claim.pk, head))
    assert first.files == again.files
    kept = report_files.keep(first, now=scene.now)
    assert report_files.keep(again, now=scene.now).pk == kept.pk
    assert ReportFile.objects.filter(report=kept).count() == len(first.files)
    # The log has grown by the report itself; proofs against the checkpoint that it was made from
    # stay the same bytes.
    assert checkpoint().size > head.size
    verdict = Verdict.objects.get()
    assert (
        report_files.bundle_of(verdict, head) == first.files[f"{verdict.reference}.bundle.json"][0]
    )
    assert report_files.bundle_of(verdict) != report_files.bundle_of(verdict, head)


def test_a_snapshot_holds_every_version_every_diff_and_every_look(scene: scenes.Scene) -> None:
    built = report_files.make(report_files.gather_snapshot(scene.source.pk, checkpoint()))
    assert set(built.files) == {
        "snapshot.json",
        "snapshot.html",
        "snapshot.en.pdf",
        "snapshot.zh.pdf",
    }
    report = json.loads(built.files["snapshot.json"][0])
    validate(report)
    assert [one["text"] for one in report["versions"]] == [
        scenes.POST + "敬请期待。", scenes.POST.replace("内部结构也一起改了，", "") + "敬请期待。",
    ]  # fmt: skip
    assert [one["type"] for one in report["observations"]] == ["ok", "ok", "gone", "gone", "gone"]
    gone = report["disappearances"][0]
    assert gone["confirmed"] == report["observations"][-1]["at"]
    assert (gone["last_seen"], gone["first_missing"]) == (
        report["observations"][1]["at"],
        report["observations"][2]["at"],
    )
    assert [one["kind"] for one in report["claims"][0]["sightings"]] == ["verbatim", "reworded"]
    assert (
        attached(built.files["snapshot.zh.pdf"][0])["report.json"]
        == built.files["snapshot.json"][0]
    )


def test_the_page_stands_alone_and_escapes_what_people_wrote(scene: scenes.Scene) -> None:
    hostile = "<script>alert(1)</script>\"'&"
    scene.claim = claims.revise_claim(
        by=scene.moderator,
        claim=scene.claim,
        reason="test",
        summary=write("en", hostile),
        now=scene.now,
    )
    gathered = report_files.gather_discrepancy(scene.claim.pk, checkpoint())
    page = standalone.page(gathered.report, gathered.pictures).decode()
    assert "<script" not in page
    assert "&lt;script&gt;alert(1)&lt;/script&gt;" in page
    assert page.count("<article") == 2
    assert page.count("data:image/jpeg;base64,") == 6
    assert 'src="http' not in page
    assert 'href="http' not in page
    assert "不低于" in page
    assert "at least" in page


@pytest.mark.django_db(transaction=True)
def test_a_report_is_built_only_where_database_and_checkpoint_agree(
    scene: scenes.Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Reads within are those of one moment: what commits meanwhile is not seen, and what is not
    logged is not told."""

    def rename() -> None:
        claims.revise_claim(
            by=scene.moderator,
            claim=scene.claim,
            reason="better",
            summary=write("en", "Later words"),
            now=scene.now,
        )
        connection.close()

    with report_files.at_checkpoint() as head:
        before = to_bytes(report_files.gather_discrepancy(scene.claim.pk, head).report)
        other = Thread(target=rename)
        other.start()
        other.join()
        assert to_bytes(report_files.gather_discrepancy(scene.claim.pk, head).report) == before
    monkeypatch.setattr(report_files, "sequence", lambda: None)
    with pytest.raises(report_files.RecordBusyError), report_files.at_checkpoint():
        pytest.fail("something is not logged yet")


@pytest.mark.django_db(transaction=True)
def test_the_jobs_that_a_verdict_and_a_disappearance_wrote_build_their_reports(
    scene: scenes.Scene,
) -> None:
    with transaction.atomic():
        jobs.enqueue("reports.discrepancy", {"claim": str(scene.claim.pk)}, key="again")
    jobs.drain(["report"])
    assert (
        not jobs.Job.objects.exclude(state="done")
        .filter(queue="report")
        .values("kind", "last_error")
    )
    assert set(Report.objects.values_list("kind", flat=True)) == {"discrepancy", "snapshot"}
    for file in ReportFile.objects.all():
        with report_files.store().open(file.digest) as stored:
            assert len(stored.read()) == file.size
