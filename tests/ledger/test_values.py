"""Whatever a recordable field can hold has one canonical form."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from enum import Enum
from ipaddress import ip_address
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.canonical import canonical, parse
from ledger.values import plain

stored = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(exclude_categories=["Cs"]))
    | st.decimals(allow_nan=False, allow_infinity=False)
    | st.dates()
    | st.datetimes(timezones=st.just(UTC))
    | st.uuids()
    | st.binary(),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.text(st.characters(exclude_categories=["Cs"]), max_size=5), inner, max_size=4
        )
    ),
    max_leaves=15,
)


@settings(deadline=None, max_examples=150)
@given(stored)
def test_every_stored_value_has_a_canonical_form_that_is_read_back(value):
    data = canonical(plain(value))
    assert canonical(parse(data)) == data
    assert plain(parse(data)) == parse(data)


class Colour(Enum):
    RED = "red"


@pytest.mark.parametrize(
    ("value", "form"),
    [
        (Decimal("42000.00"), "42000.00"),
        (Decimal("1E+3"), "1000"),
        (0.1, "0.1"),
        (2**53, str(2**53)),
        (2**53 - 1, 2**53 - 1),
        (
            datetime(2025, 6, 3, 17, 41, 7, 123456, tzinfo=timezone(timedelta(hours=8))),
            "2025-06-03T09:41:07.123456Z",
        ),
        (date(2025, 6, 3), "2025-06-03"),
        (UUID(int=1), "00000000-0000-0000-0000-000000000001"),
        (b"\x01\xff", "01ff"),
        (memoryview(b"\x01"), "01"),
        (ip_address("::1"), "::1"),
        (Colour.RED, "red"),
        ({"b": [Decimal("1.50")], "a": (1,)}, {"b": ["1.50"], "a": [1]}),
    ],
)
def test_the_forms_are_these(value, form):
    assert plain(value) == form


def test_json_nested_deeper_than_a_leaf_may_be_becomes_text():
    value: object = 1
    for _ in range(100):
        value = [value]
    canonical(plain({"deep": value}))


def test_a_type_that_no_field_yields_is_refused():
    with pytest.raises(TypeError):
        plain(object())
