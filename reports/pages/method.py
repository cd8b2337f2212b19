"""The few marks of Markdown that our own documents use, as HTML. Pure; everything else in the text
is escaped.

Headings (`#` to `###`, those of the second level numbered as targets, `#s1`), paragraphs, lists (`-
`, `1. `) whose items may go on in indented lines, tables (`| a | b |`), `**bold**` and `` `code`
``. A document that needs more should be simpler.
"""

from __future__ import annotations

import itertools
import re
from html import escape

_HEADING = re.compile(r"(#{1,3}) (.+)")
_ITEM = re.compile(r"(?:-|\d+\.) +(.+)")


def _inline(text: str) -> str:
    text = escape(text, quote=False)
    text = re.sub(r"`([^`]+)`", r"<code>\1</code>", text)
    return re.sub(r"\*\*([^*]+)\*\*", r"<strong>\1</strong>", text)


def _join(lines: list[str]) -> str:
    """Lines of one paragraph: a space between them, but none between two Chinese characters."""
    text = lines[0]
    for line in lines[1:]:
        text += ("" if ord(text[-1]) > 0x2E7F and ord(line[0]) > 0x2E7F else " ") + line
    return text


def _table(lines: list[str]) -> str:
    rows = [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in lines
        if not set(line) <= set("|-: ")
    ]
    head = "".join(f'<th scope="col">{_inline(cell)}</th>' for cell in rows[0])
    body = "".join(
        "<tr>" + "".join(f"<td>{_inline(cell)}</td>" for cell in row) + "</tr>" for row in rows[1:]
    )
    return (
        '<div class="scroll"><table>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def _block(lines: list[str]) -> str:
    if heading := _HEADING.fullmatch(lines[0]):
        level = len(heading[1])
        return f"<h{level}>{_inline(heading[2])}</h{level}>" + (
            _block(lines[1:]) if lines[1:] else ""
        )
    if lines[0].startswith("|"):
        return _table(lines)
    if _ITEM.fullmatch(lines[0]):
        items: list[list[str]] = []
        for line in lines:
            if start := _ITEM.fullmatch(line):
                items.append([start[1]])
            else:
                items[-1].append(line.strip())
        kind = "ol" if lines[0][0].isdigit() else "ul"
        return (
            f"<{kind}>"
            + "".join(f"<li>{_inline(_join(item))}</li>" for item in items)
            + f"</{kind}>"
        )
    return f"<p>{_inline(_join([line.strip() for line in lines]))}</p>"


def contents(text: str) -> list[tuple[str, str]]:
    """The sections of a document: (`s1`, heading) for each heading of the second level. The targets
    are the same in every language."""
    return [
        (f"s{number}", heading)
        for number, heading in enumerate(re.findall(r"^## (.+)$", text, re.MULTILINE), start=1)
    ]


def to_html(text: str) -> str:
    """The document as HTML, safe to show: only tags made here."""
    blocks = [block.strip("\n").split("\n") for block in re.split(r"\n\s*\n", text.strip())]
    numbers = itertools.count(1)
    return re.sub(
        "<h2>",
        lambda _: f'<h2 id="s{next(numbers)}">',
        "\n".join(_block(block) for block in blocks),
    )
