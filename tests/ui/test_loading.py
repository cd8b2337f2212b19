"""Templates are written for people and sent without what is there for people alone."""

from __future__ import annotations

from pathlib import Path

import pytest
from django.template import engines
from django.template.loader import get_template, render_to_string

from ui.loading import dedented


@pytest.mark.parametrize(
    ("written", "sent"),
    [
        ("<p>\n  {{ name }}\n</p>\n", "<p>\n{{ name }}\n</p>"),
        ("<ul>\n\t<li>a</li>\n\n    <li>b</li>\n</ul>", "<ul>\n<li>a</li>\n\n<li>b</li>\n</ul>"),
        ("<p>two  spaces</p>\n\n", "<p>two  spaces</p>\n"),
        ("<pre>\n  a\n    b\n</pre>\n  <p>c</p>", "<pre>\n  a\n    b\n</pre>\n<p>c</p>"),
        ("<textarea name=a>\n  a</textarea>\n  b", "<textarea name=a>\n  a</textarea>\nb"),
        ("<pre>\n  a</pre>\n  b\n<pre>\n  c</pre>", "<pre>\n  a</pre>\nb\n<pre>\n  c</pre>"),
        ("<present>\n  a</present>", "<present>\na</present>"),
        ("", ""),
    ],
)
def test_indentation_is_left_out_but_where_every_space_shows(written: str, sent: str) -> None:
    assert dedented(written) == sent


def test_a_page_is_sent_without_indentation(rf: object) -> None:
    sent = render_to_string("ui/plain.html")
    assert "\n " not in sent.partition("<style")[0]


def test_an_error_still_names_the_line_of_the_file() -> None:
    """Lines keep their number: only what stands before their first letter goes."""
    written = (Path(__file__).parents[2] / "reports/templates/reports/claim.html").read_text()
    sent = dedented(written)
    assert [line.lstrip() for line in written.splitlines()] == [
        line.lstrip() for line in sent.splitlines()
    ]


def test_templates_of_others_and_what_is_no_page_stay_as_they_are() -> None:
    """Django's own widgets, and mails, in which every space shows."""
    theirs = get_template("django/forms/widgets/multiple_input.html").template.source
    assert "\n  " in theirs or theirs.endswith("\n")
    mail = get_template("account/email/base_message.txt").template
    assert mail.source == Path(mail.origin.name).read_text()
    assert engines["django"].engine.loaders[0][0] == "template_partials.loader.Loader"
