"""The difference between two texts or two sets of terms, for people to read. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from difflib import SequenceMatcher

from community.core.i18n import Text
from community.points.proposals import Proposal, clauses


@dataclass(frozen=True, slots=True)
class Clause:
    """One thing that a rule says: as it was (None: there was no rule) and as it would be (None: the rule ends)."""

    word: Text
    before: Text | None
    after: Text | None

    @property
    def changed(self) -> bool:
        return str(self.before) != str(self.after)


@dataclass(frozen=True, slots=True)
class Piece:
    """A stretch of a text: "same", "gone" or "new"."""

    kind: str
    text: str


# A Chinese sign is a word, so is an English word or a number.
_TOKEN = re.compile(r"[A-Za-z0-9]+|.", re.DOTALL)


def terms(before: Proposal | None, after: Proposal | None) -> list[Clause]:
    """Return clause by clause what changes."""
    old = clauses(before) if before else []
    new = clauses(after) if after else []
    words = [word for word, _value in (new or old)]
    return [
        Clause(word, old[index][1] if old else None, new[index][1] if new else None)
        for index, word in enumerate(words)
    ]  # fmt: skip


def words(before: str, after: str) -> list[Piece]:
    """Return `after` in pieces: what stayed, what is new, and in its place what is gone."""
    found: list[Piece] = []
    old, new = _TOKEN.findall(before), _TOKEN.findall(after)
    matcher = SequenceMatcher(None, old, new, autojunk=False)
    for kind, old_from, old_to, new_from, new_to in matcher.get_opcodes():
        if kind == "equal":
            found.append(Piece("same", "".join(new[new_from:new_to])))
            continue
        if old_to > old_from:
            found.append(Piece("gone", "".join(old[old_from:old_to])))
        if new_to > new_from:
            found.append(Piece("new", "".join(new[new_from:new_to])))
    return found
