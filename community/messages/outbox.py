"""Who sends an outbox row when: claimed before it is sent, marked afterwards, each in a transaction of the job.

A claim counts an attempt and moves `next_try_at` past the lease: until then no other process sees the row as due. A
sender that dies leaves it to the next one after the lease, with the same key. The count of attempts is the fence: who
comes back after its lease was taken over marks nothing.
"""

from __future__ import annotations

import datetime as dt
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, select, update

from community.core import clock
from community.core.db import session
from community.messages.models import Outbox

LEASE = dt.timedelta(minutes=2)
MAX_ATTEMPTS = 8
_FIRST_PAUSE = dt.timedelta(seconds=30)
_LONGEST_PAUSE = dt.timedelta(hours=6)


@dataclass(frozen=True, slots=True)
class Claim:
    """A row that is this process's to send until `until`."""

    id: uuid.UUID
    channel: str
    key: str
    payload: dict[str, Any]
    attempt: int
    until: dt.datetime


def claim_next() -> Claim | None:
    """Take the longest-due row, or None when nothing is due. The claim holds once the transaction is committed."""
    now = clock.now()
    due = (
        select(Outbox)
        .where(Outbox.next_try_at <= now, Outbox.sent_at.is_(None), Outbox.dead_at.is_(None))
        .order_by(Outbox.next_try_at)
        .limit(1)
        .with_for_update(skip_locked=True)
    )
    row = session().scalars(due).first()
    if row is None:
        return None
    row.attempts += 1
    row.next_try_at = now + LEASE
    if row.attempts > MAX_ATTEMPTS:
        # Every earlier try ended without a word: whatever kills its sender must not do so for ever.
        row.dead_at, row.last_error = now, row.last_error or "the sender ended before it could say how it went"
    session().flush()
    return Claim(row.id, row.channel, row.dedupe_key, dict(row.payload), row.attempts, row.next_try_at)


def sent(claim: Claim) -> bool:
    """Note that it left; False when another sender has taken it over meanwhile."""
    return _settle(claim, sent_at=clock.now(), last_error=None)


def failed(claim: Claim, error: str, *, for_good: bool = False) -> bool:
    """Note what went wrong and when to try again; a dead letter `for_good` or after the last attempt."""
    now = clock.now()
    if for_good or claim.attempt >= MAX_ATTEMPTS:
        return _settle(claim, dead_at=now, last_error=error[:300])
    return _settle(claim, next_try_at=now + pause_after(claim.attempt), last_error=error[:300])


def pause_after(attempt: int) -> dt.timedelta:
    """Return how long to wait after the failed attempt number `attempt`: 30 s, 2 min, 8 min … at most 6 hours."""
    return min(_FIRST_PAUSE * int(4 ** (attempt - 1)), _LONGEST_PAUSE)


def waiting() -> dict[str, int]:
    """Return how many rows are waiting and how many are dead letters, for operators."""
    due, dead = Outbox.sent_at.is_(None) & Outbox.dead_at.is_(None), Outbox.dead_at.is_not(None)
    counted = session().execute(select(func.count().filter(due), func.count().filter(dead)).select_from(Outbox)).one()
    return {"waiting": counted[0], "dead": counted[1]}


def _settle(claim: Claim, **values: Any) -> bool:
    done = session().execute(
        update(Outbox)
        .where(Outbox.id == claim.id, Outbox.attempts == claim.attempt, Outbox.sent_at.is_(None))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    return bool(done.rowcount)  # type: ignore[attr-defined]
