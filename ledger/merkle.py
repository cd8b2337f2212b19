"""The hash tree of the log: hashing, right edge, inclusion and consistency proofs (RFC 6962,
section 2.1).

    MTH({})   = SHA-256("")
    leaf(d)   = SHA-256(0x00 ‖ d)          node(l, r) = SHA-256(0x01 ‖ l ‖ r)
    MTH(D[n]) = node(MTH(D[0:k]), MTH(D[k:n])),  k = largest power of two < n

A *complete subtree* is named by (level, index): the tree over the 2^level leaves from index ·
2^level on. Its hash never changes once those leaves are in, whatever the log grows to; proofs are
built from such hashes alone, through a function `read(level, index)` (see
`ledger.tiles.TileReader`).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from hashlib import sha256
from operator import add
from typing import Self, TypeAlias

Read: TypeAlias = Callable[[int, int], bytes]

HASH_SIZE = 32
MAX_SIZE = 2**63 - 1
_LEAF = sha256(b"\x00")
_NODE = sha256(b"\x01")
EMPTY_ROOT = sha256(b"").digest()


class ProofError(ValueError):
    """A proof does not prove what it is said to; the message is a sentence."""


class InclusionError(ProofError):
    """The entry is not shown to be in the tree."""


class ConsistencyError(ProofError):
    """The newer tree is not shown to be a continuation of the older one."""


class EdgeError(ValueError):
    """A stored right edge is not one."""


def leaf_hash(data: bytes) -> bytes:
    """Return the hash of an entry; the prefix keeps entries and inner nodes apart."""
    return sha256(b"\x00" + data).digest()


def leaf_hashes(entries: Iterable[bytes]) -> list[bytes]:
    """Return `leaf_hash` of each entry. A copy of a state that has taken the prefix is cheaper than
    a new one and a longer text."""
    fresh = _LEAF.copy
    hashes = []
    for data in entries:
        state = fresh()
        state.update(data)
        hashes.append(state.digest())
    return hashes


def node_hash(left: bytes, right: bytes) -> bytes:
    """Return the hash of an inner node."""
    return sha256(b"\x01" + left + right).digest()


class Edge:
    """The right edge of a tree: the complete subtrees its size is the sum of, largest first. All
    that is needed to append; O(log n)."""

    __slots__ = ("_nodes",)

    def __init__(self) -> None:
        self._nodes: list[tuple[int, bytes]] = []

    @property
    def size(self) -> int:
        """The number of leaves."""
        return sum(1 << level for level, _ in self._nodes)

    @property
    def nodes(self) -> tuple[tuple[int, bytes], ...]:
        """The edge as (level, hash) pairs, levels strictly falling."""
        return tuple(self._nodes)

    def append(self, digest: bytes, level: int = 0) -> None:
        """Add the hash of the next leaf, or of a complete subtree of 2^level leaves.

        A subtree can only follow subtrees at least as large as itself: EdgeError otherwise.
        """
        nodes = self._nodes
        if nodes and nodes[-1][0] < level:
            raise EdgeError(
                f"A subtree of level {level} cannot follow one of level {nodes[-1][0]}."
            )
        while nodes and nodes[-1][0] == level:
            digest = sha256(b"\x01" + nodes.pop()[1] + digest).digest()
            level += 1
        nodes.append((level, digest))

    def extend(self, digests: Iterable[bytes]) -> None:
        """Append many leaf hashes; the same as `append` for each, with less ceremony."""
        nodes = self._nodes
        size = self.size
        hashes = [digest for _, digest in nodes]
        for digest in digests:
            # The set low bits of the size are the complete subtrees that the new leaf closes.
            count = size
            while count & 1:
                digest = sha256(b"\x01" + hashes.pop() + digest).digest()
                count >>= 1
            hashes.append(digest)
            size += 1
        levels = [level for level in range(size.bit_length() - 1, -1, -1) if size >> level & 1]
        nodes[:] = zip(levels, hashes, strict=True)

    def root(self) -> bytes:
        """Return the root of the tree; EMPTY_ROOT if it has no leaf."""
        if not self._nodes:
            return EMPTY_ROOT
        return _fold([digest for _, digest in self._nodes])

    def copy(self) -> Edge:
        """Return an edge that grows by itself."""
        other = Edge()
        other._nodes = self._nodes.copy()
        return other

    def to_json(self) -> list[list[int | str]]:
        """Return `[[level, "64 hexadecimal digits"], …]`, largest subtree first: a value for a JSON
        column."""
        return [[level, digest.hex()] for level, digest in self._nodes]

    @classmethod
    def from_json(cls, value: object) -> Self:
        """Return the edge that `to_json` gave. Raises EdgeError for anything that it cannot have
        given."""
        edge = cls()
        if not isinstance(value, list):
            raise EdgeError("A stored edge is a list.")
        for pair in value:
            if not (isinstance(pair, list) and len(pair) == 2):
                raise EdgeError("A stored edge is made of pairs of level and hash.")
            level, text = pair
            if (
                type(level) is not int
                or not 0 <= level <= 62
                or (edge._nodes and level >= edge._nodes[-1][0])
            ):
                raise EdgeError("The levels of a stored edge fall from 62 at most to 0 at least.")
            if (
                not isinstance(text, str)
                or len(text) != 2 * HASH_SIZE
                or text.strip("0123456789abcdef")
            ):
                raise EdgeError("A hash of a stored edge is 64 lowercase hexadecimal digits.")
            edge._nodes.append((level, bytes.fromhex(text)))
        return edge

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Edge) and self._nodes == other._nodes

    __hash__ = None  # type: ignore[assignment]  # An edge grows; a hash of it would go stale.


def root_of(hashes: Iterable[bytes]) -> bytes:
    """Return the root over leaf hashes (or over the hashes of complete subtrees of one level, such
    as those in a tile)."""
    edge = Edge()
    edge.extend(hashes)
    return edge.root()


def complete_root(hashes: Sequence[bytes]) -> bytes:
    """Return the root over hashes whose count is a power of two: `root_of`, level by level, as fast
    as the hashing itself."""
    if not hashes or len(hashes) & (len(hashes) - 1):
        raise ValueError("A complete tree has a power of two of leaves.")
    while len(hashes) > 1:
        hashes = parents(hashes)
    return hashes[0]


def parents(hashes: Sequence[bytes]) -> list[bytes]:
    """Return the node over each pair of hashes; an odd one at the end has none."""
    fresh = _NODE.copy
    nodes = []
    halves = iter(hashes)
    for both in map(add, halves, halves):
        state = fresh()
        state.update(both)
        nodes.append(state.digest())
    return nodes


def inclusion_proof(index: int, size: int, read: Read) -> list[bytes]:
    """Return PATH(index, D[size]), the leaf's sibling first (RFC 6962, section 2.1.1)."""
    return [_range_root(low, high, read) for low, high in inclusion_ranges(index, size)]


