"""Triggers of a row that must agree with others about what it names: `triggers.agrees` declares it.

What a foreign key of several columns would say, where the table it names does not hold them all. An award names a rule
of its own town.
"""

from __future__ import annotations

import re

POSTGRES_FUNCTIONS = (
    # Arguments: what it is called, and the question, with ($1).column for the new row's.
    """
CREATE OR REPLACE FUNCTION linli_refuse_other() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  agrees boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (%s)', TG_ARGV[1]) INTO agrees USING NEW;
  IF NOT agrees THEN
    RAISE EXCEPTION '%: %', TG_ARGV[0], TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
""",
)
POSTGRES_DROP_FUNCTIONS = ("DROP FUNCTION IF EXISTS linli_refuse_other()",)


def triggers(dialect: str, table: str, name: str, column: str, question: str) -> dict[str, str]:
    """Return the trigger of `agrees` for a table by name: no row comes with `column` for which `question` finds none.

    In the question NEW.column is the new row's. The columns it asks for are frozen, or updates would go by it.
    """
    trigger = f"trg_{table}_{name}"
    head = f"CREATE TRIGGER {trigger} BEFORE INSERT ON {table} FOR EACH ROW WHEN (NEW.{column} IS NOT NULL"
    if dialect == "postgresql":
        asked = re.sub(r"\bNEW\.([a-z_]+)", r"($1).\1", question).replace("'", "''")
        return {trigger: f"{head}) EXECUTE FUNCTION linli_refuse_other('{name}', '{asked}')"}
    refuse = f"BEGIN SELECT RAISE(ABORT, '{name}: {table}'); END"
    return {trigger: f"{head} AND NOT EXISTS ({question})) {refuse}"}
