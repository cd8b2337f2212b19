"""The glossary on the site."""

from __future__ import annotations

from django.conf import settings

from reports.pages.glossary import for_readers


def test_readers_see_the_words_and_why_and_not_what_writers_avoid() -> None:
    text = (settings.BASE_DIR / "docs" / "glossary.md").read_text(encoding="utf-8")
    shown = for_readers(text)
    assert "| point | 要点 |" in shown
    assert "Fails" in text
    assert "Fails" not in shown
    assert "`vanished`" not in shown
    rows = [line for line in shown.splitlines() if line.startswith("|")]
    assert len(rows) == sum(line.startswith("|") for line in text.splitlines())
    assert {line.count("|") for line in rows} == {4}
