"""A SQLite database in memory whose tables carry guards, for attacks that need no schema of the site."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable


def guarded(tables: str, guards: Iterable[str]) -> sqlite3.Connection:
    """The tables with their first rows, then the guards (CREATE TRIGGER). REPLACE fires them, as on the site."""
    made = sqlite3.connect(":memory:")
    made.execute("PRAGMA recursive_triggers=ON")
    made.executescript(tables)
    for guard in guards:
        made.execute(guard)
    return made
