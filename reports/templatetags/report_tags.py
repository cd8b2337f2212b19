"""Drawings that a page holds inline. Loaded as `{% load report_tags %}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django import template
from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from claims.templatetags.claim_tags import words
from engines.text.diffing import Kind, Run, Side
from reports.drawing.version_timeline import WIDTH
from reports.pages.source_page import VersionTimeline
from reports.wording.report_strings import Lang
from ui.languages import page_language
from ui.templatetags.display import when

register = template.Library()


NARROW = 350  # what a phone of 390 pixels leaves between its margins


@register.simple_tag
def marked_runs(runs: list[Run], anchor: str = "") -> SafeString:
    """A diff in line: removed in `<del>`, added in `<ins>`, moved in both with a class. `anchor`
    makes each change a target."""
    numbered: set[int] = set()
    parts: list[SafeString] = []
    for run in runs:
        text = conditional_escape(run.text)
        if run.kind is Kind.SAME:
            parts.append(SafeString(text))
            continue
        target = ""
        if anchor and run.number not in numbered:
            numbered.add(run.number)
            target = format_html(' id="{}{}"', anchor, run.number)
        moved = SafeString(' class="moved"') if run.kind is Kind.MOVED else SafeString("")
        element = "del" if run.side is Side.OLD or run.kind is Kind.GONE else "ins"
        parts.append(
            format_html(
                "<{}{}{}>{}</{}>", SafeString(element), target, moved, text, SafeString(element)
            )
        )
    return mark_safe("".join(parts))  # noqa: S308  each part was escaped above


@register.simple_tag
def printed_runs(runs: Iterable[Mapping[str, str]]) -> SafeString:
    """The same for the runs of a printed report: `k` is the kind, `side` the side, `s` the text."""
    return marked_runs([Run(Kind(run["k"]), run["s"], side=Side(run["side"])) for run in runs])


@register.filter
def in_form(value: str | datetime, form: str) -> str | SafeString:
    """A value of a field in its form (`reports.pages.history.Field`): a moment, a code, or
    words."""
    if isinstance(value, datetime):
        return when(value)
    return format_html("<code>{}</code>", value) if form == "code" else value


@register.simple_tag
def version_line(line: VersionTimeline, width: int = WIDTH) -> SafeString:
    """The version line of a source, inline so that the page's style sheet colours it: drawn at
    `width`, and once more for a phone. Which of the two is shown depends on the room, so that words
    keep their size."""
    lang: Lang = page_language()
    title = words(line.source.title)
    wide, narrow = line.svgs(lang, title, width, NARROW)
    return mark_safe(f'<div class="line-box line-{width}">{wide}{narrow}</div>')  # noqa: S308  reports.drawing.version_timeline escapes every text it draws
