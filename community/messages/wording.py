"""Puts messages into the reader's words: the texts of their kind, filled with what was stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from community.core.i18n import Text, _
from community.core.web import display
from community.messages import kinds
from community.people import queries as people


class _Values(dict[str, str]):
    """An old message may lack what a newer text asks for; it is still read."""

    def __missing__(self, _name: str) -> str:
        return "—"


def names_in(every: Iterable[Mapping[str, Any]]) -> dict[int, str]:
    """Return the present names of the members whom messages with the parameters `every` name, by id."""
    return people.names(
        value["member"]
        for params in every
        for value in params.values()
        if isinstance(value, dict) and "member" in value
    )


def words(kind: str, params: Mapping[str, Any], names: Mapping[int, str] | None = None) -> tuple[str, str]:
    """Return title and body of a message in the reader's language; a neutral title for a kind of the past.

    `names` are those of the members in it, where a list of messages has asked for them already.
    """
    known = kinds.get(kind)
    if known is None:
        return str(_("一条通知")), ""
    called = names_in([params]) if names is None else names
    values = _Values({name: written(value, called) for name, value in params.items()})
    return _filled(known.title, values), _filled(known.body, values)


def written(value: Any, names: Mapping[int, str] | None = None) -> str:
    """Return a stored parameter as a person reads it: times and numbers through the pages' own filters.

    A member is called as she is called today (`names`): who is erased stays nameless in what others were told.
    """
    match value:
        case {"member": int(member_id)}:
            return (names or {}).get(member_id) or str(_("管理员"))
        case {"at": str(text)}:
            return display.instant(dt.datetime.fromisoformat(text))
        case {"on": str(text)}:
            return display.day(dt.date.fromisoformat(text))
        case int():
            return display.points(value)
    return str(value)


def _filled(text: Text, values: _Values) -> str:
    # `%` needs a real mapping of text to tell `%(name)s` from a stray per cent sign.
    return str(text) % values if "%(" in str(text) else str(text)
