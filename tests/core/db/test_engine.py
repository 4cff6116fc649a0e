"""What every connection is told."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from community.core.db import db, session, transaction
from community.core.db.engine import engine_options


@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("pragma", "value"),
    [
        ("foreign_keys", 1),
        ("journal_mode", "wal"),
        ("busy_timeout", 5000),
        ("synchronous", 2),
        ("recursive_triggers", 1),
    ],
)
def test_sqlite_keeps_references_survives_a_power_cut_and_lets_readers_read(pragma: str, value: object) -> None:
    assert session().execute(text(f"PRAGMA {pragma}")).scalar() == value


@pytest.mark.usefixtures("app")
def test_sqlite_takes_the_writers_place_at_once_and_readers_do_not() -> None:
    seen: list[str] = []
    connection = session().connection().connection.driver_connection
    assert connection
    session().rollback()
    connection.set_trace_callback(seen.append)
    session().execute(text("SELECT 1"))
    session().rollback()
    with transaction() as current:
        current.execute(text("SELECT 1"))
    connection.set_trace_callback(None)
    assert [line for line in seen if line.startswith("BEGIN")] == ["BEGIN", "BEGIN IMMEDIATE"]


@pytest.mark.parametrize("engine_name", ["postgresql"], indirect=True)
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize(
    ("name", "value"), [("lock_timeout", "5s"), ("idle_in_transaction_session_timeout", "1min"), ("TimeZone", "UTC")]
)
def test_postgresql_waits_for_no_lock_and_no_forgotten_transaction_for_ever(name: str, value: str) -> None:
    assert session().execute(text(f"SHOW {name}")).scalar() == value


@pytest.mark.engine
def test_an_error_shows_no_value_of_a_statement(app: Flask) -> None:
    with app.app_context():
        assert db.engine.hide_parameters


def test_the_pool_has_a_connection_for_each_thread_of_a_worker(app: Flask) -> None:
    options = engine_options("postgresql+psycopg://x")
    assert options["pool_size"] + options["max_overflow"] >= app.extensions["linli_settings"].serve_threads


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_the_database_keeps_references() -> None:
    stray = text(
        "INSERT INTO message (id, member_id, kind, params, created_at) VALUES (1, 123456789, 't.x', '{}', :now)"
    )
    with pytest.raises(IntegrityError), transaction() as current:
        current.execute(stray, {"now": dt.datetime(2026, 1, 1, tzinfo=dt.UTC)})
