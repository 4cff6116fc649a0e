"""One session per application context, one transaction per command (DESIGN §4 "Transactions")."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any, TypeVar

from flask_sqlalchemy import SQLAlchemy
from flask_sqlalchemy.session import Session as FlaskSession
from sqlalchemy import BigInteger, ColumnElement, Connection, Engine, any_, func, literal, select, text
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session
from sqlalchemy.sql.selectable import GenerativeSelect

from community.core.db.base import Base
from community.core.db.violations import domain_error

_Query = TypeVar("_Query", bound=GenerativeSelect)

_open: ContextVar[Session | None] = ContextVar("linli_open", default=None)
_schema: ContextVar[bool] = ContextVar("linli_schema", default=False)
_test_connection: ContextVar[Connection | None] = ContextVar("linli_test_connection", default=None)


_LOOKING_OVER = (
    "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY",
    # Who waits for others that read the same moment is not idle.
    "SET LOCAL idle_in_transaction_session_timeout = 0",
    # Whole tables are joined, and compiling such a query takes longer than it saves.
    "SET LOCAL work_mem = '64MB'",
    "SET LOCAL jit = off",
)


class WriteOutsideTransaction(RuntimeError):
    """A row was written outside `transaction()`: a programming error, never a person's fault."""


class NestedTransaction(RuntimeError):
    """`transaction()` was opened inside another: a service opened one that belongs at the edge."""


class LinliSession(FlaskSession):
    """Flask-SQLAlchemy's session for one database, which tests can pin to one connection with an outer transaction."""

    def __init__(self, db: SQLAlchemy, **kwargs: Any) -> None:
        super().__init__(db, **kwargs)
        self._engine = db.engine

    def get_bind(self, *_args: Any, bind: Engine | Connection | None = None, **_kwargs: Any) -> Engine | Connection:
        # With one database there is nothing to find out about the statement, and every statement comes by here.
        return bind or _test_connection.get() or self._engine


db = SQLAlchemy(
    metadata=Base.metadata,
    session_options={
        "class_": LinliSession,
        "join_transaction_mode": "create_savepoint",
        # Rows handed to a page after the commit are read as they were committed, without asking again.
        "expire_on_commit": False,
    },
)


def session() -> Session:
    """Return the session of the open transaction, else of the current application context (it is the same one)."""
    return _open.get() or db.session()


def in_transaction() -> bool:
    """Say whether a `transaction()` is open here."""
    return _open.get() is not None


def may_write() -> bool:
    """Say whether rows may be written here: inside `transaction()` or while the schema is being changed."""
    return _open.get() is not None or _schema.get()


@contextmanager
def transaction() -> Iterator[Session]:
    """Open the one transaction of a command, at the edge (POST view, API item, job item, CLI).

    Commits on exit, rolls everything back on any exception. A violated constraint comes out as the domain error that
    is registered for it, on both engines. Raises NestedTransaction inside another one.
    """
    if in_transaction():
        raise NestedTransaction("transaction() is opened at the edge, once")
    current = session()
    current.rollback()  # ends the read snapshot: what is read from here on is what the write will see
    mark = _open.set(current)
    try:
        yield current
        current.commit()
    except DBAPIError as error:
        current.rollback()
        raise (domain_error(error) or error) from error
    except BaseException:
        current.rollback()
        raise
    finally:
        _open.reset(mark)


@contextmanager
def snapshot(of: str = "") -> Iterator[Session]:
    """Let all reads inside see one moment, however long they take and whoever writes meanwhile; for looking data over.

    The moment `of` another process when given, by the name that `moment()` has for it. Inside `transaction()` nothing
    changes: there each statement sees what is committed, on PostgreSQL.
    """
    current = session()
    if in_transaction():
        yield current
        return
    current.rollback()
    # A test's pinned connection has begun already, and nobody else writes there.
    if current.get_bind().dialect.name == "postgresql" and _test_connection.get() is None:
        for setting in (*_LOOKING_OVER, *((f"SET TRANSACTION SNAPSHOT '{of}'",) if of else ())):
            current.execute(text(setting))
    try:
        yield current
    finally:
        current.rollback()


def moment() -> str:
    """Return the name of the moment that `snapshot()` shows here, for other processes; "" where it has none (SQLite).

    It holds as long as the snapshot is open.
    """
    if session().get_bind().dialect.name != "postgresql":
        return ""
    return str(session().scalar(select(func.pg_export_snapshot())))


@contextmanager
def part() -> Iterator[Session]:
    """Do one part of a command that may fail alone: what it wrote is taken back, the other parts stay.

    Inside `transaction()`. A violated constraint comes out as its domain error, like at the end of a command.
    """
    current = session()
    try:
        with current.begin_nested():
            yield current
            current.flush()
    except DBAPIError as error:
        raise (domain_error(error) or error) from error


@contextmanager
def schema_changes() -> Iterator[None]:
    """Let migrations write (version table, data moves) outside a command's transaction."""
    mark = _schema.set(True)
    try:
        yield
    finally:
        _schema.reset(mark)


@contextmanager
def bind_for_tests(connection: Connection) -> Iterator[None]:
    """Pin every session to `connection`, whose outer transaction the caller rolls back (tests on PostgreSQL)."""
    mark = _test_connection.set(connection)
    try:
        yield
    finally:
        _test_connection.reset(mark)


def locking(statement: _Query, *tables: Any) -> _Query:
    """Lock the selected rows until the commit: FOR NO KEY UPDATE on PostgreSQL; SQLite's one writer needs nothing.

    NO KEY, because an insert that refers to the row takes KEY SHARE on it, and FOR UPDATE would deadlock (points.md
    §2.9). `tables` limits the lock where the statement joins others.
    """
    return statement.with_for_update(key_share=True, of=tables or None)


def one_at_a_time(*names: str) -> None:
    """Let transactions that name the same thing here wait for each other, until the commit.

    For what no unique key decides. PostgreSQL locks the names, in one order; SQLite's one writer needs nothing.
    """
    if session().get_bind().dialect.name == "postgresql":
        numbers = sorted({int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True) for name in names})
        session().execute(select(*(func.pg_advisory_xact_lock(number) for number in numbers)))


def side_by_side(name: str) -> None:
    """Let transactions that name the same thing here go on together, but none beside `one_at_a_time(name)`.

    For many small changes of which each locks its own, and a large one that would have to lock them all.
    """
    if session().get_bind().dialect.name == "postgresql":
        number = int.from_bytes(hashlib.sha256(name.encode()).digest()[:8], signed=True)
        session().execute(select(func.pg_advisory_xact_lock_shared(number)))


def one_of_many(column: ColumnElement[int], numbers: Sequence[int]) -> ColumnElement[bool]:
    """Return the condition that `column` is one of very many numbers, which are one parameter of the statement.

    `in_` makes a parameter of each and another statement of each count: of thousands, writing it takes the longest.
    """
    if session().get_bind().dialect.name == "postgresql":
        return column == any_(literal(list(numbers), postgresql.ARRAY(BigInteger)))
    each = func.json_each(json.dumps(list(numbers))).table_valued("value")
    return column.in_(select(each.c.value))


def upsert(model: type[Base]) -> Any:
    """Return an INSERT for `model` with `on_conflict_do_nothing/do_update`, in the dialect of the current database."""
    make = postgresql.insert if session().get_bind().dialect.name == "postgresql" else sqlite.insert
    return make(model)
