"""How the pages say things: written texts in the reader's language, money, numbers, moments, verdicts.

Loaded as `{% load record %}`. Nothing here asks the database, but `record_state`, which the foot of every page shows.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any

from django import template
from django.utils import timezone
from django.utils.html import conditional_escape, format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import gettext
from django.utils.translation import gettext_lazy as _

from accounts.models import Role
from claims import currencies, headlines
from claims.languages import language_name as named
from claims.languages import same_language
from claims.states import (
    AspectKind,
    BasisKind,
    Channel,
    ClaimKind,
    ClaimStatus,
    Comparator,
    EntityRoleKind,
    FlagKind,
    ProductKind,
    Progress,
    Stance,
)
from claims.written import Reading, page_language, read
from engines.text.diffing import Kind, Run, Side
from evidence.states import (
    Affiliation,
    AlertKind,
    CustodyKind,
    DisappearanceStatus,
    ExhibitStatus,
    InformationGrade,
    Licence,
    LookMethod,
    LookType,
    Provenance,
    SightingKind,
    SourceGrade,
    SubmissionStatus,
)
from ledger.models import Checkpoint
from reports.drawing.lines import WIDTH
from reports.drawing.trends import shown as shown_figure
from reports.pages.timelines import Line
from reports.wording.vocabulary import CUSTODIANS, OUTCOMES
from reports.wording.words import DOES_NOT_PROVE, Lang
from verdicts.conformity import Conformity, Decision, plain
from verdicts.lags import Lag
from verdicts.models import Occurrence
from verdicts.outcome import outcome
from verdicts.states import Actor, Conclusion, Exactness, IncidentKind, InvitationStatus, Mechanism, Rating, VerdictStatus

register = template.Library()

NARROW = 350  # what a phone of 390 pixels leaves between its margins

# Every vocabulary a page names by its code. A missing one is a KeyError in the tests, not an empty word on a page.
VOCABULARIES: dict[str, Any] = {
    "affiliation": Affiliation, "alert": AlertKind,
    "aspect_kind": AspectKind, "basis_kind": BasisKind, "channel": Channel, "claim_kind": ClaimKind, "claim_status": ClaimStatus,
    "comparator": Comparator,
    "conclusion": Conclusion, "custody": CustodyKind, "disappearance": DisappearanceStatus, "exhibit": ExhibitStatus, "flag": FlagKind,
    "information": InformationGrade, "invitation": InvitationStatus, "licence": Licence, "look": LookType, "method": LookMethod,
    "mechanism": Mechanism, "progress": Progress, "provenance": Provenance, "rating": Rating, "sighting": SightingKind,
    "entity_role": EntityRoleKind, "product_kind": ProductKind, "stance": Stance, "actor": Actor, "incident_kind": IncidentKind,
    "exactness": Exactness, "source_grade": SourceGrade, "submission": SubmissionStatus, "verdict": VerdictStatus,
}  # fmt: skip

DECISIONS = {
    Decision.CONFORMS: _("meets the threshold"),
    Decision.DOES_NOT_CONFORM: _("does not meet the threshold"),
    Decision.UNDECIDED: _("inconclusive"),
    Decision.DISAGREE: _("measurements disagree"),
}

# Six shapes that stay apart at 16 pixels and in black and white: full, full with a hand, half, triangle, struck ring, dashed ring.
SHAPES = {
    "delivered": '<circle cx="8" cy="8" r="7.4" fill="currentColor"/>',
    "delivered_late": '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M8 3.6V8l3.2 2.6" fill="none" stroke="currentColor" stroke-width="1.8"/>',
    "partly_delivered": '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="M8 1.5a6.5 6.5 0 0 1 0 13z" fill="currentColor"/>',
    "misleading": '<path d="M8 1.8 15 14.2H1z" fill="none" stroke="currentColor" stroke-width="1.8" stroke-linejoin="round"/>'
    '<path d="M8 6v4M8 11.4v1.4" stroke="currentColor" stroke-width="1.8"/>',
    "not_delivered": '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="2.2"/>'
    '<path d="M3.6 12.4 12.4 3.6" stroke="currentColor" stroke-width="2.2"/>',
    "unverifiable": '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.8" stroke-dasharray="2.6 2.6"/>'
    '<path d="M5 8h6" stroke="currentColor" stroke-width="1.8"/>',
}


@register.simple_tag
def page_lang() -> str:
    """For `<html lang>` and for addresses that carry a language."""
    return page_language()


@register.filter
def words(value: dict[str, Any] | None) -> str:
    """A written text as bare words in the reader's language: for titles, attributes, options."""
    return read(value, page_language()).text


