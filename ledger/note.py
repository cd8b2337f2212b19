"""Signed notes: text with Ed25519 signatures that people can read (C2SP signed-note, v1.0.0;
tlog-cosignature, v1.0.1).

    <text, lines of UTF-8, ending in a newline>
                                                    (empty line)
    — <key name> <base64 of key id[4] ‖ signature>  one or more

The signed bytes are the text with its last newline. Key id: the first four bytes of SHA-256(name ‖
0x0A ‖ type ‖ public key). Types: 0x01 Ed25519 over the text; 0x04 cosignature/v1, whose signature
is uint64 time ‖ Ed25519 over `cosignature/v1\\ntime <decimal>\\n` ‖ text. A verifier key is written
`<name>+<key id, 8 hexadecimal digits>+<base64 of type ‖ public key>`.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from hashlib import sha256
from typing import Self

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

ED25519 = 0x01
COSIGNATURE = 0x04
MAX_SIGNATURES = 100
MAX_NOTE = 1_000_000
MAX_TIME = 2**63 - 1
_DASH = "\u2014 "
_CONTROL = re.compile(r"[\x00-\x09\x0b-\x1f]")
_PRIVATE = "PRIVATE+KEY+"
# The field and the curve of Ed25519, -x² + y² = 1 + dx²y² (RFC 8032, section 5.1).
_P = 2**255 - 19
_D = -121665 * pow(121666, -1, _P) % _P


class NoteError(ValueError):
    """A note, key or signature is malformed, or does not verify; the message is a sentence."""


class SignatureError(NoteError):
    """A signature by a known key is wrong, or there is none by a known key."""


def encode_base64(data: bytes) -> str:
    """Return the standard base64 of `data` (RFC 4648, section 4), padded."""
    return base64.b64encode(data).decode()


def decode_base64(text: str, length: int | None = None) -> bytes:
    """Return the bytes of standard base64. Raises NoteError unless `text` is what `encode_base64`
    writes, and `length` bytes if given."""
    try:
        data = base64.b64decode(text.encode("ascii"), validate=True)
    except (binascii.Error, UnicodeEncodeError) as error:
        raise NoteError("That is not base64.") from error
    # One byte string has one spelling: bits beyond the last byte,
    # which decoders ignore, must be zero.
    if encode_base64(data) != text or (length is not None and len(data) != length):
        raise NoteError("That is not the base64 of bytes of the right length.")
    return data


def valid_name(name: str) -> bool:
    """Whether `name` can name a key: not empty, UTF-8, no Unicode space, no plus, no control
    character."""
    return (
        bool(name)
        and "+" not in name
        and not any(c.isspace() or c < " " or "\ud800" <= c <= "\udfff" for c in name)
    )


@dataclass(frozen=True, slots=True)
class VerifierKey:
    """A public key: `name`, `type` (ED25519 or COSIGNATURE), `public` (32 bytes). `str(key)` writes
    it."""

    name: str
    type: int
    public: bytes

    def __post_init__(self) -> None:
        if not valid_name(self.name):
            raise NoteError(
                "The name of a key has no spaces, plus or control characters and is not empty."
            )
        if self.type not in (ED25519, COSIGNATURE) or len(self.public) != 32:
            raise NoteError("A key is an Ed25519 key of type 0x01 or 0x04.")
        if _of_small_order(self.public):
            raise NoteError(
                "The key is of small order: anyone can sign with it, so its signatures prove "
                "nothing."
            )

    @property
    def id(self) -> bytes:
        """The four bytes which tell keys of one name apart."""
        return sha256(self.name.encode() + b"\n" + bytes([self.type]) + self.public).digest()[:4]

    def __str__(self) -> str:
        return f"{self.name}+{self.id.hex()}+{encode_base64(bytes([self.type]) + self.public)}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """Return the key that `text` writes. Raises NoteError unless it is exactly what `str`
        writes."""
        name, _, rest = text.partition("+")
        _, _, data = rest.partition("+")
        public = decode_base64(data, 33)
        key = cls(name, public[0], public[1:])
        if str(key) != text:
            raise NoteError("The key id is not that of the key.")
        return key

    def verify(self, text: str, signature: bytes) -> int | None:
        """Check the signature bytes (without key id) over a note's text; return the time of a
        cosignature, else None.

        Raises SignatureError if it does not verify.
        """
        time = None
        message = text.encode()
        if self.type == COSIGNATURE:
            time = int.from_bytes(signature[:8], "big")
            message = _cosigned(text, time)
            signature = signature[8:]
        try:
            Ed25519PublicKey.from_public_bytes(self.public).verify(signature, message)
        except InvalidSignature as error:
            raise SignatureError(f"The signature by {self.name} is wrong.") from error
        return time


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A private key. Its seed is in `to_text()` alone: never in repr, str or comparison errors."""

    name: str
    type: int
    _seed: bytes = field(repr=False)

    def __post_init__(self) -> None:
        if len(self._seed) != 32:
            raise NoteError("The seed of a key is 32 bytes.")
        _ = self.verifier

    @classmethod
    def generate(cls, name: str, type: int = ED25519) -> Self:
        """Return a new key for the name; `type` COSIGNATURE for a witness."""
        return cls(name, type, Ed25519PrivateKey.generate().private_bytes_raw())

    @classmethod
    def from_text(cls, text: str) -> Self:
        """Return the key that `to_text` wrote. Raises NoteError, without quoting the text."""
        if not text.startswith(_PRIVATE):
            raise NoteError("That is not a signing key.")
        name, _, rest = text.removeprefix(_PRIVATE).partition("+")
        data = decode_base64(rest.partition("+")[2], 33)
        key = cls(name, data[0], data[1:])
        if key.to_text() != text:
            raise NoteError("The key id is not that of the signing key.")
        return key

    def to_text(self) -> str:
        """Return `PRIVATE+KEY+<name>+<key id>+<base64 of type ‖ seed>`: the secret, for a file only
        its owner reads."""
        secret = encode_base64(bytes([self.type]) + self._seed)
        return f"{_PRIVATE}{self.name}+{self.verifier.id.hex()}+{secret}"

    @property
    def verifier(self) -> VerifierKey:
        """The public half."""
        return VerifierKey(self.name, self.type, self._private().public_key().public_bytes_raw())

    def sign(self, text: str, *, time: int | None = None) -> bytes:
        """Return the signature bytes (without key id) over a note's text; a cosignature needs
        `time` in seconds since 1970."""
        if self.type == ED25519:
            return self._private().sign(text.encode())
        if time is None or not 0 <= time <= MAX_TIME:
            raise NoteError("A cosignature says when it was made.")
        return time.to_bytes(8, "big") + self._private().sign(_cosigned(text, time))

    def _private(self) -> Ed25519PrivateKey:
        return Ed25519PrivateKey.from_private_bytes(self._seed)


