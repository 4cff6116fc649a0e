"""The kinds of inbox messages: each room registers the texts it sends when it is imported."""

from __future__ import annotations

import re
from dataclasses import dataclass

from community.core.i18n import Text

_PLACE = re.compile(r"%\((\w+)\)s")


@dataclass(frozen=True)
class Kind:
    """The texts of one kind, with `%(name)s` for the parameters, put into words in the reader's language when read."""

    name: str
    title: Text
    body: Text
    needs: frozenset[str]


@dataclass(frozen=True)
class Person:
    """A member in a message's parameters: her id is kept and never her name, which goes when she is erased."""

    member_id: int


class UnknownKind(LookupError):
    """A message of a kind that no room registered: a programming error."""


_kinds: dict[str, Kind] = {}


def register(kind: str, title: Text, body: Text = "") -> None:
    """Name the texts of `kind` ("teams.approved"), as `_("…%(team)s…")`; registering it again replaces them."""
    needs = frozenset(_PLACE.findall(str(title)) + _PLACE.findall(str(body)))
    _kinds[kind] = Kind(kind, title, body, needs)


def get(kind: str) -> Kind | None:
    """Return the kind called `kind`, or None: a message may outlive the room that sent it."""
    return _kinds.get(kind)


def must_fit(kind: str, params: set[str]) -> None:
    """Raise UnknownKind for a kind nobody registered, KeyError when its texts need a parameter that is not given."""
    known = _kinds.get(kind)
    if known is None:
        raise UnknownKind(kind)
    if missing := known.needs - params:
        raise KeyError(f"{kind} needs {', '.join(sorted(missing))}")
