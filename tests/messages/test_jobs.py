"""What leaves the process leaves once, also when several processes send and when one is killed."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from flask import Flask
from sqlalchemy import select

from community.core import clock
from community.core.clock import FrozenClock
from community.core.db import in_transaction, session, transaction
from community.messages import channels, jobs, outbox
from community.messages.models import Outbox
from community.messages.services import send_later
from tests.harness.processes import Process, together


class Recorder:
    """A channel that remembers what it was given, or fails as told."""

    name = "test"

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.problem: Exception | None = None

    def send(self, key: str, payload: Mapping[str, Any]) -> None:
        assert not in_transaction(), "a row is claimed and committed before it is sent"
        if self.problem:
            raise self.problem
        self.sent.append(f"{key} {payload['n']}")


@pytest.fixture
def channel(app: Flask, frozen_clock: FrozenClock) -> Iterator[Recorder]:
    assert app
    assert frozen_clock
    before, recorder = channels._channels.copy(), Recorder()
    channels.wire(recorder)
    yield recorder
    channels.wire(*before.values())


def put(count: int = 1, channel: str = "test", **changed: Any) -> None:
    with transaction():
        for number in range(count):
            send_later(channel, f"k{number}", {"n": number}, **changed)


def rows() -> list[Outbox]:
    session().expire_all()
    return list(session().scalars(select(Outbox).order_by(Outbox.dedupe_key)))


@pytest.mark.engine
def test_what_is_due_is_sent_once_and_noted(channel: Recorder) -> None:
    put(3)
    assert jobs.send_due() == 3
    assert jobs.send_due() == 0
    assert sorted(channel.sent) == ["test:k0 0", "test:k1 1", "test:k2 2"]
    assert [(row.sent_at, row.attempts) for row in rows()] == [(clock.now(), 1)] * 3


def test_what_waits_for_its_time_is_not_sent_before(channel: Recorder, frozen_clock: FrozenClock) -> None:
    put(not_before=clock.now() + dt.timedelta(seconds=10))
    assert jobs.send_due() == 0
    frozen_clock.tick(seconds=10)
    assert jobs.send_due() == 1
    assert channel.sent == ["test:k0 0"]


@pytest.mark.engine
def test_a_failure_is_tried_again_later_and_later_and_then_given_up(
    channel: Recorder, frozen_clock: FrozenClock
) -> None:
    put(1)
    put(1, channel="console")
    channel.problem = OSError("line busy")
    pauses = []
    while rows()[1].dead_at is None:
        assert jobs.send_due() == 0
        row = rows()[1]
        pauses.append((row.next_try_at - clock.now()).total_seconds())
        assert row.last_error == "OSError: line busy"
        frozen_clock.move_to(max(row.next_try_at, clock.now()))
    assert pauses[:7] == [30, 120, 480, 1920, 7680, 21600, 21600]
    assert rows()[1].attempts == outbox.MAX_ATTEMPTS
    channel.problem = None
    frozen_clock.tick(days=1)
    jobs.send_due()
    assert channel.sent == []


def test_one_failing_message_does_not_hold_up_the_others(channel: Recorder) -> None:
    put(1, channel="nobody")
    put(2)
    assert jobs.send_due() == 2
    assert len(channel.sent) == 2
    (stuck,) = [row for row in rows() if row.channel == "nobody"]
    assert "no channel called nobody" in (stuck.last_error or "")
    assert stuck.sent_at is None


def test_a_refusal_for_good_is_a_dead_letter_at_once(channel: Recorder) -> None:
    put(1)
    channel.problem = channels.Undeliverable("no such number")
    jobs.send_due()
    assert (rows()[0].dead_at, rows()[0].last_error) == (clock.now(), "no such number")
    assert outbox.waiting() == {"waiting": 0, "dead": 1}


def test_a_message_that_kills_its_sender_is_given_up_too(channel: Recorder, frozen_clock: FrozenClock) -> None:
    put(1)
    for _attempt in range(outbox.MAX_ATTEMPTS):
        with transaction():
            assert outbox.claim_next()  # ... and the process dies
        frozen_clock.move_to(clock.now() + outbox.LEASE)
    assert jobs.send_due() == 0
    assert rows()[0].dead_at == clock.now()
    assert channel.sent == []


@pytest.mark.usefixtures("channel")
def test_who_comes_back_after_its_lease_was_taken_over_marks_nothing(frozen_clock: FrozenClock) -> None:
    put(1)
    with transaction():
        slow = outbox.claim_next()
    frozen_clock.move_to(clock.now() + outbox.LEASE)
    with transaction():
        quick = outbox.claim_next()
    assert slow
    assert quick
    with transaction():
        assert not outbox.failed(slow, "late")
        assert not outbox.sent(slow)
        assert outbox.sent(quick)
    with transaction():
        assert not outbox.sent(quick)


def test_a_long_error_is_cut_to_what_the_row_holds(channel: Recorder) -> None:
    put(1)
    channel.problem = OSError("x" * 5000)
    jobs.send_due()
    assert len(rows()[0].last_error or "") == 300


# --- several processes ---


@pytest.fixture
def shared(race_database: str, make_app: Callable[..., Flask]) -> Iterator[tuple[str, Flask]]:
    app = make_app(database_url=race_database)
    with app.app_context():
        yield race_database, app


@pytest.mark.engine
@pytest.mark.faults
def test_two_processes_never_send_the_same_row(shared: tuple[str, Flask], tmp_path: Path) -> None:
    url, _app = shared
    put(60, channel="file")
    counts = together(url, "tests.messages.racers:send_all", processes=2, path=str(tmp_path / "sent"))
    sent = (tmp_path / "sent").read_text().split()
    assert sum(counts) == len(sent) == 60
    assert len(set(sent)) == 60
    assert all(counts), f"one process did all the work: {counts}"


@pytest.mark.engine
@pytest.mark.faults
def test_a_sender_killed_before_it_could_mark_leaves_the_row_to_the_next_with_the_same_key(
    shared: tuple[str, Flask], tmp_path: Path
) -> None:
    url, _app = shared
    with transaction():
        send_later("file", "k", {"hold": True})
    process = Process(url, "tests.messages.racers:send_all", path=str(tmp_path / "sent"))
    process.wait_for("ready")
    process.go()
    process.wait_for("left")
    process.kill()
    channel = Recorder()
    channel.name = "file"
    channels.wire(channel)
    session().rollback()
    assert rows()[0].sent_at is None
    with transaction():
        rows()[0].payload = {"n": 1}
    assert jobs.send_due() == 0, "its lease still runs"
    with clock.frozen(rows()[0].next_try_at):
        assert jobs.send_due() == 1
    assert (tmp_path / "sent").read_text().split() == ["file:k"]
    assert channel.sent == ["file:k 1"]
    assert rows()[0].attempts == 2
