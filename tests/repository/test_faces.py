"""Rules about templates, styles and scripts: colours in one file, no codes in place of words,
nothing that the policy forbids."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

import pytest

from tests.repository.sources import texts

TOKENS: Final = "ui/static/ui/tokens.css"
#: What may name colours besides, and why.
COLOURED: Final = {
    "ui/static/ui/icon.svg": (
        "a browser shows it outside of any page, where no style sheet reaches it"
    ),
    "reports/templates/reports/standalone.html": (
        "a report is one file that must look right for ever, without this site"
    ),
}
COLOUR: Final = re.compile(
    r"#(?:[0-9a-fA-F]{3,4}|[0-9a-fA-F]{6}|[0-9a-fA-F]{8})\b"
    r"|\b(?:rgb|hsl|hwb|lab|lch|oklab|oklch)a?\(",
    re.ASCII,
)
NAMED: Final = re.compile(
    r"(?:color|background|border[a-z-]*|outline|fill|stroke|shadow)[\"']?\s*[:=][^;}\n]*?"
    r"\b(?:white|black|red|green|blue|gr[ae]y|silver|orange|yellow|purple|brown|pink|navy|teal"
    r"|maroon|olive|gold)\b"
)

#: Members of objects that hold a code with a word of its own, which `{% word %}` gives.
CODES: Final = (
    "status", "rating", "kind", "type", "channel", "progress", "mechanism", "conclusion", "state",
    "stance", "licence", "comparator",
    "decision", "scopes", "op", "change_kind",
)  # fmt: skip
#: Expressions that look like one and are none, and why.
NO_CODE: Final = {
    "look.status": "the number of an HTTP answer",
}
EXPRESSION: Final = re.compile(rf"\{{\{{\s*((?:\w+\.)+(?:{'|'.join(CODES)}))\s*(?:\|[^}}]*)?\}}\}}")


def faces(*endings: str) -> Iterator[tuple[str, str]]:
    """Every template, style sheet, script and drawing of the pages."""
    yield from (
        (name, text)
        for name, text in texts(*endings)
        if re.match(r"\w+/(?:templates|static)/", name)
    )


def colours(text: str) -> list[str]:
    """The colours that a text names: not the targets of links, which look like some."""
    bare = re.sub(r"""(?:href|action)=["'][^"']*["']|url\([^)]*\)|&#\w+;""", "", text)
    return [*COLOUR.findall(bare), *NAMED.findall(bare)]


def codes(text: str) -> list[str]:
    """The expressions that print a code as it is: not in `<code>`, not in an attribute, where
    programs read it."""
    shown = re.sub(r"<code>.*?</code>", "", text, flags=re.DOTALL)
    shown = re.sub(r"<[^<>]*>", lambda tag: re.sub(r'="[^"]*"', "", tag.group()), shown)
    return EXPRESSION.findall(shown)


def test_colours_are_named_in_one_file_alone() -> None:
    found = {
        name: colours(text)
        for name, text in faces(".css", ".js", ".html", ".svg")
        if name != TOKENS and name not in COLOURED
    }
    assert {name: some for name, some in found.items() if some} == {}
    assert len(found) > 40
    assert all(colours(text) for name, text in faces(".svg", ".html") if name in COLOURED), (
        "an exception that is needed no more"
    )


@pytest.mark.parametrize(
    "text",
    [
        "a { color: #fff }",
        "b { border: 1px solid red }",
        "<path fill='black'/>",
        "x.style.color = 'rgb(1,2,3)'",
    ],
)
def test_a_colour_elsewhere_would_be_found(text: str) -> None:
    assert colours(text)


def test_no_page_shows_a_code_where_a_word_belongs() -> None:
    found = [
        (name, shown)
        for name, text in faces(".html")
        if not name.startswith("reports/templates/reports/standalone") and "/allauth/" not in name
        for shown in codes(text)
        if shown not in NO_CODE
    ]
    assert found == []


def test_a_code_on_a_page_would_be_found() -> None:
    assert codes("<p>{{ claim.status }} {{ verdict.rating|title }}</p>") == [
        "claim.status",
        "verdict.rating",
    ]
    assert (
        codes(
            '<p class="v-{{ verdict.rating }}"><code>{{ leaf.kind }}</code>{% word "rating" '
            "verdict.rating %}</p>"
        )
        == []
    )


def test_no_template_has_a_script_or_style_of_its_own_and_no_handler() -> None:
    """The content security policy would refuse them."""
    forbidden = re.compile(
        r"""<script(?![^>]*\ssrc=)|<style|\sstyle=["']|\son[a-z]+=["']|javascript:"""
    )
    allowed = {
        "reports/templates/reports/standalone.html"
    }  # a file of its own, served with a policy of its own
    found = {name: forbidden.findall(text) for name, text in faces(".html") if name not in allowed}
    assert {name: some for name, some in found.items() if some} == {}


def test_no_script_reaches_for_another_host_or_for_eval() -> None:
    forbidden = re.compile(
        r"\beval\(|new Function|\.innerHTML|document\.write|https?://(?!www\.w3\.org/)"
    )
    found = {name: forbidden.findall(text) for name, text in faces(".js")}
    assert {name: some for name, some in found.items() if some} == {}
    assert len(found) > 3
