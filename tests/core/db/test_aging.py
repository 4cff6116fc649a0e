"""A row that is kept for so many days, at both edges of them and by the database's own clock."""

from datetime import date, timedelta

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import session, transaction, younger
from community.core.db.triggers import triggers

TODAY = {"sqlite": "date('now')", "postgresql": "(now() AT TIME ZONE 'UTC')::date"}


def run(statement: str, **values: object) -> None:
    with transaction() as current:
        current.execute(text(statement), values)


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_a_row_is_kept_until_its_day_lies_more_than_so_many_days_back(engine_name: str) -> None:
    run("CREATE TABLE aging_thing (id INTEGER PRIMARY KEY, day DATE)")
    for statement in triggers(engine_name, "aging_thing", frozen=("id", "day"), kept_while=younger("day", 29)).values():
        run(statement)
    today = date.fromisoformat(str(session().execute(text(f"SELECT {TODAY[engine_name]}")).scalar_one()))
    session().rollback()
    for number, days_ago in enumerate((-5, 0, 29, 30, 400)):
        run("INSERT INTO aging_thing VALUES (:id, :day)", id=number, day=(today - timedelta(days_ago)).isoformat())

    for number in range(3):
        with pytest.raises(DBAPIError, match="append-only"):
            run("DELETE FROM aging_thing WHERE id = :id", id=number)
    with pytest.raises(DBAPIError, match="frozen"):
        run("UPDATE aging_thing SET day = '2000-01-01' WHERE id = 0")
    run("DELETE FROM aging_thing WHERE id IN (3, 4)")
    assert session().execute(text("SELECT id FROM aging_thing ORDER BY id")).scalars().all() == [0, 1, 2]
