from __future__ import annotations

import dataclasses
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger import canonical, merkle
from ledger.bundle import FORMAT, MAX_BYTES, Bundle, BundleError, Opening
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.leaf import Leaf, commit
from ledger.note import COSIGNATURE, SigningKey, cosign
from ledger.proof import format_proof, parse_proof
from tests.ledger.logs import (
    KEY,
    OPENING_KEYS,
    ORIGIN,
    OTHER_KEY,
    TEXTS,
    VERIFIER,
    entries,
    entry,
    quick,
)

SIZE, INDEX = 20, 13
DOCUMENT = {
    "salt": "c0ffee" * 6,
    "rating": "not_delivered",
    "text": {"en": "The ducts are closed.", "zh": "风道不通。"},
    "units": 3,
}
OPENINGS = {"summary": Opening(OPENING_KEYS["summary"], TEXTS["summary"])}


def leaf_with_document(document: dict[str, Any] | None = DOCUMENT) -> bytes:
    return dataclasses.replace(
        Leaf.parse(entry(INDEX)), document=None if document is None else canonical.digest(document)
    ).to_bytes()


def parts(
    leaf: bytes, size: int = SIZE, index: int = INDEX, key: SigningKey = KEY
) -> dict[str, Any]:
    """What a log says of its entry."""
    hashes = [merkle.leaf_hash(item) for item in entries(size)]
    hashes[index] = merkle.leaf_hash(leaf)

    def read(level: int, place: int) -> bytes:
        return merkle.root_of(hashes[place << level : (place + 1) << level])

    return {
        "leaf": leaf,
        "index": index,
        "hashes": merkle.inclusion_proof(index, size, read),
        "checkpoint": sign_checkpoint(Checkpoint(ORIGIN, size, merkle.root_of(hashes)), key),
        "key": key.verifier,
    }


PARTS = parts(leaf_with_document())
BUNDLE = Bundle.build(**PARTS, document=DOCUMENT, openings=OPENINGS)
FILE = BUNDLE.dumps()
PLAIN = Bundle.build(**parts(leaf_with_document(None)))


def refused(data: bytes) -> str:
    with pytest.raises(BundleError) as caught:
        Bundle.parse(data).check(VERIFIER)
    with pytest.raises(BundleError):
        Bundle.parse(data).check()
    sentence = str(caught.value)
    assert sentence.endswith(".")
    return sentence


def changed(**members: Any) -> bytes:
    value = json.loads(FILE)
    for name, member in members.items():
        if member is None:
            del value[name]
        else:
            value[name] = member
    return canonical.canonical(value)


def test_a_bundle_says_what_it_shows() -> None:
    assert Bundle.parse(FILE) == BUNDLE
    checked = BUNDLE.check(VERIFIER)
    assert (checked.index, checked.checkpoint.size, checked.key) == (INDEX, SIZE, VERIFIER)
    assert checked.leaf == Leaf.parse(leaf_with_document())
    assert checked.opened == ("summary",)
    assert checked.closed == ("quote",)
    assert BUNDLE.check() == checked


def test_the_form_of_the_file() -> None:
    value = json.loads(FILE)
    assert list(value) == ["document", "format", "key", "leaf", "openings", "proof"]
    assert value["format"] == FORMAT == "asclaimed-bundle@v1"
    assert value["leaf"].encode() == leaf_with_document()
    assert value["key"] == str(VERIFIER)
    assert value["openings"] == {"summary": {"key": b"s".hex() * 32, "value": TEXTS["summary"]}}
    assert parse_proof(value["proof"]).index == INDEX
    assert list(json.loads(PLAIN.dumps())) == ["format", "key", "leaf", "openings", "proof"]


def test_a_newline_at_the_end_is_let_pass_and_nothing_else() -> None:
    Bundle.parse(FILE + b"\n").check(VERIFIER)
    for other in (
        FILE + b"\n\n",
        FILE + b" ",
        FILE + b"\r\n",
        b"\n" + FILE,
        b"\xef\xbb\xbf" + FILE,
        json.dumps(json.loads(FILE)).encode(),
    ):
        assert "canonical" in refused(other)


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x08, 0x20, 0x80])
def test_every_changed_byte_of_the_file_is_refused(mask: int) -> None:
    for position in range(len(FILE)):
        refused(FILE[:position] + bytes([FILE[position] ^ mask]) + FILE[position + 1 :])


def test_every_lost_or_doubled_byte_of_the_file_is_refused() -> None:
    for position in range(len(FILE)):
        refused(FILE[:position] + FILE[position + 1 :])
        refused(FILE[:position] + FILE[position : position + 1] + FILE[position:])


