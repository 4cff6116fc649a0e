"""Triggers that keep rows as they were written, declared on the tables and created by migrations on both engines."""

from __future__ import annotations

from typing import Any, cast

from sqlalchemy import Table

from community.core.db.base import Base

POSTGRES_FUNCTION = """
CREATE OR REPLACE FUNCTION linli_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%: %', TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
"""
POSTGRES_DROP_FUNCTION = "DROP FUNCTION IF EXISTS linli_refuse_change()"


def append_only(model: type[Base]) -> type[Base]:
    """Declare that rows of `model` are never updated or deleted, whoever asks (class decorator)."""
    _table(model).info["append_only"] = True
    return model


def frozen_columns(*columns: str) -> Any:
    """Declare that the named columns keep their first values and rows are never deleted (class decorator)."""

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["frozen"] = columns
        return model

    return declare


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def trigger_ddl(dialect: str, table: Table) -> dict[str, str]:
    """Return trigger name → CREATE statement for `table` on "sqlite" or "postgresql"; empty without a declaration."""
    return triggers(
        dialect, table.name, whole=bool(table.info.get("append_only")), frozen=tuple(table.info.get("frozen", ()))
    )


def triggers(dialect: str, table: str, *, whole: bool = False, frozen: tuple[str, ...] = ()) -> dict[str, str]:
    """Return the same for a table by name, for migrations: they must not follow later changes of the models.

    `whole` refuses every UPDATE and DELETE, `frozen` changes of those columns and every DELETE.
    """
    make = _sqlite if dialect == "sqlite" else _postgres
    return make(table, whole=whole, frozen=frozen)


def all_triggers(dialect: str) -> dict[str, str]:
    """Return every declared trigger of the program for `dialect` (name → CREATE statement)."""
    found: dict[str, str] = {}
    for table in Base.metadata.sorted_tables:
        found |= trigger_ddl(dialect, table)
    return found


def _sqlite(name: str, *, whole: bool, frozen: tuple[str, ...]) -> dict[str, str]:
    made = {}
    if whole:
        made[f"trg_{name}_no_update"] = (
            f"CREATE TRIGGER trg_{name}_no_update BEFORE UPDATE ON {name} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {name}'); END"
        )
    if frozen:
        changed = " OR ".join(f"OLD.{column} IS NOT NEW.{column}" for column in frozen)
        made[f"trg_{name}_frozen"] = (
            f"CREATE TRIGGER trg_{name}_frozen BEFORE UPDATE OF {', '.join(frozen)} ON {name} "
            f"WHEN {changed} BEGIN SELECT RAISE(ABORT, 'frozen: {name}'); END"
        )
    if whole or frozen:
        made[f"trg_{name}_no_delete"] = (
            f"CREATE TRIGGER trg_{name}_no_delete BEFORE DELETE ON {name} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {name}'); END"
        )
    return made


def _postgres(name: str, *, whole: bool, frozen: tuple[str, ...]) -> dict[str, str]:
    made = {}
    refuse = "EXECUTE FUNCTION linli_refuse_change"
    if whole:
        made[f"trg_{name}_no_update"] = (
            f"CREATE TRIGGER trg_{name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW {refuse}('append-only')"
        )
    if frozen:
        # As text, because PostgreSQL has no equality for json.
        changed = " OR ".join(f"OLD.{column}::text IS DISTINCT FROM NEW.{column}::text" for column in frozen)
        made[f"trg_{name}_frozen"] = (
            f"CREATE TRIGGER trg_{name}_frozen BEFORE UPDATE ON {name} FOR EACH ROW WHEN ({changed}) {refuse}('frozen')"
        )
    if whole or frozen:
        made[f"trg_{name}_no_delete"] = (
            f"CREATE TRIGGER trg_{name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {refuse}('append-only')"
        )
        made[f"trg_{name}_no_truncate"] = (
            f"CREATE TRIGGER trg_{name}_no_truncate BEFORE TRUNCATE ON {name} "
            f"FOR EACH STATEMENT {refuse}('append-only')"
        )
    return made
