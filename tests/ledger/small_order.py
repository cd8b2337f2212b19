"""Ed25519 keys under which anyone can sign: the points whose order divides 8, in every spelling,
computed from the curve itself."""

from __future__ import annotations

from hashlib import sha256

from ledger.note import encode_base64

P = 2**255 - 19
D = -121665 * pow(121666, -1, P) % P
#: The order of the base point: L times any point is a point whose order divides 8.
L = 2**252 + 27742317777372353535851937790883648493
Point = tuple[int, int]


def add(first: Point, second: Point) -> Point:
    (x1, y1), (x2, y2) = first, second
    product = D * x1 * x2 * y1 * y2
    return (
        (x1 * y2 + x2 * y1) * pow(1 + product, -1, P) % P,
        (y1 * y2 + x1 * x2) * pow(1 - product, -1, P) % P,
    )


def times(number: int, point: Point) -> Point:
    total = (0, 1)
    for bit in bin(number)[2:]:
        total = add(total, total)
        if bit == "1":
            total = add(total, point)
    return total


def points() -> list[Point]:
    """All eight."""
    for y in range(2, 100):
        square = (y * y - 1) * pow(D * y * y + 1, -1, P) % P
        x = pow(square, (P + 3) // 8, P)
        if x * x % P != square:
            x = x * pow(2, (P - 1) // 4, P) % P
        if x * x % P != square:
            continue
        found = times(L, (x, y))
        if times(4, found) != (0, 1):
            return [times(number, found) for number in range(8)]
    raise AssertionError


def spellings(point: Point) -> set[bytes]:
    """Every 32 bytes that readers may take for the point: y also as y + P where it fits, and x = 0
    with either sign."""
    x, y = point
    signs = (0, 1) if x == 0 else (x & 1,)
    return {
        (spelled | sign << 255).to_bytes(32, "little")
        for spelled in (y, y + P)
        if spelled < 2**255
        for sign in signs
    }


SMALL_ORDER = sorted(set().union(*map(spellings, points())))


def forged(note: str, public: bytes) -> tuple[str, str]:
    """A verifier key with these public bytes, in the name of a note's own, and the note signed
    under it without any private key.

    The signature is R = (0, 1), S = 0. It holds where the digest times the key is (0, 1) too: for
    one in eight texts at least, or for all.
    """
    text = note.partition("\n\n")[0] + "\n"
    name = text.partition("\n")[0]
    key_id = sha256(name.encode() + b"\n\x01" + public).digest()[:4]
    signature = (1).to_bytes(32, "little") + bytes(32)
    return (
        f"{name}+{key_id.hex()}+{encode_base64(bytes([1]) + public)}",
        f"{text}\n\u2014 {name} {encode_base64(key_id + signature)}\n",
    )
