"""Drawings that a page holds inline. Loaded as `{% load report_tags %}`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe

from claims.templatetags.claim_tags import words
from engines.text.diffing import Kind, Run, Side
from reports.drawing.version_timeline import WIDTH
from reports.pages.source_page import VersionTimeline
from reports.wording.report_strings import Lang
from ui.languages import page_language
from ui.marks import marked_runs
from ui.templatetags.display import when

register = template.Library()


NARROW = 350  # what a phone of 390 pixels leaves between its margins

register.simple_tag(marked_runs)


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
