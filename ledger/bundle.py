"""Bundles: one file with which anyone checks one entry, offline, without believing us.

    {"format":"asclaimed-bundle@v1","leaf":"<the exact leaf text>","proof":"<tlog-proof
    text>","key":"<verifier key>",
     "document":{…the published document, with a random
     "salt"…},"openings":{"rationale":{"key":"<hex>","value":…},…}}

The file is canonical JSON, so that no byte of it is free; one newline at its end is let pass.
`document` is there exactly when the leaf has the digest of one; `openings` always, `{}` if nothing
is opened.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Self

from ledger import canonical, merkle
from ledger.canonical import CanonicalError
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
class BundleCheck:
    """What a bundle was found to show: the `leaf` is entry `index` of the log at `checkpoint`,
    signed by `key`.

    `opened` and `closed` are the names of the committed fields with and without their value.
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
        """Return the bundle of an entry: its exact bytes, index, inclusion proof and the signed
        checkpoint note.

        It is checked before it is returned, and a document must have a "salt" of at least 22
        characters (128 bits in base64), since the digest in the public log would let anyone confirm
        a guess of it otherwise. Raises BundleError.
        """
        if document is not None and not (
            isinstance(document.get("salt"), str) and len(document["salt"]) >= 22
        ):
            raise BundleError("The document has no random salt of at least 22 characters.")
        try:
            proof = format_proof(index, hashes, checkpoint)
        except ProofFormatError as error:
            raise BundleError(str(error)) from error
        bundle = cls(
            leaf=leaf, proof=proof, key=str(key), document=document, openings=dict(openings or {})
        )
        bundle.check(key)
        return bundle

    @classmethod
    def parse(cls, data: bytes) -> Self:
        """Return the bundle in a file. Raises BundleError unless it has the form above, byte for
        byte."""
        if len(data) > MAX_BYTES:
            raise BundleError(f"The bundle is larger than {MAX_BYTES} bytes.")
        try:
            value = canonical.parse(data.removesuffix(b"\n"))
        except CanonicalError as error:
            raise BundleError(f"The bundle is not canonical JSON: {error}") from error
        if not isinstance(value, dict) or not _REQUIRED <= value.keys() <= _REQUIRED | {"document"}:
            raise BundleError("The bundle does not have exactly the members of a bundle.")
        if value["format"] != FORMAT:
            raise BundleError(f"The format of the bundle is not {FORMAT}.")
        leaf, proof, key, openings = value["leaf"], value["proof"], value["key"], value["openings"]
        if not (isinstance(leaf, str) and isinstance(proof, str) and isinstance(key, str)):
            raise BundleError("The leaf, proof and key of the bundle are text.")
        document = value.get("document")
        if "document" in value and not isinstance(document, dict):
            raise BundleError("The document of the bundle is not an object.")
        if not isinstance(openings, dict):
            raise BundleError("The openings of the bundle are not an object.")
        return cls(
            leaf=leaf.encode(),
            proof=proof,
            key=key,
            document=document,
            openings={name: _opening(name, opening) for name, opening in openings.items()},
        )

    def dumps(self) -> bytes:
        """Return the file. Raises BundleError if a value in it has no canonical form."""
        value = {
            "format": FORMAT,
            "leaf": self.leaf.decode(),
            "proof": self.proof,
            "key": self.key,
            "openings": {
                name: {"key": opening.key.hex(), "value": opening.value}
                for name, opening in self.openings.items()
            },
        }
        if self.document is not None:
            value["document"] = self.document
        try:
            return canonical.canonical(value)
        except CanonicalError as error:
            raise BundleError(f"The bundle cannot be written: {error}") from error

    def check(self, key: VerifierKey | None = None) -> BundleCheck:
        """Check everything: document and openings against the leaf, leaf against proof, proof
        against checkpoint, checkpoint against key.

        `key` is what the reader got elsewhere, and must then be the bundle's; with None the
        bundle's own key is believed, and the caller must say so. Raises BundleError with a sentence
        for the first thing that does not fit.
        """
        try:
            own = VerifierKey.parse(self.key)
        except NoteError as error:
            raise BundleError(f"The key in the bundle is not a verifier key: {error}") from error
        if key is not None and key != own:
            raise BundleError("The key in the bundle is not the key it is checked against.")
        try:
            leaf = Leaf.parse(self.leaf)
        except LeafError as error:
            raise BundleError(str(error)) from error
        self._check_document(leaf)
        self._check_openings(leaf)
        try:
            proof = parse_proof(self.proof)
            checkpoint = open_checkpoint(proof.checkpoint, own)
            merkle.verify_inclusion(
                merkle.leaf_hash(self.leaf),
                proof.index,
                checkpoint.size,
                proof.hashes,
                checkpoint.root,
            )
        except ProofFormatError as error:
            raise BundleError(str(error)) from error
        except (NoteError, CheckpointError) as error:
            raise BundleError(f"The checkpoint in the bundle does not hold: {error}") from error
        except merkle.InclusionError as error:
            raise BundleError(f"The leaf is not shown to be in the log: {error}") from error
        return BundleCheck(
            leaf=leaf,
            index=proof.index,
            checkpoint=checkpoint,
            key=own,
            opened=tuple(sorted(self.openings)),
            closed=tuple(sorted(leaf.commits.keys() - self.openings.keys())),
        )

    def _check_document(self, leaf: Leaf) -> None:
        if self.document is None:
            if leaf.document is not None:
                raise BundleError(
                    "The leaf has the digest of a document, and the bundle no document."
                )
            return
        if leaf.document is None:
            raise BundleError("The bundle has a document that its leaf does not mention.")
        try:
            digest = canonical.digest(self.document)
        except CanonicalError as error:
            raise BundleError(f"The document has no canonical form: {error}") from error
        if digest != leaf.document:
            raise BundleError("The document is not the one whose digest is in the leaf.")

    def _check_openings(self, leaf: Leaf) -> None:
        for name, opening in self.openings.items():
            if name not in leaf.commits:
                raise BundleError(f"The opening of “{name}” has no commitment in the leaf.")
            try:
                fits = opens(leaf.commits[name], opening.key, opening.value)
            except (CanonicalError, LeafError) as error:
                raise BundleError(f"The opening of “{name}” cannot be one: {error}") from error
            if not fits:
                raise BundleError(f"The value of “{name}” is not the one committed to in the leaf.")


def _opening(name: str, value: object) -> Opening:
    if not isinstance(value, dict) or value.keys() != {"key", "value"}:
        raise BundleError(f"The opening of “{name}” is not a key and a value.")
    if not isinstance(value["key"], str) or not _HEX.fullmatch(value["key"]):
        raise BundleError(f"The key that opens “{name}” is not 64 lowercase hexadecimal digits.")
    return Opening(bytes.fromhex(value["key"]), value["value"])
