"""Whether pages are valid HTML, by html-validate: one process for all of them (`markup.mjs` says by
which rules)."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from typing import Final

import pytest

from tests.system.processes import ROOT

PROGRAM: Final = ROOT / "tests" / "system" / "markup.mjs"
#: What `datetime` may be on our pages (HTML, section 2.3.5): a day, or a moment of a day with at
#: most three digits of a second.
_TIMES: Final = re.compile(r'<time[^>]* datetime="([^"]*)"')
_MOMENT: Final = re.compile(
    r"\d{4}-\d{2}(?:-\d{2}(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d{1,3})?)?(?:Z|[+-]\d{2}:\d{2}))?)?"
)
INSTALLED: Final = (
    shutil.which("node") is not None and (ROOT / "node_modules" / "html-validate").is_dir()
)
checked = pytest.mark.skipif(
    not INSTALLED,
    reason="html-validate is not installed (`make test` does it where there is Node.js): markup "
    "unchecked",
)


def complaints(pages: Mapping[str, str]) -> Iterator[str]:
    """A sentence for each thing that is wrong with one of the pages, by name."""
    done = subprocess.run(
        ["node", str(PROGRAM)],
        input=json.dumps(dict(pages)),
        capture_output=True,
        text=True,
        timeout=120,
        cwd=ROOT,
        check=True,
    )
    for name, found in json.loads(done.stdout).items():
        yield from (f"{name}: {one}" for one in found)
    for name, page in pages.items():
        yield from (
            f"{name}: no valid datetime: {one}"
            for one in _TIMES.findall(page)
            if not _MOMENT.fullmatch(one)
        )
