"""A report as files: report.json, the bundles, an HTML page, a PDF in each language. A function of
report.json and the pictures."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any, Final
from uuid import UUID

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max

import ledger
from claims.models import Claim, Source
from engines.storage.blobs import BlobStore
from evidence.stores import renditions
from ledger import erasure, proofs
from ledger.models import Checkpoint, Entry, Pending
from ledger.sequencing import sequence
from reports.documents import report_json, standalone
from reports.documents.typesetting import typeset, typeset_snapshot
from reports.drawing.charts import chart_of
from reports.models import Report, ReportFile, ReportKind
from reports.schema import to_bytes
from reports.wording.report_strings import LANGS, phrase
from verdicts.erasure import WithheldError
from verdicts.models import Verdict, VerdictDocument

SHORT: Final = {"en": "en", "zh-Hans": "zh"}
FILE_LIMIT: Final = 200 * 1024 * 1024
_TRIES: Final = 20
_PAUSE: Final = 0.02


@dataclass(frozen=True)
class ReportInputs:
    """Everything that a report is made of. From here on neither the database nor the clock has a
    say."""

    report: dict[str, Any]
    bundles: dict[str, bytes] = field(default_factory=dict)
    pictures: dict[str, bytes] = field(default_factory=dict)


@dataclass(frozen=True)
class ReportFiles:
    """The files of one report, by name, with their media types."""

    kind: str
    report: dict[str, Any]
    files: dict[str, tuple[bytes, str]]


class OutdatedError(Exception):
    """Something was erased after the checkpoint that the report was made from, so the report may
    hold it. It has to be made anew."""


class RecordBusyError(Exception):
    """Changes came in faster than they were logged, so no state of the database is exactly that of
    a checkpoint just now."""


def store() -> BlobStore:
    """Where the files of reports lie, under their digests."""
    return BlobStore(Path(settings.REPORTS_DIR), keep_free=settings.FREE_SPACE_FLOOR)


@contextmanager
def at_checkpoint() -> Iterator[Checkpoint]:
    """Reads within see the database exactly as the newest checkpoint covers it: nothing newer,
    nothing missing.

    One read-only snapshot (REPEATABLE READ) in which the outbox is empty and the checkpoint covers
    every entry. Otherwise a report could tell of a look that came a moment after the checkpoint
    which it says it was made from. Raises RecordBusyError.
    """
    for attempt in range(_TRIES):
        time.sleep(_PAUSE * min(attempt, 10))
        sequence()
        with transaction.atomic(durable=True):
            with connection.cursor() as cursor:
                cursor.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            checkpoint = Checkpoint.objects.order_by("-size").first()
            logged = Entry.objects.aggregate(last=Max("index"))["last"]
            if (
                checkpoint is not None
                and checkpoint.size == (logged or 0) + 1
                and not Pending.objects.exists()
            ):
                yield checkpoint
                return
    raise RecordBusyError


def gather_discrepancy(claim_id: UUID | str, checkpoint: Checkpoint) -> ReportInputs:
    """What the discrepancy report of a claim is made of, as of `checkpoint`. Call it within
    `at_checkpoint`."""
    claim = Claim.objects.select_related("company", "product", "option").get(pk=claim_id)
    report = report_json.discrepancy(claim, checkpoint)
    documented = Verdict.objects.current().filter(aspect__claim=claim).exclude(verdictdocument=None)
    return ReportInputs(
        report,
        {
            report_json.bundle_name(verdict): bundle_of(verdict, checkpoint)
            for verdict in documented
        },
        _pictures(report),
    )


def gather_snapshot(source_id: UUID | str, checkpoint: Checkpoint) -> ReportInputs:
    """What the snapshot of a source that is no longer available is made of, as of `checkpoint`.
    Call it within `at_checkpoint`."""
    source = Source.objects.select_related("company").get(pk=source_id)
    return ReportInputs(report_json.snapshot(source, checkpoint))


def make(gathered: ReportInputs) -> ReportFiles:
    """All files of a report: the same report, bundles and pictures make the same bytes.

    Raises schema.InvalidReportError, pictures.TypesettingError.
    """
    report = gathered.report
    if report["kind"] == ReportKind.SNAPSHOT:
        files = {"snapshot.json": (to_bytes(report), "application/json")}
        for lang in LANGS:
            files[f"snapshot.{SHORT[lang]}.pdf"] = (
                typeset_snapshot(report, lang),
                "application/pdf",
            )
        files["snapshot.html"] = (standalone.page(report, {}), "text/html")
        return ReportFiles(ReportKind.SNAPSHOT, report, files)
    files = {"report.json": (to_bytes(report), "application/json")}
    files |= {name: (content, "application/json") for name, content in gathered.bundles.items()}
    for lang in LANGS:
        attachments = [
            (name, content, "application/json", phrase("bundle", lang))
            for name, content in sorted(gathered.bundles.items())
        ]
        files[f"report.{SHORT[lang]}.pdf"] = (
            typeset(report, lang, attachments, gathered.pictures),
            "application/pdf",
        )
        for number, aspect in enumerate(report["aspects"], start=1):
            if chart := chart_of(aspect, lang):
                files[f"chart-{number}.{SHORT[lang]}.svg"] = (chart.encode(), "image/svg+xml")
    files["report.html"] = (standalone.page(report, gathered.pictures), "text/html")
    return ReportFiles(ReportKind.DISCREPANCY, report, files)


def bundle_of(verdict: Verdict, checkpoint: Checkpoint | None = None) -> bytes:
    """The offline bundle of a published verdict: leaf, proof, checkpoint (the published one unless
    given), document, openings.

    Raises ledger.proofs.NotLoggedError while its leaf is not under the checkpoint, WithheldError
    when its document was erased.
    """
    body = VerdictDocument.objects.values_list("body", flat=True).filter(verdict=verdict).first()
    if body is None:
        raise WithheldError(verdict)
    return proofs.bundle(
        "verdict",
        verdict.pk,
        document=json.loads(body),
        openings=None,
        note=checkpoint.note if checkpoint else None,
    )


def _pictures(report: Mapping[str, Any]) -> dict[str, bytes]:
    """The public renditions that the report names, by the name that it gives them."""
    pictures = {}
    for exhibit in report["exhibits"]:
        if exhibit["picture"]:
            with renditions().open(exhibit["rendition"]) as file:
                pictures[exhibit["picture"]] = file.read()
    return pictures


def keep(built: ReportFiles, *, now: datetime) -> Report:
    """Store the files and rows of a report, inside the caller's transaction. Idempotent. Raises
    OutdatedError."""
    erasure.block_erasure()
    if erasure.since(built.report["made_from"]["size"]):
        raise OutdatedError
    report_id = UUID(built.report["id"])
    existing = Report.objects.filter(pk=report_id).first()
    if existing:
        return existing
    stored = {
        name: store().put(content, limit=FILE_LIMIT)
        for name, (content, _media) in built.files.items()
    }
    main = "report.json" if built.kind == ReportKind.DISCREPANCY else "snapshot.json"
    about = (
        {"claim_id": UUID(built.report["claim"]["id"])}
        if built.kind == ReportKind.DISCREPANCY
        else {"source_id": UUID(built.report["source"]["id"])}
    )
    with ledger.act("report.built", by=ledger.SYSTEM, role="system"):
        report = Report.objects.create(
            pk=report_id, reference=built.report["reference"], kind=built.kind,
            checkpoint_size=built.report["made_from"]["size"],
            basis=stored[main].sha256, created_at=now, **about,
        )  # fmt: skip
        for name, (_content, media) in sorted(built.files.items()):
            ReportFile.objects.create(
                report=report,
                name=name,
                digest=stored[name].sha256,
                size=stored[name].size,
                media_type=media,
            )
    return report
