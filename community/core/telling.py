"""What is written down of an error. A database's own words quote the row: of those only class and constraint are told.

PostgreSQL's DETAIL line and SQLAlchemy's parameters hold what people typed; logs carry ids and names of ours alone.
"""

from __future__ import annotations

import traceback
from collections.abc import Iterator
from types import TracebackType

from sqlalchemy.exc import IntegrityError, StatementError

from community.core.db.violations import constraint_name

_DRIVERS = {"psycopg", "sqlite3"}

ExcInfo = tuple[type[BaseException], BaseException, TracebackType | None]


def short(error: BaseException) -> str:
    """Return class and text of `error` in one line; of a database's error classes, SQLSTATE and constraint alone."""
    name = type(error).__name__
    if isinstance(error, StatementError):
        inner = error.orig
        constraint = constraint_name(error) if isinstance(error, IntegrityError) else None
        known = (type(inner).__name__ if inner else None, getattr(inner, "sqlstate", None), constraint)
        return f"{name}: {' '.join(str(part) for part in known if part)}"
    if type(error).__module__.partition(".")[0] in _DRIVERS:
        return name
    return f"{name}: {error}"


def whole(exc_info: ExcInfo) -> str:
    """Return the traceback of an error and of what led to it, the first one first, each as `short` tells it."""
    parts = [
        "".join(["Traceback (most recent call last):\n", *traceback.format_tb(error.__traceback__), short(error)])
        for error in _chain(exc_info[1])
    ]
    return "\n\nwhich led to:\n\n".join(reversed(parts))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)
