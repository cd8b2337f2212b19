"""The one typeface of reports: where it is, what it can print, and its letters as outlines.

The face is Noto Sans CJK SC, one variable font (100 to 900) for Chinese and Latin, out of a pinned
package. Fonts of the machine are never looked at: the same report must give the same bytes
anywhere.

Why letters in pictures become outlines. An SVG names a font and hopes. Where the font is missing
the browser takes another; inside a PDF the picture's text is drawn by a renderer that knows only
the default instance of a variable font, which for this face is Thin; and cutting a static Regular
out of the 32 MB file takes minutes. typst draws variable fonts at the weight asked for, and its SVG
output holds the glyphs as outlines. So every label of a picture is set by typst (a millisecond
each), and its outlines take the place of the ``<text>`` element. The picture then looks the same in
a browser, in a PDF and in fifty years; what it says for who cannot see it stands in its ``<title>``
and ``<desc>``.
"""

import json
import re
import struct
import unicodedata
from bisect import bisect_right
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final
from xml.etree import ElementTree

import manimgx_fonts_cjk
import typst

FAMILY: Final = "Noto Sans CJK SC"
MONO: Final = "DejaVu Sans Mono"
FILE: Final = Path(manimgx_fonts_cjk.__file__).parent / "NotoSansCJK-VF.otf.ttc"

#: Marks where a long word may break. Typeset as nothing at all;
#: ``printable`` lets none in from outside.
BREAK: Final = "\u200b"
_LONG: Final = re.compile(
    r"[^\s\u2e80-\u9fff\uac00-\ud7ff\uf900-\ufaff\uff00-\uffef\U00020000-\U0003ffff]{25,}"
)

SVG: Final = "http://www.w3.org/2000/svg"
_XLINK: Final = "{http://www.w3.org/1999/xlink}href"


@cache
def faces() -> typst.Fonts:
    """The fonts that typst may use: ours and those inside the typst package, none of the
    machine's."""
    return typst.Fonts(
        include_system_fonts=False, include_embedded_fonts=True, font_paths=[str(FILE.parent)]
    )


def printable(text: str) -> str:
    """``text`` as it can be printed: what the face lacks, and what is no letter but an order, as
    ``[U+202E]``.

    Controls, bidirectional overrides, invisible joiners, private use and half surrogates are orders
    to a renderer: in a document of evidence the reader must see that they are there, and they must
    have no effect. So is the second mark stacked on one letter: a tower of them would write over
    other lines. Newlines stay; a tab becomes a space; CR LF becomes LF.
    """
    if text.isascii() and text.isprintable():
        return text
    text = text.replace("\r\n", "\n").replace("\t", " ")
    shown, marked = [], True
    for each in text:
        mark = unicodedata.combining(each) != 0 or unicodedata.category(each) == "Me"
        shown.append(
            each
            if each == "\n" or (_prints(each) and not (mark and marked))
            else f"[U+{ord(each):04X}]"
        )
        marked = mark
    return "".join(shown)


def breakable(text: str) -> str:
    """``text`` with a BREAK after every fourth character of words that could be wider than a
    column."""
    return _LONG.sub(
        lambda word: BREAK.join(word[0][at : at + 4] for at in range(0, len(word[0]), 4)), text
    )


@cache
def _prints(character: str) -> bool:
    if unicodedata.category(character) in {"Cc", "Cf", "Cs", "Co", "Zl", "Zp"}:
        return False
    starts, ends = _coverage()
    at = bisect_right(starts, ord(character)) - 1
    return at >= 0 and ord(character) <= ends[at]


@cache
def _coverage() -> tuple[list[int], list[int]]:
    """The code points of the face, as starts and ends of ranges, from its ``cmap`` table (OpenType,
    format 12)."""
    with FILE.open("rb") as file:

        def read(offset: int, form: str) -> tuple[Any, ...]:
            file.seek(offset)
            return struct.unpack(form, file.read(struct.calcsize(form)))

        tag, _, _, count = read(0, ">4sHHI")
        if tag != b"ttcf":
            raise ValueError(f"{FILE.name} is no font collection")
        face = read(12, f">{count}I")[_index()]
        (tables,) = read(face + 4, ">H")
        records = [read(face + 12 + 16 * index, ">4sIII") for index in range(tables)]
        table = next(offset for name, _, offset, _ in records if name == b"cmap")
        (subtables,) = read(table + 2, ">H")
        for index in range(subtables):
            platform, encoding, offset = read(table + 4 + 8 * index, ">HHI")
            if (platform, encoding) == (3, 10):
                form, _, _, _, groups = read(table + offset, ">HHIII")
                if form == 12:
                    flat = read(table + offset + 16, f">{3 * groups}I")
                    return list(flat[0::3]), list(flat[1::3])
    raise ValueError(f"{FILE.name} has no character map of format 12")