@dataclass(frozen=True, slots=True)
class Signature:
    """A signature line: who, key id, signature bytes; `time` of a verified cosignature."""

    name: str
    key_id: bytes
    signature: bytes
    time: int | None = None


@dataclass(frozen=True, slots=True)
class OpenedNote:
    """The `text` of a note, the `signatures` by known keys, all verified, and the `others`, by
    unknown ones, which prove nothing."""

    text: str
    signatures: tuple[Signature, ...]
    others: tuple[Signature, ...] = ()


def sign(text: str, keys: Sequence[SigningKey], *, time: int | None = None) -> str:
    """Return the note: `text` signed by each key. `time` is for cosigning keys among them."""
    if not keys:
        raise NoteError("A note has at least one signature.")
    _check_text(text)
    return text + "\n" + "".join(_line(key, text, time) for key in keys)


def cosign(note: str, key: SigningKey, *, time: int | None = None) -> str:
    """Return `note` with one more signature. The note's own signatures are not looked at: open it
    first."""
    text, signatures = _split(note)
    if len(signatures) >= MAX_SIGNATURES:
        raise NoteError(f"A note has at most {MAX_SIGNATURES} signatures.")
    return note + _line(key, text, time)


def open_note(note: str | bytes, verifiers: Iterable[VerifierKey]) -> OpenedNote:
    """Return the text of a note that at least one of the verifiers signed.

    Unknown signatures are ignored; a known key whose signature fails rejects the note
    (SignatureError), as does the lack of any known one. Raises NoteError for a malformed note.
    """
    known: dict[tuple[str, bytes], VerifierKey] = {}
    for verifier in verifiers:
        if known.setdefault((verifier.name, verifier.id), verifier) != verifier:
            raise NoteError("Two keys have the same name and key id.")
    text, lines = _split(note)
    verified: dict[tuple[str, bytes], Signature] = {}
    others: list[Signature] = []
    for line in lines:
        identity = (line.name, line.key_id)
        if identity not in known:
            others.append(line)
            continue
        time = known[identity].verify(text, line.signature)
        verified.setdefault(identity, Signature(line.name, line.key_id, line.signature, time))
    if not verified:
        raise SignatureError("The note is not signed by the key it is checked against.")
    return OpenedNote(text, tuple(verified.values()), tuple(others))


