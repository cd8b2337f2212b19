"""Bundles: one file with which anyone checks one entry, offline, without believing us.

    {"format":"asclaimed-bundle@v1","leaf":"<the exact leaf text>","proof":"<tlog-proof text>","key":"<verifier key>",
     "document":{…the published document, with a random "salt"…},"openings":{"rationale":{"key":"<hex>","value":…},…}}

The file is canonical JSON, so that no byte of it is free; one newline at its end is let pass. `document` is there exactly when the leaf has
the digest of one; `openings` always, `{}` if nothing is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ledger import canonical, merkle
from ledger.checkpoint import Checkpoint, CheckpointError, open_checkpoint
from ledger.leaf import Leaf, LeafError, opens
from ledger.note import NoteError, VerifierKey
from ledger.proof import ProofFormatError, format_proof, parse_proof

FORMAT = "asclaimed-bundle@v1"
MAX_BYTES = 16 * 2**20

_REQUIRED = {"format", "leaf", "proof", "key", "openings"}
_HEX = re.compile(r"[0-9a-f]{64}", re.ASCII)


class BundleError(ValueError):
    """A bundle does not prove what it says; the message is a sentence saying where."""


@dataclass(frozen=True, slots=True)
class Opening:
    """What opens one commitment: its `key` (32 bytes) and the `value`."""

    key: bytes
    value: Any


@dataclass(frozen=True, slots=True)
class Checked:
    """What a bundle was found to show: the `leaf` is entry `index` of the log at `checkpoint`, signed by `key`.

    `opened` and `closed` are the names of the committed fields with and without their value; `others` counts signatures by unknown keys.
    """

    leaf: Leaf
    index: int
    checkpoint: Checkpoint
    key: VerifierKey
    opened: tuple[str, ...]
    closed: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Bundle:
    """The parts of a bundle as they stand in it; `check` says whether they fit together."""

    leaf: bytes
    proof: str
    key: str
    document: dict[str, Any] | None = None
    openings: Mapping[str, Opening] = field(default_factory=dict)

    @classmethod
    def build(
        cls,
        *,
        leaf: bytes,
        index: int,
        hashes: Sequence[bytes],
        checkpoint: str,
        key: VerifierKey,
        document: dict[str, Any] | None = None,
        openings: Mapping[str, Opening] | None = None,
    ) -> Self:
        """Return the bundle of an entry: its exact bytes, index, inclusion proof and the signed checkpoint note.

        It is checked before it is returned, and a document must have a "salt" of at least 22 characters: BundleError otherwise.
        """

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the bundle in a file. Raises BundleError unless it has the form above, byte for byte."""

    def dumps(self) -> bytes:
        """Return the file."""

    def check(self, key: VerifierKey | None = None) -> Checked:
        """Check everything: document and openings against the leaf, leaf against proof, proof against checkpoint, checkpoint against key.

        `key` is what the reader got elsewhere, and must then be the bundle's; with None the bundle's own key is believed, and the caller
        must say so. Raises BundleError with a sentence for the first thing that does not fit.
        """
