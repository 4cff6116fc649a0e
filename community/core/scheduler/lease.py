"""Leases: a row per job says who runs it until when; hosts that find it taken do nothing."""

from __future__ import annotations

import datetime as dt
import os
import socket

from sqlalchemy import String, Text, or_, select, update
from sqlalchemy.orm import Mapped, mapped_column

from community.core import clock
from community.core.db import Base, session, upsert
from community.core.ids import new_code

HEARTBEAT = "heartbeat"

_holder = f"{socket.gethostname()[:40]}:{os.getpid()}:{new_code(4)}"


class Lease(Base):
    """Who may run a job now, which slot was run last, and how that ended."""

    __tablename__ = "lease"

    job: Mapped[str] = mapped_column(String(60), primary_key=True)
    holder: Mapped[str] = mapped_column(String(80))
    until: Mapped[dt.datetime]
    slot: Mapped[str] = mapped_column(String(40), default="")
    last_run_at: Mapped[dt.datetime | None]
    last_error: Mapped[str | None] = mapped_column(Text)


def holder_name() -> str:
    """Return this process's name in leases: host, process id and a random part."""
    return _holder


def take_lease(job: str, seconds: float, holder: str | None = None) -> bool:
    """Take or renew the lease of `job` for `seconds`; False when another holder's still runs. Needs a transaction."""
    holder, now = holder or _holder, clock.now()
    _ensure_row(job, now)
    taken = session().execute(
        update(Lease)
        .where(Lease.job == job, or_(Lease.until <= now, Lease.holder == holder))
        .values(holder=holder, until=now + dt.timedelta(seconds=seconds))
    )
    return bool(taken.rowcount == 1)


def take_slot(job: str, slot: str, seconds: float, holder: str | None = None) -> bool:
    """Take the lease of `job` to run its `slot` (a business time, "2026-11-23T21:05"), once over all hosts.

    False when another holder runs it or the slot was already run. Slots compare as text and only grow.
    """
    holder, now = holder or _holder, clock.now()
    _ensure_row(job, now)
    taken = session().execute(
        update(Lease)
        .where(Lease.job == job, Lease.slot < slot, or_(Lease.until <= now, Lease.holder == holder))
        .values(holder=holder, until=now + dt.timedelta(seconds=seconds), slot=slot)
    )
    return bool(taken.rowcount == 1)


def finish(job: str, error: str | None = None) -> None:
    """Give the lease back and note how the run ended."""
    now = clock.now()
    session().execute(
        update(Lease)
        .where(Lease.job == job, Lease.holder == _holder)
        .values(until=now, last_run_at=now, last_error=error)
    )


def heartbeat_age() -> float | None:
    """Return the seconds since a scheduler last renewed the heartbeat lease; None when none ever ran."""
    last = session().execute(select(Lease.last_run_at).where(Lease.job == HEARTBEAT)).scalar()
    return None if last is None else (clock.now() - last).total_seconds()


def _ensure_row(job: str, now: dt.datetime) -> None:
    session().execute(
        upsert(Lease).values(job=job, holder="", until=now, slot="").on_conflict_do_nothing(index_elements=["job"])
    )
