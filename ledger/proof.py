"""Proof files: the text that shows, offline, that an entry is in the log (C2SP tlog-proof).

    c2sp.org/tlog-proof@v1
    index <decimal>
    <base64 hash>            one per line, the leaf's sibling first
                             (empty line)
    <checkpoint as signed, with any cosignatures>

The optional `extra` line is not written and not accepted: nothing authenticates it, so it has no
place in evidence.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ledger.merkle import HASH_SIZE, MAX_SIZE
from ledger.note import NoteError, decode_base64, encode_base64

HEADER = "c2sp.org/tlog-proof@v1"
MAX_HASHES = 63
_INDEX = re.compile(r"index (0|[1-9][0-9]{0,18})", re.ASCII)


class ProofFormatError(ValueError):
    """The text is not a proof file; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Proof:
    """`index` of the entry, `hashes` of 32 bytes from the leaf's sibling up, `checkpoint` as a
    signed note."""

    index: int
    hashes: tuple[bytes, ...]
    checkpoint: str


def format_proof(index: int, hashes: Sequence[bytes], checkpoint_note: str) -> str:
    """Return the proof file for the entry at `index` and the given signed checkpoint."""
    if (
        not 0 <= index < MAX_SIZE
        or len(hashes) > MAX_HASHES
        or any(len(digest) != HASH_SIZE for digest in hashes)
    ):
        raise ProofFormatError(
            "A proof has an index, at most 63 hashes of 32 bytes, and a checkpoint."
        )
    return "\n".join([HEADER, f"index {index}", *map(encode_base64, hashes), "", checkpoint_note])


def parse_proof(text: str) -> Proof:
    """Return the parts of a proof file. The checkpoint is not yet opened.

    Raises ProofFormatError unless the text is exactly of the form above.
    """
    head, blank, checkpoint = text.partition("\n\n")
    lines = head.split("\n")
    if not blank or not checkpoint:
        raise ProofFormatError("The proof has no checkpoint after an empty line.")
    if lines[0] != HEADER:
        raise ProofFormatError(f"The proof does not begin with {HEADER}.")
    match = _INDEX.fullmatch(lines[1]) if len(lines) > 1 else None
    if match is None:
        raise ProofFormatError(
            "The second line of the proof is not “index” and a plain decimal number."
        )
    if len(lines) - 2 > MAX_HASHES:
        raise ProofFormatError(f"The proof has more than {MAX_HASHES} hashes.")
    try:
        hashes = tuple(decode_base64(line, HASH_SIZE) for line in lines[2:])
    except NoteError as error:
        raise ProofFormatError(
            "A line of the proof is not a hash of 32 bytes in base64."
        ) from error
    return Proof(int(match[1]), hashes, checkpoint)
