"""Triggers against OR REPLACE on SQLite: a row that may not change is not deleted to make room for another.

A REPLACE, of an INSERT or an UPDATE, deletes rows without their DELETE triggers unless the connection itself has asked
for them (`recursive_triggers`), which a stranger's has not. So a guarded table looks before each insert whether a row
with one of its keys is there, and before each update that could change a key, and says what the key itself would have
said. PostgreSQL has no REPLACE.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from sqlalchemy import Integer, Table, UniqueConstraint
from sqlalchemy.dialects import sqlite

# The columns of a unique key, and the condition under which it holds ("" for always).
_SQLITE = sqlite.dialect()
Key = tuple[tuple[str, ...], str]
# A column in such a condition.
_COLUMN = re.compile(r"(?<!')\b([a-z_]+)\b(?=\s*(?:=|<>|IS\b|IN\b))")

# What is declared of tables whose rows do not go as anybody likes.
_GUARDS = {"append_only", "frozen", "points", "final", "final_with", "written_while", "said", "moves"}


def keys_of(table: Table) -> tuple[Key, ...]:
    """Return the unique keys of a table, the primary one first, the others in the order of their columns."""
    primary = tuple(column.name for column in table.primary_key.columns)
    found: set[Key] = set()
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint):
            found.add((tuple(column.name for column in constraint.columns), ""))
    for index in table.indexes:
        if index.unique:
            where = index.dialect_options["sqlite"].get("where")
            found.add((tuple(column.name for column in index.columns), "" if where is None else str(where)))
    # Nothing can have a key that holds another one whole without having that one too.
    return ((primary, ""), *sorted(key for key in found if not set(primary) <= set(key[0])))


def has_row_numbers(table: Table) -> bool:
    """Say whether rows have a hidden number beside their key: a REPLACE may name that as well."""
    primary = list(table.primary_key.columns)
    return not (len(primary) == 1 and isinstance(primary[0].type.dialect_impl(_SQLITE), Integer))


def triggers(table: str, keys: Sequence[Key], *, numbered: bool) -> dict[str, str]:
    """Return the trigger for a table by name, for migrations; `numbered` as `has_row_numbers` says.

    It looks before a conflict could be forgiven: `on_conflict_do_nothing` is no way to write such a table.
    """
    name = f"trg_{table}_no_replace"
    steps = [_step(table, key) for key in keys]
    if numbered:
        steps.append(_step(table, (("rowid",), "")))
    return {name: f"CREATE TRIGGER {name} BEFORE INSERT ON {table} BEGIN {' '.join(steps)} END"}


def moving(table: str, keys: Sequence[Key]) -> dict[str, str]:
    """Return the trigger that looks before an update, for the keys that an update may change.

    The number of a row never changes: under it a frozen key would move unseen, and onto another row.
    """
    name = f"trg_{table}_no_replace_update"
    steps = [f"SELECT RAISE(ABORT, 'frozen: {table}') WHERE NEW.rowid <> OLD.rowid;"]
    steps += [_step(table, key, others=True) for key in keys]
    return {name: f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} BEGIN {' '.join(steps)} END"}


def movable(table: Table) -> tuple[Key, ...]:
    """Return the keys of a table, beside the number of a row, that not only frozen columns make up."""
    kept = set(table.info.get("frozen", ()))
    asked = keys_of(table) if has_row_numbers(table) else keys_of(table)[1:]
    return tuple(key for key in asked if not {*key[0], *_COLUMN.findall(key[1])} <= kept)


def _step(table: str, key: Key, *, others: bool = False) -> str:
    columns, where = key
    same = [f"{column} = NEW.{column}" for column in columns]
    if where:
        same += [where, _COLUMN.sub(r"NEW.\1", where)]
    if others:
        same.append("rowid <> OLD.rowid")
    # The end is what the program reads as the violated key (violations.py).
    words = f"append-only: {table}; UNIQUE constraint failed: {', '.join(f'{table}.{one}' for one in columns)}"
    return f"SELECT RAISE(ABORT, '{words}') FROM {table} WHERE {' AND '.join(same)};"  # noqa: S608 - names of our own tables


def of(dialect: str, table: Table) -> dict[str, str]:
    """Return the triggers of a guarded table; nothing on PostgreSQL, and for any other."""
    if dialect != "sqlite" or not any(table.info.get(guard) for guard in _GUARDS):
        return {}
    made = triggers(table.name, keys_of(table), numbered=has_row_numbers(table))
    # What is never updated at all needs no second look.
    return made if table.info.get("append_only") else made | moving(table.name, movable(table))