@register.simple_tag
def translation_of(value: dict[str, Any] | None, lang: str) -> Reading | None:
    """The translation of words said in `lang` for a reader of another language; None if they need none, or there is none."""
    reading = read(value, page_language())
    return None if same_language(lang, page_language()) or reading.missing or not reading.text else reading


def _note(reading: Reading) -> str:
    if reading.missing:
        return gettext("in its original language; no translation yet")
    if reading.translated_by:
        names = {str(role.value): str(role.label) for role in Role}
        return gettext("translated by: %(role)s") % {"role": names.get(reading.translated_by, reading.translated_by)}
    return ""


@register.filter
def written(value: dict[str, Any] | None) -> SafeString:
    """A written text with its own `lang`, saying when it is shown in its original because no translation exists."""
    reading = read(value, page_language())
    if not reading.text:
        return SafeString("")
    return format_html("{}{}", written_in(reading), _missing(reading))


def written_in(reading: Reading) -> SafeString:
    """The words of a text with their `lang`."""
    if reading.translated_by and not reading.missing:
        return format_html('<span lang="{}" title="{}">{}</span>', reading.lang, _note(reading), reading.text)
    return format_html('<span lang="{}">{}</span>', reading.lang, reading.text)


def _missing(reading: Reading) -> SafeString:
    return format_html(' <small class="note">({})</small>', _note(reading)) if reading.missing else SafeString("")


@register.filter
def written_long(value: dict[str, Any] | None) -> SafeString:
    """A longer written text, each line of it a paragraph, with the same notes."""
    reading = read(value, page_language())
    if not reading.text:
        return SafeString("")
    paragraphs = format_html_join("", "<p>{}</p>", ((line,) for line in reading.text.splitlines() if line.strip()))
    note = _note(reading)
    return format_html('<div lang="{}">{}</div>{}', reading.lang, paragraphs, format_html('<p class="note">({})</p>', note) if note else "")


def _shown(value: dict[str, Any] | None, told: Callable[[str], str]) -> SafeString:
    """A written text within other words, with its own `lang` and the note on its translation after it."""
    reading = read(value, page_language())
    before, place, after = told("\0").partition("\0") if reading.text else (told(""), "", "")
    return format_html("{}{}{}{}", before, written_in(reading) if place else "", after, _missing(reading))


@register.filter
def claim_heading(summary: dict[str, Any] | None) -> SafeString:
    """A claim's summary as a heading: what it is before the words, which are in quotation marks."""
    return _shown(summary, headlines.of_claim)


@register.filter
def claim_title(summary: dict[str, Any] | None) -> str:
    """The same as bare words: for titles and attributes."""
    return headlines.of_claim(words(summary))


@register.filter
def in_quotes(value: dict[str, Any] | None) -> SafeString:
    """A summary or a point in quotation marks, where the line around it says what it is."""
    return _shown(value, headlines.quoted)


@register.simple_tag
def verdict_heading(rating: str, statement: dict[str, Any] | None) -> SafeString:
    """What was concluded, then the point in quotation marks."""
    return _shown(statement, partial(headlines.of_verdict, str(Rating(rating).label)))


@register.simple_tag
def verdict_title(rating: str, statement: dict[str, Any] | None) -> str:
    """The same as bare words."""
    return headlines.of_verdict(str(Rating(rating).label), words(statement))


@register.simple_tag
def word(vocabulary: str, code: str) -> str:
    """The name of a code in the reader's language. Raises KeyError for a vocabulary that no page knows."""
    if vocabulary == "decision":
        return str(DECISIONS[Decision(code)])
    try:
        return str(VOCABULARIES[vocabulary](code).label)
    except ValueError:
        return code  # a word of a later version of the code, shown as it stands rather than as nothing


