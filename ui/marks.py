"""A word with its shape and colour: how ratings, stances and states stand on a page, apart in black
and white too; and what of a text is different."""

from __future__ import annotations

from collections.abc import Iterable

from django.utils.html import conditional_escape, format_html
from django.utils.safestring import SafeString, mark_safe

from engines.text.diffing import Kind, Run, Side


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


def marked_runs(runs: Iterable[Run], anchor: str = "") -> SafeString:
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
