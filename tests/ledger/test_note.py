from __future__ import annotations

import base64
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import signing as scales
from tlog_scales import tlog as scales_tlog

from ledger.note import (
    COSIGNATURE,
    ED25519,
    MAX_NOTE,
    MAX_SIGNATURES,
    NoteError,
    SignatureError,
    SigningKey,
    VerifierKey,
    cosign,
    decode_base64,
    encode_base64,
    open_note,
    sign,
    valid_name,
)
from tests.ledger.logs import KEY, OTHER_KEY, VERIFIER, digests, quick
from tests.ledger.small_order import SMALL_ORDER, forged, points, times

TEXT = "log.example/record\n7\nAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=\n"
NOTE = sign(TEXT, [KEY])
WITNESS = SigningKey("witness.example/w1", COSIGNATURE, b"w" * 32)
TIME = 1_748_943_667

good_texts = st.text(
    st.characters(exclude_categories=["Cs"], exclude_characters=[chr(c) for c in range(32)])
    | st.just("\n")
).map(lambda text: text + "\n")


def test_a_note_never_changes_its_form() -> None:
    assert (
        str(VERIFIER) == "log.example/record+29dda2fc+AQOhB7/zzhC+HXDdGOdLwJln5NYwm6UNXx3chmQSVTG4"
    )
    signature = (
        "Kd2i/K5YPplSFY/g6ngUQ4/bT/Z463V4n/sgf/P33D4R5d2N"
        "kWG1C0zYM/i25ShrRLhiSLX39dezyWnkoRW809IsxAU="
    )
    assert sign(TEXT, [KEY]) == f"{TEXT}\n— log.example/record {signature}\n"


@quick
@given(good_texts)
def test_what_was_signed_opens(text: str) -> None:
    note = sign(text, [KEY, WITNESS], time=TIME)
    opened = open_note(note, [VERIFIER, WITNESS.verifier])
    assert opened.text == text
    assert [(line.name, line.time) for line in opened.signatures] == [
        (KEY.name, None),
        (WITNESS.name, TIME),
    ]
    assert open_note(note.encode(), [VERIFIER]).text == text


@quick
@given(st.binary(max_size=300) | st.text(max_size=300))
def test_no_input_breaks_the_reader(note: str | bytes) -> None:
    with pytest.raises(NoteError):
        open_note(note, [VERIFIER])


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_every_changed_byte_is_refused(mask: int) -> None:
    good = NOTE.encode()
    open_note(good, [VERIFIER])
    for position in range(len(good)):
        with pytest.raises(NoteError):
            open_note(
                good[:position] + bytes([good[position] ^ mask]) + good[position + 1 :], [VERIFIER]
            )


def test_every_lost_byte_is_refused() -> None:
    for position in range(len(NOTE)):
        with pytest.raises(NoteError):
            open_note(NOTE[:position] + NOTE[position + 1 :], [VERIFIER])
        with pytest.raises(NoteError):
            open_note(NOTE[:position], [VERIFIER])


def signature(key: SigningKey = KEY, text: str = TEXT) -> str:
    return sign(text, [key], time=TIME).rpartition("\n\n")[2]


LINE = signature()
PAYLOAD = LINE.split()[2]


@pytest.mark.parametrize(
    "note",
    {
        "no signature": TEXT,
        "no signature after the blank line": TEXT + "\n",
        "no blank line": TEXT + LINE,
        "two blank lines": TEXT + "\n\n" + LINE,
        "no newline at the end": NOTE[:-1],
        "a blank line at the end": NOTE + "\n",
        "carriage returns": NOTE.replace("\n", "\r\n"),
        "a control character": sign("a\n", [KEY]).replace("a", "a\x00", 1),
        "a tab in the text": "a\tb\n\n" + signature(text="a\nb\n"),
        "a hyphen for the dash": NOTE.replace("— ", "- "),
        "two spaces": NOTE.replace("— ", "—  "),
        "words after the signature": NOTE.replace(PAYLOAD, PAYLOAD + " x"),
        "no name": NOTE.replace("— log.example/record ", "—  "),
        "a plus in the name": NOTE + LINE.replace("log.example", "log+example"),
        "a space of another kind in the name": NOTE
        + LINE.replace("log.example", "log\u2003example"),
        "unpadded base64": NOTE.replace("=", ""),
        "base64 with spare bits": NOTE + "— other AAAAAAB=\n",
        "base64 for addresses": NOTE + "— other AAAAAA-_\n",
        "base64 with a newline inside": NOTE + "— other AAAA\nAAAA\n",
        "base64 that is not ASCII": NOTE + "— other ＡＡＡＡ\n",
        "a key id and no signature": NOTE + "— other AAAAAA==\n",
        "another text before": "x" + NOTE,
        "too long": "a" * MAX_NOTE + "\n\n" + LINE,
    }.items(),
    ids=lambda item: item[0],
)
def test_a_malformed_note_is_refused(note: tuple[str, str]) -> None:
    with pytest.raises(NoteError):
        open_note(note[1], [VERIFIER])


