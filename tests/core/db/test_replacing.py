"""A stranger's connection does not delete kept rows by putting others in their place."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator

import pytest
from sqlalchemy import Table
from sqlalchemy.dialects import sqlite
from sqlalchemy.schema import CreateIndex, CreateTable

from community.core.db import Base, replacing
from community.core.db.triggers import trigger_ddl

SCHEMA = """
CREATE TABLE vote (paper INTEGER, seq INTEGER, who TEXT, state TEXT, PRIMARY KEY (paper, seq));
CREATE TABLE notice (id INTEGER PRIMARY KEY, day TEXT UNIQUE);
INSERT INTO vote VALUES (1, 1, 'ann', 'open'), (1, 2, 'bea', 'done');
INSERT INTO notice VALUES (1, 'monday');
"""
VOTE = ((("paper", "seq"), ""), (("who",), "state = 'open' AND who IS NOT NULL AND paper IN (1, 2)"))


@pytest.fixture
def database() -> sqlite3.Connection:
    """Opened as anybody opens it: `recursive_triggers` is off."""
    made = sqlite3.connect(":memory:")
    made.executescript(SCHEMA)
    for statement in (
        *replacing.triggers("vote", VOTE, numbered=True).values(),
        *replacing.triggers("notice", ((("id",), ""), (("day",), "")), numbered=False).values(),
    ):
        made.execute(statement)
    return made


@pytest.mark.parametrize(
    ("row", "key"),
    [
        ("vote VALUES (1, 1, 'eve', 'open')", "vote.paper, vote.seq"),
        ("vote VALUES (2, 1, 'ann', 'open')", "vote.who"),
        ("vote (rowid, paper, seq, who) VALUES (1, 9, 9, 'eve')", "vote.rowid"),
        ("notice VALUES (1, 'tuesday')", "notice.id"),
        ("notice VALUES (2, 'monday')", "notice.day"),
    ],
)
@pytest.mark.parametrize("act", ["INSERT OR REPLACE INTO", "REPLACE INTO", "INSERT INTO"])
def test_a_row_that_is_there_is_not_replaced_by_any_of_its_keys(
    database: sqlite3.Connection, act: str, row: str, key: str
) -> None:
    with pytest.raises(sqlite3.IntegrityError, match=f"UNIQUE constraint failed: {key}$"):
        database.execute(f"{act} {row}")
    assert database.execute("SELECT who FROM vote ORDER BY seq").fetchall() == [("ann",), ("bea",)]


def test_a_key_of_some_rows_stops_only_those(database: sqlite3.Connection) -> None:
    database.execute("INSERT INTO vote VALUES (2, 1, 'ann', 'done'), (2, 2, 'bea', 'open'), (3, 1, 'ann', 'open')")
    assert database.execute("SELECT count(*) FROM vote").fetchone() == (5,)


@pytest.mark.parametrize(
    ("act", "key"),
    [
        ("paper = 2, seq = 1", "vote.paper, vote.seq"),
        ("who = 'cia'", "vote.who"),
    ],
)
def test_an_update_puts_no_row_in_the_place_of_another(database: sqlite3.Connection, act: str, key: str) -> None:
    database.execute("INSERT INTO vote VALUES (2, 1, 'cia', 'open')")
    for statement in replacing.moving("vote", VOTE).values():
        database.execute(statement)
    with pytest.raises(sqlite3.IntegrityError, match=f"UNIQUE constraint failed: {key}$"):
        database.execute(f"UPDATE OR REPLACE vote SET {act} WHERE who = 'ann'")  # noqa: S608
    for number in (3, 99):
        with pytest.raises(sqlite3.IntegrityError, match="frozen"):
            database.execute("UPDATE OR REPLACE vote SET rowid = ? WHERE who = 'ann'", (number,))
    database.execute("UPDATE vote SET who = 'dot', seq = 3 WHERE who = 'ann'")
    assert database.execute("SELECT who FROM vote ORDER BY who").fetchall() == [("bea",), ("cia",), ("dot",)]


# What a row holds for which a key of some rows holds.
CHOSEN = {
    "mandate": {"state": "in_force"},
    "member": {"status": "active"},
    "membership": {"state": "active", "role": "leader"},
    "points_case": {"state": "open"},
    "pot_seat": {"state": "in"},
    "reward_order": {"state": "reserved"},
}
# These need no other table to judge a row by.
ALONE = ("_no_replace", "_no_replace_update", "_frozen", "_no_update", "_no_delete")


def _guarded() -> Iterator[Table]:
    for table in Base.metadata.sorted_tables:
        if replacing.of("sqlite", table):
            yield table


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("act", ["INSERT", "UPDATE"])
def test_no_row_of_any_guarded_table_is_replaced_by_any_of_its_keys(act: str) -> None:
    tables = list(_guarded())
    assert {"txn", "seal", "reward_order", "rule_draft", "member", "membership"} <= {table.name for table in tables}
    for table in tables:
        for key, where in (*replacing.keys_of(table), (("rowid",), "")):
            _attack(table, act, key, where)


def _attack(table: Table, act: str, key: tuple[str, ...], where: str) -> None:
    """Put one row in the place of another as whoever opens the file: it is refused, and both stay."""
    held = f"SELECT rowid, * FROM {table.name}"  # noqa: S608 - names of our own tables
    with sqlite3.connect(":memory:") as made:
        made.execute("PRAGMA ignore_check_constraints = ON")
        made.execute(str(CreateTable(table).compile(dialect=sqlite.dialect())))
        for index in table.indexes:
            made.execute(str(CreateIndex(index).compile(dialect=sqlite.dialect())))
        first, second, third = (_row(table, number) for number in (1, 2, 3))
        made.execute(_inserted(table, first))
        made.execute(_inserted(table, second))
        assert not where or len(made.execute(f"{held} WHERE {where}").fetchall()) == 2, (table.name, where)
        for name, statement in trigger_ddl("sqlite", table).items():
            if name.endswith(ALONE):
                made.execute(statement)
        before = made.execute(held).fetchall()
        taken = {name: second.get(name, 2) for name in key}
        values = ", ".join(f"{name} = {value!r}" for name, value in taken.items())
        attack = (
            _inserted(table, third | taken, "OR REPLACE")
            if act == "INSERT"
            else f"UPDATE OR REPLACE {table.name} SET {values} WHERE rowid = 1"  # noqa: S608
        )
        with pytest.raises(sqlite3.IntegrityError):
            made.execute(attack)
        assert made.execute(held).fetchall() == before, attack


def _row(table: Table, number: int) -> dict[str, object]:
    return {column.name: CHOSEN.get(table.name, {}).get(column.name, number) for column in table.columns}


def _inserted(table: Table, row: dict[str, object], how: str = "") -> str:
    values = ", ".join(repr(value) for value in row.values())
    return f"INSERT {how} INTO {table.name} ({', '.join(row)}) VALUES ({values})"  # noqa: S608
