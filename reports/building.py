"""A report as files: report.json, the bundles, an HTML page, a PDF in each language. A function of report.json and the pictures."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.template.loader import render_to_string
from django.utils import translation

import ledger
from claims.models import Claim, Source
from evidence.blobs import BlobStore
from evidence.models import Exhibit
from evidence.stores import renditions
from ledger.models import Checkpoint
from reports import document
from reports.charts import chart_of
from reports.models import Report, ReportFile, ReportKind
from reports.schema import to_bytes
from reports.typesetting import typeset, typeset_snapshot
from reports.words import LANGS
from verdicts.models import Verdict, VerdictDocument

SHORT: Final = {"en": "en", "zh-Hans": "zh"}
FILE_LIMIT: Final = 200 * 1024 * 1024


@dataclass(frozen=True)
class Built:
    """The files of one report, by name, with their media types."""

    kind: str
    report: dict[str, Any]
    files: dict[str, tuple[bytes, str]]


def store() -> BlobStore:
    """Where the files of reports lie, under their digests."""
    return BlobStore(Path(settings.REPORTS_DIR), keep_free=settings.FREE_SPACE_FLOOR)


def build_discrepancy(claim: Claim, checkpoint: Checkpoint) -> Built:
    """All files of the discrepancy report of a claim as of `checkpoint`. Raises schema.InvalidReport, typesetting.CannotTypeset."""
    report = document.discrepancy(claim, checkpoint)
    data = to_bytes(report)
    bundles = {document.bundle_name(one): bundle_of(one, checkpoint) for one in Verdict.objects.standing().filter(aspect__claim=claim)}
    pictures = _pictures(report)
    attachments = [(name, content, "application/json", "Verdict bundle") for name, content in sorted(bundles.items())]
    files = {"report.json": (data, "application/json"), **{name: (content, "application/json") for name, content in bundles.items()}}
    for lang in LANGS:
        files[f"report.{SHORT[lang]}.pdf"] = (typeset(report, lang, attachments, pictures), "application/pdf")
        for number, aspect in enumerate(report["aspects"], start=1):
            if chart := chart_of(aspect, lang):
                files[f"chart-{number}.{SHORT[lang]}.svg"] = (chart.encode(), "image/svg+xml")
    files["report.html"] = (_html(report, files), "text/html")
    return Built(ReportKind.DISCREPANCY, report, files)


def build_snapshot(source: Source, checkpoint: Checkpoint) -> Built:
    """All files of the snapshot of a source that disappeared, as of `checkpoint`."""
    report = document.snapshot(source, checkpoint)
    files: dict[str, tuple[bytes, str]] = {"snapshot.json": (to_bytes(report), "application/json")}
    for lang in LANGS:
        files[f"snapshot.{SHORT[lang]}.pdf"] = (typeset_snapshot(report, lang), "application/pdf")
    files["snapshot.html"] = (_html(report, files), "text/html")
    return Built(ReportKind.SNAPSHOT, report, files)


def bundle_of(verdict: Verdict, checkpoint: Checkpoint | None = None) -> bytes:
    """The offline bundle of a published verdict: leaf, proof against a checkpoint, key, document, openings of its public texts.

    Raises ledger.proofs.NotSequenced while its leaf is not in the published tree yet.
    """
    body = VerdictDocument.objects.filter(verdict=verdict).values_list("body", flat=True).first()
    return ledger.proofs.bundle(  # type: ignore[no-any-return]  # looked up lazily
        "verdicts.verdict", str(verdict.pk), kind="verdict.published", document=json.loads(body) if body else None,
        size=checkpoint.size if checkpoint else None,
    )  # fmt: skip


def _pictures(report: Mapping[str, Any]) -> dict[str, bytes]:
    """The public renditions that the report names, each checked against the digest it pins by the typesetter."""
    exhibits = Exhibit.objects.in_bulk([UUID(one["id"]) for one in report["exhibits"]])
    pictures = {}
    for one in report["exhibits"]:
        rendition = document.shown(exhibits[UUID(one["id"])])
        if one["picture"] and rendition:
            with renditions().open(rendition.digest) as file:
                pictures[one["picture"]] = file.read()
    return pictures


def _html(report: Mapping[str, Any], files: Mapping[str, tuple[bytes, str]]) -> bytes:
    """The report as one page that needs nothing else: both languages one after the other, charts within."""
    parts = []
    for lang in LANGS:
        with translation.override(lang.lower()):
            charts = {
                name: content.decode()
                for name, (content, media) in files.items()
                if media == "image/svg+xml" and f".{SHORT[lang]}." in name
            }
            parts.append(render_to_string(f"reports/standalone_{report['kind']}.html", {"report": report, "lang": lang, "charts": charts}))
    return render_to_string("reports/standalone.html", {"report": report, "parts": parts}).encode()


def keep(built: Built, *, now: Any) -> Report:
    """Store the files and their rows, inside the caller's transaction. The same report twice is one."""
    report_id = UUID(built.report["id"])
    found = Report.objects.filter(pk=report_id).first()
    if found:
        return found
    stored = {name: store().put(content, limit=FILE_LIMIT) for name, (content, _media) in built.files.items()}
    main = "report.json" if built.kind == ReportKind.DISCREPANCY else "snapshot.json"
    about = (
        {"claim_id": UUID(built.report["claim"]["id"])}
        if built.kind == ReportKind.DISCREPANCY
        else {"source_id": UUID(built.report["source"]["id"])}
    )
    with ledger.act("report.built", by=ledger.SYSTEM, role="system"):
        report = Report.objects.create(
            pk=report_id, reference=built.report["reference"], kind=built.kind, checkpoint_size=built.report["made_from"]["size"],
            basis=stored[main].sha256, created_at=now, **about,
        )  # fmt: skip
        for name, (_content, media) in sorted(built.files.items()):
            ReportFile.objects.create(report=report, name=name, digest=stored[name].sha256, size=stored[name].size, media_type=media)
    return report