def test_bytes_that_are_not_utf_8_are_refused() -> None:
    with pytest.raises(NoteError, match="UTF-8"):
        open_note(b"\xff" + NOTE.encode(), [VERIFIER])
    with pytest.raises(NoteError, match="UTF-8"):
        open_note("\ud800" + NOTE, [VERIFIER])


def test_signatures_by_unknown_keys_are_ignored() -> None:
    # Among them one that shares only the name, and one that shares only
    # the key id, with the known key.
    same_id = "— other.example " + encode_base64(VERIFIER.id + b"x" * 64) + "\n"
    note = TEXT + "\n" + signature(OTHER_KEY) + same_id + LINE + "— somebody AAAAAAA=\n"
    opened = open_note(note, [VERIFIER])
    assert len(opened.signatures) == 1
    assert len(opened.others) == 3


def test_a_wrong_signature_by_a_known_key_spoils_the_right_ones() -> None:
    wrong = f"— {KEY.name} " + encode_base64(VERIFIER.id + KEY.sign("other\n")) + "\n"
    for lines in (LINE + wrong, wrong + LINE, wrong):
        with pytest.raises(SignatureError, match="wrong"):
            open_note(TEXT + "\n" + lines, [VERIFIER])
    with pytest.raises(SignatureError):
        open_note(
            sign(TEXT, [KEY]) + wrong.replace(KEY.name, OTHER_KEY.name),
            [VERIFIER, OTHER_KEY.verifier],
        )
    short = f"— {KEY.name} " + encode_base64(VERIFIER.id + b"x") + "\n"
    with pytest.raises(SignatureError):
        open_note(NOTE + short, [VERIFIER])


def test_a_note_without_a_known_signature_is_refused() -> None:
    for verifiers in (
        [],
        [OTHER_KEY.verifier],
        [VerifierKey("other.example", ED25519, VERIFIER.public)],
    ):
        with pytest.raises(SignatureError, match="not signed"):
            open_note(NOTE, verifiers)


def test_a_signature_given_twice_counts_once() -> None:
    assert len(open_note(NOTE + LINE, [VERIFIER, VERIFIER]).signatures) == 1


@pytest.mark.parametrize("count", [16, MAX_SIGNATURES])
def test_many_signatures_are_accepted(count: int) -> None:
    others = "".join(f"— w{number} AAAAAAAA\n" for number in range(count - 1))
    assert len(open_note(TEXT + "\n" + others + LINE, [VERIFIER]).others) == count - 1


def test_the_number_of_signatures_is_bounded() -> None:
    others = "".join(f"— w{number} AAAAAAAA\n" for number in range(MAX_SIGNATURES))
    with pytest.raises(NoteError, match="more than 100"):
        open_note(TEXT + "\n" + others + LINE, [VERIFIER])
    with pytest.raises(NoteError, match="at most 100"):
        cosign(TEXT + "\n" + others, WITNESS, time=TIME)


def test_the_text_may_have_empty_lines() -> None:
    text = "one\n\n\ntwo\n"
    assert open_note(sign(text, [KEY]), [VERIFIER]).text == text


@pytest.mark.parametrize("text", ["", "no newline", "a\r\n", "\x1b[31m\n", "\ud800\n"], ids=repr)
def test_a_text_that_is_no_note_is_not_signed(text: str) -> None:
    with pytest.raises(NoteError):
        sign(text, [KEY])


def test_a_note_is_signed_by_someone() -> None:
    with pytest.raises(NoteError):
        sign(TEXT, [])


def test_a_cosignature_says_when() -> None:
    note = cosign(NOTE, WITNESS, time=TIME)
    opened = open_note(note, [VERIFIER, WITNESS.verifier])
    assert opened.signatures[1].time == TIME
    # Another time under the same signature does not verify: the time is signed.
    raw = opened.signatures[1].signature
    later = (
        f"— {WITNESS.name} "
        + encode_base64(WITNESS.verifier.id + (TIME + 1).to_bytes(8, "big") + raw[8:])
        + "\n"
    )
    with pytest.raises(SignatureError):
        open_note(NOTE + later, [VERIFIER, WITNESS.verifier])
    for time in (None, -1, 2**63):
        with pytest.raises(NoteError, match="when"):
            cosign(NOTE, WITNESS, time=time)


def test_one_key_has_another_id_for_each_use() -> None:
    twin = SigningKey(KEY.name, COSIGNATURE, bytes(range(32)))
    assert twin.verifier.public == VERIFIER.public
    assert twin.verifier.id != VERIFIER.id
    with pytest.raises(SignatureError):
        open_note(sign(TEXT, [twin], time=TIME), [VERIFIER])


@quick
@given(digests, st.sampled_from([ED25519, COSIGNATURE]))
def test_keys_are_written_and_read(seed: bytes, type: int) -> None:
    key = SigningKey("log.example/record", type, seed)
    assert SigningKey.from_text(key.to_text()) == key
    assert VerifierKey.parse(str(key.verifier)) == key.verifier


