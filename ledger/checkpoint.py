"""Checkpoints: the signed size and root of the log (C2SP tlog-checkpoint, v1.0.0).

    <origin>
    <size in decimal>
    <base64 root>

as the text of a signed note whose key has the origin for its name. Extension lines are not written
and not accepted: nobody could audit them.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from ledger.merkle import EMPTY_ROOT, HASH_SIZE, MAX_SIZE
from ledger.note import (
    ED25519,
    NoteError,
    SigningKey,
    VerifierKey,
    decode_base64,
    encode_base64,
    open_note,
    sign,
    valid_name,
)

_SIZE = re.compile(r"0|[1-9][0-9]{0,18}", re.ASCII)


class CheckpointError(ValueError):
    """A text is not a checkpoint, or not one of this log; the message is a sentence."""


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """The tree of `size` entries of the log `origin` has the root hash `root` (32 bytes)."""

    origin: str
    size: int
    root: bytes

    def __post_init__(self) -> None:
        if not valid_name(self.origin):
            raise CheckpointError(
                "The origin of a checkpoint is a name without spaces, plus or control characters."
            )
        if not 0 <= self.size <= MAX_SIZE:
            raise CheckpointError("The size of a checkpoint is from 0 to 2^63 − 1.")
        if len(self.root) != HASH_SIZE:
            raise CheckpointError("The root of a checkpoint is 32 bytes long.")
        if self.size == 0 and self.root != EMPTY_ROOT:
            raise CheckpointError(
                "An empty log has the root SHA-256 of nothing, and this checkpoint another one."
            )

    def text(self) -> str:
        """Return the three lines that are signed."""
        return f"{self.origin}\n{self.size}\n{encode_base64(self.root)}\n"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the checkpoint that `text` is. Raises CheckpointError unless it is exactly what
        `text()` writes."""
        lines = text.split("\n")
        if len(lines) != 4 or lines[3]:
            raise CheckpointError("A checkpoint has exactly three lines: origin, size and root.")
        if not _SIZE.fullmatch(lines[1]):
            raise CheckpointError("The size of a checkpoint is a plain decimal number.")
        try:
            root = decode_base64(lines[2], HASH_SIZE)
        except NoteError as error:
            raise CheckpointError("The root of a checkpoint is 32 bytes in base64.") from error
        return cls(lines[0], int(lines[1]), root)


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """Return the checkpoint as a note signed by the log's key. Whoever calls this has made sure
    that no other tree of this size was signed.

    Raises CheckpointError if the key is not an Ed25519 key that has the origin for its name.
    """
    if key.name != checkpoint.origin or key.type != ED25519:
        raise CheckpointError(
            "A checkpoint is signed by the Ed25519 key that is named as the log's origin."
        )
    return sign(checkpoint.text(), [key])


def open_checkpoint(
    note: str | bytes, verifier: VerifierKey, origin: str | None = None
) -> Checkpoint:
    """Return the checkpoint in `note`, signed by `verifier`, for the log `origin` (by default the
    key's name).

    Raises NoteError if the note is malformed or the signature missing or wrong, CheckpointError if
    it is no checkpoint of that log.
    """
    if verifier.type != ED25519:
        raise CheckpointError("The key of a log is an Ed25519 key (type 0x01).")
    checkpoint = Checkpoint.parse(open_note(note, [verifier]).text)
    if checkpoint.origin != (verifier.name if origin is None else origin):
        raise CheckpointError("The checkpoint is signed by the right key, but for another log.")
    return checkpoint