@register.filter(name="outcome")
def outcome_of(conformity: dict[str, Any] | Conformity | None) -> SafeString:
    """What the numbers of a verdict, or those that would stand in one, come to: how many items meet the threshold, and both ends."""
    held = conformity.to_json() if isinstance(conformity, Conformity) else conformity
    if not held or not held["measurements"]:
        return SafeString("")
    lang: Lang = page_language()
    return format_html('<span lang="{}">{}</span>', lang, outcome(held, lang))


@register.filter
def custodian(agent: str) -> str:
    """Who or what handled an exhibit: a pseudonym, or a part of the system in words."""
    return str(CUSTODIANS.get(agent, agent))


@register.filter
def custody_outcome(outcome: str) -> SafeString:
    """How it went, in words; what has none (a grade, a reason of the decoder) as the code that it is."""
    if not outcome or outcome in OUTCOMES:
        return SafeString(conditional_escape(str(OUTCOMES.get(outcome, ""))))
    return format_html("<code>{}</code>", outcome)


@register.filter
def language_name(tag: str) -> str:
    """What a language is called."""
    return named(tag)


@register.filter
def in_language(tag: str) -> SafeString:
    """Beside words that may be in another language than the page: which. Nothing for words in the page's own."""
    if not tag or same_language(tag, page_language()):
        return SafeString("")
    return format_html('<small class="note" lang="{}">({})</small>', page_language(), gettext("in %(language)s") % {"language": named(tag)})


@register.filter
def decimal(value: Decimal | str | None) -> str:
    """A number exactly as it is kept, without trailing zeros or exponent."""
    return "" if value is None or value == "" else plain(Decimal(value))


@register.filter
def percent(value: Decimal | str | None) -> str:
    """A probability in percent. Nothing is rounded into certainty: 0.000000 is shown as less than 0.0001."""
    if value is None or value == "":
        return ""
    hundred = Decimal(value) * 100
    if hundred == 0:
        return "< 0.0001 %"
    return "> 99.9999 %" if hundred == 100 else f"{plain(hundred)} %"


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> SafeString:
    """An exact amount with its currency before it."""
    if amount is None:
        return SafeString("")
    return format_html('<span class="num">{}\u00a0{}</span>', currency, currencies.written(amount, currency))


def _local(value: datetime) -> datetime:
    """A moment in the zone of the site; at the ends of time, where that would be no moment, in UTC."""
    try:
        return value.astimezone(timezone.get_default_timezone())
    except OverflowError:
        return value.astimezone(UTC)


def _exactly(value: datetime) -> str:
    """A moment in UTC as `datetime` takes it: HTML knows no more than three digits of a second."""
    return f"{value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


@register.filter
def when(value: datetime | None) -> SafeString:
    """A moment as people write it, with the exact UTC instant behind it."""
    if value is None:
        return SafeString("")
    value = _local(value)
    exact, shown = value.strftime("%Y-%m-%d %H:%M:%S.%f UTC"), value.strftime(" %H:%M" if page_language() == "zh-Hans" else ", %H:%M")
    return format_html('<time datetime="{}" title="{}">{}{} UTC</time>', _exactly(value), exact, _day(value), shown)


def _clock(value: datetime, shown: str) -> SafeString:
    exact = value.strftime("%Y-%m-%d %H:%M:%S.%f UTC")
    return format_html('<time datetime="{}" title="{}">{}</time>', _exactly(value), exact, shown)


@register.simple_tag
def between(start: datetime | None, end: datetime) -> SafeString:
    """The interval in which something happened: after one look and not after another. Of one day the day is said once, of a few
    minutes the seconds are said too."""
    if start is None:
        return format_html(gettext("before {}"), when(end))
    start, end = _local(start), _local(end)
    if start.date() != end.date():
        return format_html(gettext("between {} and {}"), when(start), when(end))
    clock = "%H:%M:%S" if (end - start).total_seconds() < 3600 else "%H:%M"
    comma = " " if page_language() == "zh-Hans" else ", "
    return format_html(
        gettext("between {} and {}"), _clock(start, f"{_day(start)}{comma}{start:{clock}}"), _clock(end, f"{end:{clock}} UTC")
    )


