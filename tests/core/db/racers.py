"""What the processes of these tests do."""

import time
from typing import Any

from sqlalchemy import func, insert, select, text

from community.core import clock
from community.core.db import session, transaction
from community.core.errors import Busy
from community.core.idempotency import IdempotencyKey
from community.core.scheduler import Lease
from tests.harness.processes import hear, say


def count_up(number: int, times: int, readers: int) -> int:
    """Read the highest slot and write the next one, `times` times; the last `readers` processes only read."""
    if number >= 4 - readers:
        return _read(times)
    for turn in range(times):
        with transaction() as current:
            # Any row that everybody writes: on PostgreSQL it must be locked before it is read.
            current.execute(select(Lease.job).where(Lease.job == "counter").with_for_update())
            highest = current.scalar(select(func.count()).select_from(IdempotencyKey)) or 0
            current.execute(insert(IdempotencyKey).values(**key(f"{highest:06d}", f"{number}.{turn}")))
    return times


def _read(times: int) -> int:
    seen = 0
    for _turn in range(times):
        now = session().scalar(select(func.count()).select_from(IdempotencyKey)) or 0
        assert now >= seen, "a reader went back in time"
        seen = now
        session().rollback()
        time.sleep(0.001)
    return 0


def key(name: str, note: str) -> dict[str, Any]:
    """A row of the table with the simplest unique key."""
    return {"actor_key": "t", "key": name, "request_hash": note, "status": 303, "created_at": clock.now()}


def add_key(_number: int) -> int:
    """Write one row; return 1."""
    with transaction() as current:
        current.execute(insert(IdempotencyKey).values(**key("later", "x")))
    return 1


def hold_lock(_number: int) -> bool:
    """Hold the one writer's place (SQLite) or a row (PostgreSQL) until the test says go."""
    with transaction() as current:
        current.execute(text("UPDATE lease SET holder = 'me' WHERE job = 'counter'"))
        say("holding")
        hear()
    return True


def write_and_die(_number: int) -> bool:
    """Write, and wait to be killed before the commit."""
    with transaction() as current:
        current.execute(insert(IdempotencyKey).values(**key("half", "done")))
        say("written")
        hear()
    return True


def try_to_write(_number: int) -> str:
    """Say whether the row could be written."""
    try:
        with transaction() as current:
            current.execute(text("UPDATE lease SET holder = 'other' WHERE job = 'counter'"))
    except Busy:
        return "busy"
    return "written"


def keys_beside(what: str) -> tuple[str, int]:
    """In a reader: return what it was given and how many rows it sees; "write" tries to add one, "none" fails."""
    if what == "none":
        raise LookupError("no such thing")
    if what == "write":
        session().execute(insert(IdempotencyKey).values(**key("never", "x")))
    return what, session().scalar(select(func.count()).select_from(IdempotencyKey)) or 0