def everywhere(text: str) -> list[str]:
    """`text` with each character in turn replaced by another one."""
    return [
        text[:at] + ("x" if c == "0" else "0") + text[at + 1 :] for at, c in enumerate(text)
    ] + [text[:at] + chr(ord(c) ^ 1) + text[at + 1 :] for at, c in enumerate(text)]


def test_every_changed_character_is_refused_in_a_file_that_is_canonical_again() -> None:
    # The canonical form must not be all that guards the parts:
    # here the file is always well written.
    value = json.loads(FILE)
    for name in ("leaf", "proof", "key"):
        for text in everywhere(value[name]):
            refused(changed(**{name: text}))
    for text in everywhere(value["openings"]["summary"]["key"]):
        refused(changed(openings={"summary": {"key": text, "value": TEXTS["summary"]}}))
    for text in everywhere(TEXTS["summary"]):
        assert "not the one committed to" in refused(
            changed(openings={"summary": {"key": b"s".hex() * 32, "value": text}})
        )
    for text in everywhere(canonical.canonical(DOCUMENT).decode()):
        try:
            document = canonical.parse(text.encode())
        except canonical.CanonicalError:
            continue
        if isinstance(document, dict):
            assert "document" in refused(changed(document=document))


CASES = {
    "another format": (changed(format="asclaimed-bundle@v2"), "format"),
    "no leaf": (changed(leaf=None), "members"),
    "no openings": (changed(openings=None), "members"),
    "an unknown member": (changed(note="hello"), "members"),
    "a leaf that is an object": (changed(leaf={}), "text"),
    "a proof that is a list": (changed(proof=[]), "text"),
    "a key that is a number": (changed(key=5), "text"),
    "a document that is text": (changed(document="text"), "not an object"),
    "no document": (changed(document=None), "no document"),
    "another document": (changed(document=DOCUMENT | {"rating": "delivered"}), "digest"),
    "a document with one member more": (changed(document=DOCUMENT | {"more": 1}), "digest"),
    "openings in a list": (changed(openings=[]), "not an object"),
    "an opening that is text": (changed(openings={"summary": "text"}), "a key and a value"),
    "an opening without value": (
        changed(openings={"summary": {"key": "00" * 32}}),
        "a key and a value",
    ),
    "an opening with a third member": (
        changed(openings={"summary": {"key": "00" * 32, "value": 1, "by": 2}}),
        "a key and a value",
    ),
    "an opening key in capitals": (
        changed(openings={"summary": {"key": "AB" * 32, "value": 1}}),
        "hexadecimal",
    ),
    "an opening key too short": (
        changed(openings={"summary": {"key": "73" * 31, "value": TEXTS["summary"]}}),
        "hexadecimal",
    ),
    "an opening key that is a number": (
        changed(openings={"summary": {"key": 5, "value": 1}}),
        "hexadecimal",
    ),
    "an opening with the key of another field": (
        changed(openings={"summary": {"key": b"q".hex() * 32, "value": TEXTS["summary"]}}),
        "not the one committed to",
    ),
    "an opening of another field": (
        changed(openings={"reason": {"key": "00" * 32, "value": 1}}),
        "no commitment",
    ),
    "an opening of a plain field": (
        changed(openings={"status": {"key": "00" * 32, "value": "open"}}),
        "no commitment",
    ),
    "an opening of another type": (
        changed(openings={"summary": {"key": b"s".hex() * 32, "value": [TEXTS["summary"]]}}),
        "not the one",
    ),
    "another entry's leaf": (
        changed(leaf=entry(INDEX + 1).decode(), document=None, openings={}),
        "not shown to be in the log",
    ),
    "a proof with an extra line": (
        changed(proof=BUNDLE.proof.replace("\nindex", "\nextra AAAA\nindex")),
        "second line",
    ),
    "a proof of another index": (
        changed(proof=BUNDLE.proof.replace(f"index {INDEX}", f"index {INDEX - 1}")),
        "not shown",
    ),
    "a proof of an index outside": (
        changed(proof=BUNDLE.proof.replace(f"index {INDEX}", "index 99")),
        "no entry 99",
    ),
    "a checkpoint by another key": (
        changed(
            proof=format_proof(
                INDEX, PARTS["hashes"], parts(BUNDLE.leaf, key=OTHER_KEY)["checkpoint"]
            )
        ),
        "not signed",
    ),
    "a checkpoint of another size": (
        changed(
            proof=format_proof(
                INDEX, PARTS["hashes"], parts(BUNDLE.leaf, size=SIZE - 1)["checkpoint"]
            )
        ),
        "not shown to be in the log",
    ),
    "nothing": (b"", "canonical JSON"),
    "a list": (b"[]", "members"),
    "a repeated member": (
        FILE.replace(b'"format"', b'"format":"asclaimed-bundle@v1","format"', 1),
        "twice",
    ),
    "too long": (b" " * (MAX_BYTES + 1), "larger"),
    "nested too deep": (b"[" * 100_000, "nested"),
}


