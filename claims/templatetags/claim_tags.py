"""How pages say what was claimed: written texts in the reader's language, money, stances, progress.
Loaded as `{% load claim_tags %}`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from decimal import Decimal
from typing import Any

from django import template
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString
from django.utils.translation import gettext

from accounts.models import Role
from claims import currencies, headlines
from claims.languages import language_name as named
from claims.languages import same_language
from claims.localized_text import LocalizedReading, read
from claims.states import Progress, Stance
from claims.threshold_words import quantity_words, threshold_words
from ui.in_words import in_brackets
from ui.languages import page_language
from ui.marks import capitalised, marked, sign
from ui.shortening import shortened

register = template.Library()


@register.filter
def words(value: dict[str, Any] | None) -> str:
    """A written text as bare words in the reader's language: for titles, attributes, options."""
    return read(value, page_language()).text


@register.simple_tag
def translation_of(value: dict[str, Any] | None, lang: str) -> LocalizedReading | None:
    """The translation of words said in `lang` for a reader of another language; None if they need
    none, or there is none."""
    reading = read(value, page_language())
    return (
        None
        if same_language(lang, page_language()) or reading.missing or not reading.text
        else reading
    )


def _note(reading: LocalizedReading) -> str:
    if reading.missing:
        return gettext("no translation yet")
    if reading.translated_by:
        names = {str(role.value): str(role.label) for role in Role}
        return gettext("translated by: %(role)s") % {
            "role": names.get(reading.translated_by, reading.translated_by)
        }
    return ""


@register.filter
def written(value: dict[str, Any] | None) -> SafeString:
    """A written text with its own `lang`. That it has no translation yet is said once a block, and
    never in a link or a heading: see `untranslated`."""
    reading = read(value, page_language())
    return written_in(reading) if reading.text else SafeString("")


@register.simple_tag
def untranslated(*values: dict[str, Any] | None, inline: bool = False) -> SafeString:
    """Says, once for all the texts of a block, that some have no translation yet: as a line of its
    own, or at the end of another."""
    if not any(read(value, page_language()).missing for value in values if value):
        return SafeString("")
    note = capitalised(gettext("no translation yet"))
    markup = '<small class="note"> · {}</small>' if inline else '<p class="note">{}</p>'
    return format_html(markup, note)


@register.filter
def threshold(criterion: Any) -> str:
    """A threshold as people say it: “between 6 and 8 m/s”, “about 20 L (± 1 L)”."""
    lang = page_language()
    return threshold_words(
        lang, comparator=criterion.comparator, value=criterion.value, unit=criterion.unit,
        value_to=criterion.value_to, tolerance=criterion.tolerance,
        baseline=read(criterion.baseline, lang).text,
    )  # fmt: skip


@register.filter
def quantity(criterion: Any) -> str:
    """Its number or numbers alone, with the unit."""
    return quantity_words(criterion.value, criterion.unit, criterion.value_to)


@register.filter
def in_full(value: dict[str, Any] | None) -> SafeString:
    """The whole of a text that a heading shortened, for the line below it; nothing if it fits."""
    reading = read(value, page_language())
    if shortened(reading.text) == " ".join(reading.text.split()):
        return SafeString("")
    return format_html('<p class="in-full" lang="{}">{}</p>', reading.lang, reading.text)


def written_in(reading: LocalizedReading) -> SafeString:
    """The words of a text with their `lang`."""
    if reading.translated_by and not reading.missing:
        return format_html(
            '<span lang="{}" title="{}">{}</span>', reading.lang, _note(reading), reading.text
        )
    return format_html('<span lang="{}">{}</span>', reading.lang, reading.text)


@register.filter
def written_long(value: dict[str, Any] | None) -> SafeString:
    """A longer written text, each line of it a paragraph, with the same notes."""
    reading = read(value, page_language())
    if not reading.text:
        return SafeString("")
    paragraphs = format_html_join(
        "", "<p>{}</p>", ((line,) for line in reading.text.splitlines() if line.strip())
    )
    note = _note(reading)
    return format_html(
        '<div lang="{}">{}</div>{}',
        reading.lang,
        paragraphs,
        format_html('<p class="note">{}</p>', in_brackets(note)) if note else "",
    )


