"""The arithmetic of proofs, without a database: canonical JSON, salted leaves, a chain of links, Merkle trees.

docs/proofs.md writes the same rules down for whoever checks us without this program.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from typing import Any

# Hashes are of SHA-256.
SIZE = 32
_encode = json.JSONEncoder(ensure_ascii=False, sort_keys=True, separators=(",", ":"), allow_nan=False).encode
# RFC 6962: leaves and nodes begin differently, so that no node can pass for a leaf.
_LEAF, _NODE = b"\x00", b"\x01"


def spelled(document: Any) -> str:
    """Return `document` as JSON that is always the same: sorted keys, no blanks. Raises for numbers like NaN."""
    return _encode(document)


# The same for a text alone.
quoted: Callable[[str], str] = json.encoder.encode_basestring


def canonical(document: Any) -> bytes:
    """Return the same in UTF-8, as it is hashed."""
    return spelled(document).encode()


def digest(content: bytes) -> bytes:
    """Return the SHA-256 of `content`."""
    return hashlib.sha256(content).digest()


def leaf(salt: bytes, document: Any) -> bytes:
    """Return the leaf of `document`: without its salt nobody can try out what it says."""
    return digest(salt + canonical(document))


def genesis(name: str) -> bytes:
    """Return what the first link of the chain called `name` follows."""
    return digest(f"linli chain {name}".encode())


def link(previous: bytes, number: int, leaf_hash: bytes) -> bytes:
    """Return the link `number` (from 1) over a leaf that follows the link `previous`."""
    return digest(previous + number.to_bytes(8, "big") + leaf_hash)


def merkle_root(leaves: Sequence[bytes]) -> bytes:
    """Return the Merkle root over `leaves` (RFC 6962 §2.1); that of no leaves is the hash of nothing."""
    level = [digest(_LEAF + one) for one in leaves]
    if not level:
        return digest(b"")
    while len(level) > 1:
        level = _above(level)
    return level[0]


def merkle_paths(leaves: Sequence[bytes]) -> list[list[tuple[str, bytes]]]:
    """Return for each leaf what leads from it to the root: ("left" or "right", the neighbour's hash), leaf upwards."""
    level = [digest(_LEAF + one) for one in leaves]
    paths: list[list[tuple[str, bytes]]] = [[] for _leaf in leaves]
    places = list(range(len(leaves)))
    while len(level) > 1:
        for path, place in zip(paths, places, strict=True):
            beside = place ^ 1
            if beside < len(level):
                path.append(("left" if beside < place else "right", level[beside]))
        level = _above(level)
        places = [place // 2 for place in places]
    return paths


def follow(leaf_hash: bytes, path: Sequence[tuple[str, bytes]]) -> bytes:
    """Return the root to which `path` leads from a leaf."""
    found = digest(_LEAF + leaf_hash)
    for side, other in path:
        found = digest(_NODE + (other + found if side == "left" else found + other))
    return found


def _above(level: Sequence[bytes]) -> list[bytes]:
    """Return the nodes over `level`; a last one without a neighbour goes up as it is."""
    pairs = [digest(_NODE + level[at] + level[at + 1]) for at in range(0, len(level) - 1, 2)]
    return [*pairs, level[-1]] if len(level) % 2 else pairs