@pytest.mark.parametrize("name", CASES)
def test_each_mismatch_has_its_sentence(name: str) -> None:
    data, reason = CASES[name]
    assert reason in refused(data)


def test_a_document_that_the_leaf_knows_nothing_of_is_refused() -> None:
    value = json.loads(PLAIN.dumps())
    assert "does not mention" in refused(canonical.canonical(value | {"document": DOCUMENT}))


def test_the_key_of_the_reader_and_of_the_bundle_must_be_one() -> None:
    with pytest.raises(BundleError, match="not the key"):
        BUNDLE.check(OTHER_KEY.verifier)
    # A log signed wholly by somebody else is whole in itself; only the reader's own key can tell.
    forged = Bundle.build(**parts(BUNDLE.leaf, key=OTHER_KEY), document=DOCUMENT)
    forged.check()
    with pytest.raises(BundleError, match="not the key"):
        forged.check(VERIFIER)
    with pytest.raises(BundleError, match="not signed"):
        dataclasses.replace(forged, key=str(VERIFIER)).check(VERIFIER)


def test_cosignatures_may_stand_below_the_checkpoint() -> None:
    witness = SigningKey("witness.example/w1", COSIGNATURE, b"w" * 32)
    bundle = Bundle.build(
        **PARTS | {"checkpoint": cosign(PARTS["checkpoint"], witness, time=1_748_943_667)},
        document=DOCUMENT,
    )
    assert Bundle.parse(bundle.dumps()).check(VERIFIER).index == INDEX


def test_a_bundle_that_would_not_hold_is_not_built() -> None:
    bad: list[dict[str, Any]] = [
        {"index": 0},
        {"index": -1},
        {"hashes": []},
        {"hashes": [b"short"]},
        {"leaf": entry(3), "document": None},
        {"leaf": b"{}"},
        {"key": OTHER_KEY.verifier},
        {"checkpoint": "text"},
        {"document": None},
        {"document": DOCUMENT | {"rating": "delivered"}},
        {"document": {name: value for name, value in DOCUMENT.items() if name != "salt"}},
        {"document": DOCUMENT | {"salt": "short"}},
        {"openings": {"summary": Opening(b"", "x")}},
        {"openings": {"summary": Opening(b"s" * 32, 0.5)}},
        {"openings": {"other": Opening(b"s" * 32, "x")}},
    ]
    for change in bad:
        with pytest.raises(BundleError):
            Bundle.build(**{**PARTS, "document": DOCUMENT, **change})


@quick
@given(st.data())
def test_every_entry_of_every_small_log_has_its_bundle(data: st.DataObject) -> None:
    size = data.draw(st.integers(1, 40))
    index = data.draw(st.integers(0, size - 1))
    opened = data.draw(st.sets(st.sampled_from(sorted(TEXTS))))
    openings = {name: Opening(OPENING_KEYS[name], TEXTS[name]) for name in opened}
    bundle = Bundle.build(**parts(entry(index), size, index), openings=openings)
    checked = Bundle.parse(bundle.dumps()).check(VERIFIER)
    assert (checked.index, checked.checkpoint.size, set(checked.opened), set(checked.closed)) == (
        index,
        size,
        opened,
        TEXTS.keys() - opened,
    )


@quick
@given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
def test_no_file_breaks_the_reader(data: bytes) -> None:
    refused(data)


def test_an_opening_with_any_key_but_one_is_refused() -> None:
    # Two keys that HMAC would pad to the same block must not open the same commitment.
    short = commit(b"s" * 31 + b"\x00", "x")
    leaf = dataclasses.replace(Leaf.parse(entry(0)), commits={"summary": short}).to_bytes()
    bundle = Bundle.build(
        **parts(leaf, 1, 0), openings={"summary": Opening(b"s" * 31 + b"\x00", "x")}
    )
    with pytest.raises(BundleError):
        dataclasses.replace(bundle, openings={"summary": Opening(b"s" * 31, "x")}).check()
