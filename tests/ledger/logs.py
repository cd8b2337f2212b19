"""Small logs for the tests of the record's pure modules."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache
from hashlib import sha256
from pathlib import Path

from hypothesis import settings
from hypothesis import strategies as st

from ledger import merkle, tiles
from ledger.checkpoint import Checkpoint, sign_checkpoint
from ledger.leaf import Leaf, commit
from ledger.note import ED25519, SigningKey

quick = settings(deadline=None, max_examples=100)
"""Shared cores make single examples slow at random; what is bounded is their number."""

ORIGIN = "log.example/record"
KEY = SigningKey(ORIGIN, ED25519, bytes(range(32)))
OTHER_KEY = SigningKey(ORIGIN, ED25519, bytes(range(1, 33)))
VERIFIER = KEY.verifier

OPENING_KEYS = {"quote": b"q" * 32, "summary": b"s" * 32}
TEXTS = {"quote": "真正的双风道", "summary": "The hood has two air ducts."}

names = st.builds(str.__add__, st.sampled_from("abcxyz"), st.text("abcxyz019_", max_size=12))
texts = st.text(st.characters(exclude_categories=["Cs"]))
integers = st.integers(-(2**53) + 1, 2**53 - 1)
values = st.recursive(
    st.none() | st.booleans() | integers | texts,
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(texts, inner, max_size=5),
    max_leaves=20,
)
digests = st.binary(min_size=32, max_size=32)
hexes = digests.map(bytes.hex)


def entry(number: int) -> bytes:
    """A leaf like those of claims, different for each number."""
    return Leaf(
        kind="claim.revised",
        object=f"claim/0193e5a7-3c1e-7000-8000-{number:012d}",
        at="2025-06-03T09:41:07.123456Z",
        role="moderator",
        name="heron",
        fields={"status": "open", "price": number},
        commits={name: commit(OPENING_KEYS[name], text) for name, text in TEXTS.items()},
    ).to_bytes()


def entries(count: int) -> list[bytes]:
    first = entry(0)
    # Writing every leaf anew would be most of the time of the larger tests.
    head, tail = first.split(b"000000000000")
    head, middle = head.split(b'"price":0')
    return [
        b'%b"price":%d%b%012d%b' % (head, number, middle, number, tail) for number in range(count)
    ]


def write_log(
    folder: Path, data: Sequence[bytes], *, sizes: Sequence[int] = (), key: SigningKey = KEY
) -> Checkpoint:
    """Write a log that published a checkpoint at each of `sizes` and at its end; return the last
    checkpoint."""
    checkpoint = Checkpoint(key.name, 0, merkle.EMPTY_ROOT)
    edge = merkle.Edge()
    for size in (*sizes, len(data)):
        old = edge.size
        hashes = [merkle.leaf_hash(item) for item in data[old:size]]
        for tile, content in tiles.grow(old, hashes, lambda path: (folder / path).read_bytes()):
            write(folder / tile.path, content)
        for tile in tiles.bundles_for(old, size):
            write(
                folder / tile.path, tiles.encode_entries(data[tile.start : tile.start + tile.width])
            )
        edge.extend(hashes)
        checkpoint = Checkpoint(key.name, size, edge.root())
    write(folder / "checkpoint", sign_checkpoint(checkpoint, key).encode())
    write(folder / "key", f"{key.verifier}\n".encode())
    return checkpoint


def write(path: Path, content: bytes) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(content)


def naive(leaves: Sequence[bytes]) -> Callable[[int, int], bytes]:
    """Return mth(start, end): RFC 6962, section 2.1 word for word, over leaf hashes; what it has
    computed it remembers."""

    @cache
    def mth(start: int, end: int) -> bytes:
        if start == end:
            return sha256(b"").digest()
        if end - start == 1:
            return leaves[start]
        middle = start + split(end - start)
        return sha256(b"\x01" + mth(start, middle) + mth(middle, end)).digest()

    return mth


def split(size: int) -> int:
    """Return the largest power of two below size."""
    power = 1
    while power * 2 < size:
        power *= 2
    return power
