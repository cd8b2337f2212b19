"""How pages say what was concluded: ratings with their shapes, outcomes, delays after harm. Loaded
as `{% load verdict_tags %}`."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString
from django.utils.translation import gettext, ngettext

from claims import headlines
from claims.templatetags.claim_tags import shown_within, words
from claims.threshold_words import limits_words
from ui.countries import country_name
from ui.in_words import day_in_words, join_list, site_time
from ui.languages import page_language
from ui.marks import capitalised, marked, marked_runs, sign
from ui.templatetags.display import when
from verdicts.conformity import Conformity
from verdicts.models import Invitation, Occurrence
from verdicts.outcome import outcome
from verdicts.outcome.results import ResultRow, result_rows, scatter_lines
from verdicts.response_times import ResponseTime
from verdicts.states import Actor, Exactness, Rating

register = template.Library()
register.simple_tag(marked_runs)


# Six shapes that stay apart at 16 pixels and in black and white: full, full with a hand, half,
# triangle, struck ring, dashed ring.
SHAPES = {
    "delivered": '<circle cx="8" cy="8" r="7.4" fill="currentColor"/>',
    "delivered_late": (
        '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" '
        'stroke-width="1.8"/><path d="M8 3.6V8l3.2 2.6" fill="none" stroke="currentColor" '
        'stroke-width="1.8"/>'
    ),
    "partly_delivered": (
        '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" '
        'stroke-width="1.8"/><path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>'
    ),
    "misleading": (
        '<path d="M8 1.8 15 14.2H1z" fill="none" stroke="currentColor" stroke-width="1.8" '
        'stroke-linejoin="round"/><path d="M8 6v4M8 11.4v1.4" stroke="currentColor" '
        'stroke-width="1.8"/>'
    ),
    "not_delivered": (
        '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" '
        'stroke-width="2.2"/><path d="M3.6 12.4 12.4 3.6" stroke="currentColor" '
        'stroke-width="2.2"/>'
    ),
    "unverifiable": (
        '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.8" '
        'stroke-dasharray="2.6 2.6"/><path d="M5 8h6" stroke="currentColor" stroke-width="1.8"/>'
    ),
}


@register.simple_tag
def verdict_heading(rating: str, statement: dict[str, Any] | None) -> SafeString:
    """What was concluded, then the point in quotation marks."""
    return shown_within(statement, partial(headlines.of_verdict, str(Rating(rating).label)))


@register.simple_tag
def verdict_title(rating: str, statement: dict[str, Any] | None) -> str:
    """The same as bare words."""
    return headlines.of_verdict(str(Rating(rating).label), words(statement))


@register.filter(name="outcome")
def outcome_of(conformity: dict[str, Any] | Conformity | None) -> SafeString:
    """What the numbers of a verdict, or those that would stand in one, come to: how many items meet
    the threshold, and both ends."""
    held = _held(conformity)
    if not held or not held["measurements"]:
        return SafeString("")
    lang = page_language()
    return format_html('<span lang="{}">{}</span>', lang, outcome(held, lang))


def _held(conformity: dict[str, Any] | Conformity | None) -> dict[str, Any] | None:
    return conformity.to_json() if isinstance(conformity, Conformity) else conformity


@register.filter
def results(conformity: dict[str, Any] | Conformity | None) -> list[ResultRow]:
    """A row for each item and who measured it, where that says more than the measurements."""
    held = _held(conformity)
    return result_rows(held, page_language()) if held else []


@register.filter
def scatter(conformity: dict[str, Any] | Conformity | None) -> list[str]:
    """How far those who measured one item are apart, a sentence an item."""
    held = _held(conformity)
    return scatter_lines(held, page_language()) if held else []


@register.filter
def limits(conformity: Any) -> str:
    """The limits that decided, of a conformity as a verdict keeps it."""
    lower, upper = (
        None if (limit := conformity.get(name)) is None else Decimal(limit)
        for name in ("lower_limit", "upper_limit")
    )
    return limits_words(page_language(), lower=lower, upper=upper, unit=conformity["unit"])


@register.simple_tag
def verdict_mark(rating: str) -> SafeString:
    """A rating as a word with its shape and colour."""
    label = str(Rating(rating).label)
    return marked(rating.replace("_", "-"), SHAPES[rating], capitalised(label))


@register.simple_tag
def verdict_sign(rating: str) -> SafeString:
    """The shape of a rating alone, its word for who does not see it: where many stand in a row."""
    return sign(rating.replace("_", "-"), SHAPES[rating], str(Rating(rating).label))


def _hours(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    return gettext("{} h {} min").format(minutes // 60, minutes % 60)


@register.filter
def lag(value: ResponseTime | None) -> SafeString:
    """How long after the harm, as exactly as it is known, with both bounds behind it."""
    if value is None:
        return SafeString("")
    exact = gettext("at least {}, at most {}").format(_hours(value.least), _hours(value.most))
    if value.least >= timedelta(days=10):
        days = value.least // timedelta(days=1), -(-value.most // timedelta(days=1))
        shown = gettext("{} days").format(
            days[0] if days[0] + 1 >= days[1] else f"{days[0]}–{days[1]}"
        )
    elif value.most - value.least <= timedelta(minutes=2):
        shown = _hours(value.least + (value.most - value.least) / 2)
    else:
        low, high = value.least // timedelta(hours=1), -(-value.most // timedelta(hours=1))
        shown = gettext("{} h").format(f"{low}–{high}")
    return format_html('<span class="num" title="{}">{}</span>', exact, shown)


@register.filter
def moment_known(event: Occurrence) -> SafeString:
    """The time of an event as exactly as it is known, and no further."""
    at = event.happened_at.astimezone(UTC)
    if event.exact_to == "minute":
        return when(at)
    shown = (
        day_in_words(at)
        if event.exact_to == "day"
        else gettext("{}, about {} o’clock UTC").format(day_in_words(at), site_time(at).hour)
    )
    exact = at.strftime("%Y-%m-%d") if event.exact_to == "day" else at.strftime("%Y-%m-%dT%H:00Z")
    return format_html(
        '<time datetime="{}" title="{}">{}</time>',
        exact,
        str(Exactness(event.exact_to).label),
        shown,
    )


@register.filter
def actors(codes: Iterable[str]) -> str:
    """Who acted, as a list in words."""
    known = [str(Actor(code).label) for code in codes]
    if page_language() == "zh-Hans":
        return "、".join(known)
    return (
        known[0]
        if len(known) == 1
        else gettext("{} and {}").format(", ".join(known[:-1]), known[-1])
        if known
        else ""
    )


@register.filter
def counted(invitation: Invitation) -> str:
    """How a reply deadline was counted, in sentences; empty where no working days were."""
    if not invitation.working_days:
        return ""
    days = ngettext("%(n)s working day", "%(n)s working days", invitation.working_days)
    countries = [country_name(code) for code in (invitation.countries or "").split(",") if code]
    rule = (
        gettext(
            "%(days)s, to the end of the last one in %(countries)s. Weekends and public holidays "
            "there do not count."
        )
        if countries
        else gettext("%(days)s (UTC). Saturdays and Sundays do not count.")
    )
    return rule % {
        "days": days % {"n": invitation.working_days},
        "countries": join_list(countries),
    }
