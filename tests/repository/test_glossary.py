"""No text that people read has a word of which the glossary says that it is never right: pages,
reports, scripts and documents.

`docs/glossary.md` lists them in its column *Fails*. Code, block quotations and what stands between
`<q>` and `</q>` is exempt.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from django.conf import settings

from accounts import labels as role_labels
from claims import labels as claim_labels
from config import catalogue
from evidence import labels as evidence_labels
from reports.wording import report_strings
from tests.repository.sources import ROOT, texts
from verdicts import labels as verdict_labels

#: Names of which a word is a part: these are right.
NAMES = ("官方声明", "公开声明", "免责声明")
PAGES = ("README.md", "CONTRIBUTING.md", "docs/")
PAST = ("docs/glossary.md", "docs/adr/")


def never() -> list[str]:
    """The words of the column *Fails*, of every table of the glossary."""
    found, column = [], None
    for line in (ROOT / "docs" / "glossary.md").read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if "Fails" in cells:
            column = cells.index("Fails")
        elif column is not None and line.startswith("|") and not line.startswith("|--"):
            found += re.findall(r"`([^`]+)`", cells[column])
    return found


def pattern(word: str) -> str:
    return rf"\b{re.escape(word)}\b" if word.isascii() else re.escape(word)


NEVER = re.compile("|".join(map(pattern, never())), re.IGNORECASE)


def said(text: str) -> str:
    """A text without what is exempt: code, quotations, names."""
    for exempt in (
        r"(?s)```.*?```",
        r"`[^`\n]*`",
        r"(?s)<q>.*?</q>",
        r"(?m)^>.*$",
        r"!\[.*?\]\(.*?\)",
        "|".join(NAMES),
    ):
        text = re.sub(exempt, " ", text)
    return re.sub(r"\s+", " ", text)


def wrong(text: str) -> list[str]:
    return [match.group() for match in NEVER.finditer(said(text))]


def read_by_people() -> Iterator[tuple[str, str]]:
    """Where a text stands, and the text."""
    for message in catalogue.read(settings.BASE_DIR):
        for text in (message.id, message.string):
            for form in text if isinstance(text, tuple | list) else (text,):
                yield f"catalogue: {form[:60]}", form
    tables = [report_strings.PHRASES, report_strings.DOES_NOT_PROVE]
    for module in (role_labels, claim_labels, evidence_labels, verdict_labels):
        tables += [table for table in vars(module).values() if isinstance(table, dict)]
    for table in tables:
        for code, pair in table.items():
            if isinstance(pair, report_strings.Pair):
                yield f"label: {code}", pair.en
                yield f"label: {code}", pair.zh
    for name, text in texts(".md", ".js"):
        if name.endswith(".js") and "/static/" in name:
            for string in re.findall(r'"([^"\n]* [^"\n]*)"|`([^`]* [^`]*)`', text):
                yield name, "".join(string)
        elif name.startswith(PAGES) and not name.startswith(PAST):
            yield name, text


def test_no_text_has_a_word_that_is_never_right() -> None:
    found = {where: found for where, text in read_by_people() if (found := wrong(text))}
    assert found == {}


@pytest.mark.parametrize(
    "text",
    [
        "Evidence was handed in",
        "This source was taken\ndown.",
        "It vanished.",
        "提出裁定",
        "证物暂不提供",
        "A legal person was added",
    ],
)
def test_each_of_them_would_be_found(text: str) -> None:
    assert wrong(text)


@pytest.mark.parametrize(
    "text",
    [
        "The notice says <q>this post has been taken down</q>.",
        "> 该内容已被删除",
        "`legal person` is what we avoid",
        "官方声明",
        "No longer available",
    ],
)
def test_quotations_and_right_words_pass(text: str) -> None:
    assert not wrong(text)


def test_the_glossary_has_words_in_both_languages() -> None:
    assert len([word for word in never() if word.isascii()]) > 30
    assert len([word for word in never() if not word.isascii()]) > 30
