"""The glossary on the site."""

from __future__ import annotations

import re
from typing import Literal

import pytest
from django.conf import settings

from reports.pages.glossary import for_readers

TEXT = (settings.BASE_DIR / "docs" / "glossary.md").read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("lang", "row"), [("en", "| point | 要点 |"), ("zh-Hans", "| 要点 | point |")]
)
def test_readers_see_the_words_and_why_and_not_what_writers_avoid(
    lang: Literal["en", "zh-Hans"], row: str
) -> None:
    shown = for_readers(TEXT, lang)
    assert row in shown
    assert "Fails" in TEXT
    assert "Fails" not in shown
    assert "`vanished`" not in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) == sum(line.startswith("|") for line in TEXT.splitlines())
    assert {line.count("|") for line in rows} == {4}


def test_every_note_is_in_both_languages() -> None:
    notes = [line.strip("|").split("|")[-2:] for line in TEXT.splitlines() if line.startswith("| ")]
    assert len(notes) > 70
    assert not [pair for pair in notes if bool(pair[0].strip()) != bool(pair[1].strip())]


def test_the_glossary_in_chinese_says_nothing_in_english_but_the_english_words() -> None:
    shown = for_readers(TEXT, "zh-Hans")
    assert shown.startswith("# 用语表")
    rest = [line for line in shown.splitlines() if line and not line.startswith("|")]
    assert all(re.search(r"[\u4e00-\u9fff]", line) for line in rest)
    assert "API中称observation" in shown
    assert "observation in the API" not in shown
