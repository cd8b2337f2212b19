"""Host names as they are compared: however a client spells the port, the dot at the end or the
case, it is one host."""

from __future__ import annotations

import re

_PORT = re.compile(r":[0-9]*\Z")


def name_of(host: str) -> str:
    """The name alone, of a Host header or of a setting: without port and trailing dots, in small
    letters."""
    return _PORT.sub("", host.strip()).rstrip(".").lower()
