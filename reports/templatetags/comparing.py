"""Changes of a text on a page: removed, added, moved, and what is left out between them. Loaded as
`{% load comparing %}`."""

from __future__ import annotations

from collections.abc import Sequence

from django import template
from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe
from django.utils.translation import ngettext

from engines.text.diffing import Kind, Side
from reports.pages.diff_view import Piece, Skip

register = template.Library()


@register.simple_tag
def marked(pieces: Sequence[Piece]) -> SafeString:
    """Removed in `<del>`, added in `<ins>`, moved in both with a class; each mark carries the
    number of its change."""
    return mark_safe("".join(_piece(piece) for piece in pieces))  # noqa: S308  each piece is escaped by format_html


def _piece(piece: Piece) -> SafeString:
    if isinstance(piece, Skip):
        return left_out(piece.characters)
    if piece.kind is Kind.SAME:
        return format_html("{}", piece.text)
    element = SafeString("del" if piece.side is Side.OLD else "ins")
    moved = SafeString(' class="moved"') if piece.kind is Kind.MOVED else SafeString("")
    return format_html(
        '<{}{} data-change="{}">{}</{}>', element, moved, piece.number, piece.text, element
    )


@register.simple_tag
def left_out(characters: int) -> SafeString:
    """A note that so much unchanged text is not shown."""
    label = ngettext("%(n)d character unchanged", "%(n)d characters unchanged", characters) % {
        "n": characters
    }
    return format_html('<span class="left-out">⋯ {} ⋯</span>', label)
