"""A word with its shape and colour: how ratings, stances and states stand on a page, apart in black
and white too."""

from __future__ import annotations

from django.utils.html import format_html
from django.utils.safestring import SafeString, mark_safe


def marked(name: str, shape: str, label: str) -> SafeString:
    """`label` behind its `shape` (SVG of our own, 16 pixels square), both in the colour of the
    class `v-<name>`."""
    svg = mark_safe(f'<svg viewBox="0 0 16 16" aria-hidden="true" focusable="false">{shape}</svg>')  # noqa: S308  our own constants
    return format_html('<span class="v v-{}">{}{}</span>', name, svg, label)


def sign(name: str, shape: str, label: str) -> SafeString:
    """The shape alone, its word for who does not see it: where many stand in a row."""
    svg = mark_safe(shape)  # noqa: S308  our own constants
    return format_html(
        '<span class="v v-{}" title="{}"><svg viewBox="0 0 16 16" role="img" '
        'aria-label="{}">{}</svg></span>',
        name,
        label,
        label,
        svg,
    )


def capitalised(label: str) -> str:
    """A label where it stands alone."""
    return label[:1].upper() + label[1:]
