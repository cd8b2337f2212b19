"""A report as one HTML page that needs nothing else: both languages one after the other, pictures
and charts within it.

It says the words of the PDF, because both are laid out from the same sheet
(`reports.documents.pdf_layout`). It is served as an attachment, so its style is inside it; it has
no script, and no address in it is fetched.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any, cast

from django.template.loader import render_to_string
from django.utils.html import format_html
from django.utils.safestring import SafeString

from reports.documents import pdf_layout as sheets
from reports.schema import Discrepancy, Snapshot
from reports.wording.report_strings import LANGS, Lang

_MEDIA = {"svg": "image/svg+xml", "jpg": "image/jpeg", "png": "image/png", "webp": "image/webp"}
_PIECE = {"s", "l", "r", "n"}


def page(report: Mapping[str, Any], pictures: Mapping[str, bytes]) -> bytes:
    """The page of a valid report; `pictures` holds the bytes of every picture that an exhibit
    names. Raises TypesettingError."""
    parts = [_part(report, lang, pictures) for lang in LANGS]
    return render_to_string(
        "reports/standalone.html", {"parts": parts, "kind": report["kind"], "report": report}
    ).encode()


def _part(report: Mapping[str, Any], lang: Lang, pictures: Mapping[str, bytes]) -> dict[str, Any]:
    files: dict[str, bytes] = {}
    if report["kind"] == "discrepancy":
        sheet = sheets.of_discrepancy(cast(Discrepancy, report), lang, pictures, files)
    else:
        sheet = sheets.of_snapshot(cast(Snapshot, report), lang, files)
    sheet["marks"] = sheets.marks(sheet)
    shown: dict[str, Any] = _shown(sheet, files)
    return {**shown, "tag": lang, "w": shown["words"]}


def _shown(value: Any, files: Mapping[str, bytes]) -> Any:
    """The sheet with every piece of text as a marked-up span, and every picture with its bytes as
    an address (`uri`)."""
    if isinstance(value, list):
        return [_shown(each, files) for each in value]
    if not isinstance(value, dict):
        return value
    if value.keys() == _PIECE:
        return _span(value)
    shown = {name: _shown(each, files) for name, each in value.items()}
    if value.get("file") in files:
        media = _MEDIA[value.get("format", "svg")]
        shown["uri"] = f"data:{media};base64,{base64.b64encode(files[value['file']]).decode()}"
    return shown


def _span(piece: Mapping[str, Any]) -> SafeString:
    tag = f"{piece['l']}-Hans" if piece["r"] == "CN" else piece["l"]
    span = format_html('<span lang="{}">{}</span>', tag, piece["s"])
    return format_html("{}<sup>{}</sup>", span, piece["n"]) if piece["n"] else span
