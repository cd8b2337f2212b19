from __future__ import annotations

import random
from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tlog_scales import tlog as scales

from ledger import merkle
from ledger.merkle import ConsistencyError, Edge, EdgeError, InclusionError, ProofError
from tests.ledger.logs import digests, naive, quick, split

SIZES = 1_100
LEAVES = [merkle.leaf_hash(number.to_bytes(2, "big")) for number in range(SIZES)]
mth = naive(LEAVES)

KNOWN_LEAVES = [
    "",
    "00",
    "10",
    "2021",
    "3031",
    "40414243",
    "5051525354555657",
    "606162636465666768696a6b6c6d6e6f",
]
KNOWN_ROOTS = [
    "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855",
    "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    "d37ee418976dd95753c1c73862b9398fa2a2cf9b4ff0fdfe8b30cd95209614b7",
    "4e3bbb1f7b478dcfe71fb631631519a3bca12c9aefca1612bfce4c13a86264d4",
    "76e67dadbcdf1e10e1b74ddc608abd2f98dfb16fbce75277b5232a127f2087ef",
    "ddb89be403809e325750d3d263cd78929c2942b7942a34b77e122c9594a74c8c",
    "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
]


def read(level: int, index: int) -> bytes:
    """Complete subtrees of the test's leaves."""
    return mth(index << level, (index + 1) << level)


def naive_path(index: int, start: int, end: int) -> list[bytes]:
    """PATH of RFC 6962, section 2.1.1, word for word."""
    if end - start == 1:
        return []
    middle = start + split(end - start)
    if index < middle:
        return [*naive_path(index, start, middle), mth(middle, end)]
    return [*naive_path(index, middle, end), mth(start, middle)]


def naive_proof(old: int, start: int, end: int, known: bool = True) -> list[bytes]:
    """SUBPROOF of RFC 6962, section 2.1.2, word for word, with `old` as an absolute position."""
    if old == end:
        return [] if known else [mth(start, end)]
    middle = start + split(end - start)
    if old <= middle:
        return [*naive_proof(old, start, middle, known), mth(middle, end)]
    return [*naive_proof(old, middle, end, False), mth(start, middle)]


def some(size: int) -> set[int]:
    """Indexes of a tree of `size`: all of a small one, else the edges, the powers of two and a few
    others."""
    if size <= 300:
        return set(range(size))
    powers = {1 << shift for shift in range(size.bit_length())}
    wanted = {
        0,
        size // 2,
        size - 2,
        size - 1,
        *powers,
        *(power - 1 for power in powers),
        *random.Random(size).sample(range(size), 8),
    }
    return {index for index in wanted if index < size}


def test_the_roots_of_the_well_known_leaves() -> None:
    edge = Edge()
    assert edge.root().hex() == KNOWN_ROOTS[0]
    for leaf, root in zip(KNOWN_LEAVES, KNOWN_ROOTS[1:], strict=True):
        edge.append(merkle.leaf_hash(bytes.fromhex(leaf)))
        assert edge.root().hex() == root


def test_the_edge_has_the_root_of_the_definition_at_every_size() -> None:
    edge = Edge()
    for size in range(SIZES + 1):
        assert edge.size == size
        assert edge.root() == mth(0, size)
        assert [level for level, _ in edge.nodes] == [
            level for level in range(11, -1, -1) if size >> level & 1
        ]
        assert Edge.from_json(edge.to_json()) == edge
        if size < SIZES:
            edge.append(LEAVES[size])


@quick
@given(st.lists(st.integers(0, 300), max_size=5))
def test_many_at_once_are_as_many_one_by_one(steps: list[int]) -> None:
    edge, position = Edge(), 0
    for step in steps:
        before = edge.copy()
        edge.extend(LEAVES[position : position + step])
        assert before.root() == mth(0, min(position, SIZES))
        position += step
        assert edge.root() == mth(0, min(position, SIZES)) == merkle.root_of(LEAVES[:position])


def test_whole_subtrees_can_be_appended() -> None:
    edge = Edge()
    edge.append(read(8, 0), 8)
    edge.append(read(8, 1), 8)
    edge.append(read(4, 32), 4)
    edge.append(LEAVES[528])
    assert edge.root() == mth(0, 529)
    with pytest.raises(EdgeError):
        edge.append(read(4, 33), 4)


@pytest.mark.parametrize("count", [1, 2, 4, 256])
def test_the_quick_root_of_a_full_tile_is_the_root(count: int) -> None:
    assert merkle.complete_root(LEAVES[:count]) == mth(0, count)


@pytest.mark.parametrize("count", [0, 3, 255])
def test_the_quick_root_refuses_other_counts(count: int) -> None:
    with pytest.raises(ValueError, match="power of two"):
        merkle.complete_root(LEAVES[:count])


@pytest.mark.parametrize(
    "value",
    [
        None,
        {},
        [[0]],
        [[0, "00" * 32, 1]],
        [["0", "00" * 32]],
        [[True, "00" * 32]],
        [[0, "00" * 31]],
        [[0, "0G" * 32]],
        [[0, "AA" * 32]],
        [[0, 5]],
        [[-1, "00" * 32]],
        [[63, "00" * 32]],
        [[0, "00" * 32], [1, "00" * 32]],
        [[1, "00" * 32], [1, "00" * 32]],
    ],
    ids=repr,
)
def test_a_damaged_edge_is_refused(value: object) -> None:
    with pytest.raises(EdgeError):
        Edge.from_json(value)


