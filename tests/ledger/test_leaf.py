from __future__ import annotations

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.canonical import CanonicalError, canonical
from ledger.leaf import _ALLOWED as ALLOWED
from ledger.leaf import (
    MAX_BYTES,
    Leaf,
    LeafCheck,
    LeafError,
    LeafForm,
    commit,
    new_key,
    new_keys,
    opens,
    timestamp,
)
from ledger.merkle import leaf_hash
from ledger.tiles import decode_entries, encode_entries
from tests.ledger.logs import digests, entry, hexes, names, quick, values

GOOD: dict[str, Any] = {
    "v": 2,
    "kind": "verdict.published",
    "object": "verdict/0193e5a7-3c1e-7abc-8000-0123456789ab",
    "at": "2025-06-03T09:41:07.123456Z",
    "actor": {"role": "adjudicator", "name": "heron"},
    "fields": {"rating": "not_delivered", "units": 3, "final": True, "superseded_by": None},
    "commits": {"rationale": "0f" * 32},
    "document": "a1" * 32,
}
PLAIN = {name: value for name, value in GOOD.items() if name != "document"}

moments = st.datetimes(timezones=st.just(UTC))


@st.composite
def leaves(draw: st.DrawFn, plain: st.SearchStrategy[Any] = values) -> Leaf:
    fields = draw(st.dictionaries(names, plain, max_size=5))
    commits = draw(st.dictionaries(names, hexes, max_size=3))
    return Leaf(
        kind=".".join(draw(st.lists(names, min_size=1, max_size=4))),
        object=f"{draw(names)}/{draw(st.uuids().map(str) | st.integers(0, 10**18).map(str))}",
        at=timestamp(draw(moments)),
        role=draw(names),
        name=draw(
            st.sampled_from(["heron", "grey heron", "苍鹭", "a", "x" * 100, "o'neill", "§4"])
        ),
        fields={name: value for name, value in fields.items() if name not in commits},
        commits=commits,
        document=draw(st.none() | hexes),
    )


def test_the_bytes_of_a_leaf_never_change() -> None:
    leaf = Leaf.parse(canonical(GOOD))
    assert leaf == Leaf(
        kind="verdict.published",
        object="verdict/0193e5a7-3c1e-7abc-8000-0123456789ab",
        at="2025-06-03T09:41:07.123456Z",
        role="adjudicator",
        name="heron",
        fields=GOOD["fields"],
        commits=GOOD["commits"],
        document="a1" * 32,
    )
    assert leaf.to_bytes() == (
        b'{"actor":{"name":"heron","role":"adjudicator"},'
        b'"at":"2025-06-03T09:41:07.123456Z",'
        b'"commits":{"rationale":"' + b"0f" * 32 + b'"},'
        b'"document":"' + b"a1" * 32 + b'",'
        b'"fields":{"final":true,"rating":"not_delivered","superseded_by":null,"units":3},'
        b'"kind":"verdict.published","object":"verdict/0193e5a7-3c1e-7abc-8000-0123456789ab","v":2}'
    )
    assert leaf.hash() == leaf_hash(leaf.to_bytes())


@quick
@given(leaves())
def test_what_was_written_is_read(leaf: Leaf) -> None:
    assert Leaf.parse(leaf.to_bytes()) == leaf


def without(name: str) -> dict[str, Any]:
    return {member: value for member, value in GOOD.items() if member != name}


