from __future__ import annotations

import enum
import json
from decimal import Decimal

import pytest
import rfc8785
from hypothesis import example, given
from hypothesis import strategies as st

from ledger.canonical import MAX_DEPTH, CanonicalError, canonical, digest, parse
from tests.ledger.logs import quick, values


@quick
@given(values)
@example({"\U0001f600": 1, "\ufb33": 2, "\ue000": [{"\U00010000": None, "\uffff": True}]})
@example({"a": '\x00\x1f\x7f\u2028\u2029"\\/\b\f\n\r\t', "": [-0, 2**53 - 1, -(2**53) + 1]})
def test_the_bytes_are_those_of_the_reference(value: object) -> None:
    assert canonical(value) == rfc8785.dumps(value)


@quick
@given(values)
def test_reading_gives_back_what_was_written(value: object) -> None:
    assert parse(canonical(value)) == value


def test_members_are_sorted_by_utf_16_and_not_by_code_points() -> None:
    # The example of RFC 8785, section 3.2.3:
    # U+1F600 is two surrogates, and those sort before U+FB33.
    names = ["\u20ac", "\r", "\ufb33", "1", "\U0001f600", "\u0080", "\u00f6"]
    assert list(parse(canonical(dict.fromkeys(names)))) == [
        "\r",
        "1",
        "\u0080",
        "\u00f6",
        "\u20ac",
        "\U0001f600",
        "\ufb33",
    ]


class Colour(enum.IntEnum):
    RED = 1


class Word(str):
    __slots__ = ()


@pytest.mark.parametrize(
    "value",
    [
        1.0,
        float("nan"),
        float("inf"),
        2**53,
        -(2**53),
        Decimal(1),
        b"bytes",
        {1: "a"},
        {None: 1},
        {True: 1},
        {1, 2},
        Colour.RED,
        Word("text"),
        "\ud800",
        {"\udfff": 1},
        {"ü": ["\ud800"]},
        [[{"a": 0.5}]],
    ],
    ids=repr,
)
def test_what_has_no_canonical_form_is_refused(value: object) -> None:
    with pytest.raises(CanonicalError):
        canonical(value)


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b'{"a":1,"a":1}', "twice"),
        (b'{"a":1,"a":2}', "twice"),
        (b'{"b":1,"a":2}', "canonical form"),
        (b'{"a": 1}', "canonical form"),
        (b'{"a":1}\n', "canonical form"),
        (b'"\\u0061"', "canonical form"),
        (b'"\\/"', "canonical form"),
        (b'"\\u001F"', "canonical form"),
        (b"-0", "canonical form"),
        (b"01", "not JSON"),
        (b"1.0", "plain form"),
        (b"1e3", "plain form"),
        (b"1E400", "plain form"),
        (b"NaN", "plain form"),
        (b"-Infinity", "plain form"),
        (b"9007199254740992", "beyond"),
        (b"9" * 5000, "beyond"),
        (b"\xef\xbb\xbf{}", "not JSON"),
        (b'"\\ud800"', "surrogate"),
        (b'"\xed\xa0\x80"', "UTF-8"),
        (b'"\xff"', "UTF-8"),
        (b'"\xc0\xaf"', "UTF-8"),
        (b'"a\tb"', "not JSON"),
        (b"", "not JSON"),
        (b"{} {}", "not JSON"),
        (b"'a'", "not JSON"),
        (b"[1,]", "not JSON"),
    ],
)
def test_bytes_that_are_not_exactly_canonical_are_refused_with_a_reason(
    data: bytes, reason: str
) -> None:
    with pytest.raises(CanonicalError, match=reason):
        parse(data)


def test_the_nesting_is_bounded_both_ways() -> None:
    def nested(depth: int) -> object:
        value: object = 1
        for _ in range(depth):
            value = [value]
        return value

    assert parse(canonical(nested(MAX_DEPTH))) == nested(MAX_DEPTH)
    with pytest.raises(CanonicalError, match="nested"):
        canonical(nested(MAX_DEPTH + 1))
    for data in (b"[" * 100_000, b"[" * 100_000 + b"]" * 100_000, b'{"a":' * 100_000):
        with pytest.raises(CanonicalError):
            parse(data)


@quick
@given(values, st.data())
def test_a_changed_byte_is_refused_or_is_another_value(value: object, data: st.DataObject) -> None:
    written = bytearray(canonical(value))
    position = data.draw(st.integers(0, len(written) - 1))
    written[position] ^= data.draw(st.integers(1, 255))
    try:
        other = parse(bytes(written))
    except CanonicalError:
        return
    assert canonical(other) == written


@quick
@given(st.text('[]{},:"\\ue019.-+EeNa \n', max_size=30))
def test_no_text_breaks_the_reader(text: str) -> None:
    try:
        value = parse(text.encode())
    except CanonicalError:
        return
    assert canonical(value) == text.encode()
    assert json.loads(text) == value


def test_the_digest_is_that_of_the_canonical_form() -> None:
    assert (
        digest({"b": [1, None, True], "a": "é"})
        == "f5327588d116d2e7d05b8bdb3b2e4206bf3a739b14becbeb6c588ef347651ad5"
    )
