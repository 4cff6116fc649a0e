"""Triggers of what is written in stages: rows that belong to a draft, and a row that has said its word.

`triggers.written_while` and `triggers.said_once` declare them. A rule set and its drafts are such rows.
"""

from __future__ import annotations

# What stands where words about somebody stood who was erased.
BLANK = "—"

POSTGRES_FUNCTIONS = (
    # Arguments: the table of the row it belongs to, the column that names that row, its state's column and the state in
    # which it may still be written. It waits for whoever changes that state at this moment.
    """
CREATE OR REPLACE FUNCTION linli_refuse_closed() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  asked record;
  written boolean;
BEGIN
  FOR asked IN SELECT r.* FROM (SELECT to_jsonb(OLD) AS row WHERE TG_OP <> 'INSERT'
    UNION SELECT to_jsonb(NEW) WHERE TG_OP <> 'DELETE') r
  LOOP
    EXECUTE format('SELECT p.%I = %L FROM %I p WHERE p.id::text = $1 FOR SHARE', TG_ARGV[2], TG_ARGV[3], TG_ARGV[0])
      INTO written USING asked.row ->> TG_ARGV[1];
    IF NOT coalesce(written, false) THEN
      RAISE EXCEPTION 'closed: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
    END IF;
  END LOOP;
  RETURN CASE TG_OP WHEN 'DELETE' THEN OLD ELSE NEW END;
END $$
""",
)
POSTGRES_DROP_FUNCTIONS = ("DROP FUNCTION IF EXISTS linli_refuse_closed()",)


def belonging(dialect: str, table: str, parent: str, key: str, column: str, state: str) -> dict[str, str]:
    """Return the triggers of `written_while` for a table by name: no row comes, changes or goes in another state."""
    if dialect == "postgresql":
        name = f"trg_{table}_closed"
        head = f"CREATE TRIGGER {name} BEFORE INSERT OR UPDATE OR DELETE ON {table} FOR EACH ROW"
        whole = f"CREATE TRIGGER {name}_truncate BEFORE TRUNCATE ON {table} FOR EACH STATEMENT"
        return {
            name: f"{head} EXECUTE FUNCTION linli_refuse_closed('{parent}', '{key}', '{column}', '{state}')",
            f"{name}_truncate": f"{whole} EXECUTE FUNCTION linli_refuse_change('closed')",
        }
    made = {}
    for act, rows in (("INSERT", ("NEW",)), ("UPDATE", ("OLD", "NEW")), ("DELETE", ("OLD",))):
        name = f"trg_{table}_closed_{act.lower()}"
        open_ = " AND ".join(
            f"EXISTS (SELECT 1 FROM {parent} p WHERE p.id = {row}.{key} AND p.{column} = '{state}')"  # noqa: S608
            for row in rows
        )
        made[name] = (
            f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW WHEN NOT ({open_}) "
            f"BEGIN SELECT RAISE(ABORT, 'closed: {table}'); END"
        )
    return made


def said(
    dialect: str,
    table: str,
    column: str,
    first: str,
    columns: tuple[str, ...],
    last: tuple[str, ...],
    *,
    grows: tuple[str, ...] = (),
    steps: tuple[tuple[str, str], ...] = (),
    may_blank: tuple[str, ...] = (),
) -> dict[str, str]:
    """Return the trigger of `said_once` for a table by name."""
    name = f"trg_{table}_said"
    differs = "IS NOT" if dialect == "sqlite" else "IS DISTINCT FROM"
    # As text, because PostgreSQL has no equality for json.
    kind = "" if dialect == "sqlite" else "::text"
    changed = " OR ".join(
        f"(OLD.{one}{kind} {differs} NEW.{one}{kind} AND NEW.{one} <> '{BLANK}')"
        if one in may_blank
        else f"OLD.{one}{kind} {differs} NEW.{one}{kind}"
        for one in columns
    )
    ends = ", ".join(f"'{state}'" for state in last)
    ended = f"OLD.{column} IN ({ends})"
    over = f"OR ({ended} AND OLD.{column} <> NEW.{column}) " if last else ""
    later = "".join(
        f" OR (OLD.{one} {differs} NEW.{one} AND (NEW.{one} IS NULL OR NEW.{one} < OLD.{one} OR {ended}))"
        for one in grows
    )
    when = f"OLD.{column} <> '{first}' AND (NEW.{column} = '{first}' {over}OR {changed}{later})"
    if steps:
        legal = " OR ".join(f"(OLD.{column} = '{old}' AND NEW.{column} = '{new}')" for old, new in steps)
        when = f"({when}) OR (OLD.{column} <> NEW.{column} AND NOT ({legal}))"
    head = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN ({when})"
    if dialect == "postgresql":
        return {name: f"{head} EXECUTE FUNCTION linli_refuse_change('said')"}
    return {name: f"{head} BEGIN SELECT RAISE(ABORT, 'said: {table}'); END"}


def moving(dialect: str, table: str, column: str, *of_events: str) -> dict[str, str]:
    """Return the trigger of `moves_by_events` for a table by name."""
    return (_sqlite_moves if dialect == "sqlite" else _postgres_moves)(table, column, *of_events)


def _sqlite_moves(
    name: str, column: str, events: str, key: str, before: str, after: str, number: str = ""
) -> dict[str, str]:
    move = f"({key}, {before}, {after}) = (OLD.id, OLD.{column}, NEW.{column})"
    if number:
        move += f" AND {number} = (SELECT max({number}) FROM {events} WHERE {key} = OLD.id)"  # noqa: S608
    recorded = f"EXISTS (SELECT 1 FROM {events} WHERE {move})"  # noqa: S608 - names of our own tables
    return {
        f"trg_{name}_moves": f"CREATE TRIGGER trg_{name}_moves BEFORE UPDATE OF {column} ON {name} "
        f"WHEN OLD.{column} IS NOT NEW.{column} AND NOT {recorded} "
        f"BEGIN SELECT RAISE(ABORT, 'unrecorded: {name}'); END"
    }


def _postgres_moves(name: str, column: str, *of_events: str) -> dict[str, str]:
    arguments = ", ".join(f"'{word}'" for word in (column, *of_events))
    return {
        f"trg_{name}_moves": f"CREATE TRIGGER trg_{name}_moves BEFORE UPDATE ON {name} FOR EACH ROW "
        f"WHEN (OLD.{column} IS DISTINCT FROM NEW.{column}) EXECUTE FUNCTION linli_refuse_unrecorded({arguments})"
    }
