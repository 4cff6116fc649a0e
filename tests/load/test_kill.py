"""A worker dies in the middle of a rainy evening: what was acknowledged is there, once, and the server goes on.

Phones post check-ins through the real server and post them again, unchanged, until they are told of a receipt; twice a
worker is killed while it answers. Then every member has one check-in, one award and the right sums.
"""

from __future__ import annotations

import datetime as dt
import os
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from flask import Flask
from sqlalchemy import func, select

from bench import village
from bench.phones import Answer, Run, until_acknowledged
from bench.stage import HOST, environment, program, serve_command
from community.core import clock
from community.core.db import Base, db, session
from community.core.idempotency import IdempotencyKey
from community.patrols.models import CheckIn, CheckInEvent
from community.points.models import Account, BudgetSlot, Entry, Lot, RuleUsage, Transfer, Txn, Unsealed
from tests.harness.server import Server

# SQLite has one writer: fewer check-ins prove the same in the same time.
CHECKINS = {"postgresql": 2000, "sqlite": 1000}
WORKERS = 2
LINES = 8
POINTS = 5


@dataclass(frozen=True)
class Filled:
    """The program on a database with members at their posts, its environment, and the members' phones."""

    app: Flask
    given: dict[str, str]
    phones: list[village.Phone]


def workers(server: Server) -> set[int]:
    """The ids of the server's worker processes."""
    assert server.process
    # Everybody's processes, of which only the server's own children are looked at.
    listed = subprocess.run(["ps", "-A", "-o", "pid=,ppid=,args="], check=True, capture_output=True, text=True)  # noqa: S607
    rows = [line.split(maxsplit=2) for line in listed.stdout.splitlines()]
    return {int(pid) for pid, parent, words in rows if int(parent) == server.process.pid and "tracker" not in words}


def replaced(server: Server, killed: set[int]) -> bool:
    """Whether the server has all its workers again, none of them killed; it takes its time to start them."""
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        now = workers(server)
        if len(now) == WORKERS and not now & killed:
            return True
        time.sleep(0.2)
    return False


def is_receipt(answer: Answer) -> bool:
    return answer.status == 303 and "/checkins/" in answer.location


@pytest.fixture
def filled(race_database: str, engine_name: str, tmp_path: Path) -> Iterator[Filled]:
    given = environment(race_database, tmp_path / "instance")
    app = program(given)
    yield Filled(app, given, village.build(app, CHECKINS[engine_name]))
    with app.app_context():
        db.engine.dispose()


@pytest.mark.engine
@pytest.mark.slow
@pytest.mark.faults
def test_a_killed_worker_loses_and_doubles_nothing(filled: Filled, start_server: Callable[..., Server]) -> None:
    server = start_server(command=serve_command(), ready="/healthz", **filled.given)
    before, killed = workers(server), set[int]()
    assert len(before) == WORKERS

    def kill_at_times(done: int) -> None:
        if done in {len(filled.phones) // 4, len(filled.phones) // 2}:
            victim = min(before - killed)
            os.kill(victim, signal.SIGKILL)
            killed.add(victim)

    requests = [village.request_of(phone, HOST) for phone in filled.phones]
    run = until_acknowledged(server.port, requests, lines=LINES, done=is_receipt, on_progress=kill_at_times)

    assert killed == before
    assert run.resent > 0, "nobody was waiting when the worker died: the test proved nothing"
    assert replaced(server, killed)
    with filled.app.app_context():
        everything_once(filled.phones, run)


def everything_once(phones: list[village.Phone], run: Run) -> None:
    """Every receipt is the member's own check-in of today, with one award; the books agree (yesterday's awards too)."""
    members, today = len(phones), clock.now() - dt.timedelta(hours=12)
    made = session().execute(select(CheckIn.member_id, CheckIn.id).where(CheckIn.used_at > today)).all()
    told = {phone.member_id: answer.location for phone, answer in zip(phones, run.answers, strict=True)}
    assert len(made) == members
    assert {row.member_id: f"/checkins/{row.id}" for row in made} == told

    moves = select(CheckInEvent.checkin_id).where(CheckInEvent.at > today)
    assert sorted(session().scalars(moves)) == sorted(row.id for row in made)
    awards = select(Txn.evidence_ref).where(Txn.recorded_at > today)
    assert sorted(session().scalars(awards)) == sorted(f"checkin:{row.id}" for row in made)
    for table in (Txn, Transfer, Entry, Lot, Unsealed):
        assert count(table) == 2 * members, table.__name__
    assert count(IdempotencyKey) == members

    # Of each member: the account after two awards, and what each hour and day of theirs holds.
    accounts = select(Account.posted, Account.seq, Account.held).where(Account.kind == "resident")
    assert session().execute(accounts).all() == [(2 * POINTS, 2, 0)] * members
    assert session().scalars(select(RuleUsage.used)).all() == [POINTS] * (4 * members)
    assert session().scalar(select(func.sum(Transfer.amount))) == 2 * POINTS * members
    assert session().scalar(select(func.sum(BudgetSlot.used))) == 2 * POINTS * members


def count(table: type[Base]) -> int:
    return session().scalar(select(func.count()).select_from(table)) or 0
