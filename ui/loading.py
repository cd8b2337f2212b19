"""Templates as they are written for people, sent without what is there for people alone.

A template is laid out with one element or tag a line and indented (`make fix`). The indentation
would be a fifth of a page's bytes; no browser shows it. It is taken away as a template is loaded,
once: lines keep their number, so that errors still name the right one.
"""

from __future__ import annotations

import re

from django.conf import settings
from django.template.base import Origin
from django.template.loaders import app_directories

_INDENTED = re.compile(r"\n[ \t]+")
#: Text in which a browser shows every space.
_KEPT = re.compile(r"(<(pre|textarea)\b.*?</\2>)", re.DOTALL)


def dedented(source: str) -> str:
    """A template without its indentation and without its last line break, so that a file may stand
    within a sentence.

    >>> dedented("<p>\\n  {{ name }}\\n</p>\\n")
    '<p>\\n{{ name }}\\n</p>'
    >>> dedented("<div>\\n  <pre>\\n  a\\n  b</pre>\\n</div>")
    '<div>\\n<pre>\\n  a\\n  b</pre>\\n</div>'
    """
    return "".join(
        "" if number % 3 == 2 else part if number % 3 else _INDENTED.sub("\n", part)
        for number, part in enumerate(_KEPT.split(source))
    ).removesuffix("\n")


class Loader(app_directories.Loader):
    """Of the `templates` folders of the apps. Those of others, and what is no page, stay as they
    are."""

    def get_contents(self, origin: Origin) -> str:
        source = super().get_contents(origin)
        ours = (
            origin.name.startswith(f"{settings.BASE_DIR}/") and "site-packages" not in origin.name
        )
        return dedented(source) if ours and origin.name.endswith(".html") else source
