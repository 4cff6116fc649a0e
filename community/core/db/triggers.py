"""Triggers that keep rows as they were written, declared on the tables and created by migrations on both engines."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from sqlalchemy import Table

from community.core.db import final, matching, pointing, replacing, stages
from community.core.db.base import Base

POSTGRES_FUNCTIONS = (
    """
CREATE OR REPLACE FUNCTION linli_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  RAISE EXCEPTION '%: %', TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
END $$
""",
    # Arguments: the moving column, the events' table, its key of the moving row, its columns "from" and "to", and the
    # number that counts the events of a row. Triggers of the first revision name no number: any event did for them.
    """
CREATE OR REPLACE FUNCTION linli_refuse_unrecorded() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  recorded boolean;
  latest text := '';
BEGIN
  IF TG_NARGS > 5 THEN
    latest := format(
      ' AND %I = (SELECT max(%I) FROM %I WHERE %I = $1)', TG_ARGV[5], TG_ARGV[5], TG_ARGV[1], TG_ARGV[2]
    );
  END IF;
  EXECUTE format(
    'SELECT EXISTS (SELECT 1 FROM %I WHERE %I = $1 AND %I = $2 AND %I = $3%s)',
    TG_ARGV[1], TG_ARGV[2], TG_ARGV[3], TG_ARGV[4], latest
  ) INTO recorded USING OLD.id, to_jsonb(OLD) ->> TG_ARGV[0], to_jsonb(NEW) ->> TG_ARGV[0];
  IF NOT recorded THEN
    RAISE EXCEPTION 'unrecorded: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
""",
    # Arguments: the key of the row that has events, and the number that counts them.
    """
CREATE OR REPLACE FUNCTION linli_refuse_uncounted() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  follows boolean;
BEGIN
  EXECUTE format(
    'SELECT EXISTS (SELECT 1 FROM %I e WHERE e.%I = ($1).%I AND e.%I = ($1).%I - 1)',
    TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[0], TG_ARGV[1], TG_ARGV[1]
  ) INTO follows USING NEW;
  IF NOT follows THEN
    RAISE EXCEPTION 'uncounted: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NULL;
END $$
""",
    *pointing.POSTGRES_FUNCTIONS,
    *final.POSTGRES_FUNCTIONS,
    *stages.POSTGRES_FUNCTIONS,
    *matching.POSTGRES_FUNCTIONS,
)
POSTGRES_DROP_FUNCTIONS = (
    "DROP FUNCTION IF EXISTS linli_refuse_change()",
    "DROP FUNCTION IF EXISTS linli_refuse_unrecorded()",
    "DROP FUNCTION IF EXISTS linli_refuse_uncounted()",
    *pointing.POSTGRES_DROP_FUNCTIONS,
    *final.POSTGRES_DROP_FUNCTIONS,
    *stages.POSTGRES_DROP_FUNCTIONS,
    *matching.POSTGRES_DROP_FUNCTIONS,
)


BLANK = stages.BLANK
# In SQL of both engines, or engine → SQL.
Condition = str | Mapping[str, str]


def append_only(model: type[Base]) -> type[Base]:
    """Declare that rows of `model` are never updated or deleted, whoever asks (class decorator)."""
    _table(model).info["append_only"] = True
    return model


def frozen_columns(
    *columns: str, may_empty: tuple[str, ...] = (), may_blank: tuple[str, ...] = (), kept_while: Condition = ""
) -> Any:
    """Declare that the named columns keep their first values and rows are never deleted (class decorator).

    Those of `may_empty` may be set to '' or NULL once, as erasing a person's data does; those of `may_blank`, which
    hold something always, to `BLANK`. With `kept_while`, a condition on OLD in SQL of both engines or of each, a row
    may be deleted once it no longer holds.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info.update(frozen=columns, may_empty=may_empty, may_blank=may_blank, kept_while=kept_while)
        return model

    return declare


def moves_by_events(column: str, key: str, before: str, after: str, number: str) -> Any:
    """Declare that `column` changes only as the latest event of its row says (class decorator).

    `key` is "table.column" of the events, which names the row; `before` and `after` are their columns of a move, and
    `number` counts the events of a row (unique with the key: of two racing events one is refused). The event is written
    first. Moves may run in circles: an older event moves nothing any more, and the latest leads away only once.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["moves"] = (column, *key.split("."), before, after, number)
        return model

    return declare


def never(name: str, condition: str) -> Any:
    """Declare that no row is written in which `condition` holds (class decorator), in SQL of both engines on NEW.

    For tables that cannot get a CHECK any more on SQLite; columns in it are frozen, or it would say nothing of updates.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["never"] = (name, condition)
        return model

    return declare


def agrees(name: str, column: str, question: str) -> Any:
    """Declare that no row comes with `column` for which `question`, a SELECT on NEW, finds none (class decorator).

    For what no foreign key can say; the columns in the question are frozen, or it would say nothing of updates.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["agrees"] = (name, column, question)
        return model

    return declare


def counted(key: str, number: str, before: str, first: str) -> Any:
    """Declare that the events of one row are counted from 0 without a gap (class decorator).

    `key` names the row, `number` counts. The event 0 and no other leads, in its column `before`, away from `first`.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["counted"] = (key, number, before, first)
        return model

    return declare


