"""What a page says, whatever the layout of its templates: a line break between two words is a
space, and between blocks nothing."""

from __future__ import annotations

import html
import re

from django.http import HttpResponse

_CHANGES = (
    (re.compile(r"[ \t\r\n\f]+"), " "),
    (re.compile(r" (?=/?>)"), ""),  # at the end of a list of attributes
    (re.compile(r"(<[a-z][^<>]*>) "), r"\1"),  # at the beginning of an element
    (re.compile(r" (?=</)"), ""),  # and at its end
    (
        re.compile(
            r"(</(?:p|div|li|ul|ol|d[ltd]|h[1-6]|t[rdh]|section|form|label|button|option|figure"
            r"|summary|details)>) "
        ),
        r"\1",
    ),
)


#: At the beginning of an address, or of the page to go on to in its query.
_LANGUAGE = re.compile(r"(?<=[\"'=])/(?:en|zh)(?=/)")

_KEPT = re.compile(r"(<(?:pre|textarea)\b.*?</(?:pre|textarea)>)", re.DOTALL)


def _squeezed(part: str) -> str:
    for pattern, instead in _CHANGES:
        part = pattern.sub(instead, part)
    return part


def squeezed(markup: str) -> str:
    """Markup without the whitespace that no browser shows."""
    return "".join(
        part if number % 2 else _squeezed(part) for number, part in enumerate(_KEPT.split(markup))
    )


def page_text(response: HttpResponse) -> str:
    """The markup of an answer, `squeezed`; links to pages without their language (see
    `tests.clients`)."""
    return _LANGUAGE.sub("", squeezed(response.content.decode()))


def words_of(response: HttpResponse) -> str:
    """What an answer says, without its markup: words, in order, with single spaces."""
    text = html.unescape(re.sub(r"<[^<>]*>", "", page_text(response)))
    return re.sub(r"\s+", " ", text)
