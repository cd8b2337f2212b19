"""The one form in which the value of a model field stands in a leaf or under a commitment.

    None, text, truth values, integers within ±(2^53 − 1)   as they are
    larger integers, decimals, floats inside JSON fields    as plain decimal text: "42000.00"
    moments                                                 "2025-06-03T09:41:07.123456Z"
    dates, UUIDs, addresses                                 their usual text
    bytes                                                   hexadecimal
    lists and JSON                                          the same, item by item

Whatever PostgreSQL can hold in a recordable field has a form here, so that no stored change can
ever be kept out of the log.
"""

from __future__ import annotations

import json
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from typing import Any
from uuid import UUID

from ledger.canonical import MAX_DEPTH, MAX_INTEGER
from ledger.leaf import timestamp

_DEEP = MAX_DEPTH - 4  # a value stands inside the leaf's own objects


def plain(value: Any, depth: int = 0) -> Any:  # noqa: C901 — one branch for each type that a field may have
    """The canonical JSON value of a field's value. Raises TypeError for a type that no recordable
    field yields."""
    kind = type(value)
    if kind is str or value is None or value is True or value is False:
        return value
    if (
        kind is dict and depth < _DEEP
    ):  # what JSON yields comes first: it is most of what is recorded
        return {
            str(key): item if type(item) is str else plain(item, depth + 1)
            for key, item in value.items()
        }
    if isinstance(value, Enum):
        return plain(value.value, depth)
    if isinstance(value, str):
        return str(value)
    if isinstance(value, int):
        return int(value) if -MAX_INTEGER <= value <= MAX_INTEGER else str(int(value))
    if isinstance(value, UUID | IPv4Address | IPv6Address):
        return str(value)
    if isinstance(value, datetime):
        return timestamp(value)
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, float):
        return repr(value)
    if isinstance(value, bytes | bytearray | memoryview):
        return bytes(value).hex()
    if isinstance(value, list | tuple | dict) and depth >= _DEEP:
        return json.dumps(value, sort_keys=True, ensure_ascii=False)
    if isinstance(value, list | tuple):
        return [plain(item, depth + 1) for item in value]
    if isinstance(value, dict):
        return {str(key): plain(item, depth + 1) for key, item in value.items()}
    raise TypeError(f"a {type(value).__name__} has no form in a leaf")
