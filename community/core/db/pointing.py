"""Triggers of a row that points at another one of its table, for good: `triggers.points_once` declares it.

Merged registrations are such rows: only an unverified one goes into a verified one, and there is no way back.
"""

from __future__ import annotations

POSTGRES_FUNCTIONS = (
    # Arguments: the pointing column and the proof. The lock lets who takes the proof away wait for who points.
    """
CREATE OR REPLACE FUNCTION linli_refuse_unproved() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  proved boolean;
BEGIN
  EXECUTE format(
    'SELECT true FROM %I t WHERE t.id = ($1).%I AND t.%I IS NOT NULL AND t.%I IS NULL FOR SHARE',
    TG_TABLE_NAME, TG_ARGV[0], TG_ARGV[1], TG_ARGV[0]
  ) INTO proved USING NEW;
  IF proved IS NULL THEN
    RAISE EXCEPTION 'unproved: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
""",
    """
CREATE OR REPLACE FUNCTION linli_refuse_forsaken() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  leaned_on boolean;
BEGIN
  EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I t WHERE t.%I = ($1).id)', TG_TABLE_NAME, TG_ARGV[0])
    INTO leaned_on USING NEW;
  IF leaned_on THEN
    RAISE EXCEPTION 'forsaken: %', TG_TABLE_NAME USING ERRCODE = 'restrict_violation';
  END IF;
  RETURN NEW;
END $$
""",
)
POSTGRES_DROP_FUNCTIONS = (
    "DROP FUNCTION IF EXISTS linli_refuse_unproved()",
    "DROP FUNCTION IF EXISTS linli_refuse_forsaken()",
)


def triggers(dialect: str, table: str, column: str, proof: str) -> dict[str, str]:
    """Return trigger name → CREATE statement for `table`: what `points_once(column, proof)` promises."""
    points, was_free = f"NEW.{column} IS NOT NULL", f"OLD.{column} IS NULL"
    made = [
        _plain("UPDATE", "final", f"OLD.{column} IS NOT NULL AND OLD.{column} <> coalesce(NEW.{column}, 0)"),
        *(_plain(act, "unproved", f"{points} AND NEW.{proof} IS NOT NULL") for act in ("INSERT", "UPDATE")),
        _target("INSERT", points, table, column, proof),
        _target("UPDATE", f"{points} AND {was_free}", table, column, proof),
        _forsaken(f"(NEW.{proof} IS NULL AND OLD.{proof} IS NOT NULL) OR ({points} AND {was_free})", table, column),
    ]
    found = {}
    for act, what, when, wrong, function in made:
        name = f"trg_{table}_{column}_{what}_{act.lower()}"
        head = f"CREATE TRIGGER {name} BEFORE {act} ON {table} FOR EACH ROW WHEN"
        found[name] = (
            f"{head} ({when}) EXECUTE FUNCTION {function}"
            if dialect == "postgresql"
            else f"{head} ({when}){wrong} BEGIN SELECT RAISE(ABORT, '{what}: {table}'); END"
        )
    return found


# Each of these returns (INSERT or UPDATE, what is refused, when that is to be asked, SQLite's question, PostgreSQL's
# function): a WHEN of PostgreSQL may not ask other rows.
_Trigger = tuple[str, str, str, str, str]


def _plain(act: str, what: str, when: str) -> _Trigger:
    return act, what, when, "", f"linli_refuse_change('{what}')"


def _target(act: str, when: str, table: str, column: str, proof: str) -> _Trigger:
    right = f"t.id = NEW.{column} AND t.{proof} IS NOT NULL AND t.{column} IS NULL"
    wrong = f" AND NOT EXISTS (SELECT 1 FROM {table} t WHERE {right})"  # noqa: S608 - names of our own tables
    return act, "target", when, wrong, f"linli_refuse_unproved('{column}', '{proof}')"


def _forsaken(when: str, table: str, column: str) -> _Trigger:
    wrong = f" AND EXISTS (SELECT 1 FROM {table} t WHERE t.{column} = NEW.id)"  # noqa: S608 - names of our own tables
    return "UPDATE", "forsaken", when, wrong, f"linli_refuse_forsaken('{column}')"
