"""The colours of pictures, as the style sheet of the site names them: one file (tokens.css) for
pages, charts and both schemes.

A picture is drawn in light colours, which hold on paper and where nothing else is known.
``in_both_schemes`` lets a browser that shows it in the dark exchange them, also where the picture
is an ``<img>`` and out of reach of the page's own sheet.
"""

import re
from functools import cache
from pathlib import Path
from typing import Final

TOKENS: Final = Path(__file__).parent.parent.parent / "ui" / "static" / "ui" / "tokens.css"
_DARK: Final = "@media (prefers-color-scheme: dark)"
_COLOUR: Final = re.compile(r"--([\w-]+):\s*(#[0-9a-fA-F]{6})\s*;")


@cache
def light() -> dict[str, str]:
    """Every colour by its name, as it is in the light."""
    return dict(_COLOUR.findall(TOKENS.read_text().partition(_DARK)[0]))


@cache
def dark() -> dict[str, str]:
    """The colours that are others in the dark."""
    return dict(_COLOUR.findall(TOKENS.read_text().partition(_DARK)[2]))


@cache
def _sheet() -> str:
    """Rules by which each light colour becomes its dark one. Of names with one light colour the
    first holds."""
    exchanged: dict[str, str] = {}
    for name, colour in light().items():
        if name in dark():
            exchanged.setdefault(colour.lower(), dark()[name])
    rules = [
        f'[{what}="{old}"]{{{what}:{new}}}'
        for old, new in exchanged.items()
        for what in ("fill", "stroke")
    ]
    return f"<style>{_DARK}{{{''.join(rules)}}}</style>"


def in_both_schemes(svg: str) -> str:
    """The picture with its dark colours behind the light ones."""
    head, mark, rest = svg.partition(">")
    return f"{head}{mark}{_sheet()}{rest}"
