"""The database itself keeps what was written: whoever holds a connection can add to it and not change it."""

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from community.core.db import Base, session, transaction
from community.core.db.triggers import all_triggers, trigger_ddl, triggers

ENTRY = (
    "INSERT INTO audit_entry (id, at, actor_id, actor_name, act, object_type, object_id, scope_path, details)"
    " VALUES (1, '2026-11-23 13:07:00', 7, '', 'x.y', 'thing', '1', '', '{}')"
)
# A frozen table: its first columns stay, its last ones may change.
DDL = "CREATE TABLE frozen_thing (id INTEGER PRIMARY KEY, what TEXT, extra TEXT, state TEXT)"


def run(statement: str) -> None:
    with transaction() as current:
        current.execute(text(statement))


@pytest.fixture
def entry(app: Flask) -> None:
    assert app
    run(ENTRY)


@pytest.fixture
def frozen(app: Flask, engine_name: str) -> None:
    assert app
    run(DDL)
    for statement in triggers(engine_name, "frozen_thing", frozen=("id", "what", "extra")).values():
        run(statement)
    run("INSERT INTO frozen_thing VALUES (1, 'first', NULL, 'new')")


EVERYWHERE = [
    "UPDATE audit_entry SET act = 'other'",
    "UPDATE audit_entry SET act = act",
    "UPDATE audit_entry SET id = 2",
    "DELETE FROM audit_entry",
    "DELETE FROM audit_entry WHERE id = 1",
]
SQLITE = [
    ENTRY.replace("INSERT", "INSERT OR REPLACE").replace("x.y", "other"),
    ENTRY.replace("INSERT", "REPLACE").replace("x.y", "other"),
    "UPDATE OR REPLACE audit_entry SET act = 'other'",
    f"{ENTRY} ON CONFLICT (id) DO UPDATE SET act = 'other'",
]
POSTGRES = [
    "TRUNCATE audit_entry",
    "TRUNCATE audit_entry CASCADE",
    f"{ENTRY} ON CONFLICT (id) DO UPDATE SET act = 'other'",
    "WITH gone AS (DELETE FROM audit_entry RETURNING id) SELECT * FROM gone",
    "MERGE INTO audit_entry USING (SELECT 1 AS id) AS s ON audit_entry.id = s.id WHEN MATCHED THEN DELETE",
]


@pytest.mark.engine
@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("attack", EVERYWHERE)
def test_a_row_of_an_append_only_table_cannot_be_changed_or_removed(attack: str) -> None:
    refused(attack)


@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("attack", SQLITE)
def test_sqlite_has_no_way_around_it(attack: str) -> None:
    refused(attack)


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("entry")
@pytest.mark.parametrize("attack", POSTGRES)
def test_postgresql_has_no_way_around_it(attack: str) -> None:
    refused(attack)


def refused(attack: str) -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        run(attack)
    assert session().execute(text("SELECT id, act FROM audit_entry")).all() == [(1, "x.y")]


@pytest.mark.engine
@pytest.mark.usefixtures("frozen")
@pytest.mark.parametrize(
    "attack",
    [
        "UPDATE frozen_thing SET what = 'second'",
        "UPDATE frozen_thing SET what = NULL",
        "UPDATE frozen_thing SET extra = 'late'",
        "UPDATE frozen_thing SET id = 2",
        "UPDATE frozen_thing SET state = 'done', what = 'second'",
        "DELETE FROM frozen_thing",
    ],
)
def test_a_frozen_column_keeps_its_first_value_and_its_row(attack: str) -> None:
    with pytest.raises(DBAPIError, match=r"frozen|append-only"):
        run(attack)
    assert session().execute(text("SELECT * FROM frozen_thing")).all() == [(1, "first", None, "new")]


@pytest.mark.engine
@pytest.mark.usefixtures("frozen")
def test_the_other_columns_of_a_frozen_table_may_change() -> None:
    run("UPDATE frozen_thing SET state = 'done'")
    run("UPDATE frozen_thing SET what = 'first', extra = NULL, state = 'over'")
    assert session().execute(text("SELECT state FROM frozen_thing")).scalar() == "over"


@pytest.fixture
def forgettable(app: Flask, engine_name: str) -> None:
    """A frozen table whose `extra` may be emptied and whose rows may go once they are over."""
    assert app
    run(DDL)
    for statement in triggers(
        engine_name, "frozen_thing", frozen=("what", "extra"), may_empty=("extra",), kept_while="OLD.state <> 'over'"
    ).values():
        run(statement)
    run("INSERT INTO frozen_thing VALUES (1, 'first', 'phone 7', 'new'), (2, 'second', 'phone 8', 'over')")