def points_once(column: str, proof: str) -> Any:
    """Declare that a row points with `column` at another row of its table once and for ever (class decorator).

    Only one without `proof` points, at one that has it and points nowhere; neither changes as long as it is pointed.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["points"] = (column, proof)
        return model

    return declare


def final_in(column: str, state: str) -> Any:
    """Declare that a row never changes again once `column` holds `state` (class decorator)."""

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["final"] = (column, state)
        return model

    return declare


def final_with(parent: str, column: str, state: str, keys: tuple[str, str]) -> Any:
    """Declare that no row comes or goes once the row of `parent` with the same `keys` is in `state` (class decorator).

    Its columns are frozen besides: what belongs to a final row is as final.
    """

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["final_with"] = (parent, column, state, keys)
        return model

    return declare


def written_while(parent: str, key: str, column: str, state: str) -> Any:
    """Declare that rows come, change and go only while the row of `parent` they name by `key` is in `state`."""

    def declare(model: type[Base]) -> type[Base]:
        _table(model).info["written_while"] = (parent, key, column, state)
        return model

    return declare


def said_once(
    column: str,
    first: str,
    *columns: str,
    last: tuple[str, ...] = (),
    grows: tuple[str, ...] = (),
    steps: tuple[tuple[str, str], ...] = (),
    may_blank: tuple[str, ...] = (),
) -> Any:
    """Declare that once `column` has left `first` it never holds it again, that it leaves none of `last`, and that the
    named columns keep their values from then on (class decorator).

    Those of `grows` may move on to a larger value as long as the row has not ended, those of `may_blank` to `BLANK`.
    With `steps`, (from, to), `column` takes no other way.
    """

    def declare(model: type[Base]) -> type[Base]:
        more = {"grows": grows, "steps": steps, "may_blank": may_blank}
        _table(model).info["said"] = (column, first, columns, last, more)
        return model

    return declare


def _table(model: type[Base]) -> Table:
    return cast(Table, model.__table__)


def trigger_ddl(dialect: str, table: Table) -> dict[str, str]:
    """Return trigger name → CREATE statement for `table` on "sqlite" or "postgresql"; empty without a declaration."""
    info = table.info
    made = replacing.of(dialect, table)
    if "counted" in info:
        made |= counting(dialect, table.name, *info["counted"])
    if "points" in info:
        made |= pointing.triggers(dialect, table.name, *info["points"])
    if "final" in info:
        made |= final.whole(dialect, table.name, *info["final"])
    if "final_with" in info:
        made |= final.belonging(dialect, table.name, *info["final_with"])
    if "written_while" in info:
        made |= stages.belonging(dialect, table.name, *info["written_while"])
    if "agrees" in info:
        made |= matching.triggers(dialect, table.name, *info["agrees"])
    if "said" in info:
        *said, more = info["said"]
        made |= stages.said(dialect, table.name, *said, **more)
    return made | triggers(
        dialect,
        table.name,
        whole=bool(info.get("append_only")),
        frozen=tuple(info.get("frozen", ())),
        may_empty=tuple(info.get("may_empty", ())),
        may_blank=tuple(info.get("may_blank", ())),
        kept_while=info.get("kept_while", ""),
        moves=info.get("moves"),
        never=info.get("never"),
    )


def triggers(
    dialect: str,
    table: str,
    *,
    whole: bool = False,
    frozen: tuple[str, ...] = (),
    may_empty: tuple[str, ...] = (),
    may_blank: tuple[str, ...] = (),
    kept_while: Condition = "",
    moves: tuple[str, ...] | None = None,
    never: tuple[str, str] | None = None,
) -> dict[str, str]:
    """Return the same for a table by name, for migrations: they must not follow later changes of the models.

    `whole` refuses every UPDATE and DELETE, `frozen` changes of those columns (but emptying one of `may_empty`, or
    blanking one of `may_blank`) and every DELETE (or only while `kept_while` holds), `moves` (column, table of events,
    its key, its columns "from" and "to", its number) changes of the column without their latest event, `never` (name,
    condition) new rows in which the condition holds.
    """
    if never:
        return _never(dialect, table, *never) | triggers(
            dialect, table, whole=whole, frozen=frozen, may_empty=may_empty, may_blank=may_blank,
            kept_while=kept_while, moves=moves,
        )  # fmt: skip
    kept = _sqlite if dialect == "sqlite" else _postgres
    emptied = dict.fromkeys(may_empty, "''") | dict.fromkeys(may_blank, f"'{BLANK}'")
    condition = kept_while if isinstance(kept_while, str) else kept_while[dialect]
    made = kept(table, whole=whole, frozen=frozen, emptied=emptied, kept_while=condition)
    if moves:
        made |= stages.moving(dialect, table, *moves)
    return made


def _never(dialect: str, table: str, name: str, condition: str) -> dict[str, str]:
    refuse = (
        f"BEGIN SELECT RAISE(ABORT, '{name}: {table}'); END"
        if dialect == "sqlite"
        else f"EXECUTE FUNCTION linli_refuse_change('{name}')"
    )
    trigger = f"trg_{table}_never_{name}"
    return {trigger: f"CREATE TRIGGER {trigger} BEFORE INSERT ON {table} FOR EACH ROW WHEN ({condition}) {refuse}"}


def counting(dialect: str, table: str, key: str, number: str, before: str, first: str) -> dict[str, str]:
    """Return the trigger of `counted` for a table by name, for migrations.

    It looks after the insert: of two racing events with one number the unique key refuses the second, by its name. The
    first event of a row, by far the commonest, is judged without a query.
    """
    name = f"trg_{table}_counted"
    made = f"CREATE TRIGGER {name} AFTER INSERT ON {table} FOR EACH ROW WHEN "
    begins, follows = (
        f"NEW.{number} = 0 AND NEW.{before} = '{first}'",
        f"NEW.{number} > 0 AND NEW.{before} <> '{first}'",
    )
    if dialect == "sqlite":
        earlier = f"e.{key} = NEW.{key} AND e.{number} = NEW.{number} - 1"
        there = f"EXISTS (SELECT 1 FROM {table} e WHERE {earlier})"  # noqa: S608 - names of our own tables
        allowed = f"({begins}) OR ({follows} AND {there})"
        return {name: f"{made}NOT ({allowed}) BEGIN SELECT RAISE(ABORT, 'uncounted: {table}'); END"}
    refused = f"NOT ({begins}) AND NOT ({follows})"
    return {
        name: f"{made}({follows}) EXECUTE FUNCTION linli_refuse_uncounted('{key}', '{number}')",
        f"{name}_first": f"CREATE TRIGGER {name}_first BEFORE INSERT ON {table} FOR EACH ROW WHEN ({refused}) "
        "EXECUTE FUNCTION linli_refuse_change('uncounted')",
    }


def all_triggers(dialect: str) -> dict[str, str]:
    """Return every declared trigger of the program for `dialect` (name → CREATE statement)."""
    found: dict[str, str] = {}
    for table in Base.metadata.sorted_tables:
        found |= trigger_ddl(dialect, table)
    return found


def _sqlite(
    name: str, *, whole: bool, frozen: tuple[str, ...], emptied: dict[str, str], kept_while: str
) -> dict[str, str]:
    made = {}
    if whole:
        made[f"trg_{name}_no_update"] = (
            f"CREATE TRIGGER trg_{name}_no_update BEFORE UPDATE ON {name} "
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {name}'); END"
        )
    if frozen:
        changed = " OR ".join(
            f"(OLD.{column} IS NOT NEW.{column} AND NEW.{column} <> {emptied[column]})"
            if column in emptied
            else f"OLD.{column} IS NOT NEW.{column}"
            for column in frozen
        )
        made[f"trg_{name}_frozen"] = (
            f"CREATE TRIGGER trg_{name}_frozen BEFORE UPDATE OF {', '.join(frozen)} ON {name} "
            f"WHEN {changed} BEGIN SELECT RAISE(ABORT, 'frozen: {name}'); END"
        )
    if whole or frozen:
        when = f"WHEN {kept_while} " if kept_while else ""
        made[f"trg_{name}_no_delete"] = (
            f"CREATE TRIGGER trg_{name}_no_delete BEFORE DELETE ON {name} {when}"
            f"BEGIN SELECT RAISE(ABORT, 'append-only: {name}'); END"
        )
    return made


def _postgres(
    name: str, *, whole: bool, frozen: tuple[str, ...], emptied: dict[str, str], kept_while: str
) -> dict[str, str]:
    made = {}
    refuse = "EXECUTE FUNCTION linli_refuse_change"
    if whole:
        made[f"trg_{name}_no_update"] = (
            f"CREATE TRIGGER trg_{name}_no_update BEFORE UPDATE ON {name} FOR EACH ROW {refuse}('append-only')"
        )
    if frozen:
        # As text, because PostgreSQL has no equality for json.
        changed = " OR ".join(
            f"OLD.{column}::text IS DISTINCT FROM NEW.{column}::text"
            + (f" AND NEW.{column} <> {emptied[column]}" if column in emptied else "")
            for column in frozen
        )
        made[f"trg_{name}_frozen"] = (
            f"CREATE TRIGGER trg_{name}_frozen BEFORE UPDATE ON {name} FOR EACH ROW WHEN ({changed}) {refuse}('frozen')"
        )
    if whole or frozen:
        when = f"WHEN ({kept_while}) " if kept_while else ""
        made[f"trg_{name}_no_delete"] = (
            f"CREATE TRIGGER trg_{name}_no_delete BEFORE DELETE ON {name} FOR EACH ROW {when}{refuse}('append-only')"
        )
        made[f"trg_{name}_no_truncate"] = (
            f"CREATE TRIGGER trg_{name}_no_truncate BEFORE TRUNCATE ON {name} "
            f"FOR EACH STATEMENT {refuse}('append-only')"
        )
    return made
