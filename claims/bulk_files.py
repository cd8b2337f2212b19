"""Proposals in a file: CSV with a head line, or JSON. Reads; checks nothing of what is said."""

from __future__ import annotations

import csv
import io
import json
from typing import Any, Final

from django.utils.translation import gettext as _

#: The columns of CSV and the members of JSON. Of `address` and `place` one is enough.
COLUMNS: Final = (
    "quote", "quote_lang", "company_name", "product_name", "channel", "address", "place", "why",
)  # fmt: skip
MOST_ROWS: Final = 100
#: In characters.
LONGEST_FILE: Final = 500_000


class FileUnreadableError(ValueError):
    """A file that holds no rows that we can read; the text is a sentence for whoever sent it."""


def read_text(content: bytes) -> str:
    """The text of a file: UTF-8, or what spreadsheets in China save. Raises FileUnreadableError."""
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            return content.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise FileUnreadableError(_("This file is no text. Save it as CSV in UTF-8, or as JSON."))


def read_rows(text: str) -> list[dict[str, str]]:
    """The rows of a file, each with every column. Raises FileUnreadableError."""
    text = text.lstrip("\ufeff").strip()
    if len(text) > LONGEST_FILE:
        raise FileUnreadableError(
            _("The file is too long: at most %(most)s characters.") % {"most": LONGEST_FILE}
        )
    if not text:
        raise FileUnreadableError(_("Choose a file, or paste its content."))
    if "\0" in text:
        raise FileUnreadableError(_("This file is no text. Save it as CSV in UTF-8, or as JSON."))
    return check_rows(_json(text) if text[0] in "[{" else _csv(text))


def check_rows(rows: Any) -> list[dict[str, str]]:
    """Rows as they were sent, each with every column and nothing else. Raises
    FileUnreadableError."""
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise FileUnreadableError(_("JSON must be a list of objects."))
    if not rows:
        raise FileUnreadableError(_("There are no rows."))
    if len(rows) > MOST_ROWS:
        raise FileUnreadableError(
            _("At most %(most)s rows at once; there are %(count)s.")
            % {"most": MOST_ROWS, "count": len(rows)}
        )
    return [_row(number, row) for number, row in enumerate(rows, start=1)]


def _row(number: int, row: dict[Any, Any]) -> dict[str, str]:
    unknown = sorted(str(name) for name in row if name not in COLUMNS)
    if unknown:
        raise FileUnreadableError(
            _("Row %(number)s: unknown column “%(name)s”. Available: %(known)s.")
            % {"number": number, "name": unknown[0][:80], "known": ", ".join(COLUMNS)}
        )
    if not all(isinstance(value, str) for value in row.values()):
        raise FileUnreadableError(
            _("Row %(number)s: every value must be a text.") % {"number": number}
        )
    return {name: row.get(name, "") for name in COLUMNS}


def _json(text: str) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise FileUnreadableError(_("This is no valid JSON.")) from None


def _csv(text: str) -> list[dict[Any, Any]]:
    head = text.splitlines()[0]
    separator = max(",;\t", key=head.count)
    lines = csv.reader(io.StringIO(text, newline=""), delimiter=separator, strict=True)
    try:
        names, *rows = [line for line in lines if any(cell.strip() for cell in line)]
    except (csv.Error, ValueError):
        raise FileUnreadableError(_("This is no valid CSV.")) from None
    names = [name.strip() for name in names]
    if len(set(names)) < len(names):
        raise FileUnreadableError(_("A column stands twice in the first line."))
    for number, row in enumerate(rows, start=1):
        if len(row) != len(names):
            raise FileUnreadableError(
                _("Row %(number)s has %(count)s cells; the first line has %(expected)s.")
                % {"number": number, "count": len(row), "expected": len(names)}
            )
    return [dict(zip(names, row, strict=True)) for row in rows]
