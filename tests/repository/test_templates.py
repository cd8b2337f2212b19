"""Templates can be read and reviewed: one element or tag a line, laid out by a tool (`make fix`),
at most 120 columns."""

from __future__ import annotations

import re
from collections.abc import Iterator

from tests.repository.sources import ROOT, texts

LONGEST = 120
#: Texts that a reader sees may be translated in lines of a template; `trimmed` joins the lines, so
#: that the text has none.
_TRANSLATED = re.compile(r"{%\s*blocktranslate\b(?!\s+trimmed\b)[^%]*%}")


def templates() -> Iterator[tuple[str, str]]:
    return ((name, text) for name, text in texts(".html") if "/templates/" in name)


def long_lines(text: str) -> list[int]:
    return [number for number, line in enumerate(text.splitlines(), 1) if len(line) > LONGEST]


def crowded_lines(text: str) -> list[int]:
    """Lines on which a block of the page or of the template begins after something else has
    ended."""
    crowded = re.compile(
        r"</(?:p|div|li|ul|ol|dl|dt|dd|section|h[1-6]|table|tr|t[dh]|form)>\s*\S"
        r"|{%\s*end(?:for|with|block)\s*%}\s*<(?!/)"
    )
    return [number for number, line in enumerate(text.splitlines(), 1) if crowded.search(line)]


def test_there_are_templates() -> None:
    assert len(list(templates())) > 140


def test_no_line_is_longer_than_120_columns() -> None:
    assert [f"{name}:{number}" for name, text in templates() for number in long_lines(text)] == []


def test_blocks_stand_on_lines_of_their_own() -> None:
    assert [
        f"{name}:{number}" for name, text in templates() for number in crowded_lines(text)
    ] == []


#: What prints written texts as links or in one line with others, and the page that says it above.
_SAID_ABOVE = {
    "claims/templates/claims/seats.html": "claims/_company_head.html",
    "claims/templates/claims/thresholds.html": "a form on the claim's own page",
    "evidence/templates/evidence/upload.html": "the trail to the source's page",
    "reports/templates/reports/feeds/disappearance.html": "names alone",
    "reports/templates/reports/feeds/edit.html": "names alone",
    "reports/templates/reports/feeds/replaced.html": "names alone",
    "verdicts/templates/verdicts/_against.html": "verdicts/_weighed.html",
    "verdicts/templates/verdicts/questions.html": "names alone",
}


def test_whatever_prints_a_written_text_says_where_its_translation_is_missing() -> None:
    silent = {
        name
        for name, text in templates()
        if re.search(r"\|written\b", text) and "{% untranslated " not in text
    }
    assert silent == _SAID_ABOVE.keys()


def test_translated_blocks_are_trimmed() -> None:
    """Otherwise the text to translate would hold the indentation, and change with it."""
    assert [
        f"{name}: {match.group()}"
        for name, text in templates()
        for match in _TRANSLATED.finditer(text)
    ] == []


def test_the_formatter_is_asked_by_make_check_and_used_by_make_fix() -> None:
    rules = dict(
        re.findall(r"^(check|fix):.*\n((?:\t.*\n)+)", (ROOT / "Makefile").read_text(), re.MULTILINE)
    )
    assert "djangofmt --check" in rules["check"]
    assert "djangofmt" in rules["fix"]
    assert "--check" not in rules["fix"].partition("djangofmt")[2].splitlines()[0]


#: What decides for a reader: roles, accounts, permissions. The view does, and hands the template a
#: state, a sentence or an address.
_DECISION = re.compile(
    r"{%\s*(?:if|elif|with|firstof)\b[^%]*"
    r"(?:\buser\b|\.roles\b|\bperms\b|\bis_authenticated\b|\bis_staff\b|\bis_superuser\b"
    r"|[\"'](?:moderator|adjudicator|auditor|operator|contributor|company_representative|filer)[\"'])[^%]*%}"
)


def decisions(text: str) -> list[str]:
    return [match.group() for match in _DECISION.finditer(text)]


def test_no_role_and_no_permission_is_decided_in_markup() -> None:
    assert [f"{name}: {each}" for name, text in templates() for each in decisions(text)] == []


def test_these_rules_can_fail() -> None:
    assert long_lines("short\n" + "x" * 121) == [2]
    assert crowded_lines(
        "<p>a</p>\n<p>a</p><p>b</p>\n{% for a in b %}<li>a</li>{% endfor %}<li>\n<li><a "
        'href="">b</a></li>'
    ) == [2, 3]
    for decided in (
        '{% if "moderator" in request.user.roles %}',
        "{% if user.is_staff %}",
        "{% if a %}b{% elif not request.user.is_authenticated %}",
        "{% if perms.claims.add_claim %}",
        "{% with roles=request.user.roles %}",
        "{% if kind == 'adjudicator' %}",
    ):
        assert decisions(decided), decided
    offered = "{% if desk %}<a href='{{ desk }}'>{{ request.user.pseudonym }}{% endif %}"
    assert not decisions(offered + "{% if role.note %}{% endif %}")
    assert _TRANSLATED.search("{% blocktranslate count n=1 %}")
    assert not _TRANSLATED.search("{% blocktranslate trimmed count n=1 %}")