def _index() -> int:
    return next(each.index for each in faces().fonts() if each.family == FAMILY)


_LABELS: Final = rb"""
#let labels = json(bytes(sys.inputs.labels))
#set page(width: auto, height: auto, margin: 0pt, fill: none)
#set par(leading: 0pt)
#for (index, label) in labels.enumerate() {
  if index > 0 { pagebreak() }
  let face = if label.lang == "zh" { "Noto Sans CJK SC" } else {
    ("Noto Sans CJK KR", "Noto Sans CJK SC")
  }
  box(text(font: face, fallback: false, size: label.size * 1pt, weight: label.weight,
    lang: label.lang, region: if label.lang == "zh" { "CN" } else { none }, label.text))
}
"""


class Lettering:
    """One label as outlines: ``width`` in the units of its size, and the glyphs, baseline at 0, to
    put under a ``<g>``."""

    def __init__(self, page: bytes) -> None:
        root = ElementTree.fromstring(page)  # noqa: S314  (drawn by typst a moment ago, from text that it was given as data)
        self.width = float(root.attrib["width"].removesuffix("pt"))
        self.symbols = {symbol.attrib["id"]: symbol for symbol in root.iter(f"{{{SVG}}}symbol")}
        self.uses: list[tuple[str, float]] = []
        for run in root.iter(f"{{{SVG}}}g"):
            placed = re.fullmatch(
                r"matrix\(1 0 0 -1 (\S+) (\S+)\)", run.attrib.get("transform", "")
            )
            if placed:
                for use in run.iter(f"{{{SVG}}}use"):
                    self.uses.append(
                        (
                            use.attrib[_XLINK].removeprefix("#"),
                            float(placed[1]) + float(use.attrib.get("x", "0")),
                        )
                    )


def letter(labels: Sequence[tuple[str, float, int]], lang: str) -> list[Lettering]:
    """Outlines for each (text, size, weight). A newline in a label becomes a space: a label is one
    line."""
    if not labels:
        return []
    sheet = [
        {
            "text": printable(text).replace("\n", " ") or " ",
            "size": size,
            "weight": weight,
            "lang": lang[:2],
        }
        for text, size, weight in labels
    ]
    pages = typst.compile(
        _LABELS,
        font_paths=faces(),
        ignore_system_fonts=True,
        format="svg",
        sys_inputs={"labels": json.dumps(sheet, ensure_ascii=False)},
    )
    return [Lettering(page) for page in (pages if isinstance(pages, list) else [pages])]


def outlined(svg: str, lang: str) -> str:
    """The same picture with every ``<text>`` replaced by its outlines; its role, title and
    description stay.

    Understands what our own pictures hold: ``x``, ``y``, ``font-size``, ``font-weight``,
    ``text-anchor``, ``fill`` and ``class`` as attributes, one line of text, no nested ``<tspan>``.
    """
    ElementTree.register_namespace("", SVG)
    root = ElementTree.fromstring(svg)  # noqa: S314  (our own picture)
    parents = {child: parent for parent in root.iter() for child in parent}
    texts = [each for each in root.iter(f"{{{SVG}}}text") if (each.text or "").strip()]
    weights = {"bold": 700, "normal": 400}
    labels = [
        (
            each.text or "",
            float(each.attrib.get("font-size", "12").removesuffix("px")),
            weights.get(each.attrib.get("font-weight", "normal"))
            or int(each.attrib["font-weight"]),
        )
        for each in texts
    ]
    symbols: dict[str, ElementTree.Element] = {}
    for text, lettering in zip(texts, letter(labels, lang), strict=True):
        symbols |= lettering.symbols
        shift = {"middle": lettering.width / 2, "end": lettering.width}.get(
            text.attrib.get("text-anchor", "start"), 0.0
        )
        x, y = float(text.attrib.get("x", "0")) - shift, float(text.attrib.get("y", "0"))
        moved = f"{text.attrib.get('transform', '')} matrix(1 0 0 -1 {x:.3f} {y:.3f})"
        group = ElementTree.Element(f"{{{SVG}}}g", {"transform": moved.strip()})
        for name in ("class", "fill"):
            if name in text.attrib:
                group.set(name, text.attrib[name])
        for glyph, at in lettering.uses:
            ElementTree.SubElement(group, f"{{{SVG}}}use", {"href": f"#{glyph}", "x": f"{at:.3f}"})
        parent = parents[text]
        parent.insert(list(parent).index(text), group)
        parent.remove(text)
    if symbols:
        defs = ElementTree.Element(f"{{{SVG}}}defs")
        defs.extend(symbols[name] for name in sorted(symbols))
        root.append(defs)
    return ElementTree.tostring(root, encoding="unicode")
