"""Units in bulk: straight into their table while nothing is in the way, else through a staging table.

COPY on PostgreSQL, the driver's own executemany on SQLite: making a statement's parameters anew for each row costs more
than writing it. Rows that meet something are compared by the database, a batch at a time; only those that are neither
new nor the same are handed back for a closer look.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from community.core.db import session

# id, building, town, path, label, square metres as typed, address code; "" for nothing.
Row = tuple[int, int, int, str, str, str, str]
_COLUMNS: Final = "id, building_id, town_id, scope_path, label, area_m2, address_code"
_STAGING: Final = "unit_staging"
_LINE: Final = "%d\t%d\t%d\t%s\t%s\t%s\t%s\n"
# The names are our own.
_VALUES: Final = f"({_COLUMNS}) VALUES (?, ?, ?, ?, ?, NULLIF(?, ''), NULLIF(?, ''))"
_MADE: Final = {
    "postgresql": f"CREATE TEMP TABLE IF NOT EXISTS {_STAGING} (LIKE unit) ON COMMIT DELETE ROWS",
    "sqlite": f"CREATE TEMP TABLE IF NOT EXISTS {_STAGING} AS SELECT {_COLUMNS} FROM unit WHERE false",  # noqa: S608
}
# A subquery for one value is asked row by row through its index, on both engines; a join is planned by statistics that
# a table just filled does not have yet.
_KNOWN: Final = f"FROM unit u WHERE u.building_id = {_STAGING}.building_id AND u.label = {_STAGING}.label"
# An empty cell changes nothing. What this very run wrote is no unit of before: its second row is a fault.
_SAME: Final = f"""
    DELETE FROM {_STAGING} WHERE (
        SELECT u.id < :first_id AND u.closed_at IS NULL
        AND ({_STAGING}.area_m2 IS NULL OR coalesce({_STAGING}.area_m2 = u.area_m2, false))
        AND ({_STAGING}.address_code IS NULL OR coalesce({_STAGING}.address_code = u.address_code, false)) {_KNOWN})
"""  # noqa: S608
_NEW: Final = f"INSERT INTO unit ({_COLUMNS}) SELECT {_COLUMNS} FROM {_STAGING} WHERE true ON CONFLICT DO NOTHING"  # noqa: S608
# By the unit too, not by its id alone: somebody else may have drawn the same.
_WRITTEN: Final = f"DELETE FROM {_STAGING} WHERE (SELECT u.id = {_STAGING}.id {_KNOWN})"  # noqa: S608


@dataclass(slots=True)
class Written:
    """How many rows are new and the same, and the ids given to those that met something else."""

    new: int = 0
    same: int = 0
    met: list[int] = field(default_factory=list)


def write(rows: Sequence[Row], first_id: int) -> Written:
    """Write the rows that meet nothing, in the caller's transaction.

    Labels, codes, numbers and paths hold letters, digits, dashes, dots and slashes alone: COPY reads nothing into them.
    Units whose id is older than `first_id` were there before.
    """
    if not rows or _straight(rows):
        return Written(new=len(rows))
    return _staged(rows, first_id)


def _straight(rows: Sequence[Row]) -> bool:
    violations = (IntegrityError, session().get_bind().dialect.loaded_dbapi.IntegrityError)
    try:
        with session().begin_nested():
            _load("unit", rows)
    except violations:
        return False
    return True


def _staged(rows: Sequence[Row], first_id: int) -> Written:
    kinds = Counter((row[1], row[4]) for row in rows)
    once = [row for row in rows if kinds[row[1], row[4]] == 1]
    session().execute(text(_MADE[_engine()]))
    session().execute(text(f"DELETE FROM {_STAGING}"))  # noqa: S608
    _load(_STAGING, once)
    same = _count(_SAME, first_id=first_id)
    new = _count(_NEW)
    _count(_WRITTEN)
    met = {row[0] for row in rows if kinds[row[1], row[4]] > 1}
    met |= set(session().scalars(text(f"SELECT id FROM {_STAGING}")))  # noqa: S608
    return Written(new, same, sorted(met))


def _count(statement: str, **values: int) -> int:
    return int(session().execute(text(statement), values).rowcount)  # type: ignore[attr-defined]


def _load(table: str, rows: Sequence[Row]) -> None:
    connection = session().connection()
    if _engine() == "sqlite":
        if rows:
            connection.exec_driver_sql(f"INSERT INTO {table} {_VALUES}", list[Any](rows))
        return
    cursor = connection.connection.cursor()
    try:
        with cursor.copy(f"COPY {table} ({_COLUMNS}) FROM STDIN (NULL '')") as copy:
            copy.write("".join([_LINE % row for row in rows]))
    finally:
        cursor.close()


def _engine() -> str:
    return session().get_bind().dialect.name