def test_inclusion_proofs_at_every_size() -> None:
    for size in range(1, SIZES + 1):
        root = mth(0, size)
        for index in some(size):
            proof = merkle.inclusion_proof(index, size, read)
            assert proof == naive_path(index, 0, size)
            merkle.verify_inclusion(LEAVES[index], index, size, proof, root)


def test_consistency_proofs_at_every_size() -> None:
    for new in range(1, SIZES + 1):
        for old in range(new + 1) if new <= 120 else some(new) | {new}:
            proof = merkle.consistency_proof(old, new, read)
            assert proof == (naive_proof(old, 0, new) if old else [])
            merkle.verify_consistency(old, new, mth(0, old), mth(0, new), proof)


sizes = st.integers(1, SIZES)


def swap(proof: list[bytes], position: int) -> list[bytes]:
    return [*proof[:position], bytes(byte ^ 1 for byte in proof[position]), *proof[position + 1 :]]


def damages(draw: Callable[[st.SearchStrategy[int]], int], proof: list[bytes]) -> list[list[bytes]]:
    """The proof with a hash changed, left out, added, cut short, at drawn places."""
    found = [[*proof, b"\x00" * 32], [b"\x00" * 32, *proof]]
    if proof:
        position = draw(st.integers(0, len(proof) - 1))
        found += [
            swap(proof, position),
            proof[:position] + proof[position + 1 :],
            [*proof[:position], proof[position][:31], *proof[position + 1 :]],
            [*proof[:position], b"", *proof[position:]],
        ]
    return found


@quick
@given(st.data(), sizes)
def test_a_damaged_inclusion_proof_is_refused(data: st.DataObject, size: int) -> None:
    index = data.draw(st.integers(0, size - 1))
    proof, root, leaf = merkle.inclusion_proof(index, size, read), mth(0, size), LEAVES[index]
    for other in damages(data.draw, proof):
        with pytest.raises(InclusionError):
            merkle.verify_inclusion(leaf, index, size, other, root)
    wrong = data.draw(st.integers(-2, size + 2).filter(lambda number: number != index))
    for arguments in (
        (LEAVES[index - 1] if size > 1 else b"\x00" * 32, index, size, proof, root),
        (leaf, wrong, size, proof, root),
        (leaf, index, 2**63, proof, root),
        (leaf, index, 0, proof, root),
        (leaf, index, size, proof, bytes(32)),
    ):
        with pytest.raises(InclusionError):
            merkle.verify_inclusion(*arguments)


@quick
@given(st.data(), sizes, sizes)
def test_a_damaged_consistency_proof_is_refused(data: st.DataObject, one: int, other: int) -> None:
    old, new = sorted((one, other))
    proof, old_root, new_root = merkle.consistency_proof(old, new, read), mth(0, old), mth(0, new)
    for damaged in damages(data.draw, proof):
        with pytest.raises(ConsistencyError):
            merkle.verify_consistency(old, new, old_root, new_root, damaged)
    for arguments in (
        (old, new, bytes(32), new_root, proof),
        (old, new, old_root, bytes(32), proof),
        (new + 1, new, old_root, new_root, proof),
        (-1, new, old_root, new_root, proof),
        (old, 2**63, old_root, new_root, proof),
        (0, new, old_root, new_root, proof),
    ):
        with pytest.raises(ConsistencyError):
            merkle.verify_consistency(*arguments)


@quick
@given(st.integers(0, 300), st.integers(0, 300), st.lists(digests, max_size=12), digests)
def test_a_made_up_proof_never_verifies(
    one: int, other: int, proof: list[bytes], root: bytes
) -> None:
    with pytest.raises(ProofError):
        merkle.verify_inclusion(LEAVES[0], one, other, proof, root)
    with pytest.raises(ProofError):
        merkle.verify_consistency(one, other, root, mth(0, 5), proof)


def test_an_empty_tree_is_the_beginning_of_every_tree() -> None:
    merkle.verify_consistency(0, 5, merkle.EMPTY_ROOT, mth(0, 5), [])
    merkle.verify_consistency(0, 0, merkle.EMPTY_ROOT, merkle.EMPTY_ROOT, [])
    with pytest.raises(ConsistencyError):
        merkle.verify_consistency(0, 5, mth(0, 5), mth(0, 5), [])


@quick
@given(st.data(), sizes)
def test_the_other_reader_agrees(data: st.DataObject, size: int) -> None:
    index, old = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size))
    scales.InclusionProof(index, size, merkle.inclusion_proof(index, size, read)).check(
        LEAVES[index], mth(0, size)
    )
    scales.ConsistencyProof(old, size, merkle.consistency_proof(old, size, read)).check(
        mth(0, old), mth(0, size)
    )


@pytest.mark.parametrize(("index", "size"), [(0, 0), (5, 5), (-1, 5)])
def test_there_is_no_proof_for_what_is_not_there(index: int, size: int) -> None:
    with pytest.raises(ValueError, match="no entry"):
        merkle.inclusion_proof(index, size, read)
    with pytest.raises(ValueError, match="does not continue"):
        merkle.consistency_proof(size + 1, size, read)