def inclusion_ranges(index: int, size: int) -> list[tuple[int, int]]:
    """Return the ranges of entries whose roots an inclusion proof is made of, the leaf's sibling
    first.

    Together with the leaf they are all entries.
    """
    if not 0 <= index < size:
        raise ValueError(f"There is no entry {index} in a tree of {size}.")
    start, end = 0, size
    siblings = []
    while end - start > 1:
        middle = start + _split(end - start)
        if index < middle:
            siblings.append((middle, end))
            end = middle
        else:
            siblings.append((start, middle))
            start = middle
    return siblings[::-1]


def consistency_proof(old: int, new: int, read: Read) -> list[bytes]:
    """Return PROOF(old, D[new]) (RFC 6962, section 2.1.2); empty if `old` is 0 or `new`, where
    there is nothing to show."""
    if not 0 <= old <= new:
        raise ValueError(f"A tree of {new} does not continue one of {old}.")
    if old == 0 or old == new:
        return []
    start, end = 0, new
    parts = []
    while end != old:
        middle = start + _split(end - start)
        if old <= middle:
            parts.append((middle, end))
            end = middle
        else:
            parts.append((start, middle))
            start = middle
    if start:
        parts.append((start, end))
    return [_range_root(low, high, read) for low, high in reversed(parts)]