@register.filter
def clock(fragment: str) -> SafeString:
    """A media fragment of temporal kind (``t=754,761``, seconds) as a recording's counter shows it: ``12:34–12:41``. Another as it is."""
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
    exact = _exactly(value) if isinstance(value, datetime) else value.isoformat()
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, exact, _day(value))


MONTHS = (
    _("January"), _("February"), _("March"), _("April"), _("May"), _("June"), _("July"), _("August"), _("September"), _("October"),
    _("November"), _("December"),
)  # fmt: skip


def _day(value: date | datetime) -> str:
    if page_language() == "zh-Hans":
        return f"{value.year}年{value.month}月{value.day}日"
    return f"{value.day} {MONTHS[value.month - 1]} {value.year}"


def _marked(name: str, shape: str, label: str) -> SafeString:
    svg = mark_safe(f'<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">{shape}</svg>')  # noqa: S308  our own constants
    return format_html('<span class="v v-{}">{}{}</span>', name, svg, label)


@register.simple_tag
def verdict_mark(rating: str) -> SafeString:
    """A rating as a word with its shape and colour."""
    label = str(Rating(rating).label)
    return _marked(rating.replace("_", "-"), SHAPES[rating], label[:1].upper() + label[1:])


# A full dot, a dot struck through, an empty dashed one: consistent, different, not mentioned.
STANCES = {
    "says_so": '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" stroke-width="1.8"/>'
    '<path d="m4.8 8.3 2.3 2.3 4.2-4.9" fill="none" stroke="currentColor" stroke-width="1.8"/>',
    "says_otherwise": '<circle cx="8" cy="8" r="7.4" fill="currentColor"/><path d="m5 5 6 6m0-6-6 6" class="v-cut" stroke-width="1.9"/>',
    "no_mention": '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.6" stroke-dasharray="2 2.2"/>',
}


@register.simple_tag
def stance_mark(stance: str) -> SafeString:
    """What a source says about a promise: a word with its shape and colour."""
    label = str(Stance(stance).label)
    return _marked(stance.replace("_", "-"), STANCES[stance], label[:1].upper() + label[1:])


@register.simple_tag
def verdict_sign(rating: str) -> SafeString:
    """The shape of a rating alone, its word for who does not see it: where many stand in a row."""
    label = str(Rating(rating).label)
    return format_html(
        '<span class="v v-{}" title="{}"><svg viewBox="0 0 16 16" role="img" aria-label="{}">{}</svg></span>',
        rating.replace("_", "-"), label, label, mark_safe(SHAPES[rating]),  # noqa: S308  our own constants
    )  # fmt: skip


@register.simple_tag
def stance_sign(stance: str) -> SafeString:
    """The shape of a stance alone, its word for who does not see it."""
    label = str(Stance(stance).label)
    return format_html(
        '<span class="v v-{}" title="{}"><svg viewBox="0 0 16 16" role="img" aria-label="{}">{}</svg></span>',
        stance.replace("_", "-"), label, label, mark_safe(STANCES[stance]),  # noqa: S308  our own constants
    )  # fmt: skip


