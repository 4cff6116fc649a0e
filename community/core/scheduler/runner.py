"""Runs the registered jobs: APScheduler ticks in each process, the database decides which process acts."""

from __future__ import annotations

import datetime as dt
import importlib
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from community.core import clock, telling
from community.core.db import session, transaction
from community.core.scheduler.lease import HEARTBEAT, finish, is_due, put_off, renew, take_slot

log = structlog.get_logger(__name__)

# A dead holder's job is taken over after this; a living one renews in time.
LEASE_SECONDS = 300.0
# How often a process looks whether a rare job is due, and how long a failed run waits at most for its next try.
LOOK_SECONDS = 60.0
RETRY_SECONDS = 300.0
# A tick that comes late still counts, and several missed ones count once.
DEFAULTS = {"coalesce": True, "max_instances": 1, "misfire_grace_time": None}


@dataclass(frozen=True)
class Job:
    """A piece of work that repeats: `func` is "module:function", called without arguments in an application context.

    The function opens its own `transaction()` per item and is safe to run twice for the same business time. With
    `at`, a job of every day runs once for each civil day, at or soon after that local time; otherwise once in each
    span of `every`.
    """

    name: str
    func: str
    every: dt.timedelta
    at: dt.time | None = None

    def load(self) -> Callable[[], Any]:
        """Return the function that `func` names."""
        module, _, function = self.func.partition(":")
        return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]

    def slot(self, at: dt.datetime) -> str:
        """Return the name of the slot that `at` falls into, a business time; the same on every host."""
        if self.at is not None:
            here = clock.local(at)
            return (here.date() if here.time() >= self.at else here.date() - dt.timedelta(days=1)).isoformat()
        seconds = int(self.every.total_seconds())
        start = dt.datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, dt.UTC)
        return start.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class JobResult:
    """How one call went: `ran` False means that there was nothing to run, or another process had it."""

    ran: bool
    seconds: float = 0.0
    error: str | None = None


_jobs: dict[str, Job] = {}


def wire(jobs: Iterable[Job]) -> None:
    """Replace the registered jobs; called by the factory alone."""
    _jobs.clear()
    _jobs.update({job.name: job for job in jobs})


def registered() -> dict[str, Job]:
    """Return the registered jobs by name."""
    return dict(_jobs)


def run_job(app: Flask, job: Job, *, slot: str | None = None) -> JobResult:
    """Run `job` for its current slot (or `slot`) unless another process has run or is running it.

    Whatever the job raises is noted in its row and in the log; the slot is tried again after a pause.
    """
    with app.app_context():
        slot = slot or job.slot(clock.now())
        if not _take(job, slot):
            return JobResult(ran=False)
        began, error = time.monotonic(), None
        with _renewing(app, job):
            try:
                job.load()()
            except Exception as caught:
                session().rollback()
                error = telling.short(caught)[:500]
                log.exception("job_failed", job=job.name, slot=slot)
        with transaction():
            if error is None:
                finish(job.name, slot)
            else:
                put_off(job.name, error, min(job.every.total_seconds(), RETRY_SECONDS))
        return JobResult(ran=True, seconds=time.monotonic() - began, error=error)


def start(app: Flask) -> BackgroundScheduler:
    """Start ticking every registered job in this process; stop it with `.shutdown()`."""
    scheduler = BackgroundScheduler(timezone=dt.UTC, job_defaults=DEFAULTS)
    if heartbeat := _jobs.get(HEARTBEAT):
        tick(app, heartbeat)
    for job in _jobs.values():
        seconds = min(job.every.total_seconds(), LOOK_SECONDS)
        scheduler.add_job(tick, "interval", args=[app, job], seconds=seconds, id=job.name, next_run_time=clock.now())
    scheduler.start()
    return scheduler


def tick(app: Flask, job: Job) -> None:
    """Run `job` if it is due; a database that is away now is asked again at the next tick."""
    try:
        run_job(app, job)
    except Exception:
        log.exception("tick_failed", job=job.name)


def beat() -> None:
    """Do nothing: that this job runs is the sign of life that `/readyz` reads."""


def _take(job: Job, slot: str) -> bool:
    if not is_due(job.name, slot):
        return False
    with transaction():
        return take_slot(job.name, slot, LEASE_SECONDS)


@contextmanager
def _renewing(app: Flask, job: Job) -> Iterator[None]:
    """Keep the lease while a long job runs; one that was lost anyway (a paused host) is noted."""
    done = threading.Event()

    def keep() -> None:
        while not done.wait(LEASE_SECONDS / 3):
            try:
                with app.app_context(), transaction():
                    held = renew(job.name, LEASE_SECONDS)
                if not held:
                    log.warning("lease_lost", job=job.name)
                    return
            except Exception:
                log.exception("renewal_failed", job=job.name)

    keeper = threading.Thread(target=keep, name=f"renew-{job.name}", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()
