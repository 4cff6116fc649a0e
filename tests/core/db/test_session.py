"""One command is one transaction: it happens as a whole, alone, and nothing is written outside it."""

import threading
from collections.abc import Callable
from contextlib import nullcontext

import pytest
from flask import Flask
from sqlalchemy import delete, func, insert, select, text, update
from sqlalchemy.exc import IntegrityError

from community.core import clock
from community.core.db import (
    NestedTransaction,
    WriteOutsideTransaction,
    in_transaction,
    locking,
    part,
    schema_changes,
    session,
    snapshot,
    transaction,
    upsert,
)
from community.core.errors import Busy
from community.core.idempotency import IdempotencyKey
from community.core.scheduler import Lease
from tests.core.db.racers import key
from tests.harness.processes import Process, together


def count() -> int:
    return session().scalar(select(func.count()).select_from(IdempotencyKey)) or 0


def lease(job: str = "counter") -> Lease:
    return Lease(job=job, holder="", until=clock.now(), slot="")


# --- whole or not at all ---


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_what_was_written_is_there_afterwards_and_after_a_failure_is_not() -> None:
    with transaction() as current:
        current.execute(insert(IdempotencyKey).values(**key("1", "")))

    def fail() -> None:
        with transaction() as current:
            current.execute(insert(IdempotencyKey).values(**key("2", "")))
            assert count() == 2
            raise LookupError

    with pytest.raises(LookupError):
        fail()
    assert count() == 1
    assert not in_transaction()


@pytest.mark.usefixtures("app")
def test_a_transaction_inside_another_is_refused_and_the_outer_one_undone() -> None:
    def nest() -> None:
        with transaction() as current:
            current.execute(insert(IdempotencyKey).values(**key("1", "")))
            with transaction():
                pass

    with pytest.raises(NestedTransaction):
        nest()
    assert count() == 0
    with transaction():
        assert in_transaction()


@pytest.mark.usefixtures("app")
def test_an_interrupted_command_leaves_nothing() -> None:
    def interrupt() -> None:
        with transaction() as current:
            current.execute(insert(IdempotencyKey).values(**key("1", "")))
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupt()
    assert count() == 0