def _split(note: str | bytes) -> tuple[str, list[Signature]]:
    """Return text and signature lines of a note, checked for form only."""
    if len(note) > MAX_NOTE:
        raise NoteError("The note is too long.")
    if isinstance(note, bytes):
        try:
            note = note.decode()
        except UnicodeDecodeError as error:
            raise NoteError("The note is not UTF-8.") from error
    text, blank, block = note.rpartition("\n\n")
    text += "\n"
    if not blank:
        raise NoteError("The note has no signatures after an empty line.")
    _check_text(text)
    *lines, end = block.split("\n")
    if end or not lines:
        raise NoteError("The note does not end with a signature line and a newline.")
    if len(lines) > MAX_SIGNATURES:
        raise NoteError(f"The note has more than {MAX_SIGNATURES} signatures.")
    return text, [_parse_line(line) for line in lines]


def _parse_line(line: str) -> Signature:
    name, space, data = line.removeprefix(_DASH).partition(" ")
    if not line.startswith(_DASH) or not space or not valid_name(name):
        raise NoteError("A signature line is a dash, a key's name and base64.")
    try:
        signature = decode_base64(data)
    except NoteError as error:
        raise NoteError("A signature is not in base64.") from error
    if len(signature) < 5:
        raise NoteError("A signature is shorter than its key id.")
    return Signature(name, signature[:4], signature[4:])


def _check_text(text: str) -> None:
    if not text.endswith("\n") or _CONTROL.search(text):
        raise NoteError("The text of a note ends in a newline and has no other control character.")
    try:
        text.encode()
    except UnicodeEncodeError as error:
        raise NoteError("The note is not UTF-8.") from error


def _line(key: SigningKey, text: str, time: int | None) -> str:
    return f"{_DASH}{key.name} {encode_base64(key.verifier.id + key.sign(text, time=time))}\n"


def _of_small_order(public: bytes) -> bool:
    """Whether a public key is one of the eight points of an order that divides 8, or spelled in a
    second way, as honest ones never are.

    One signature under such a key holds for every text, or for one in eight. The points have y = ±1
    (order 1 and 2), y = 0 (order 4), or twice the point has y = 0 (order 8), that is dy⁴ + 2y² - 1
    = 0. The sign of x, in the highest bit, is no matter.
    """
    y = int.from_bytes(public, "little") & (1 << 255) - 1
    return y >= _P or y * (y * y - 1) * (_D * y**4 + 2 * y * y - 1) % _P == 0


def _cosigned(text: str, time: int) -> bytes:
    return f"cosignature/v1\ntime {time}\n{text}".encode()
