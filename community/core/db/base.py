"""The declarative base that every model inherits, and the column types with a meaning."""

from __future__ import annotations

import datetime as dt
import uuid
from collections.abc import Callable
from typing import Annotated, Any

from psycopg.types.json import Json
from sqlalchemy import JSON, BigInteger, DateTime, Dialect, Integer, MetaData, TypeDecorator, Uuid
from sqlalchemy.orm import DeclarativeBase, MappedColumn, mapped_column

from community.core import chain
from community.core.ids import new_id, new_uuid

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

# INTEGER (not BIGINT) is what makes a SQLite primary key the row id itself; both hold 64 bits there.
Int63 = BigInteger().with_variant(Integer(), "sqlite")


class UtcDateTime(TypeDecorator[dt.datetime]):
    """An instant: aware datetimes in, aware UTC datetimes out; a naive one is refused."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a naive time cannot be stored")
        return value.astimezone(dt.UTC)

    def process_result_value(self, value: dt.datetime | None, dialect: Dialect) -> dt.datetime | None:  # noqa: ARG002
        if value is None:
            return None
        # SQLite has no zone column: what it holds was written as UTC by the line above.
        return value.replace(tzinfo=dt.UTC) if value.tzinfo is None else value.astimezone(dt.UTC)


class CanonicalJson(TypeDecorator[Any]):
    """JSON that is stored as it is hashed (`core.chain`): who makes a leaf again need not read and spell it anew."""

    impl = JSON
    cache_ok = True

    def bind_processor(self, dialect: Dialect) -> Callable[[Any], Any]:
        if dialect.name == "postgresql":
            return lambda value: Json(value, dumps=chain.spelled)
        return chain.spelled


class Base(DeclarativeBase):
    """Base of all models. Integers that refer to rows are 63-bit, datetimes are instants."""

    metadata = MetaData(naming_convention=NAMING)
    type_annotation_map = {  # noqa: RUF012 - SQLAlchemy reads it from the class
        dt.datetime: UtcDateTime(),
        uuid.UUID: Uuid(),
    }


Id = Annotated[int, mapped_column(Int63)]


def int_id() -> MappedColumn[Any]:
    """A 63-bit time-ordered primary key made by the program."""
    return mapped_column(Int63, primary_key=True, default=new_id, autoincrement=False)


def uuid_id() -> MappedColumn[Any]:
    """A uuid7 primary key, for rows that phones or outsiders create or quote."""
    return mapped_column(Uuid(), primary_key=True, default=new_uuid)


def one_of(column: str, values: tuple[str, ...]) -> str:
    """Return the SQL text of a CHECK that `column` holds one of `values`."""
    return f"{column} IN ({', '.join(repr(value) for value in values)})"
