"""Days and moments in the words of the page's language, where there can be no markup: in sentences,
options and the texts of errors. Pages have filters for the rest (ui.templatetags.display)."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date, datetime

from django.utils.translation import gettext_lazy as _

from ui import times
from ui.languages import page_language

MONTHS = (
    _("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July"),
    _("August"), _("September"), _("October"),
    _("November"), _("December"),
)  # fmt: skip


def site_time(value: datetime) -> datetime:
    """A moment in the zone that the page's language tells times in (ui.times)."""
    return times.in_zone(value, page_language())


def day_in_words(value: date | datetime) -> str:
    """A day as people write it. Of a moment, the one in the zone of the page's language."""
    if isinstance(value, datetime):
        value = site_time(value)
    if page_language() == "zh-Hans":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def clock_in_words(value: datetime, clock: str = "%H:%M") -> str:
    """A day and a time of day, whose zone is said elsewhere."""
    comma = " " if page_language() == "zh-Hans" else ", "
    return f"{day_in_words(value)}{comma}{site_time(value):{clock}}"


def when_in_words(value: datetime) -> str:
    """A moment as people write it: `30 November 2026, 01:14 UTC`."""
    return times.with_zone(clock_in_words(value), page_language())


def in_brackets(text: str) -> str:
    """A remark in brackets: `(text)`, `（text）`."""
    return f"（{text}）" if page_language() == "zh-Hans" else f"({text})"


def join_list(names: Iterable[object]) -> str:
    """Several names, lazy ones too, one after another: `A, B`, `A、B`."""
    return ("、" if page_language() == "zh-Hans" else ", ").join(map(str, names))
