"""A built report as its page tells it: read from the report's own JSON, so that the page says what
the files say and no more."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from django.urls import reverse
from django.utils.functional import Promise
from django.utils.translation import gettext_lazy as _

from engines.storage.blobs import BlobMissingError
from engines.text.diffing import Kind, Run, Side
from reports.documents.report_files import store
from reports.drawing import version_timeline
from reports.models import Report, ReportFile, ReportKind
from reports.pages.diff_view import Piece, Skip
from reports.wording.report_strings import Lang

SOURCES = {ReportKind.DISCREPANCY.value: "report.json", ReportKind.SNAPSHOT.value: "snapshot.json"}
#: What the files of a report are called, by the end of their names; the order is that of the page.
LABELS: tuple[tuple[str, str | Promise], ...] = (
    (".en.pdf", _("PDF in English")),
    (".zh.pdf", _("PDF in Chinese")),
    (".html", _("Offline web page")),
    (".bundle.json", _("Proof bundle of a verdict")),
    (".json", _("Data (JSON)")),
    (".svg", _("Chart")),
)


@dataclass(frozen=True)
class FileView:
    """One file with what it is."""

    file: ReportFile
    label: str | Promise


def file_views(files: Iterable[ReportFile]) -> list[FileView]:
    """The files, those that people open first."""

    def place(name: str) -> int:
        return next(
            (index for index, (end, _label) in enumerate(LABELS) if name.endswith(end)), len(LABELS)
        )

    ordered = sorted(files, key=lambda file: (place(file.name), file.name))
    return [
        FileView(file, LABELS[place(file.name)][1] if place(file.name) < len(LABELS) else "")
        for file in ordered
    ]


def read(report: Report, files: Iterable[ReportFile]) -> dict[str, Any] | None:
    """The report's own JSON, or None while it is being built, or withheld, or its file is
    missing."""
    name = SOURCES[report.kind]
    digest = next((file.digest for file in files if file.name == name), None)
    if digest is None or report.withheld_at:
        return None
    try:
        with store().open(digest) as file:
            content: dict[str, Any] = json.load(file)
    except (BlobMissingError, ValueError):
        return None
    return content if isinstance(content, dict) and content.get("kind") == report.kind else None


@dataclass(frozen=True)
class VersionView:
    """One version of a snapshot: its text, and how it came out of the one before."""

    number: int
    lang: str
    title: str
    text: str
    sha256: str | None
    capture: str | None
    characters: int
    provenance: str
    not_before: datetime | None
    not_after: datetime
    passages: list[list[Piece]] = field(default_factory=list)
    gone: int = 0
    came: int = 0

    @property
    def changed(self) -> bool:
        """Whether there is a version before it."""
        return bool(self.passages)


def _at(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None


def _pieces(hunk: dict[str, Any]) -> list[Piece]:
    pieces: list[Piece] = [Skip(hunk["skipped"])] if hunk["skipped"] else []
    pieces += [
        Run(
            Kind(run["kind"]),
            run["text"],
            0 if run["kind"] == Kind.SAME else number,
            Side(run["side"]),
        )
        for number, run in enumerate(hunk["runs"], start=1)
    ]
    return [*pieces, Skip(hunk["after"])] if hunk["after"] else pieces


def versions_of(report: dict[str, Any]) -> list[VersionView]:
    """The versions of a snapshot, oldest first, each with its edit."""
    diffs = {diff["new"]: diff for diff in report["diffs"]}
    views = []
    for version in report["versions"]:
        change = diffs.get(
            version["number"], {"hunks": [], "characters_gone": 0, "characters_came": 0}
        )
        views.append(
            VersionView(
                number=version["number"],
                lang=version["lang"],
                title=version["title"] or "",
                text=version["text"] or "",
                sha256=version["sha256"],
                capture=version["capture"],
                characters=version["characters"],
                provenance=version["provenance"],
                not_before=_at(version["not_before"]),
                not_after=datetime.fromisoformat(version["not_after"]),
                passages=[_pieces(hunk) for hunk in change["hunks"]],
                gone=change["characters_gone"],
                came=change["characters_came"],
            )
        )
    return views


@dataclass(frozen=True)
class RemovalView:
    """A disappearance as the snapshot holds it."""

    type: str
    last_seen: datetime | None
    first_missing: datetime | None
    looks: list[dict[str, Any]]
    back: datetime | None


def disappearances_of(report: dict[str, Any]) -> list[RemovalView]:
    """When it went and who saw that it was gone."""
    return [
        RemovalView(
            gone["type"],
            _at(gone["last_seen"]),
            _at(gone["first_missing"]),
            [{**look, "at": _at(look["at"])} for look in gone["confirmations"]],
            _at(gone["back"]),
        )
        for gone in report["disappearances"]
    ]


def line_of(report: dict[str, Any], lang: Lang, title: str, width: int) -> str:
    """The version line of a snapshot up to its checkpoint; its versions lead to their texts on the
    same page."""
    links = version_timeline.Links(
        {version["number"]: f"#version-{version['number']}" for version in report["versions"]},
        "#gone",
    )
    looks = [look["at"] for look in report["observations"]]
    return version_timeline.version_timeline(
        versions=report["versions"], ticks=looks, disappearances=report["disappearances"],
        looks=len(looks), lang=lang, source=title,
        width=width, links=links,
    )  # fmt: skip


def holds(report: dict[str, Any]) -> list[tuple[str | Promise, int]]:
    """What a discrepancy report was made from, counted."""
    counted: list[tuple[str | Promise, int]] = [
        (_("points of the claim"), len(report["aspects"])),
        (_("verdicts"), sum(1 for aspect in report["aspects"] if aspect["verdict"])),
        (_("measurements"), sum(len(aspect["measurements"]) for aspect in report["aspects"])),
        (_("exhibits"), len(report["exhibits"])),
        (_("teardowns"), len(report["teardowns"])),
        (_("sources"), len(report["sources"])),
        (
            _("versions of their texts"),
            sum(len(source["versions"]) for source in report["sources"]),
        ),
        (_("checks of them"), sum(source["observations"]["total"] for source in report["sources"])),
    ]
    return [row for row in counted if row[1]]


def verdict_addresses(report: dict[str, Any]) -> list[tuple[str, str]]:
    """Reference and page of each verdict that a discrepancy report holds."""
    references = [
        aspect["verdict"]["reference"] for aspect in report["aspects"] if aspect["verdict"]
    ]
    return [(reference, reverse("reports:verdict", args=[reference])) for reference in references]
