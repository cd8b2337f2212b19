"""The front alone, for the server that is measured against nginx: what is not published is 404."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from config.verdict_fast_path import Start, VerdictFastPath


def nothing(environ: dict[str, Any], start_response: Start) -> Iterable[bytes]:
    start_response("404 Not Found", [("Content-Length", "0")])
    return []


application = VerdictFastPath(nothing, Path(os.environ["PUBLISHED_DIR"]))
