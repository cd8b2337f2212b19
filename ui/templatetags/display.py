"""How every page shows numbers, moments and the names of codes, and the way through a list. A
builtin: no template loads it."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import partial
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext

from ui import labels, languages, times
from ui.in_words import clock_in_words, day_in_words, join_list, site_time, when_in_words
from ui.languages import page_language
from ui.numbers import plain

register = template.Library()


@register.simple_tag
def page_lang() -> str:
    """For `<html lang>` and for addresses that carry a language."""
    return page_language()


@register.simple_tag
def page_start() -> str:
    """For the address of a page whose name this app does not know."""
    return languages.page_start()


@register.simple_tag
def word(vocabulary: str, code: str) -> str:
    """The name of a code in the reader's language. Raises KeyError for a vocabulary that no page
    knows."""
    return labels.label(vocabulary, code)


#: Of half width with a blank, or of full width: a template writes none of them itself.
_MARKS = {
    "colon": (": ", "："),
    "comma": (", ", "，"),
    "semicolon": ("; ", "；"),
    "stop": (". ", "。"),
}


def _followed(name: str, value: object, place: str = "") -> SafeString:
    """A text and the mark after it, in the width of the page's language. At the "end" of a line the
    line's own end is the blank."""
    mark = _MARKS[name][page_language() == "zh-Hans"]
    return format_html("{}{}", value, mark.rstrip() if place == "end" else mark)


for _name in _MARKS:
    register.filter(_name, partial(_followed, _name))


@register.simple_block_tag
def bracketed(content: str) -> SafeString:
    """Something in brackets after a word, with the blank before them that English has."""
    inside = mark_safe(content.strip())  # noqa: S308  rendered by a template
    return format_html("（{}）" if page_language() == "zh-Hans" else " ({})", inside)


@register.filter
def decimal(value: Decimal | str | None) -> str:
    """A number exactly as it is kept, without trailing zeros or exponent."""
    return "" if value is None or value == "" else plain(Decimal(value))


@register.filter
def percent(value: Decimal | str | None) -> str:
    """A probability in percent. Nothing is rounded into certainty: 0.000000 is shown as less than
    0.0001."""
    if value is None or value == "":
        return ""
    hundred = Decimal(value) * 100
    if hundred == 0:
        return "< 0.0001 %"
    return "> 99.9999 %" if hundred == 100 else f"{plain(hundred)} %"


def _exactly(value: datetime) -> str:
    """A moment in UTC as `datetime` takes it: HTML knows no more than three digits of a second."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _time(value: datetime, shown: str) -> SafeString:
    exact = value.astimezone(UTC).strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', _exactly(value), exact, shown)


register.filter("when_in_words", when_in_words)
register.filter("join_list", join_list)


@register.filter
def when(value: datetime | None) -> SafeString:
    """A moment as people write it, with the exact UTC instant behind it."""
    return SafeString("") if value is None else _time(value, when_in_words(value))


@register.simple_tag
def between(start: datetime | None, end: datetime) -> SafeString:
    """The interval in which something happened: after one look and not after another. The zone is
    said once; of one day the day is said once, of a few minutes the seconds are said too."""
    if start is None:
        return format_html(gettext("before {}"), when(end))
    first, last = site_time(start), site_time(end)
    if first.date() != last.date():
        shown = clock_in_words(start), clock_in_words(end)
    else:
        clock = "%H:%M:%S" if (last - first).total_seconds() < 3600 else "%H:%M"
        shown = clock_in_words(start, clock), f"{last:{clock}}"
    return format_html(
        gettext("between {} and {}"),
        _time(start, shown[0]),
        _time(end, times.with_zone(shown[1], page_language())),
    )


@register.filter
def clock(fragment: str) -> SafeString:
    """A media fragment of temporal kind (``t=754,761``, seconds) as a recording's counter shows it:
    ``12:34–12:41``. Another as it is."""
    kind, _, ends = fragment.partition("=")
    if kind != "t" or not re.fullmatch(r"\d+(\.\d+)?(,\d+(\.\d+)?)?", ends):
        return format_html('<span class="mono">#{}</span>', fragment)
    seconds = [int(float(end)) for end in ends.split(",")]
    shown = "–".join(f"{each // 60}:{each % 60:02}" for each in seconds)
    return format_html('<span class="num" title="#{}">{}</span>', fragment, shown)


@register.filter
def day(value: date | datetime | None) -> SafeString:
    """A date as people write it."""
    if value is None:
        return SafeString("")
    if isinstance(value, datetime):
        return _time(value, day_in_words(value))
    exact = value.isoformat()
    return format_html(
        '<time datetime="{}" title="{}">{}</time>', exact, exact, day_in_words(value)
    )


@register.filter
def thousands(value: Decimal | None) -> str:
    """A number exactly as it is kept, its thousands apart."""
    return "" if value is None else f"{Decimal(plain(value)):,f}"


@register.inclusion_tag("ui/pages.html", takes_context=True)
def pages(context: dict[str, Any], page: Any) -> dict[str, Any]:
    """The way on through a list (claims.paging.Page)."""
    query = context["request"].GET.copy()
    query.pop("after", None)
    first = query.urlencode()
    query["after"] = page.next_cursor
    return {"page": page, "first": f"?{first}", "next": f"?{query.urlencode()}"}


@register.simple_tag(takes_context=True)
def narrow(context: dict[str, Any], name: str, value: str, chosen: bool) -> str:
    """The address of the list narrowed by one more value, or without it if it is chosen; back at
    the first page."""
    query = context["request"].GET.copy()
    query.pop("after", None)
    if chosen:
        query.pop(name, None)
    else:
        query[name] = value
    return f"?{query.urlencode()}" if query else context["request"].path


@register.simple_tag
def facet_title(titles: dict[str, str], name: str) -> str:
    """What a facet is called."""
    return titles[name]