def _hours(span: timedelta) -> str:
    minutes = span // timedelta(minutes=1)
    return gettext("{} h {} min").format(minutes // 60, minutes % 60)


@register.filter
def lag(value: Lag | None) -> SafeString:
    """How long after the harm, as exactly as it is known, with both bounds behind it."""
    if value is None:
        return SafeString("")
    exact = gettext("at least {}, at most {}").format(_hours(value.least), _hours(value.most))
    if value.least >= timedelta(days=10):
        days = value.least // timedelta(days=1), -(-value.most // timedelta(days=1))
        shown = gettext("{} days").format(days[0] if days[0] + 1 >= days[1] else f"{days[0]}–{days[1]}")
    elif value.most - value.least <= timedelta(minutes=2):
        shown = _hours(value.least + (value.most - value.least) / 2)
    else:
        low, high = value.least // timedelta(hours=1), -(-value.most // timedelta(hours=1))
        shown = gettext("{} h").format(f"{low}–{high}")
    return format_html('<span class="num" title="{}">{}</span>', exact, shown)


@register.filter
def moment_known(event: Occurrence) -> SafeString:
    """The time of an event as exactly as it is known, and no further."""
    at = _local(event.happened_at)
    if event.exact_to == "minute":
        return when(at)
    shown = _day(at) if event.exact_to == "day" else gettext("{}, about {} o’clock UTC").format(_day(at), at.hour)
    exact = at.strftime("%Y-%m-%d") if event.exact_to == "day" else at.strftime("%Y-%m-%dT%H:00Z")
    return format_html('<time datetime="{}" title="{}">{}</time>', exact, str(Exactness(event.exact_to).label), shown)


@register.filter
def actors(codes: Iterable[str]) -> str:
    """Who acted, as a list in words."""
    known = [str(Actor(code).label) for code in codes]
    if page_language() == "zh-Hans":
        return "、".join(known)
    return known[0] if len(known) == 1 else gettext("{} and {}").format(", ".join(known[:-1]), known[-1]) if known else ""


@register.filter
def thousands(value: Decimal | None) -> str:
    """A number exactly as it is kept, its thousands apart."""
    return "" if value is None else shown_figure(value)


@register.simple_tag
def progress_mark(progress: str) -> SafeString:
    """How far the work is: a word in grey with a dotted ring, so that nobody takes it for a finding."""
    label = str(Progress(progress).label)
    ring = '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.4" stroke-dasharray="1 2.4"/>'
    return _marked("progress", ring, label[:1].upper() + label[1:])


@register.simple_tag
def marked_runs(runs: list[Run], anchor: str = "") -> SafeString:
    """A diff in line: removed in `<del>`, added in `<ins>`, moved in both with a class. `anchor` makes each change a target."""
    said: set[int] = set()
    parts: list[SafeString] = []
    for run in runs:
        text = conditional_escape(run.text)
        if run.kind is Kind.SAME:
            parts.append(SafeString(text))
            continue
        target = ""
        if anchor and run.number not in said:
            said.add(run.number)
            target = format_html(' id="{}{}"', anchor, run.number)
        moved = SafeString(' class="moved"') if run.kind is Kind.MOVED else SafeString("")
        element = "del" if run.side is Side.OLD or run.kind is Kind.GONE else "ins"
        parts.append(format_html("<{}{}{}>{}</{}>", SafeString(element), target, moved, text, SafeString(element)))
    return mark_safe("".join(parts))  # noqa: S308  each part was escaped above


@register.simple_tag
def version_line(line: Line, width: int = WIDTH) -> SafeString:
    """The version line of a source, inline so that the page's style sheet colours it: drawn at `width`, and once more for a phone.
    Which of the two is shown depends on the room, so that words keep their size."""
    lang: Lang = page_language()
    title = words(line.source.title)
    wide, narrow = line.svg(lang, title, width), line.svg(lang, title, NARROW)
    return mark_safe(f'<div class="line-box line-{width}">{wide}{narrow}</div>')  # noqa: S308  reports.drawing.lines escapes every text it draws


@register.inclusion_tag("config/provenance.html")
def provenance_badge(level: str) -> dict[str, Any]:
    """The badge of an artefact, which opens to what its level proves and what it does not."""
    return {
        "level": level,
        "proves": Provenance(level).label,
        "not": DOES_NOT_PROVE[level].to(page_language()),
    }


@register.inclusion_tag("config/pages.html", takes_context=True)
def pages(context: dict[str, Any], page: Any) -> dict[str, Any]:
    """The way on through a list (claims.paging.Page)."""
    query = context["request"].GET.copy()
    query.pop("after", None)
    first = query.urlencode()
    query["after"] = page.next_cursor
    return {"page": page, "first": f"?{first}", "next": f"?{query.urlencode()}"}


@register.simple_tag(takes_context=True)
def narrow(context: dict[str, Any], name: str, value: str, chosen: bool) -> str:
    """The address of the list narrowed by one more value, or without it if it is chosen; back at the first page."""
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


@register.simple_tag
def record_state() -> tuple[int, datetime] | None:
    """Size and time of the last checkpoint, or None before the first."""
    return Checkpoint.objects.order_by("-size").values_list("size", "signed_at").first()


@register.simple_tag(takes_context=True)
def here(context: dict[str, Any], start: str) -> SafeString:
    """`aria-current` for the part of the site that the page belongs to."""
    path = context["request"].path if "request" in context else ""
    return mark_safe(' aria-current="page"') if path.startswith(start) else SafeString("")
