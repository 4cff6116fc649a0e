"""What every connection is told: SQLite's begin rules and pragmas, PostgreSQL's time-outs, and the write guard."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Self

import psycopg
from sqlalchemy import Connection, Engine, event

from community.core.db.session import WriteOutsideTransaction, may_write
from community.core.db.writers import WriterQueue, queue_writers, take_turn

# What may run outside a transaction. Everything else writes, or might: the list of reads is the shorter one.
_READS = {"select", "values", "show", "set", "pragma", "begin", "savepoint", "release", "rollback"}
# These read or write; what comes later in them says which.
_EITHER = {"with", "explain"}
_FIRST_WORD = re.compile(r"(?:\s|\(|--[^\n]*(?:\n|$)|/\*.*?\*/)*(\w*)", re.DOTALL)
_WRITES_INSIDE = re.compile(
    r"\b(?:insert\s+into|delete\s+from|merge\s+into|update\s+(?!of\b|nowait\b|skip\b)[\w\"])", re.IGNORECASE
)

SQLITE_PRAGMAS = (
    "PRAGMA foreign_keys=ON",
    "PRAGMA journal_mode=WAL",
    "PRAGMA busy_timeout=5000",
    "PRAGMA synchronous=FULL",
    # Without it INSERT OR REPLACE deletes a row and no DELETE trigger fires (points.md §2.9).
    "PRAGMA recursive_triggers=ON",
)

POSTGRES_OPTIONS = "-c lock_timeout=5s -c idle_in_transaction_session_timeout=60s -c timezone=UTC"


def engine_options(url: str) -> dict[str, Any]:
    """Return the engine arguments for the database `url` (pool size fits one worker's threads)."""
    if url.startswith("sqlite"):
        return {"hide_parameters": True, "connect_args": {"timeout": 5}}
    return {
        # Errors go into logs; what people typed does not.
        "hide_parameters": True,
        "pool_size": 8,
        "max_overflow": 8,
        "pool_pre_ping": False,
        "pool_recycle": 1800,
        "connect_args": {"options": POSTGRES_OPTIONS},
    }


def configure_engine(engine: Engine) -> None:
    """Attach the rules to `engine`; call once, before its first connection."""
    if engine.dialect.name == "sqlite":
        event.listen(engine, "connect", _sqlite_connect)
        event.listen(engine, "begin", _sqlite_begin(queue_writers(engine)))
        event.listen(engine, "before_cursor_execute", _guard_writes)
    else:
        event.listen(engine, "connect", _postgres_connect)


def _sqlite_connect(connection: Any, _record: Any) -> None:
    # The driver's own transaction handling reads stale data silently (style.md §3): we begin ourselves.
    connection.isolation_level = None
    cursor = connection.cursor()
    for pragma in SQLITE_PRAGMAS:
        cursor.execute(pragma)
    cursor.close()


class GuardedCursor(psycopg.Cursor[Any]):
    """The write guard of PostgreSQL. Listening to the engine instead took a twentieth of the time of a check-in."""

    def execute(self, query: Any, *args: Any, **kwargs: Any) -> Self:
        _refuse_write(str(query))
        return super().execute(query, *args, **kwargs)

    def executemany(self, query: Any, *args: Any, **kwargs: Any) -> None:
        _refuse_write(str(query))
        super().executemany(query, *args, **kwargs)


def _postgres_connect(connection: Any, _record: Any) -> None:
    connection.cursor_factory = GuardedCursor


def _sqlite_begin(queue: WriterQueue | None) -> Callable[[Connection], None]:
    def begin(connection: Connection) -> None:
        if queue and may_write():
            take_turn(queue, connection)
        connection.exec_driver_sql("BEGIN IMMEDIATE" if may_write() else "BEGIN")

    return begin


def _guard_writes(_connection: Connection, _cursor: Any, statement: str, *_rest: Any) -> None:
    _refuse_write(statement)


def _refuse_write(statement: str) -> None:
    if may_write() or (statement.startswith("SELECT ") and ";" not in statement):
        return
    word = _FIRST_WORD.match(statement)
    first = word[1].lower() if word else ""
    asks_more = first in _EITHER or ";" in statement
    if (first in _READS or first in _EITHER) and not (asks_more and _WRITES_INSIDE.search(statement)):
        return
    raise WriteOutsideTransaction(statement[:60])
