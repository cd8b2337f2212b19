"""Canonical JSON: the one byte string that stands for a value (RFC 8785, without floats).

Everything that is hashed in the record (leaves, committed values, documents) is hashed in this
form, so two writers in two languages must come to the same bytes. Numbers are the part of RFC 8785
on which implementations differ; here they are integers within ±(2^53 − 1) and nothing else, which
every language writes alike. Quantities are therefore decimal strings.

Only the standard library is imported: ``python -m ledger.verify`` stands on this module.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from typing import Any, Never

MAX_INTEGER = 2**53 - 1
"""The largest integer that every JSON reader keeps exactly (RFC 8785, section 3.2.2.3; RFC 7493,
section 2.2)."""

MAX_DEPTH = 64
"""Arrays and objects inside each other. Deeper input is refused rather than left to the reader's
stack."""


class CanonicalError(ValueError):
    """A value that has no canonical form, or bytes that are not one; the message is a sentence."""


def canonical(value: Any) -> bytes:
    """Return the RFC 8785 form of `value` as UTF-8: no white space, members sorted by UTF-16 code
    units.

    Accepts None, bool, int within ±(2^53 − 1), str, list, tuple and dict with str keys. Raises
    CanonicalError for anything else: floats (always), larger integers, text with lone surrogates,
    nesting beyond MAX_DEPTH.
    """
    plain_keys = type(value) is str or _check(value, MAX_DEPTH)
    try:
        if plain_keys:
            return _sorting.encode(value).encode()
        return _keeping.encode(_in_order(value)).encode()
    except UnicodeEncodeError as error:
        raise CanonicalError("Text with a lone surrogate has no canonical form.") from error


def parse(data: bytes) -> Any:
    """Return the value that `data` is the canonical form of.

    Raises CanonicalError unless `data` is exactly what `canonical` would write: that excludes a
    byte order mark, white space, members out of order or repeated, escapes that need not be,
    floats, NaN, `-0`, integers out of range and lone surrogates.
    """
    try:
        value = _decoder.decode(data.decode())
    except UnicodeDecodeError as error:
        raise CanonicalError(f"The bytes are not UTF-8 (at byte {error.start}).") from error
    except json.JSONDecodeError as error:
        raise CanonicalError(
            f"The text is not JSON: {error.msg} (at character {error.pos})."
        ) from error
    except RecursionError as error:
        raise CanonicalError("The JSON is nested too deeply.") from error
    if canonical(value) != data:
        raise CanonicalError("The JSON is not in canonical form (RFC 8785), byte for byte.")
    return value


def digest(value: Any) -> str:
    """Return the SHA-256 of the canonical form of `value`, as 64 lowercase hexadecimal digits."""
    return hashlib.sha256(canonical(value)).hexdigest()


def _check(value: Any, depth: int) -> bool:
    """Raise CanonicalError for a value without canonical form; return whether code point order
    sorts all its members rightly.

    The check on exact types matters: the encoder below would write an IntEnum, a float or an
    integer key without a murmur.
    """
    kind = type(value)
    if kind is str or kind is bool or value is None:
        return True
    if kind is int:
        if not -MAX_INTEGER <= value <= MAX_INTEGER:
            raise CanonicalError("An integer is beyond ±(2^53 − 1); write it as a decimal string.")
        return True
    if depth == 0:
        raise CanonicalError(f"The value is nested deeper than {MAX_DEPTH} levels.")
    plain = True
    if kind is dict:
        for key, member in value.items():
            if type(key) is not str:
                raise CanonicalError(f"A member's name is of type {type(key).__name__}, not text.")
            # Code points and UTF-16 units sort alike until a character beyond U+FFFF meets one
            # above the surrogates.
            if not key.isascii():
                plain = False
            # Most members are words: deciding those here spares the call.
            if type(member) is not str and member is not None and not _check(member, depth - 1):
                plain = False
        return plain
    if kind is list or kind is tuple:
        for item in value:
            if type(item) is not str and not _check(item, depth - 1):
                plain = False
        return plain
    if kind is float:
        raise CanonicalError("Floats have no place in the record; write a decimal string.")
    raise CanonicalError(f"A value of type {kind.__name__} has no canonical form.")


def _in_order(value: Any) -> Any:
    """Return a copy of `value` whose members stand in the order of RFC 8785, section 3.2.3."""
    if isinstance(value, dict):
        return {
            key: _in_order(value[key])
            for key in sorted(value, key=lambda key: key.encode("utf-16-be", "surrogatepass"))
        }
    if isinstance(value, list | tuple):
        return [_in_order(item) for item in value]
    return value


def _no_repeats(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    members = dict(pairs)
    if len(members) != len(pairs):
        raise CanonicalError("An object has a member twice.")
    return members


def _no_float(text: str) -> Never:
    raise CanonicalError(f"The number {text[:40]} is not an integer in its plain form.")


def _integer(text: str) -> int:
    if len(text) > 17:
        raise CanonicalError("An integer is beyond ±(2^53 − 1).")
    return int(text)


# With ensure_ascii off the standard encoder escapes exactly what RFC 8785, section 3.2.2.2 does:
# the quotation mark, the backslash and U+0000 to U+001F, the short forms where there are any and
# lowercase \u00xx otherwise.
_sorting = json.JSONEncoder(
    ensure_ascii=False, allow_nan=False, check_circular=False, sort_keys=True, separators=(",", ":")
)
_keeping = json.JSONEncoder(
    ensure_ascii=False,
    allow_nan=False,
    check_circular=False,
    sort_keys=False,
    separators=(",", ":"),
)
_decoder = json.JSONDecoder(
    object_pairs_hook=_no_repeats,
    parse_float=_no_float,
    parse_constant=_no_float,
    parse_int=_integer,
)
