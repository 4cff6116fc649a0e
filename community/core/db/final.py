"""Triggers of what becomes final: a row that never changes once it is in a state, and the rows that belong to it.

`triggers.final_in` and `triggers.final_with` declare them. A published month of the ledger is such a row.
"""

from __future__ import annotations

POSTGRES_FUNCTIONS = (
    # Arguments: the table of the row it belongs to, its state's column and final value, and the two keys.
    """
CREATE OR REPLACE FUNCTION linli_refuse_final() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  final boolean;
  asked record;
BEGIN
  IF TG_OP = 'DELETE' THEN asked := OLD; ELSE asked := NEW; END IF;
  EXECUTE format(
    'SELECT EXISTS (SELECT 1 FROM %I p WHERE p.%I = %L AND p.%I = ($1).%I AND p.%I = ($1).%I)',
    TG_ARGV[0], TG_ARGV[1], TG_ARGV[2], TG_ARGV[3], TG_ARGV[3], TG_ARGV[4], TG_ARGV[4]
  ) INTO final USING asked;
  IF final THEN
    RAISE EXCEPTION 'final: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN asked;
END $$
""",
)
POSTGRES_DROP_FUNCTIONS = ("DROP FUNCTION IF EXISTS linli_refuse_final()",)


def whole(dialect: str, table: str, column: str, state: str) -> dict[str, str]:
    """Return the trigger of `final_in` for a table by name: no change at all once `column` holds `state`."""
    name = f"trg_{table}_final"
    head = f"CREATE TRIGGER {name} BEFORE UPDATE ON {table} FOR EACH ROW WHEN (OLD.{column} = '{state}')"
    if dialect == "postgresql":
        return {name: f"{head} EXECUTE FUNCTION linli_refuse_change('final')"}
    return {name: f"{head} BEGIN SELECT RAISE(ABORT, 'final: {table}'); END"}


def belonging(dialect: str, table: str, parent: str, column: str, state: str, keys: tuple[str, str]) -> dict[str, str]:
    """Return the triggers of `final_with`: no row comes or goes once the row it belongs to is final."""
    made = {}
    for act, row in (("INSERT", "NEW"), ("DELETE", "OLD")):
        name = f"trg_{table}_final_{act.lower()}"
        head = f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW"
        same = " AND ".join(f"p.{key} = {row}.{key}" for key in keys)
        is_final = f"EXISTS (SELECT 1 FROM {parent} p WHERE p.{column} = '{state}' AND {same})"  # noqa: S608
        made[name] = (
            f"{head} EXECUTE FUNCTION linli_refuse_final('{parent}', '{column}', '{state}', '{keys[0]}', '{keys[1]}')"
            if dialect == "postgresql"
            else f"{head} WHEN {is_final} BEGIN SELECT RAISE(ABORT, 'final: {table}'); END"
        )
    return made
