"""Runs the registered jobs: APScheduler ticks in each process, the database decides which process acts."""

from __future__ import annotations

import datetime as dt
import importlib
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import structlog
from apscheduler.schedulers.background import BackgroundScheduler
from flask import Flask

from community.core import clock
from community.core.db import session, transaction
from community.core.scheduler.lease import HEARTBEAT, finish, take_slot

log = structlog.get_logger(__name__)

LEASE_SECONDS = 300.0


@dataclass(frozen=True)
class Job:
    """A piece of work that repeats: `func` is "module:function", called without arguments in an application context.

    The function opens its own `transaction()` per item and is safe to run twice for the same business time.
    """

    name: str
    func: str
    every: dt.timedelta

    def load(self) -> Callable[[], Any]:
        """Return the function that `func` names."""
        module, _, function = self.func.partition(":")
        return getattr(importlib.import_module(module), function)  # type: ignore[no-any-return]

    def slot(self, at: dt.datetime) -> str:
        """Return the name of the slot that `at` falls into; the same on every host."""
        seconds = int(self.every.total_seconds())
        start = dt.datetime.fromtimestamp(int(at.timestamp()) // seconds * seconds, dt.UTC)
        return start.strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True)
class JobResult:
    """How one call went: `ran` False means another process had it."""

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
    """Run `job` for its current slot (or `slot`) unless another process has run or is running it."""
    with app.app_context():
        with transaction():
            if not take_slot(job.name, slot or job.slot(clock.now()), LEASE_SECONDS):
                return JobResult(ran=False)
        began, error = time.monotonic(), None
        try:
            job.load()()
        except Exception as caught:
            session().rollback()
            error = f"{type(caught).__name__}: {caught}"[:500]
            log.exception("job_failed", job=job.name)
        with transaction():
            finish(job.name, error)
        return JobResult(ran=True, seconds=time.monotonic() - began, error=error)


def start(app: Flask) -> BackgroundScheduler:
    """Start ticking every registered job in this process; stop it with `.shutdown()`."""
    scheduler = BackgroundScheduler(timezone=dt.UTC, job_defaults={"coalesce": True, "max_instances": 1})
    for job in _jobs.values():
        scheduler.add_job(run_job, "interval", args=[app, job], seconds=job.every.total_seconds(), id=job.name)
    scheduler.start()
    heartbeat = _jobs.get(HEARTBEAT)
    if heartbeat:
        run_job(app, heartbeat)
    return scheduler


def beat() -> None:
    """Do nothing: that this job runs is the sign of life that `/readyz` reads."""
