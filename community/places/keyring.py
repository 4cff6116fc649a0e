"""The ring of keys that sign printed codes, as operators see and turn it (checkin.md §2.2)."""

from __future__ import annotations

import json
import os
import secrets
import string
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import func, select

from community.core.authz import Actor, must_be_system
from community.core.db import session
from community.core.keys import SigningRing
from community.places.models import Post, PostPrint


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key of the ring and how many signs in force hang under it. "gone": signs name a key that the ring lacks."""

    kid: str
    state: str
    prints: int


def lines(actor: Actor, ring: SigningRing) -> list[KeyLine]:
    """Return the keys of the ring, the newest first, then those that only signs still name."""
    must_be_system(actor)
    hanging = (
        select(PostPrint.kid, func.count())
        .join(Post, Post.id == PostPrint.post_id)
        .where(PostPrint.retired_at.is_(None), Post.state != "retired")
        .group_by(PostPrint.kid)
    )
    counted: dict[str, int] = {row[0]: row[1] for row in session().execute(hanging)}
    known = [KeyLine(key.kid, key.state, counted.pop(key.kid, 0)) for key in ring.keys]
    return [*known, *(KeyLine(kid, "gone", count) for kid, count in sorted(counted.items()))]


def rotated(text: str) -> str:
    """Return the ring `text` (as in POSTER_KEYS) with a new key in front; the one that signed until now is in grace.

    Raises ValueError when all letters are used up: take a dead key out first.
    """
    ring = SigningRing.parse(text)
    used = {key.kid for key in ring.keys}
    free = [letter for letter in string.ascii_lowercase if letter > ring.newest.kid and letter not in used]
    free += [letter for letter in string.ascii_lowercase if letter not in used]
    if not free:
        raise ValueError("every letter names a key: take a dead one out of POSTER_KEYS first")
    parts = [f"{free[0]}={secrets.token_urlsafe(32)}"]
    for key in ring.keys:
        state = "grace" if key.state in {"active", "verify"} else key.state
        parts.append(f"{key.kid}={key.secret.decode()}@{state}")
    return ";".join(parts)


def stored(path: Path, name: str = "POSTER_KEYS") -> str:
    """Return the ring `name` in the file of secrets that the program made for itself."""
    return str(json.loads(path.read_text(encoding="utf-8"))[name])


def store(path: Path, ring: str, name: str = "POSTER_KEYS") -> None:
    """Put the ring `name` into the file of secrets that the program made for itself, whole or not at all (mode 600)."""
    kept = json.loads(path.read_text(encoding="utf-8")) | {name: ring}
    draft = path.with_name(f"{path.name}.{os.getpid()}")
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w", encoding="utf-8") as file:
        json.dump(kept, file, indent=1)
    draft.replace(path)
