"""Puts messages into the reader's words: the texts of their kind, filled with what was stored."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from typing import Any

from community.core.i18n import Text, _
from community.core.web import display
from community.messages import kinds


class _Values(dict[str, str]):
    """An old message may lack what a newer text asks for; it is still read."""

    def __missing__(self, _name: str) -> str:
        return "—"


def words(kind: str, params: Mapping[str, Any]) -> tuple[str, str]:
    """Return title and body of a message in the reader's language; a neutral title for a kind of the past."""
    known = kinds.get(kind)
    if known is None:
        return str(_("一条通知")), ""
    values = _Values({name: written(value) for name, value in params.items()})
    return _filled(known.title, values), _filled(known.body, values)


def written(value: Any) -> str:
    """Return a stored parameter as a person reads it: times and numbers through the pages' own filters."""
    match value:
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
