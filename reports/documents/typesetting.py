"""A report as PDF: PDF/A-3a and PDF/UA-1 in one file, with its own data and its proofs inside. Dict
in, bytes out.

The way, in three steps:

1. ``reports.documents.pdf_layout`` turns the report into a *sheet*: every word that will be
   printed, in one language, in order.
2. Every string of the sheet is made printable (``reports.drawing.fonts``) and written as JSON
   beside the templates.
3. typst reads that JSON as data and lays it out. No text of a report is ever pasted into source, so
   there is nothing to escape and nothing to forget: typst shows a string as that string.

The same report, pictures and attachments give the same bytes on any machine: time stamps come from
the checkpoint, fonts from pinned packages, and nothing is read but what ``_compile`` wrote. The
templates import no typst package, and a folder without any is named as the place of packages, so
nothing is ever fetched.
"""

import hashlib
import json
import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, Final, cast

import typst

from reports.documents import pdf_layout as sheets
from reports.drawing import fonts
from reports.drawing.pictures import TypesettingError
from reports.schema import Discrepancy, Snapshot, Verify, to_bytes
from reports.wording.report_strings import Lang, phrase

__all__ = ["Attachment", "TypesettingError", "typeset", "typeset_snapshot"]

TEMPLATES: Final = Path(__file__).parent / "typst"
REPORT_JSON: Final = "report.json"

TYPE_PATTERN: Final = re.compile(r"[a-z0-9.+-]+/[a-z0-9.+-]+")
NAME_PATTERN: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,119}")

Attachment = tuple[str, bytes, str, str]


def typeset(
    report: Mapping[str, Any],
    lang: Lang,
    attachments: Sequence[Attachment],
    pictures: Mapping[str, bytes],
) -> bytes:
    """The PDF of a discrepancy report in one language.

    ``attachments`` are (name, bytes, media type, description); every bundle that the report names
    must be among them. ``report.json`` is attached by itself, always. ``pictures`` holds the bytes
    of every picture that an exhibit names, as PNG, JPEG or WebP; each must have the digest that the
    report pins. Raises InvalidReportError, TypesettingError.
    """
    data = to_bytes(report)
    if report["kind"] != "discrepancy":
        raise TypesettingError(
            "typeset() takes a discrepancy report; a snapshot goes through typeset_snapshot()"
        )
    discrepancy = cast(Discrepancy, report)
    files: dict[str, bytes] = {}
    return _compile(
        "discrepancy.typ",
        sheets.of_discrepancy(discrepancy, lang, pictures, files),
        files,
        data,
        discrepancy,
        attachments,
        lang,
    )


def typeset_snapshot(
    report: Mapping[str, Any], lang: Lang, attachments: Sequence[Attachment] = ()
) -> bytes:
    """The PDF of the snapshot of a source that is no longer available, in one language. Raises
    InvalidReportError, TypesettingError."""
    data = to_bytes(report)
    if report["kind"] != "snapshot":
        raise TypesettingError(
            "typeset_snapshot() takes a snapshot; a discrepancy report goes through typeset()"
        )
    snapshot = cast(Snapshot, report)
    files: dict[str, bytes] = {}
    return _compile(
        "snapshot.typ",
        sheets.of_snapshot(snapshot, lang, files),
        files,
        data,
        snapshot,
        attachments,
        lang,
    )


# --- compiling ------------------------------------------------------------------------------------


def _compile(
    main: str,
    sheet: sheets.Piece,
    files: Mapping[str, bytes],
    data: bytes,
    report: Discrepancy | Snapshot,
    attachments: Sequence[Attachment],
    lang: Lang,
) -> bytes:
    """Write templates, sheet, pictures and attachments into a folder of their own and compile
    there.

    File names in that folder are ours (``file-3``), so no name from a report is ever a path.
    """
    attached = [
        (REPORT_JSON, data, "application/json", phrase("attach_report", lang)),
        *attachments,
    ]
    _check_attachments(attached, report["verify"])
    sheet["attachments"] = [
        {
            "name": sheets.exact(name),
            "file": f"file-{index}",
            "type": sheets.exact(media),
            "about": sheets.exact(about),
            "shown": about,
            "bytes": f"{len(body):,}",
            "sha256": sheets.exact(_sha256(body)),
        }
        for index, (name, body, media, about) in enumerate(attached)
    ]
    sheet["marks"] = sheets.marks(sheet)
    sheet["relationships"] = ["source", *("data" for _ in attachments)]
    with TemporaryDirectory(prefix="typeset-") as name:
        root = Path(name)
        for template in ("house.typ", main):
            (root / template).write_bytes((TEMPLATES / template).read_bytes())
        for index, (_, body, _, _) in enumerate(attached):
            (root / f"file-{index}").write_bytes(body)
        for path, body in files.items():
            (root / path).write_bytes(body)
        (root / "sheet.json").write_text(
            json.dumps(sheets.ready(sheet), ensure_ascii=False), encoding="utf-8"
        )
        (root / "packages").mkdir()
        compiler = typst.Compiler(
            root / main,
            root=root,
            font_paths=fonts.faces(),
            ignore_system_fonts=True,
            package_path=root / "packages",
            package_cache_path=root / "packages",
        )
        timestamp = int(datetime.fromisoformat(report["made_from"]["at"]).timestamp())
        pdf, warnings = compiler.compile_with_warnings(
            format="pdf", pdf_standards=["a-3a", "ua-1"], timestamp=timestamp
        )
    if warnings:
        raise TypesettingError("; ".join(str(warning) for warning in warnings))
    return cast(bytes, pdf)


def _check_attachments(attached: Sequence[Attachment], verify: Verify) -> None:
    names = [name for name, _, _, _ in attached]
    for name, _, media, _ in attached:
        if not NAME_PATTERN.fullmatch(name):
            raise TypesettingError(f"{name!r} is no plain file name")
        if names.count(name) > 1:
            raise TypesettingError(f"{name} is attached twice")
        if not TYPE_PATTERN.fullmatch(media):
            raise TypesettingError(f"{name} has no media type")
    for bundle in verify["bundles"]:
        if bundle not in names:
            raise TypesettingError(
                f"the report tells its reader to verify {bundle}, which is not attached"
            )


def _sha256(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()
