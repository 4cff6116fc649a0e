"""Canonical JSON, links and Merkle trees: the same for the same words, another for any other."""

from __future__ import annotations

import hashlib

import pytest
from hypothesis import given, strategies as st

from community.core import chain

DOCUMENT = {"b": [1, "岗点", None, True], "a": {"z": 0, "y": ""}}
LEAVES = st.lists(st.binary(min_size=32, max_size=32), min_size=1, max_size=40)


def test_canonical_json_is_sorted_and_without_blanks() -> None:
    assert chain.canonical(DOCUMENT).decode() == '{"a":{"y":"","z":0},"b":[1,"岗点",null,true]}'


def test_a_number_that_json_does_not_know_is_refused() -> None:
    with pytest.raises(ValueError, match="JSON"):
        chain.canonical({"a": float("nan")})


def test_a_leaf_hides_its_words_behind_its_salt() -> None:
    assert chain.leaf(b"s" * 16, DOCUMENT) == hashlib.sha256(b"s" * 16 + chain.canonical(DOCUMENT)).digest()
    assert chain.leaf(b"t" * 16, DOCUMENT) != chain.leaf(b"s" * 16, DOCUMENT)


def test_a_link_depends_on_the_one_before_its_number_and_its_leaf() -> None:
    start = chain.genesis("7")
    links = {chain.link(start, 1, b"a"), chain.link(start, 2, b"a"), chain.link(start, 1, b"b")}
    links.add(chain.link(chain.genesis("8"), 1, b"a"))
    assert len(links) == 4


@given(LEAVES)
def test_each_leaf_leads_to_the_root_by_its_own_path(leaves: list[bytes]) -> None:
    root = chain.merkle_root(leaves)
    assert all(chain.follow(leaf, path) == root for leaf, path in zip(leaves, chain.merkle_paths(leaves), strict=True))


@given(LEAVES, st.data())
def test_another_leaf_gives_another_root(leaves: list[bytes], data: st.DataObject) -> None:
    place = data.draw(st.integers(0, len(leaves) - 1))
    forged = [*leaves[:place], bytes([leaves[place][0] ^ 1]) + leaves[place][1:], *leaves[place + 1 :]]
    assert chain.merkle_root(forged) != chain.merkle_root(leaves)
    assert chain.follow(forged[place], chain.merkle_paths(leaves)[place]) != chain.merkle_root(leaves)


def test_the_tree_is_that_of_rfc_6962() -> None:
    def h(content: bytes) -> bytes:
        return hashlib.sha256(content).digest()

    one, two, three = (h(b"\x00" + leaf) for leaf in (b"1", b"2", b"3"))
    assert chain.merkle_root([b"1", b"2", b"3"]) == h(b"\x01" + h(b"\x01" + one + two) + three)
    assert chain.merkle_root([]) == h(b"")
