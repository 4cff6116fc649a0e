"""A row points at another one once, for ever, and only when the other is proved."""

from __future__ import annotations

import pytest
from flask import Flask
from sqlalchemy import create_engine, text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction
from community.core.db.pointing import triggers

THINGS = "CREATE TABLE thing (id INTEGER PRIMARY KEY, into_id INTEGER, proof TEXT, note TEXT)"
ROWS = "INSERT INTO thing VALUES (1, NULL, 'yes', ''), (2, NULL, 'yes', ''), (3, NULL, NULL, ''), (4, NULL, NULL, '')"


def run(statement: str) -> None:
    with transaction():
        session().execute(text(statement))


@pytest.fixture
def things(app: Flask, engine_name: str) -> None:
    """Two that are proved, two that are not; the third points at the first."""
    assert app
    for statement in (THINGS, *triggers(engine_name, "thing", "into_id", "proof").values(), ROWS):
        run(statement)
    run("UPDATE thing SET into_id = 1 WHERE id = 3")


@pytest.mark.engine
@pytest.mark.usefixtures("things")
@pytest.mark.parametrize(
    ("attack", "because"),
    [
        ("UPDATE thing SET into_id = 2 WHERE id = 3", "final"),
        ("UPDATE thing SET into_id = NULL WHERE id = 3", "final"),
        ("UPDATE thing SET into_id = 1 WHERE id = 2", "unproved"),
        ("UPDATE thing SET proof = 'yes' WHERE id = 3", "unproved"),
        ("UPDATE thing SET proof = 'yes', into_id = 1 WHERE id = 4", "unproved"),
        ("UPDATE thing SET into_id = 3 WHERE id = 4", "target|unproved"),
        ("UPDATE thing SET into_id = 4 WHERE id = 4", "target|unproved"),
        ("UPDATE thing SET into_id = 9 WHERE id = 4", "target|unproved"),
        ("UPDATE thing SET proof = NULL WHERE id = 1", "forsaken"),
        ("UPDATE thing SET proof = NULL, into_id = 2 WHERE id = 1", "forsaken"),
        ("INSERT INTO thing VALUES (5, 4, NULL, '')", "target|unproved"),
        ("INSERT INTO thing VALUES (5, 1, 'yes', '')", "unproved"),
    ],
)
def test_what_is_not_proved_or_not_the_first_time_is_refused(attack: str, because: str) -> None:
    before = session().execute(text("SELECT * FROM thing ORDER BY id")).all()
    with pytest.raises(DBAPIError, match=because):
        run(attack)
    assert session().execute(text("SELECT * FROM thing ORDER BY id")).all() == before


@pytest.mark.engine
@pytest.mark.usefixtures("things")
def test_everything_else_may_be_written() -> None:
    run("UPDATE thing SET note = 'x'")
    run("UPDATE thing SET into_id = 1, proof = NULL WHERE id = 3")
    run("UPDATE thing SET proof = NULL WHERE id = 2")
    run("UPDATE thing SET into_id = 1 WHERE id = 2")
    run("INSERT INTO thing VALUES (5, 1, NULL, '')")
    pointing = session().execute(text("SELECT id FROM thing WHERE into_id = 1 ORDER BY id")).scalars().all()
    assert pointing == [2, 3, 5]


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
def test_who_takes_the_proof_away_waits_for_who_points(race_database: str) -> None:
    engine = create_engine(race_database)
    with engine.begin() as connection:
        for statement in (THINGS, *triggers("postgresql", "thing", "into_id", "proof").values(), ROWS):
            connection.execute(text(statement))
    with engine.connect() as one, engine.connect() as two:
        one.execute(text("UPDATE thing SET into_id = 1 WHERE id = 3"))
        two.execute(text("SET LOCAL lock_timeout = '200ms'"))
        with pytest.raises(DBAPIError, match="lock timeout"):
            two.execute(text("UPDATE thing SET proof = NULL WHERE id = 1"))
        one.rollback()
        two.rollback()
    engine.dispose()