def test_a_new_key_is_new() -> None:
    assert SigningKey.generate("a") != SigningKey.generate("a")


def test_the_seed_is_shown_only_when_asked_for() -> None:
    seed = bytes(range(32))
    for shown in (repr(KEY), str(KEY), f"{KEY}", repr([KEY])):
        assert seed.hex() not in shown
        assert repr(seed) not in shown
        assert base64.b64encode(b"\x01" + seed).decode() not in shown
    assert base64.b64encode(b"\x01" + seed).decode() in KEY.to_text()
    for broken in (KEY.to_text()[:-2], KEY.to_text().replace("+29", "+39"), KEY.to_text() + "\n"):
        with pytest.raises(NoteError) as caught:
            SigningKey.from_text(broken)
        assert "AAEC" not in str(caught.value)


@pytest.mark.parametrize("mask", [0x01, 0x20, 0x80])
def test_every_changed_byte_of_a_verifier_key_is_refused(mask: int) -> None:
    text = str(VERIFIER)
    for position, character in enumerate(text):
        with pytest.raises(NoteError):
            VerifierKey.parse(text[:position] + chr(ord(character) ^ mask) + text[position + 1 :])


@pytest.mark.parametrize(
    "text",
    [
        "",
        "+",
        "++",
        "name",
        "name+00000000",
        "name+00000000+",
        str(VERIFIER) + "\n",
        str(VERIFIER).upper(),
        str(VERIFIER).replace("29dda2fc", "29DDA2FC"),
        "a b" + str(VERIFIER),
        # A type that is none of ours, under its right key id.
        "a+" + "00000000" + "+" + encode_base64(b"\x02" + bytes(32)),
        "a+" + "00000000" + "+" + encode_base64(b"\x01" + bytes(31)),
        KEY.to_text(),
    ],
)
def test_what_is_no_verifier_key_is_refused(text: str) -> None:
    with pytest.raises(NoteError):
        VerifierKey.parse(text)


@pytest.mark.parametrize(
    "name",
    ["", "a b", "a+b", "a\tb", "a\u00a0b", "a\u3000b", "a\u0085b", "a\x00", "\ud800"],
    ids=repr,
)
def test_some_names_name_no_key(name: str) -> None:
    assert not valid_name(name)
    with pytest.raises(NoteError):
        SigningKey.generate(name)


@pytest.mark.parametrize("seed", [b"", bytes(31), bytes(33)])
def test_a_seed_has_32_bytes(seed: bytes) -> None:
    with pytest.raises(NoteError):
        SigningKey("a", ED25519, seed)


@quick
@given(st.binary(max_size=80))
def test_base64_has_one_spelling(data: bytes) -> None:
    text = encode_base64(data)
    assert decode_base64(text, len(data)) == data
    with pytest.raises(NoteError):
        decode_base64(text, len(data) + 1)
    for other in (text + "=", text + "\n", " " + text, text + "A"):
        with pytest.raises(NoteError):
            decode_base64(other)


def test_the_other_reader_agrees() -> None:
    vkey, witness = (
        scales.Vkey.from_string(str(VERIFIER)),
        scales.Vkey.from_string(str(WITNESS.verifier)),
    )
    assert vkey.serialize() == str(VERIFIER)
    assert scales.Vkey(vkey.name, None, 1, vkey.pubkey).key_id == vkey.key_id
    checkpoint = scales_tlog.Checkpoint.from_text(cosign(NOTE, WITNESS, time=TIME))
    assert len(scales.VkeySet(vkey, witness).verify(checkpoint.signatures, checkpoint)) == 2
    made = checkpoint.make_signed(
        KEY.name, 7, bytes(32), [scales.PlainEd25519Signer(KEY.name, bytes(range(32)))]
    )
    assert made.serialize() == NOTE


@pytest.mark.parametrize("public", SMALL_ORDER, ids=bytes.hex)
@pytest.mark.parametrize("type", [ED25519, COSIGNATURE])
def test_a_key_of_small_order_is_no_key(public: bytes, type: int) -> None:
    with pytest.raises(NoteError, match="small order"):
        VerifierKey("log.example/record", type, public)
    if type == ED25519:
        with pytest.raises(NoteError, match="small order"):
            VerifierKey.parse(forged(NOTE, public)[0])


def test_all_eight_points_are_tried_in_every_spelling() -> None:
    assert len(set(points())) == 8
    assert len(SMALL_ORDER) == 14
    assert {times(8, point) for point in points()} == {(0, 1)}


def test_without_the_guard_anyone_signs_under_such_a_key(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ledger.note._of_small_order", lambda public: False)
    held = []
    for public in SMALL_ORDER:
        key, note = forged(NOTE, public)
        with suppress(SignatureError):
            open_note(note, [VerifierKey.parse(key)])
            held.append(public)
    assert held


@quick
@given(st.binary(min_size=32, max_size=32))
def test_an_honest_key_is_a_key(seed: bytes) -> None:
    assert SigningKey("log.example/record", ED25519, seed).verifier
