from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.checkpoint import Checkpoint, CheckpointError, open_checkpoint, sign_checkpoint
from ledger.merkle import EMPTY_ROOT, MAX_SIZE
from ledger.note import COSIGNATURE, NoteError, SigningKey, encode_base64, sign
from tests.ledger.logs import KEY, ORIGIN, OTHER_KEY, VERIFIER, digests, quick

ROOT = b"r" * 32
BASE64 = encode_base64(ROOT)
CHECKPOINT = Checkpoint(ORIGIN, 1_234, ROOT)


@quick
@given(st.integers(1, MAX_SIZE), digests)
def test_what_was_signed_opens(size: int, root: bytes) -> None:
    checkpoint = Checkpoint(ORIGIN, size, root)
    assert Checkpoint.parse(checkpoint.text()) == checkpoint
    assert open_checkpoint(sign_checkpoint(checkpoint, KEY), VERIFIER) == checkpoint


def test_the_text_is_three_lines() -> None:
    assert CHECKPOINT.text() == f"log.example/record\n1234\n{BASE64}\n"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "\n\n\n",
        f"{ORIGIN}\n1\n{BASE64}",
        f"{ORIGIN}\n1\n{BASE64}\n\n",
        f"{ORIGIN}\n1\n{BASE64}\nextension\n",
        f"{ORIGIN}\n01\n{BASE64}\n",
        f"{ORIGIN}\n+1\n{BASE64}\n",
        f"{ORIGIN}\n-1\n{BASE64}\n",
        f"{ORIGIN}\n1 \n{BASE64}\n",
        f"{ORIGIN}\n1_0\n{BASE64}\n",
        f"{ORIGIN}\n１\n{BASE64}\n",
        f"{ORIGIN}\n1.0\n{BASE64}\n",
        f"{ORIGIN}\n\n{BASE64}\n",
        f"{ORIGIN}\n{MAX_SIZE + 1}\n{BASE64}\n",
        f"{ORIGIN}\n{'9' * 5000}\n{BASE64}\n",
        f"{ORIGIN}\n1\n{BASE64[:-1]}\n",
        f"{ORIGIN}\n1\n{BASE64[:-2]}J=\n",
        f"{ORIGIN}\n1\n{encode_base64(ROOT + b'x')}\n",
        f"{ORIGIN}\n1\n{ROOT.hex()}\n",
        f"\n1\n{BASE64}\n",
        f"log example\n1\n{BASE64}\n",
        f"log+example\n1\n{BASE64}\n",
        f"{ORIGIN}\n0\n{BASE64}\n",
        f"{ORIGIN}\r\n1\r\n{BASE64}\r\n",
    ],
    ids=repr,
)
def test_what_is_no_checkpoint_is_refused_even_when_signed(text: str) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint.parse(text)
    try:
        note = sign(text, [KEY])
    except NoteError:
        return
    with pytest.raises(CheckpointError):
        open_checkpoint(note, VERIFIER)


def test_the_empty_log_has_one_root() -> None:
    empty = Checkpoint(ORIGIN, 0, EMPTY_ROOT)
    assert open_checkpoint(sign_checkpoint(empty, KEY), VERIFIER) == empty
    with pytest.raises(CheckpointError, match="empty"):
        Checkpoint(ORIGIN, 0, ROOT)


@pytest.mark.parametrize(
    ("size", "root"), [(-1, ROOT), (MAX_SIZE + 1, ROOT), (1, b""), (1, ROOT + b"x")]
)
def test_a_checkpoint_has_a_size_and_a_root(size: int, root: bytes) -> None:
    with pytest.raises(CheckpointError):
        Checkpoint(ORIGIN, size, root)


def test_only_the_key_of_the_origin_signs() -> None:
    for key in (SigningKey.generate("other.example"), SigningKey.generate(ORIGIN, COSIGNATURE)):
        with pytest.raises(CheckpointError):
            sign_checkpoint(CHECKPOINT, key)


def test_a_checkpoint_of_another_log_or_key_is_refused() -> None:
    with pytest.raises(NoteError):
        open_checkpoint(sign_checkpoint(CHECKPOINT, OTHER_KEY), VERIFIER)
    elsewhere = sign(Checkpoint("other.example", 1, ROOT).text(), [KEY])
    with pytest.raises(CheckpointError, match="another log"):
        open_checkpoint(elsewhere, VERIFIER)
    assert open_checkpoint(elsewhere, VERIFIER, "other.example").origin == "other.example"
    with pytest.raises(CheckpointError, match="another log"):
        open_checkpoint(sign_checkpoint(CHECKPOINT, KEY), VERIFIER, "other.example")


def test_a_cosignature_alone_makes_no_checkpoint() -> None:
    witness = SigningKey.generate(ORIGIN, COSIGNATURE)
    with pytest.raises(CheckpointError, match="0x01"):
        open_checkpoint(sign(CHECKPOINT.text(), [witness], time=1), witness.verifier)


@pytest.mark.parametrize("mask", [0x01, 0x02, 0x10, 0x40])
def test_every_changed_byte_is_refused(mask: int) -> None:
    good = sign_checkpoint(CHECKPOINT, KEY).encode()
    for position in range(len(good)):
        with pytest.raises((NoteError, CheckpointError)):
            open_checkpoint(
                good[:position] + bytes([good[position] ^ mask]) + good[position + 1 :], VERIFIER
            )
