"""The marks of ASCII that stand beside Chinese characters on a page in Chinese, where a reader
expects those of full width."""

from __future__ import annotations

import re
from html.parser import HTMLParser
from typing import Final

#: What was typed or is code keeps its marks; one character stands for it in the line.
_CONTENT: Final = {
    "code",
    "pre",
    "kbd",
    "samp",
    "textarea",
    "svg",
    "script",
    "style",
    "q",
    "del",
    "ins",
}
_CONTENT_CLASSES: Final = {"mono", "mark"}
_INLINE: Final = {
    "a", "abbr", "b", "button", "cite", "code", "del", "em", "i", "ins", "kbd", "label", "q",
    "small", "span", "strong", "sub", "sup", "time", "u",
}  # fmt: skip
_VOID: Final = {"area", "base", "br", "col", "hr", "img", "input", "link", "meta", "source", "wbr"}
_SPOKEN: Final = ("alt", "aria-label", "title", "placeholder")

_HAN: Final = r"[\u4e00-\u9fff\u3001-\u303f\uff00-\uffef“”]"
_MARKS: Final = re.compile(rf".{{0,24}}(?:{_HAN}\s*[,:;!?()]|[,:;!?()]\s*{_HAN}).{{0,24}}")


class _Lines(HTMLParser):
    """The lines of a page in Chinese, each of one block."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.open: list[tuple[str, bool]] = []
        self.lines: list[str] = [""]

    @property
    def silent(self) -> bool:
        return any(content for _tag, content in self.open)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        known = {name: value or "" for name, value in attrs}
        if tag not in _INLINE and not self.silent:
            self.lines.append("")
        content = (
            tag in _CONTENT
            or (tag != "html" and "lang" in known)
            or not _CONTENT_CLASSES.isdisjoint(known.get("class", "").split())
        )
        if not self.silent:
            if content:
                self.lines[-1] += "字" if known.get("lang", "zh").startswith("zh") else "x"
            else:
                self.lines[-1:-1] = [known[name] for name in _SPOKEN if name in known]
        if tag not in _VOID:
            self.open.append((tag, content))

    def handle_endtag(self, tag: str) -> None:
        while self.open:
            name, _content = self.open.pop()
            if name == tag:
                break
        if tag not in _INLINE and not self.silent:
            self.lines.append("")

    def handle_data(self, data: str) -> None:
        if not self.silent:
            self.lines[-1] += data


def foreign_marks(html: str) -> list[str]:
    """Where a page in Chinese has a colon, comma, semicolon, bracket, question or exclamation mark
    of ASCII beside a Chinese character, with what stands around it."""
    reader = _Lines()
    reader.feed(html)
    return [
        match[0].strip()
        for line in reader.lines
        for match in _MARKS.finditer(re.sub(r"\s+", " ", line))
    ]
