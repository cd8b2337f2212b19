"""Pieces that stand on many pages (ADR 13). A builtin: no template loads it.

    {% button why=objection look="second" %}{% translate "Withdraw" %}{% endbutton %}

A component decides nothing: the view hands it the sentence that stands against the act, or none.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from django import template
from django.forms.utils import flatatt
from django.utils.functional import Promise
from django.utils.html import format_html, format_html_join
from django.utils.safestring import SafeString, mark_safe

register = template.Library()

#: None, one sentence, or several.
Why = str | Promise | Sequence[str | Promise] | None


def attributes_of(named: dict[str, object]) -> SafeString:
    """Attributes as markup: `data_handle=True` is `data-handle`; what is empty is left out."""
    return flatatt(
        {name.replace("_", "-"): value for name, value in named.items() if value not in ("", None)}
    )


def button_markup(content: str, **attributes: object) -> SafeString:
    """A button of which a template wrote the label over lines."""
    label = mark_safe(content.strip())  # noqa: S308  rendered by a template
    return format_html("<button{}>{}</button>", attributes_of(attributes), label)


@register.simple_block_tag
def button(
    content: str, why: Why = None, look: str = "", href: str = "", **attributes: object
) -> SafeString:
    """A button; with `href` a link that looks like one. Where `why` says why not, it cannot be
    pressed and the reasons stand beside it: one sentence after it, several as a list before it.
    `look` is a class; every other name is an attribute (`name`, `value`, `data_handle=True`).
    """
    if href and not why:
        label = mark_safe(content.strip())  # noqa: S308  rendered by a template
        link = attributes_of({"href": href, **attributes})
        return format_html('<a class="{}"{}>{}</a>', f"button {look}".strip(), link, label)
    if href:
        attributes, look = {}, ""
    pressed = button_markup(content, **{"class": look}, **attributes, disabled=bool(why))
    if not why:
        return pressed
    if isinstance(why, (str, Promise)):
        return format_html('{} <span class="small why">{}</span>', pressed, why)
    reasons = format_html_join("", "<li>{}</li>", ((reason,) for reason in why))
    return format_html('<ul class="gates">{}</ul>{}', reasons, pressed)


class Sized(Protocol):
    """What has the size of a picture in pixels."""

    width: int
    height: int


@register.simple_tag
def photo(
    src: str, size: Sized, alt: str = "", lazy: bool = True, **attributes: object
) -> SafeString:
    """A picture with the room it will take. It is fetched when it comes near, unless it is the
    page's own (`lazy=False`)."""
    loading = {"loading": "lazy"} if lazy else {}
    rest = attributes_of({"width": size.width, "height": size.height, **loading, **attributes})
    return format_html('<img src="{}" alt="{}"{}>', src, alt, rest)
