"""Every job runs once for each of its times, whatever the number of processes, and whatever one of them meets."""

import datetime as dt
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import clock, scheduler
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.scheduler import HEARTBEAT, Job, Lease, heartbeat_age, run_job, runner
from community.core.scheduler.lease import states
from tests.core.scheduler import racers
from tests.factories.people import make_member
from tests.harness.processes import Process, together

MINUTE = dt.timedelta(minutes=1)
ran: list[str] = []
TYPED = "王小明"


def good() -> None:
    """A job."""
    ran.append("good")


def bad() -> None:
    """A job that fails after it has written something."""
    ran.append("bad")
    with transaction():
        session().execute(select(Lease))
        raise OSError("disk full")


def violates() -> None:
    """A job that the database refuses."""
    with transaction():
        make_member(display_name=TYPED, age_band="bad")


@pytest.fixture(autouse=True)
def _own_jobs() -> Iterator[None]:
    before = scheduler.registered()
    ran.clear()
    yield
    scheduler.wire(before.values())


def job(function: str = "good", name: str = "t", every: dt.timedelta = MINUTE, **changed: dt.time) -> Job:
    return Job(name, f"{__name__}:{function}", every, **changed)


@pytest.mark.engine
def test_the_row_and_the_log_of_a_refused_job_name_the_constraint_and_no_value(
    app: Flask, frozen_clock: FrozenClock, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run_job(app, job("violates")).error
    (state,) = states()
    assert state.last_error
    told = state.last_error + "".join(capsys.readouterr())
    assert "ck_member_age_band" in state.last_error
    assert "job_failed" in told
    assert TYPED not in told


@pytest.mark.engine
def test_a_job_runs_once_for_each_slot(app: Flask, frozen_clock: FrozenClock) -> None:
    assert run_job(app, job()).ran
    assert not run_job(app, job()).ran
    frozen_clock.tick(seconds=59)
    assert not run_job(app, job()).ran
    frozen_clock.tick(seconds=1)
    assert run_job(app, job()).ran
    assert ran == ["good", "good"]


@pytest.mark.engine
def test_a_failing_job_is_noted_tried_again_after_a_pause_and_stops_no_other(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    daily = job("bad", "bad", dt.timedelta(days=1))
    result = run_job(app, daily)
    assert result.ran
    assert result.error == "OSError: disk full"
    assert run_job(app, job()).error is None
    assert not run_job(app, daily).ran, "not again at once"
    assert [(state.job, state.last_error) for state in states()] == [("bad", "OSError: disk full"), ("t", None)]
    frozen_clock.tick(minutes=5)
    assert run_job(app, daily).ran
    assert run_job(app, Job("bad", f"{__name__}:good", dt.timedelta(days=1))).ran is False
    frozen_clock.tick(minutes=5)
    assert run_job(app, Job("bad", f"{__name__}:good", dt.timedelta(days=1))).error is None
    session().commit()  # a job has a session of its own: end what this one saw
    assert states()[0].last_error is None


def test_a_job_that_cannot_be_found_is_noted_like_any_failure(app: Flask) -> None:
    result = run_job(app, Job("t", "community.core.jobs:no_such_thing", MINUTE))
    assert "no_such_thing" in (result.error or "")


@pytest.mark.parametrize(
    ("now", "slot"),
    [
        ("2026-11-23T19:09:59Z", "2026-11-23"),  # 03:09:59 on the 24th in Shanghai
        ("2026-11-23T19:10:00Z", "2026-11-24"),
        ("2026-11-23T16:00:00Z", "2026-11-23"),
    ],
)
def test_a_daily_job_belongs_to_a_civil_day(now: str, slot: str) -> None:
    assert job(every=dt.timedelta(days=1), at=dt.time(3, 10)).slot(dt.datetime.fromisoformat(now)) == slot


@pytest.mark.parametrize(
    ("seconds", "slot"), [(10, "2026-11-23T13:07:50Z"), (60, "2026-11-23T13:07:00Z"), (3600, "2026-11-23T13:00:00Z")]
)
def test_a_slot_is_the_same_on_every_host(seconds: int, slot: str) -> None:
    at = dt.datetime(2026, 11, 23, 13, 7, 59, 999999, tzinfo=dt.UTC)
    assert job(every=dt.timedelta(seconds=seconds)).slot(at) == slot


def test_a_missed_day_is_made_up_for_at_the_next_look(app: Flask, frozen_clock: FrozenClock) -> None:
    nightly = job(every=dt.timedelta(days=1), at=dt.time(3, 10))
    assert run_job(app, nightly).ran
    frozen_clock.tick(days=1)  # nothing ran at 03:10
    assert run_job(app, nightly).ran
    assert not run_job(app, nightly).ran


@pytest.mark.engine
def test_starting_gives_a_sign_of_life_at_once(app: Flask) -> None:
    scheduler.wire([Job(HEARTBEAT, "community.core.scheduler.runner:beat", dt.timedelta(seconds=30))])
    assert heartbeat_age() is None
    runner.tick(app, scheduler.registered()[HEARTBEAT])
    session().commit()
    age = heartbeat_age()
    assert age is not None
    assert age < 5


def test_a_database_that_is_away_stops_no_later_tick(app: Flask, monkeypatch: pytest.MonkeyPatch) -> None:
    def away(*_args: object, **_kwargs: object) -> None:
        raise OSError("connection refused")

    with monkeypatch.context() as broken:
        broken.setattr(runner, "is_due", away)
        runner.tick(app, job())
    runner.tick(app, job())
    assert ran == ["good"]


def test_a_long_job_holds_on_to_its_lease(make_app: Callable[..., Flask], monkeypatch: pytest.MonkeyPatch) -> None:
    app = make_app()
    monkeypatch.setattr(runner, "LEASE_SECONDS", 0.3)
    seen: list[bool] = []

    def long() -> None:
        time.sleep(0.8)
        with app.app_context():
            seen.append(runner.is_due("t", "9999"))

    monkeypatch.setattr("tests.core.scheduler.test_runner.good", long)
    assert run_job(app, job()).ran
    assert seen == [False]


# --- several processes ---


@pytest.mark.engine
@pytest.mark.faults
def test_processes_that_ask_at_the_same_moment_run_each_slot_once(race_database: str, tmp_path: Path) -> None:
    counts = together(race_database, "tests.core.scheduler.racers:run_slots", processes=2, path=str(tmp_path / "ran"))
    assert sum(counts) == racers.SLOTS
    assert len((tmp_path / "ran").read_text().split()) == racers.SLOTS
    assert all(counts), f"one process did all the work: {counts}"


@pytest.mark.engine
@pytest.mark.faults
def test_two_running_schedulers_do_the_work_of_one(race_database: str, tmp_path: Path) -> None:
    together(
        race_database,
        "tests.core.scheduler.racers:tick_for_a_while",
        processes=2,
        path=str(tmp_path / "ran"),
        seconds=3.2,
    )
    slots = (tmp_path / "ran.slots").read_text().split()
    assert len(slots) >= 2
    assert len(set(slots)) == len(slots), "a slot was worked twice"
    assert len((tmp_path / "ran").read_text().split()) == len(slots)


@pytest.mark.engine
@pytest.mark.faults
def test_the_slot_of_a_dead_process_is_run_by_another_once_its_lease_is_over(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    process = Process(race_database, "tests.core.scheduler.racers:run_and_hang")
    process.wait_for("ready")
    process.go()
    process.wait_for("running")
    process.kill()
    app = make_app(database_url=race_database)
    again = Job("race", f"{__name__}:good", MINUTE)
    assert not run_job(app, again, slot="1").ran
    with app.app_context():
        until = session().scalars(select(Lease.until)).one()
    with clock.frozen(until):
        assert run_job(app, again, slot="1").ran
        assert not run_job(app, again, slot="1").ran
    assert ran == ["good"]
