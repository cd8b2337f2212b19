from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ledger.merkle import MAX_SIZE
from ledger.note import encode_base64
from ledger.proof import MAX_HASHES, ProofFormatError, format_proof, parse_proof
from tests.ledger.logs import digests, quick

NOTE = "log.example/record\n3\nAAA=\n\n— log.example/record AAAA\n"
HASH = encode_base64(b"h" * 32)
HEAD = "c2sp.org/tlog-proof@v1"


def test_the_form_of_the_text() -> None:
    assert format_proof(0, [], NOTE) == f"{HEAD}\nindex 0\n\n{NOTE}"
    assert (
        format_proof(17, [b"h" * 32, b"i" * 32], NOTE)
        == f"{HEAD}\nindex 17\n{HASH}\n{encode_base64(b'i' * 32)}\n\n{NOTE}"
    )


@quick
@given(st.integers(0, MAX_SIZE - 1), st.lists(digests, max_size=MAX_HASHES))
def test_what_was_written_is_read(index: int, hashes: list[bytes]) -> None:
    proof = parse_proof(format_proof(index, hashes, NOTE))
    assert (proof.index, list(proof.hashes), proof.checkpoint) == (index, hashes, NOTE)


@pytest.mark.parametrize(
    "text",
    [
        "",
        HEAD,
        f"{HEAD}\n\n{NOTE}",
        f"{HEAD}\nindex 0\n{NOTE}",
        f"{HEAD}\nindex 0\n\n",
        f"{HEAD}\nindex 0\n{HASH}",
        f"{HEAD}\nindex 01\n\n{NOTE}",
        f"{HEAD}\nindex -1\n\n{NOTE}",
        f"{HEAD}\nindex  1\n\n{NOTE}",
        f"{HEAD}\nindex 1 \n\n{NOTE}",
        f"{HEAD}\nindex １\n\n{NOTE}",
        f"{HEAD}\nindex {'9' * 5000}\n\n{NOTE}",
        f"{HEAD}\nIndex 1\n\n{NOTE}",
        f"{HEAD} \nindex 1\n\n{NOTE}",
        f"c2sp.org/tlog-proof@v2\nindex 1\n\n{NOTE}",
        f"{HEAD}\nextra AAAA\nindex 1\n\n{NOTE}",
        f"{HEAD}\nindex 1\n{HASH[:-1]}\n\n{NOTE}",
        f"{HEAD}\nindex 1\n{HASH}=\n\n{NOTE}",
        f"{HEAD}\nindex 1\n{HASH[:-2]}B=\n\n{NOTE}",
        f"{HEAD}\nindex 1\nAAAA\n\n{NOTE}",
        f"{HEAD}\nindex 1\n" + f"{HASH}\n" * 64 + f"\n{NOTE}",
        f"{HEAD}\r\nindex 1\r\n\r\n{NOTE}",
    ],
    ids=lambda text: repr(text[:60]),
)
def test_what_is_no_proof_is_refused(text: str) -> None:
    with pytest.raises(ProofFormatError):
        parse_proof(text)


@quick
@given(st.text(max_size=200))
def test_no_text_breaks_the_reader(text: str) -> None:
    for tried in (text, f"{HEAD}\n{text}", f"{HEAD}\nindex 1\n{text}\n\n{NOTE}"):
        try:
            proof = parse_proof(tried)
        except ProofFormatError:
            continue
        assert format_proof(proof.index, proof.hashes, proof.checkpoint) == tried


@pytest.mark.parametrize(
    ("index", "hashes"), [(-1, []), (MAX_SIZE, []), (0, [b"short"]), (0, [bytes(32)] * 64)]
)
def test_what_cannot_be_a_proof_is_not_written(index: int, hashes: list[bytes]) -> None:
    with pytest.raises(ProofFormatError):
        format_proof(index, hashes, NOTE)