BAD = {
    **{f"no {name}": without(name) for name in GOOD if name != "document"},
    "an unknown member": GOOD | {"note": 1},
    "not an object": [GOOD],
    "a later version": GOOD | {"v": 3},
    "a version that is true": GOOD | {"v": True},
    "a version that is text": GOOD | {"v": "2"},
    **{
        f"kind {kind!r}": GOOD | {"kind": kind}
        for kind in [
            "",
            "Verdict.published",
            "a..b",
            ".a",
            "a.",
            "a.b.c.d.e",
            "a b",
            "1a",
            None,
            5,
            "a\n",
        ]
    },
    **{
        f"object {target!r}": GOOD | {"object": target}
        for target in [
            "",
            "verdict.final/1",
            "a/",
            "a/01",
            "a/-1",
            "a/x",
            "a/1/2",
            "a.b/1",
            "A/1",
            "a/0193E5A7-3c1e-7abc-8000-0123456789ab",
            "a/0193e5a73c1e7abc80000123456789ab",
            "a/99999999999999999999",
            "a/１",
            None,
        ]
    },
    **{
        f"at {at!r}": GOOD | {"at": at}
        for at in [
            "",
            "2025-06-03",
            "2025-06-03T09:41:07Z",
            "2025-06-03T09:41:07.123Z",
            "2025-06-03T09:41:07.123456",
            "2025-06-03T09:41:07.123456+00:00",
            "2025-06-03 09:41:07.123456Z",
            "2025-06-03t09:41:07.123456z",
            "2025-02-29T09:41:07.123456Z",
            "2025-04-31T09:41:07.123456Z",
            "2025-13-01T09:41:07.123456Z",
            "2025-00-01T09:41:07.123456Z",
            "2025-06-03T24:00:00.000000Z",
            "2025-06-03T23:59:60.000000Z",
            "0000-06-03T09:41:07.123456Z",
            "２025-06-03T09:41:07.123456Z",
            1748943667,
        ]
    },
    "an actor without role": GOOD | {"actor": {"name": "heron"}},
    "an actor with an address": GOOD
    | {"actor": {"name": "heron", "role": "moderator", "email": "a@b.example"}},
    "an actor that is a name": GOOD | {"actor": "heron"},
    "a role in capitals": GOOD | {"actor": {"name": "heron", "role": "Moderator"}},
    **{
        f"actor {name!r}": GOOD | {"actor": {"name": name, "role": "moderator"}}
        for name in [
            "",
            " heron",
            "heron ",
            "he\nron",
            "he\x7fron",
            "he\u2028ron",
            "x" * 101,
            None,
            5,
        ]
    },
    "fields in a list": GOOD | {"fields": []},
    "a field in capitals": GOOD | {"fields": {"Rating": 1}},
    "a field without name": GOOD | {"fields": {"": 1}},
    "a field both plain and committed": GOOD | {"fields": {"rationale": 1}},
    "commitments in a list": GOOD | {"commits": []},
    **{
        f"commitment {text!r}": GOOD | {"commits": {"rationale": text}}
        for text in ["", "0f" * 31, "0f" * 33, "0F" * 32, "0g" * 32, None, 5, "0f" * 32 + "\n"]
    },
    **{
        f"document {text!r}": GOOD | {"document": text}
        for text in ["", "a1" * 31, "A1" * 32, None, 5, {}]
    },
}


@pytest.mark.parametrize("name", BAD)
def test_what_is_no_leaf_is_refused(name: str) -> None:
    data = canonical(BAD[name])
    with pytest.raises(LeafError):
        Leaf.parse(data)
    with pytest.raises(LeafError):
        LeafCheck()(data)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{}",
        b"null",
        json.dumps(PLAIN).encode(),
        canonical(PLAIN) + b"\n",
        canonical(PLAIN).replace(b'"v":2', b'"v":2.0'),
        canonical(PLAIN).replace(b'"v":2', b'"v":2,"v":2'),
        canonical(PLAIN).replace(b'"units":3', b'"units":3,"units":3'),
        canonical(PLAIN).replace(b'"units":3', b'"units":3.5'),
        canonical(PLAIN).replace(b"heron", b"h\\u0065ron"),
        b"\xef\xbb\xbf" + canonical(PLAIN),
        canonical(PLAIN).replace(b"heron", b"her\xffn"),
    ],
)
def test_bytes_that_are_not_canonical_are_refused(data: bytes) -> None:
    with pytest.raises(LeafError):
        Leaf.parse(data)


def test_the_length_is_bounded() -> None:
    def sized(length: int) -> dict[str, Any]:
        return PLAIN | {"fields": {"padding": "x" * length}}

    room = MAX_BYTES - len(canonical(sized(0)))
    assert len(Leaf.parse(canonical(sized(room))).to_bytes()) == MAX_BYTES
    with pytest.raises(LeafError, match="65535"):
        Leaf.parse(canonical(sized(room + 1)))
    leaf = Leaf(
        kind="a.b",
        object="a/1",
        at=GOOD["at"],
        role="r",
        name="n",
        fields={"padding": "x" * MAX_BYTES},
    )
    with pytest.raises(LeafError, match="65535"):
        leaf.to_bytes()


@pytest.mark.parametrize("value", [0.5, b"bytes", {1: 2}, "\ud800", 2**53])
def test_a_field_without_canonical_form_is_not_written(value: object) -> None:
    with pytest.raises(LeafError, match="cannot be written"):
        Leaf(
            kind="a.b", object="a/1", at=GOOD["at"], role="r", name="n", fields={"field": value}
        ).to_bytes()


simple = (
    st.none()
    | st.booleans()
    | st.integers(-(10**16), 10**16).filter(lambda n: abs(n) < 2**53)
    | st.text(max_size=8)
)


