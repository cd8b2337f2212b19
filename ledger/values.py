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
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from enum import Enum
from ipaddress import IPv4Address, IPv6Address
from json.encoder import encode_basestring as quote
from typing import Any
from uuid import UUID

from ledger.canonical import MAX_DEPTH, MAX_INTEGER, canonical
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


def written(value: Any) -> str:
    """The text of `canonical(plain(value))`. Most values are words, ids, moments and small objects
    of texts: those are written outright. Raises what these two raise."""
    try:
        return _WRITERS[type(value)](value, 0)
    except (KeyError, _RareError):
        return canonical(plain(value)).decode()


class _RareError(Exception):
    """A value that is left to `plain` and `canonical`."""


def _write_integer(value: int, depth: int) -> str:
    return str(value) if -MAX_INTEGER <= value <= MAX_INTEGER else f'"{value}"'


def _write_object(value: dict[Any, Any], depth: int) -> str:
    if depth == _FLAT:
        raise _RareError
    members = []
    for key in sorted(value):
        if type(key) is not str or not key.isascii():
            raise _RareError  # Code points and UTF-16 units sort alike as long as they are ASCII.
        held = value[key]
        members.append(f"{quote(key)}:{_WRITERS[type(held)](held, depth + 1)}")
    return "{" + ",".join(members) + "}"


def _write_list(value: list[Any], depth: int) -> str:
    if depth == _FLAT:
        raise _RareError
    return "[" + ",".join([_WRITERS[type(held)](held, depth + 1) for held in value]) + "]"


_FLAT = 8
_WRITERS: dict[type, Callable[[Any, int], str]] = {
    str: lambda value, depth: quote(value),
    type(None): lambda value, depth: "null",
    bool: lambda value, depth: "true" if value else "false",
    int: _write_integer,
    UUID: lambda value, depth: f'"{value}"',
    datetime: lambda value, depth: f'"{timestamp(value)}"',
    date: lambda value, depth: f'"{value}"',
    Decimal: lambda value, depth: f'"{value:f}"',
    dict: _write_object,
    list: _write_list,
}
