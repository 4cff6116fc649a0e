"""Leases: a row per job says who runs it until when; hosts that find it taken do nothing."""

from __future__ import annotations

import datetime as dt
import os
import socket
from dataclasses import dataclass

from sqlalchemy import String, Text, select, update
from sqlalchemy.orm import Mapped, mapped_column

from community.core import clock
from community.core.db import Base, session, upsert
from community.core.ids import new_code

HEARTBEAT = "heartbeat"

# Unknown until first asked for, and once in each process: a server's workers are copies of their parent.
_holders: dict[int, str] = {}


class Lease(Base):
    """Who may run a job now, which slot was finished last, and how that ended."""

    __tablename__ = "lease"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[dt.datetime]
    slot: Mapped[str] = mapped_column(String(40), default="")
    last_run_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


@dataclass(frozen=True, slots=True)
class State:
    """How a job stands, for operators."""

    job: str
    last_run_at: dt.datetime | None
    last_error: str | None


def holder_name() -> str:
    """Return this process's name in leases: host, process id and a random part."""
    pid = os.getpid()
    return _holders.setdefault(pid, f"{socket.gethostname()[:40]}:{pid}:{new_code(4)}")


def is_due(job: str, slot: str) -> bool:
    """Say whether `slot` of `job` waits to be run: a plain read, so that hosts may ask often."""
    row = session().execute(select(Lease.slot, Lease.until).where(Lease.job == job)).first()
    return row is None or (row.slot < slot and row.until <= clock.now())


def take_slot(job: str, slot: str, seconds: float, holder: str | None = None) -> bool:
    """Take the lease of `job` for `seconds` to run its `slot` (a business time, "2026-11-23T21:05"). In a transaction.

    False when somebody holds it or the slot was finished; of several hosts that ask, one gets it. A holder that dies
    keeps it until its time is over; then the same slot may be taken again. Slots compare as text and only grow.
    """
    now = clock.now()
    _ensure_row(job, now)
    return _changed(
        update(Lease)
        .where(Lease.job == job, Lease.slot < slot, Lease.until <= now)
        .values(holder=holder or holder_name(), until=now + dt.timedelta(seconds=seconds))
    )


def renew(job: str, seconds: float, holder: str | None = None) -> bool:
    """Hold on to the lease for `seconds` from now; False when it is somebody else's by now."""
    now = clock.now()
    return _changed(
        update(Lease)
        .where(Lease.job == job, Lease.holder == (holder or holder_name()), Lease.until > now)
        .values(until=now + dt.timedelta(seconds=seconds))
    )


def finish(job: str, slot: str, holder: str | None = None) -> bool:
    """Give the lease back with `slot` done; False when it is somebody else's by now."""
    now = clock.now()
    return _changed(
        update(Lease)
        .where(Lease.job == job, Lease.holder == (holder or holder_name()))
        .values(until=now, slot=slot, last_run_at=now, last_error=None)
    )


def put_off(job: str, error: str, seconds: float, holder: str | None = None) -> bool:
    """Note that the run failed; its slot may be taken again in `seconds`. False when the lease is somebody else's."""
    now = clock.now()
    return _changed(
        update(Lease)
        .where(Lease.job == job, Lease.holder == (holder or holder_name()))
        .values(until=now + dt.timedelta(seconds=seconds), last_run_at=now, last_error=error)
    )


def heartbeat_age() -> float | None:
    """Return the seconds since a scheduler last gave a sign of life; None when none ever ran."""
    last = session().execute(select(Lease.last_run_at).where(Lease.job == HEARTBEAT)).scalar()
    return None if last is None else (clock.now() - last).total_seconds()


def states() -> list[State]:
    """Return how each job stands that ever ran, by name."""
    rows = session().execute(select(Lease.job, Lease.last_run_at, Lease.last_error).order_by(Lease.job))
    return [State(row.job, row.last_run_at, row.last_error) for row in rows]


def _ensure_row(job: str, now: dt.datetime) -> None:
    session().execute(
        upsert(Lease).values(job=job, holder="", until=now, slot="").on_conflict_do_nothing(index_elements=["job"])
    )


def _changed(statement: object) -> bool:
    done = session().execute(statement)  # type: ignore[call-overload]
    return bool(done.rowcount == 1)