@quick
@given(
    leaves(simple | values),
    st.lists(st.tuples(st.integers(0, 2_000), st.integers(0, 255)), max_size=30),
)
def test_the_quick_check_agrees_with_the_reader(leaf: Leaf, changes: list[tuple[int, int]]) -> None:
    good = leaf.to_bytes()
    check = LeafCheck()
    check(good)
    check(good)
    for position, byte in changes:
        position %= len(good)
        agree(check, good[:position] + bytes([byte]) + good[position + 1 :])
        agree(check, good[:position] + bytes([byte]) + good[position:])
        agree(check, good[:position] + good[position + 1 :])


@pytest.mark.parametrize("value", [PLAIN, GOOD, PLAIN | {"fields": {}, "commits": {}}])
def test_the_quick_check_agrees_with_the_reader_on_every_changed_byte(
    value: dict[str, Any],
) -> None:
    good = canonical(value)
    check = LeafCheck()
    check(good)
    for position in range(len(good)):
        for byte in b'\x00\x1f "\\/,:{}[]09azAZ_-.T\x7f\x80\xff':
            agree(check, good[:position] + bytes([byte]) + good[position + 1 :])


def agree(check: LeafCheck, data: bytes) -> None:
    try:
        Leaf.parse(data)
    except LeafError:
        with pytest.raises(LeafError):
            check(data)
    else:
        check(data)


@quick
@given(leaves(simple | values))
def test_a_form_writes_what_a_leaf_writes(leaf: Leaf) -> None:
    label, _, object_id = leaf.object.partition("/")
    form = LeafForm(
        kind=leaf.kind, label=label, role=leaf.role, name=leaf.name, fields=tuple(leaf.fields),
        commits=tuple(leaf.commits),
        document=leaf.document is not None,
    )  # fmt: skip
    identity = UUID(object_id) if "-" in object_id else int(object_id)
    assert (
        form.write(identity, leaf.at, leaf.fields, leaf.commits, leaf.document) == leaf.to_bytes()
    )


def test_a_form_refuses_what_a_leaf_refuses() -> None:
    good: dict[str, Any] = {
        "kind": "a.b",
        "label": "a",
        "role": "r",
        "name": "n",
        "fields": ["x"],
        "commits": ["y"],
        "document": True,
    }
    for bad in (
        {"kind": "A"},
        {"label": "a.b"},
        {"role": ""},
        {"name": " "},
        {"fields": ["y"]},
        {"commits": ["Y"]},
    ):
        with pytest.raises(LeafError):
            LeafForm(**good | bad)
    form = LeafForm(**good)
    for fields, document in (
        ({"x": 1.5}, "0" * 64),
        ({"x": "y" * MAX_BYTES}, "0" * 64),
        ({"x": 1}, "no digest"),
    ):
        with pytest.raises(LeafError):
            form.write(1, GOOD["at"], fields, {"y": "0" * 64}, document)


def test_new_keys_are_all_different() -> None:
    keys = new_keys(str(number) for number in range(100))
    assert len(set(keys.values())) == 100
    assert {len(key) for key in keys.values()} == {32}


UUIDS = [f"a/01a2131d-4b99-778f-8570-{number:012x}" for number in range(1, 257)]
ROW = GOOD | {
    "fields": {
        "status": "open",
        "created_at": "2026-11-25T14:30:16.729701Z",
        "units": 3,
        "note": None,
        "good": True,
    }
}


def bundle(rows: list[dict[str, Any]]) -> bytes:
    return encode_entries([canonical(row) for row in rows])


def rows(**more: Any) -> list[dict[str, Any]]:
    return [ROW | {"object": name} | more for name in UUIDS]


def test_a_bundle_of_leaves_alike_is_read_at_a_glance() -> None:
    data = bundle(rows())
    length = LeafCheck().full_bundle(data)
    assert length is not None
    assert decode_entries(data) == [
        data[at + 2 : at + 2 + length] for at in range(0, len(data), length + 2)
    ]
    moments = [
        row | {"at": f"2025-06-03T09:{number // 60:02}:{number % 60:02}.123456Z"}
        for number, row in enumerate(rows())
    ]
    assert LeafCheck().full_bundle(bundle(moments)) == length


def glance(check: LeafCheck, data: bytes) -> int | None:
    """What the audit does: entries that are no leaves are looked at one by one."""
    try:
        return check.full_bundle(data)
    except LeafError:
        return None


@pytest.mark.parametrize("place", [0, 255])
def test_whatever_is_changed_in_a_bundle_is_not_passed_over(place: int) -> None:
    """No byte of any entry can be put in place of another so that the bundle is taken for good and
    the entry would be refused."""
    data = bundle(rows())
    check = LeafCheck()
    length = check.full_bundle(data)
    assert length is not None
    start = place * (length + 2)
    taken = 0
    for at in range(start, start + length + 2):
        for byte in b'\x00 "\\/,}039azAZ-T\x7f\x80':
            changed = data[:at] + bytes([byte]) + data[at + 1 :]
            if glance(check, changed) is not None:
                taken += 1
                Leaf.parse(decode_entries(changed, 256)[place])
    assert taken > 500  # digits of digests, ids and moments, letters of texts