@pytest.mark.engine
@pytest.mark.usefixtures("forgettable")
def test_what_may_be_emptied_is_emptied_and_never_changed_to_something_else() -> None:
    for attack in ("extra = 'phone 9'", "what = ''", "extra = '', what = 'x'"):
        with pytest.raises(DBAPIError, match="frozen"):
            run(f"UPDATE frozen_thing SET {attack}")  # noqa: S608 - one of the three above
    run("UPDATE frozen_thing SET extra = '' WHERE id = 1")
    with pytest.raises(DBAPIError, match="frozen"):
        run("UPDATE frozen_thing SET extra = 'phone 7' WHERE id = 1")
    assert session().execute(text("SELECT extra FROM frozen_thing ORDER BY id")).scalars().all() == ["", "phone 8"]


@pytest.mark.engine
@pytest.mark.usefixtures("forgettable")
def test_a_row_goes_only_when_its_condition_no_longer_holds() -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        run("DELETE FROM frozen_thing")
    run("DELETE FROM frozen_thing WHERE id = 2")
    assert session().execute(text("SELECT id FROM frozen_thing")).scalars().all() == [1]


@pytest.fixture
def moving(app: Flask, engine_name: str) -> None:
    """A thing whose state moves by events: "new" to "done", and the event of another thing."""
    assert app
    run("CREATE TABLE thing (id INTEGER PRIMARY KEY, state TEXT, note TEXT)")
    run("CREATE TABLE thing_event (thing_id INTEGER, number INTEGER, was TEXT, became TEXT)")
    for statement in triggers(
        engine_name, "thing", moves=("state", "thing_event", "thing_id", "was", "became", "number")
    ).values():
        run(statement)
    run("INSERT INTO thing VALUES (1, 'new', NULL), (2, 'new', NULL)")
    run("INSERT INTO thing_event VALUES (1, 0, 'new', 'done'), (2, 0, 'new', 'lost')")


@pytest.mark.engine
@pytest.mark.usefixtures("moving")
def test_a_moving_column_takes_the_way_its_own_event_says_and_no_other() -> None:
    for attack in ("state = 'lost' WHERE id = 1", "state = NULL WHERE id = 1", "state = 'done', id = 3 WHERE id = 2"):
        with pytest.raises(DBAPIError, match="unrecorded"):
            run(f"UPDATE thing SET {attack}")  # noqa: S608 - one of the three above
    run("UPDATE thing SET state = 'done', note = 'x' WHERE id = 1")
    run("UPDATE thing SET state = 'done', note = 'y' WHERE id = 1")
    with pytest.raises(DBAPIError, match="unrecorded"):
        run("UPDATE thing SET state = 'new' WHERE id = 1")
    assert session().execute(text("SELECT state, note FROM thing ORDER BY id")).all() == [("done", "y"), ("new", None)]


@pytest.mark.engine
@pytest.mark.usefixtures("moving")
def test_in_a_circle_only_the_latest_event_leads_on() -> None:
    """Done, undone, done again: each step needs an event of its own, and no older one opens the way a second time."""
    run("UPDATE thing SET state = 'done' WHERE id = 1")
    run("INSERT INTO thing_event VALUES (1, 1, 'done', 'new')")
    run("UPDATE thing SET state = 'new' WHERE id = 1")
    for state in ("done", "lost"):
        with pytest.raises(DBAPIError, match="unrecorded"):
            run(f"UPDATE thing SET state = '{state}' WHERE id = 1")  # noqa: S608 - a word of the list above
    run("INSERT INTO thing_event VALUES (1, 2, 'new', 'done'), (1, 3, 'done', 'lost')")
    with pytest.raises(DBAPIError, match="unrecorded"):
        run("UPDATE thing SET state = 'done' WHERE id = 1")
    run("INSERT INTO thing_event VALUES (1, 4, 'new', 'done'), (2, 5, 'new', 'lost')")
    run("UPDATE thing SET state = 'done' WHERE id = 1")
    assert session().execute(text("SELECT state FROM thing WHERE id = 1")).scalar() == "done"


@pytest.mark.usefixtures("frozen")
def test_replacing_a_frozen_row_is_refused_on_sqlite() -> None:
    with pytest.raises(DBAPIError, match="append-only"):
        run("INSERT OR REPLACE INTO frozen_thing VALUES (1, 'second', NULL, 'new')")


@pytest.mark.engine
def test_every_declared_trigger_is_in_the_migrated_database(app: Flask, engine_name: str) -> None:
    assert app
    asked = (
        "SELECT name FROM sqlite_master WHERE type = 'trigger'"
        if engine_name == "sqlite"
        else "SELECT tgname FROM pg_trigger WHERE NOT tgisinternal"
    )
    there = set(session().execute(text(asked)).scalars())
    declared = set(all_triggers(engine_name))
    assert declared <= there
    assert {"trg_checkin_moves", "trg_membership_moves"} <= declared
    assert {f"trg_{name}_no_delete" for name in ("audit_entry", "checkin_event", "transfer", "entry")} <= declared


def test_a_table_without_a_declaration_has_no_triggers() -> None:
    assert trigger_ddl("sqlite", Base.metadata.tables["lease"]) == {}