def verify_inclusion(
    leaf: bytes, index: int, size: int, proof: Sequence[bytes], root: bytes
) -> None:
    """Raise InclusionError unless `proof` shows that the leaf hash `leaf` is at `index` in the tree
    of `size` leaves and this root.

    The path from leaf to root has two parts: up to where it meets the right edge (`inner` steps,
    left or right by the bits of the index) and along the edge (`border` steps, where the other side
    is always the left one).
    """
    if size > MAX_SIZE or not 0 <= index < size:
        raise InclusionError(f"There is no entry {index} in a tree of {size}.")
    inner = (index ^ (size - 1)).bit_length()
    border = (index >> inner).bit_count()
    if len(proof) != inner + border:
        raise InclusionError(
            f"The proof has {len(proof)} hashes where entry {index} of {size} needs "
            f"{inner + border}."
        )
    digest = leaf
    for step, sibling in enumerate(proof):
        if len(sibling) != HASH_SIZE:
            raise InclusionError("A hash in the proof is not 32 bytes long.")
        if step < inner and not index >> step & 1:
            digest = node_hash(digest, sibling)
        else:
            digest = node_hash(sibling, digest)
    if digest != root:
        raise InclusionError("The proof does not lead from the entry to the root.")


def verify_consistency(  # noqa: C901 — RFC 6962, section 2.1.2, step by step
    old: int, new: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]
) -> None:
    """Raise ConsistencyError unless `proof` shows that the tree (new, new_root) begins with the
    tree (old, old_root).

    The steps are those of RFC 9162, section 2.1.4.2. An empty tree is the beginning of every tree,
    and a tree of itself, by an empty proof.
    """
    if not 0 <= old <= new <= MAX_SIZE:
        raise ConsistencyError(f"A tree of {new} does not continue one of {old}.")
    if any(len(digest) != HASH_SIZE for digest in proof):
        raise ConsistencyError("A hash in the proof is not 32 bytes long.")
    if old == 0 or old == new:
        if proof:
            raise ConsistencyError(
                f"From {old} to {new} there is nothing to prove, yet the proof has {len(proof)} "
                f"hashes."
            )
        if old_root != (EMPTY_ROOT if old == 0 else new_root):
            raise ConsistencyError(
                "The older root is not that of an empty tree."
                if old == 0
                else "Two roots are given for one size."
            )
        return
    if not proof:
        raise ConsistencyError("The proof is empty.")
    # The chain starts from the largest complete subtree that ends where the old tree ends; if that
    # is all of it, its root is known.
    path = [old_root, *proof] if old & (old - 1) == 0 else list(proof)
    first, last = old - 1, new - 1
    while first & 1:
        first >>= 1
        last >>= 1
    old_digest = new_digest = path[0]
    for sibling in path[1:]:
        if last == 0:
            raise ConsistencyError("The proof has more hashes than the trees have levels.")
        if first & 1 or first == last:
            old_digest = node_hash(sibling, old_digest)
            new_digest = node_hash(sibling, new_digest)
            while first and not first & 1:
                first >>= 1
                last >>= 1
        else:
            new_digest = node_hash(new_digest, sibling)
        first >>= 1
        last >>= 1
    if last:
        raise ConsistencyError("The proof has fewer hashes than the trees have levels.")
    if old_digest != old_root:
        raise ConsistencyError("The proof does not lead to the older root.")
    if new_digest != new_root:
        raise ConsistencyError("The proof does not lead to the newer root.")


def _split(size: int) -> int:
    """Return the largest power of two below `size`, which is at least 2."""
    return 1 << (size - 1).bit_length() - 1


def _range_root(start: int, end: int, read: Read) -> bytes:
    """Return MTH(D[start:end]) for a range that the splits of RFC 6962 can name: it starts at a
    multiple of a power of two ≥ its length."""
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(read(level, start >> level))
        start += 1 << level
    return _fold(parts)


def _fold(hashes: Sequence[bytes]) -> bytes:
    """Join complete subtrees, largest first, into one root, from the right."""
    digest = hashes[-1]
    for left in reversed(hashes[:-1]):
        digest = sha256(b"\x01" + left + digest).digest()
    return digest
