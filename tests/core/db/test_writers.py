"""Writers of a SQLite file come one after the other, wait a while and no longer, and never wait for a dead one."""

import threading
import time
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import create_engine, select, text

from community.core.db import db, session, transaction, writers
from community.core.db.engine import configure_engine
from community.core.db.writers import WriterQueue, queue_writers
from community.core.errors import Busy
from community.core.scheduler import Lease
from tests.harness.processes import Process


@pytest.fixture
def queue(tmp_path: Path) -> WriterQueue:
    return WriterQueue(tmp_path / "some.sqlite3")


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writers, "PATIENCE", 0.05)


def is_free(app: Flask) -> bool:
    """Whether another process would get its turn at the app's database."""
    queue = WriterQueue(Path(str(db.engine.url.database)))
    assert app
    try:
        queue.enter()
    except Busy:
        return False
    queue.leave()
    return True


def test_turns_of_threads_never_overlap(queue: WriterQueue) -> None:
    inside, most = 0, 0

    def take_turns() -> None:
        nonlocal inside, most
        for _turn in range(30):
            queue.enter()
            inside += 1
            most = max(most, inside)
            time.sleep(0.0002)
            inside -= 1
            queue.leave()

    threads = [threading.Thread(target=take_turns) for _number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert most == 1


def test_a_second_queue_at_the_same_file_waits_for_the_first(tmp_path: Path, impatient: None) -> None:
    here, there = WriterQueue(tmp_path / "x"), WriterQueue(tmp_path / "x")
    here.enter()
    with pytest.raises(Busy):
        there.enter()
    here.leave()
    there.enter()
    there.leave()


def test_who_gave_up_blocks_nobody(tmp_path: Path, impatient: None) -> None:
    here, there = WriterQueue(tmp_path / "x"), WriterQueue(tmp_path / "x")
    here.enter()
    for _time in range(2):
        with pytest.raises(Busy):
            there.enter()
    here.leave()
    here.enter()
    here.leave()


def test_a_process_that_had_its_turn_does_not_overtake_one_that_waits(tmp_path: Path) -> None:
    here, there = WriterQueue(tmp_path / "x"), WriterQueue(tmp_path / "x")
    order: list[str] = []
    here.enter()

    def wait() -> None:
        there.enter()
        order.append("there")
        there.leave()

    waiting = threading.Thread(target=wait)
    waiting.start()
    time.sleep(0.05)
    here.leave()
    here.enter()
    order.append("here")
    here.leave()
    waiting.join()
    assert order == ["there", "here"]


@pytest.mark.parametrize("fails", [False, True])
def test_a_turn_lasts_as_long_as_its_transaction(app: Flask, impatient: None, *, fails: bool) -> None:
    def write() -> None:
        with transaction():
            session().execute(text("UPDATE lease SET holder = 'x'"))
            assert not is_free(app)
            if fails:
                raise LookupError

    if fails:
        with pytest.raises(LookupError):
            write()
    else:
        write()
    assert is_free(app)


def test_readers_take_no_turn(app: Flask, impatient: None) -> None:
    session().execute(select(Lease.job)).all()
    assert is_free(app)


@pytest.mark.faults
def test_a_killed_process_gives_its_turn_back(app: Flask) -> None:
    process = Process(db.engine.url.render_as_string(), "tests.core.db.racers:write_and_die")
    process.wait_for("ready")
    process.go()
    process.wait_for("written")
    process.kill()
    began = time.monotonic()
    with transaction():
        session().execute(text("UPDATE lease SET holder = 'x'"))
    assert time.monotonic() - began < writers.PATIENCE / 2
    assert app


def test_a_database_in_memory_has_no_queue() -> None:
    engine = create_engine("sqlite://")
    assert queue_writers(engine) is None
    configure_engine(engine)
    with engine.connect() as connection:
        assert connection.execute(text("SELECT 1")).scalar() == 1
    engine.dispose()
