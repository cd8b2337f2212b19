"""The decoder's task as it would be without the encodings loaded beforehand: the negative control
of test_decoding_metadata."""

from __future__ import annotations

from typing import Any

from engines.decoding import pictures

work = pictures.work


def prepare() -> dict[str, Any]:
    pictures._load_codecs = lambda: None
    return pictures.prepare()