@pytest.mark.engine
def test_what_is_read_in_a_transaction_is_not_an_older_snapshot(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    app = make_app(database_url=race_database)
    with app.app_context():
        assert count() == 0  # a read snapshot is open here

        def write_elsewhere() -> None:
            with app.app_context(), transaction() as current:
                current.execute(insert(IdempotencyKey).values(**key("1", "")))

        other = threading.Thread(target=write_elsewhere)
        other.start()
        other.join()
        with transaction():
            assert count() == 1


@pytest.mark.engine
def test_a_snapshot_sees_one_moment_whoever_writes_meanwhile(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    with make_app(database_url=race_database).app_context():
        with snapshot():
            before = count()
            assert together(race_database, "tests.core.db.racers:add_key", processes=1) == [1]
            assert count() == before
            with pytest.raises(WriteOutsideTransaction):
                session().execute(insert(IdempotencyKey).values(**key("never", "x")))
        assert count() == before + 1
        with transaction(), snapshot():
            assert count() == before + 1


@pytest.mark.usefixtures("app")
def test_rows_handed_to_a_page_are_read_without_asking_again() -> None:
    with transaction() as current:
        row = lease()
        current.add(row)
    session().close()
    assert row.job == "counter"


# --- nothing is written outside ---


WRITES: list[Callable[[], object]] = [
    lambda: session().execute(insert(IdempotencyKey).values(**key("1", ""))),
    lambda: session().execute(update(Lease).values(holder="x")),
    lambda: session().execute(delete(Lease)),
    lambda: session().execute(upsert(Lease).values(job="x", holder="", until=clock.now(), slot="")),
    lambda: session().execute(text("INSERT INTO lease (job, holder, until, slot) VALUES ('x', '', '2026-01-01', '')")),
    lambda: session().execute(text("  \n update lease SET holder = 'x'")),
    lambda: session().execute(text("-- a remark\nDELETE FROM lease")),
    lambda: session().execute(text("/* a remark */ UPDATE lease SET holder = 'x'")),
    lambda: session().execute(text("WITH x AS (SELECT 1) UPDATE lease SET holder = 'x'")),
    lambda: session().execute(text("SELECT 1; DELETE FROM lease")),
    lambda: session().execute(text("EXPLAIN ANALYZE DELETE FROM lease")),
    lambda: session().connection().exec_driver_sql("DELETE FROM lease"),
    lambda: (session().add(lease("x")), session().flush()),
    lambda: session().bulk_insert_mappings(Lease.__mapper__, [{"job": "x", "holder": "", "until": clock.now()}]),
]


@pytest.mark.engine
@pytest.mark.parametrize("write", WRITES)
@pytest.mark.usefixtures("app")
def test_a_write_outside_a_transaction_is_refused(write: Callable[[], object]) -> None:
    with transaction() as current:
        current.add(lease())
    with pytest.raises(WriteOutsideTransaction):
        write()
    session().rollback()
    assert session().scalars(select(Lease.holder)).all() == [""]


@pytest.mark.engine
@pytest.mark.usefixtures("app")
@pytest.mark.parametrize("statement", ["TRUNCATE lease", "REPLACE INTO lease (job) VALUES ('x')", "DROP TABLE lease"])
def test_the_rarer_writes_are_refused_before_the_database_sees_them(statement: str) -> None:
    with pytest.raises(WriteOutsideTransaction):
        session().execute(text(statement))


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_reading_needs_no_transaction() -> None:
    assert session().execute(text("WITH x AS (SELECT 1 AS updated) SELECT updated FROM x")).scalar() == 1
    assert session().execute(text("SELECT 'delete from lease'")).scalar() == "delete from lease"


@pytest.mark.usefixtures("app")
def test_another_thread_has_no_part_in_an_open_transaction(app: Flask) -> None:
    seen: list[object] = []

    def write_elsewhere() -> None:
        with app.app_context():
            try:
                session().execute(delete(Lease))
            except WriteOutsideTransaction as error:
                seen.append(error)

    with transaction():
        other = threading.Thread(target=write_elsewhere)
        other.start()
        other.join()
    assert len(seen) == 1


@pytest.mark.usefixtures("app")
def test_migrations_may_write_and_nobody_after_them() -> None:
    with schema_changes():
        session().execute(delete(Lease))
        session().commit()
    with pytest.raises(WriteOutsideTransaction):
        session().execute(delete(Lease))


# --- several processes ---


@pytest.fixture
def counter(race_database: str, make_app: Callable[..., Flask]) -> tuple[str, Flask]:
    app = make_app(database_url=race_database)
    with app.app_context(), transaction() as current:
        current.add(lease())
    return race_database, app


@pytest.mark.engine
@pytest.mark.faults
def test_four_processes_count_to_three_hundred_and_twenty_without_losing_one(counter: tuple[str, Flask]) -> None:
    url, app = counter
    done = together(url, "tests.core.db.racers:count_up", processes=4, times=80, readers=0)
    assert done == [80] * 4
    with app.app_context():
        assert count() == 320
        assert session().scalar(select(func.max(IdempotencyKey.key))) == "000319"


@pytest.mark.engine
@pytest.mark.faults
def test_writers_are_not_disturbed_by_readers_nor_readers_by_writers(counter: tuple[str, Flask]) -> None:
    url, app = counter
    assert together(url, "tests.core.db.racers:count_up", processes=4, times=60, readers=2) == [60, 60, 0, 0]
    with app.app_context():
        assert count() == 120


@pytest.mark.engine
@pytest.mark.faults
def test_a_process_killed_before_its_commit_leaves_nothing_and_holds_nobody_up(counter: tuple[str, Flask]) -> None:
    url, app = counter
    process = Process(url, "tests.core.db.racers:write_and_die")
    process.wait_for("ready")
    process.go()
    process.wait_for("written")
    process.kill()
    with app.app_context():
        with transaction() as current:
            current.execute(insert(IdempotencyKey).values(**key("half", "again")))
        assert count() == 1


@pytest.mark.engine
@pytest.mark.faults
@pytest.mark.slow
def test_a_writer_that_waited_too_long_is_told_to_try_again(counter: tuple[str, Flask]) -> None:
    url, app = counter
    holder = Process(url, "tests.core.db.racers:hold_lock")
    holder.wait_for("ready")
    holder.go()
    holder.wait_for("holding")
    try:
        with app.app_context():

            def write() -> None:
                with transaction() as current:
                    current.execute(update(Lease).values(holder="other"))

            with pytest.raises(Busy):
                write()
            assert not in_transaction()
    finally:
        holder.kill()
    with app.app_context():
        write_now = update(Lease).values(holder="other")
        with transaction() as current:
            current.execute(write_now)


# --- locks ---


@pytest.mark.engine
@pytest.mark.usefixtures("app")
def test_a_lock_is_asked_for_where_the_engine_has_row_locks(engine_name: str) -> None:
    statement = locking(select(Lease).where(Lease.job == "x"), Lease)
    written = str(statement.compile(dialect=session().get_bind().dialect))
    assert ("FOR NO KEY UPDATE OF lease" in written) == (engine_name == "postgresql")
    assert session().scalars(statement).all() == []


@pytest.mark.engine
def test_a_part_that_fails_leaves_nothing_and_the_rest_stays(app: Flask) -> None:
    assert app
    with transaction() as current:
        current.execute(text("CREATE TABLE parted (id INTEGER PRIMARY KEY)"))
        current.execute(text("INSERT INTO parted VALUES (1)"))
        for first, second in ((2, 20), (10, 1)):
            with pytest.raises(IntegrityError) if second == 1 else nullcontext(), part():
                current.execute(text("INSERT INTO parted VALUES (:id)"), {"id": first})
                current.execute(text("INSERT INTO parted VALUES (:id)"), {"id": second})
    assert session().execute(text("SELECT id FROM parted ORDER BY id")).scalars().all() == [1, 2, 20]
