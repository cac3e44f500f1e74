import hashlib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from auscult.evidence import merkle

sizes = st.integers(1, 70)


def leaves(count):
    return [merkle.leaf_hash(str(index).encode()) for index in range(count)]


def recursive_root(hashes):
    """RFC 9162, 2.1.1, word for word."""
    if not hashes:
        return hashlib.sha256(b"").digest()
    if len(hashes) == 1:
        return hashes[0]
    k = 1
    while k * 2 < len(hashes):
        k *= 2
    return hashlib.sha256(b"\x01" + recursive_root(hashes[:k]) + recursive_root(hashes[k:])).digest()


# The test data of certificate-transparency implementations: inputs and roots of the trees of 1, 2, 3 and 8 leaves.
INPUTS = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
ROOTS = {
    1: "6e340b9cffb37a989ca544e6bb780a2c78901d3fb33738768511a30617afa01d",
    2: "fac54203e7cc696cf0dfcb42c92a1d9dbaf70ad9e621f4bd8d98662f00e3c125",
    3: "aeb6bcfe274b70a14fb067a5e5578264db0fa9b51af5e0ba159158f329e06e77",
    8: "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328",
}


@pytest.mark.parametrize("size", ROOTS)
def test_published_roots(size):
    assert merkle.root_of([merkle.leaf_hash(bytes.fromhex(text)) for text in INPUTS[:size]]).hex() == ROOTS[size]


@given(st.integers(0, 70))
def test_the_root_is_that_of_the_recursive_definition(count):
    assert merkle.root_of(leaves(count)) == recursive_root(leaves(count))


@given(sizes, st.data())
def test_every_inclusion_proof_leads_to_the_root_and_no_other_leaf_does(count, data):
    hashes = leaves(count)
    index = data.draw(st.integers(0, count - 1))
    path = merkle.inclusion_proof(index, hashes)
    root = merkle.root_of(hashes)
    assert merkle.root_from_inclusion_proof(index, count, hashes[index], path) == root
    assert merkle.root_from_inclusion_proof(index, count, merkle.leaf_hash(b"forged"), path) != root
    assert merkle.root_from_inclusion_proof(index, count, hashes[index], [*path, root]) is None


@given(sizes, st.data())
def test_every_consistency_proof_holds_and_a_changed_past_is_found(count, data):
    hashes = leaves(count)
    first = data.draw(st.integers(1, count))
    path = merkle.consistency_proof(first, hashes)
    old, new = merkle.root_of(hashes[:first]), merkle.root_of(hashes)
    assert merkle.is_consistent(first, count, old, new, path)
    rewritten = [merkle.leaf_hash(b"rewritten"), *hashes[1:]]
    assert not merkle.is_consistent(first, count, merkle.root_of(rewritten[:first]), new, path) or first == count == 0


def test_proofs_of_what_is_not_there_are_refused():
    with pytest.raises(IndexError):
        merkle.inclusion_proof(3, leaves(3))
    with pytest.raises(IndexError):
        merkle.consistency_proof(0, leaves(3))
    assert merkle.root_from_inclusion_proof(5, 3, b"", []) is None
    assert not merkle.is_consistent(4, 3, b"", b"", [])
