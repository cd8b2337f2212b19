"""What goes between the caller, the warm parent and the confined child.

    request   caller → parent   one datagram: JSON, with three descriptors attached: the source
                                (read only), the pipe for the answer, the pipe for the outcome
    answer    child → caller    magic "ACD1" ‖ u32 length of header ‖ header (JSON) ‖ parts, as long
                                as header["parts"] says
    outcome   parent → caller   JSON, written when the child has ended:
                                {"exit": 0, "signal": 0, "late": false, …}

Everything the child says is untrusted: it is measured before it is read, and read as plain data
only.
"""

from __future__ import annotations

import json
import os
import struct
from typing import Any, NoReturn

REQUEST_BYTES = 8192
OUTCOME_BYTES = 4096
HEADER_BYTES = 64 << 10
FAILED, OUT_OF_MEMORY = 70, 71  # exit statuses of a child that has no answer
_MAGIC = b"ACD1"
_PREFIX = struct.Struct(">4sI")


class MalformedMessageError(Exception):
    """An answer that is not what the format above allows; carries a word on what is wrong."""


def pack(header: dict[str, Any], parts: list[bytes]) -> list[bytes]:
    """The pieces of an answer, in the order in which they are written."""
    text = json.dumps(
        {**header, "parts": [len(part) for part in parts]}, ensure_ascii=True
    ).encode()
    return [_PREFIX.pack(_MAGIC, len(text)), text, *parts]


def write_all(descriptor: int, pieces: list[bytes]) -> None:
    """Write every byte. Raises OSError if the reader went away."""
    for piece in pieces:
        rest = memoryview(piece)
        while rest:
            rest = rest[os.write(descriptor, rest) :]


def _no_float(text: str) -> NoReturn:
    raise MalformedMessageError(f"a number that is no integer: {text[:20]}")


def unpack(answer: bytes) -> tuple[dict[str, Any], list[bytes]]:
    """Header and parts of a whole answer. Raises MalformedMessageError unless every length agrees
    to the byte."""
    if len(answer) < _PREFIX.size:
        raise MalformedMessageError("too short")
    magic, length = _PREFIX.unpack_from(answer)
    if magic != _MAGIC or length > HEADER_BYTES or _PREFIX.size + length > len(answer):
        raise MalformedMessageError("no such header")
    try:
        header = json.loads(
            answer[_PREFIX.size : _PREFIX.size + length],
            parse_float=_no_float,
            parse_constant=_no_float,
        )
    except (ValueError, RecursionError) as error:
        raise MalformedMessageError("the header is not JSON") from error
    if not isinstance(header, dict):
        raise MalformedMessageError("the header is not an object")
    lengths = header.pop("parts", None)
    if (
        not isinstance(lengths, list)
        or len(lengths) > 64
        or not all(type(n) is int and n >= 0 for n in lengths)
    ):
        raise MalformedMessageError("no list of lengths")
    at = _PREFIX.size + length
    if sum(lengths) != len(answer) - at:
        raise MalformedMessageError("the lengths do not add up")
    parts = []
    for n in lengths:
        parts.append(answer[at : at + n])
        at += n
    return header, parts
