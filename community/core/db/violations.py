"""The one place that turns a database's refusal into a domain error, for SQLite and PostgreSQL."""

from __future__ import annotations

import re

from sqlalchemy import UniqueConstraint
from sqlalchemy.exc import DBAPIError, IntegrityError, OperationalError

from community.core.db.base import Base
from community.core.errors import Busy, DomainError, for_constraint

_SQLITE_UNIQUE = re.compile(r"UNIQUE constraint failed: (.+)$")
_SQLITE_NAMED = re.compile(r"(?:CHECK constraint failed|UNIQUE constraint failed: index): '?([\w]+)'?")
# lock_not_available, deadlock_detected, serialization_failure
_POSTGRES_BUSY = {"55P03", "40P01", "40001"}


def domain_error(error: DBAPIError) -> DomainError | None:
    """Return the domain error for a violated constraint or a lock that was not had in time; None for anything else."""
    if isinstance(error, IntegrityError):
        name = constraint_name(error) or ""
        # SQLite has one writer: where it guards a kept row by its own key nobody was in the way, the row was to go.
        replaced = "append-only" in str(error.orig) and name.startswith("pk_")
        found = for_constraint(name)
        return None if replaced and isinstance(found, Busy) else found
    if isinstance(error, OperationalError) and _is_busy(error):
        return Busy()
    return None


def constraint_name(error: IntegrityError) -> str | None:
    """Return the name of the constraint or unique index that `error` violated, or None when the engine does not say.

    PostgreSQL names it; SQLite names CHECKs, and lists `table.column` for unique keys, which the models translate.
    """
    diagnostic = getattr(error.orig, "diag", None)
    if diagnostic is not None:
        name = diagnostic.constraint_name
        return str(name) if name else None
    text = str(error.orig)
    if named := _SQLITE_NAMED.search(text):
        return named[1]
    if unique := _SQLITE_UNIQUE.search(text):
        return _unique_by_columns(unique[1])
    return None


def _unique_by_columns(listed: str) -> str | None:
    pairs = [part.strip().split(".", 1) for part in listed.split(",")]
    table = Base.metadata.tables.get(pairs[0][0])
    if table is None:
        return None
    columns = {column for _table, column in pairs}
    for constraint in table.constraints:
        if isinstance(constraint, UniqueConstraint) and {column.name for column in constraint.columns} == columns:
            return str(constraint.name)
    for index in table.indexes:
        if index.unique and {column.name for column in index.columns} == columns:
            return str(index.name)
    if {column.name for column in table.primary_key.columns} == columns:
        return f"pk_{table.name}"
    return None


def _is_busy(error: OperationalError) -> bool:
    if getattr(error.orig, "sqlstate", None) in _POSTGRES_BUSY:
        return True
    return "database is locked" in str(error.orig) or "database table is locked" in str(error.orig)