def test_a_place_that_is_not_looked_at_would_be_found(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(ALLOWED, "digest", bytes(range(256)))
    with pytest.raises(LeafError):
        test_whatever_is_changed_in_a_bundle_is_not_passed_over(255)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"\x00",
        b"\x00\x00" * 256,
        bundle(rows())[:-1],
        bundle(rows())[2:] + b"\x00\x00",
        bundle(rows()[:255]),
        bundle([*rows()[:255], ROW | {"object": "c/01a2131d-4b99-778f-8570-000000000000"}]),
        bundle([*rows()[:255], ROW | {"object": UUIDS[0], "kind": "verdict.pbulished"}]),
    ],
)
def test_what_is_no_full_bundle_of_leaves_alike_is_left_to_be_read(data: bytes) -> None:
    assert glance(LeafCheck(), data) is None


@pytest.mark.parametrize(
    "at",
    ["2025-02-29T09:41:07.123456Z", "2025-06-31T09:41:07.123456Z", "0000-06-03T09:41:07.123456Z"],
)
def test_a_day_of_no_calendar_is_not_passed_over_in_a_bundle(at: str) -> None:
    check = LeafCheck()
    assert check.full_bundle(bundle(rows())) is not None
    assert glance(check, bundle(rows()).replace(ROW["at"].encode(), at.encode())) is None
    late = bundle(rows()[:-1]) + bundle(rows()[-1:]).replace(ROW["at"].encode(), at.encode())
    assert glance(check, late) is None


def test_the_quick_check_keeps_few_patterns(monkeypatch: pytest.MonkeyPatch) -> None:
    check = LeafCheck()
    monkeypatch.setattr(LeafCheck, "_MODELS", 10)
    for number in range(400):
        check(
            canonical(PLAIN | {"object": f"b{number % 13}/1", "fields": {f"f{number % 29}": "é"}})
        )
        check(canonical(PLAIN | {"object": f"b{number % 13}/1", "fields": {"f": "é"}}))
    assert len(check._shapes) == 10
    assert {len(patterns) for patterns in check._shapes.values()} == {16}


def test_a_leaf_of_the_tests_is_a_leaf() -> None:
    assert Leaf.parse(entry(5)).fields == {"price": 5, "status": "open"}


def test_times_are_written_in_utc() -> None:
    east = timezone(timedelta(hours=8))
    assert timestamp(datetime(2025, 6, 3, 17, 41, 7, 123456, east)) == "2025-06-03T09:41:07.123456Z"
    assert timestamp(datetime(2025, 6, 3, 9, 41, tzinfo=UTC)) == "2025-06-03T09:41:00.000000Z"
    with pytest.raises(LeafError):
        timestamp(datetime(2025, 6, 3, tzinfo=UTC).replace(tzinfo=None))


def test_a_coarse_time_tells_the_day_in_utc_and_no_more() -> None:
    east = timezone(timedelta(hours=8))
    assert (
        timestamp(datetime(2025, 6, 3, 7, 59, 59, 1, east), coarse=True)
        == "2025-06-02T00:00:00.000000Z"
    )


@quick
@given(digests, values)
def test_a_commitment_is_an_hmac_over_the_canonical_form(key: bytes, value: object) -> None:
    commitment = commit(key, value)
    assert commitment == hmac.digest(key, canonical(value), hashlib.sha256).hex()
    assert opens(commitment, key, value)
    assert not opens(commitment, bytes(32), value) or key == bytes(32)
    assert not opens(commitment, key, [value])


def test_a_commitment_never_changes_its_form() -> None:
    assert (
        commit(b"k" * 32, {"b": "真", "a": [1, None]})
        == "dbbb144b0eb6302bf25df618f7d90f5c4311f374d5a84c436e1a51746d8d0b22"
    )


@pytest.mark.parametrize("key", [b"", b"k" * 31, b"k" * 33, b"k" * 64], ids=len)
def test_the_key_of_a_commitment_has_one_length(key: bytes) -> None:
    with pytest.raises(LeafError):
        commit(key, "value")


def test_a_value_without_canonical_form_cannot_be_committed_to() -> None:
    with pytest.raises(CanonicalError):
        commit(b"k" * 32, 0.5)


def test_every_key_is_new() -> None:
    assert len({new_key() for _ in range(100)}) == 100
    assert len(new_key()) == 32
