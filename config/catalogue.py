"""The texts of the pages and their Chinese, without gettext's own tools: found in the code, kept as
.po, compiled to .mo.

    ui/locale/zh_Hans/LC_MESSAGES/django.po   edited by people
    ui/locale/zh_Hans/LC_MESSAGES/django.mo   compiled from it, committed, read by Django

English stands in the code itself. `manage.py messages` brings the .po up to date and compiles it;
`--check` changes nothing.
"""

from __future__ import annotations

import ast
import io
import re
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po, write_po
from django.utils.translation.template import templatize

APPS: Final = (
    "accounts",
    "claims",
    "config",
    "evidence",
    "jobs",
    "ledger",
    "notifications",
    "reports",
    "ui",
    "verdicts",
)
FUNCTIONS: Final = {"gettext", "gettext_lazy", "gettext_noop", "ngettext", "ngettext_lazy"}
_CALL: Final = re.compile(
    r"(?<!\w)(?P<name>n?gettext|_)\("
    r"""(?P<strings>(?:\s*u?(?:'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*")\s*,?)+)"""
)
#: A date of its own would make every run another file.
_EPOCH: Final = datetime(2025, 1, 1, tzinfo=UTC)

MessageId = str | tuple[str, str]


def _in_python(code: str) -> Iterator[MessageId]:
    """The strings given to gettext in a module, whatever it is called there."""
    tree = ast.parse(code)
    called = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and node.module == "django.utils.translation"
        for alias in node.names
        if alias.name in FUNCTIONS
    }
    for node in ast.walk(tree):
        if not (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Name)
            and node.func.id in called
        ):
            continue
        strings = [
            argument.value
            for argument in node.args
            if isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        ]
        if called[node.func.id].startswith("n") and "noop" not in called[node.func.id]:
            yield strings[0], strings[1]
        elif strings:
            yield strings[0]


def _in_template(code: str) -> Iterator[MessageId]:
    """The strings of `{% translate %}`, `{% blocktranslate %}` and `_("…")` in a template."""
    for call in _CALL.finditer(templatize(code)):
        strings = ast.literal_eval(f"[{call['strings'].strip().rstrip(',')}]")
        yield (strings[0], strings[1]) if call["name"] == "ngettext" else strings[0]


def texts_of_pages(root: Path) -> dict[MessageId, list[str]]:
    """Every text of the pages, and the files it stands in."""
    texts: dict[MessageId, list[str]] = {}
    for app in APPS:
        for path in sorted((root / app).rglob("*")):
            if path.suffix not in {".py", ".html", ".txt"} or "migrations" in path.parts:
                continue
            code = path.read_text(encoding="utf-8")
            for text in _in_python(code) if path.suffix == ".py" else _in_template(code):
                places = texts.setdefault(text, [])
                name = path.relative_to(root).as_posix()
                if name not in places:
                    places.append(name)
    return texts


def po_path(root: Path) -> Path:
    return root / "ui" / "locale" / "zh_Hans" / "LC_MESSAGES" / "django.po"


def mo_path(root: Path) -> Path:
    return po_path(root).with_suffix(".mo")


def read(root: Path) -> Catalog:
    """The catalogue as it is kept; an empty one if there is none."""
    try:
        with po_path(root).open("rb") as file:
            return read_po(file, locale="zh_Hans", domain="django")
    except FileNotFoundError:
        return Catalog(locale="zh_Hans", domain="django")


def brought_up_to_date(root: Path) -> Catalog:
    """The catalogue with exactly the texts that stand in the code, and the Chinese that is kept for
    them."""
    kept = read(root)
    catalogue = Catalog(
        locale="zh_Hans", domain="django", project="AsClaimed", version="1", creation_date=_EPOCH,
        revision_date=_EPOCH, fuzzy=False,
        header_comment="# The Chinese of the pages.",
    )  # fmt: skip
    for text, places in sorted(
        texts_of_pages(root).items(),
        key=lambda entry: entry[0] if isinstance(entry[0], str) else entry[0][0],
    ):
        before = kept.get(text[0] if isinstance(text, tuple) else text)
        known = before.string if before else ""
        if isinstance(text, tuple) and isinstance(known, str):
            known = (known,)
        elif isinstance(text, str) and isinstance(known, tuple):
            known = known[0]
        catalogue.add(text, known, locations=[(place, 0) for place in places])
    return catalogue


def po_bytes(catalogue: Catalog) -> bytes:
    """The .po file of a catalogue."""
    file = io.BytesIO()
    write_po(file, catalogue, include_lineno=False, sort_output=True, width=0)
    return file.getvalue()


def mo_bytes(catalogue: Catalog) -> bytes:
    """The .mo file of a catalogue."""
    file = io.BytesIO()
    write_mo(file, catalogue)
    return file.getvalue()


def missing(catalogue: Catalog) -> list[str]:
    """The texts that have no Chinese."""
    without = []
    for message in catalogue:
        strings = message.string if isinstance(message.string, tuple) else (message.string,)
        if message.id and not all(strings):
            without.append(message.id if isinstance(message.id, str) else message.id[0])
    return without