def shown_within(value: dict[str, Any] | None, sentence: Callable[[str], str]) -> SafeString:
    """A written text within other words, with its own `lang`. Where the sentence shortens it, it is
    the shortened text that has the `lang`."""
    reading = read(value, page_language())
    if not reading.text:
        return format_html("{}", sentence(""))
    before, _place, after = sentence("\0").partition("\0")
    words = sentence(reading.text).removeprefix(before).removesuffix(after)
    return format_html("{}{}{}", before, written_in(replace(reading, text=words)), after)


@register.filter
def claim_heading(summary: dict[str, Any] | None) -> SafeString:
    """A claim's summary as a heading: what it is before the words, which are in quotation marks."""
    return shown_within(summary, headlines.of_claim)


@register.filter
def claim_title(summary: dict[str, Any] | None) -> str:
    """The same as bare words: for titles and attributes."""
    return headlines.of_claim(words(summary))


@register.filter
def in_short_quotes(value: dict[str, Any] | None) -> SafeString:
    """A summary in quotation marks as the way back to its claim: as short as a heading."""
    return shown_within(value, lambda words: headlines.quoted(shortened(words)))


@register.filter
def in_quotes(value: dict[str, Any] | None) -> SafeString:
    """A summary or a point in quotation marks, where the line around it says what it is."""
    return shown_within(value, headlines.quoted)


@register.filter
def language_name(tag: str) -> str:
    """What a language is called."""
    return named(tag)


@register.filter
def in_language(tag: str) -> SafeString:
    """Beside words that may be in another language than the page: which. Nothing for words in the
    page's own."""
    if not tag or same_language(tag, page_language()):
        return SafeString("")
    return format_html(
        '<small class="note" lang="{}">{}</small>',
        page_language(),
        in_brackets(gettext("in %(language)s") % {"language": named(tag)}),
    )


@register.simple_tag
def money(amount: Decimal | None, currency: str) -> SafeString:
    """An exact amount with its currency, the code of which stands behind it."""
    if amount is None:
        return SafeString("")
    return format_html(
        '<span class="num" title="{}">{}</span>',
        currency,
        currencies.in_words(amount, currency, page_language()),
    )


# A full dot, a dot struck through, an empty dashed one: consistent, different, not mentioned.
STANCES = {
    "says_so": (
        '<circle cx="8" cy="8" r="6.5" fill="none" stroke="currentColor" '
        'stroke-width="1.8"/><path d="m4.8 8.3 2.3 2.3 4.2-4.9" fill="none" '
        'stroke="currentColor" stroke-width="1.8"/>'
    ),
    "says_otherwise": (
        '<circle cx="8" cy="8" r="7.4" fill="currentColor"/><path d="m5 5 6 6m0-6-6 6" '
        'class="v-cut" stroke-width="1.9"/>'
    ),
    "no_mention": (
        '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.6" '
        'stroke-dasharray="2 2.2"/>'
    ),
}


@register.simple_tag
def stance_mark(stance: str) -> SafeString:
    """What a source says about a promise: a word with its shape and colour."""
    label = str(Stance(stance).label)
    return marked(stance.replace("_", "-"), STANCES[stance], capitalised(label))


@register.simple_tag
def stance_sign(stance: str) -> SafeString:
    """The shape of a stance alone, its word for who does not see it."""
    return sign(stance.replace("_", "-"), STANCES[stance], str(Stance(stance).label))


@register.simple_tag
def progress_mark(progress: str) -> SafeString:
    """How far the work is: a word in grey with a dotted ring, so that nobody takes it for a
    finding."""
    label = str(Progress(progress).label)
    ring = (
        '<circle cx="8" cy="8" r="6.6" fill="none" stroke="currentColor" stroke-width="1.4" '
        'stroke-dasharray="1 2.4"/>'
    )
    return marked("progress", ring, capitalised(label))
