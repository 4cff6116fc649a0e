"""What the processes of these tests do."""

import datetime as dt
import os
import time
from pathlib import Path

from flask import current_app
from sqlalchemy import select

from community.core import clock, scheduler
from community.core.db import session
from community.core.scheduler import Job, Lease, runner
from tests.harness.processes import hear, say

PLACE = "LINLI_TEST_RACE"
SLOTS = 12


def write_down() -> None:
    """A job that takes a moment and writes down that it ran."""
    time.sleep(0.005)
    with Path(os.environ[PLACE]).open("a") as file:
        file.write(f"{clock.now():%H:%M:%S}\n")


def hang() -> None:
    """A job that never comes back."""
    say("running")
    hear()


def job(function: str, seconds: int = 60) -> Job:
    """A job of this module."""
    return Job("race", f"tests.core.scheduler.racers:{function}", dt.timedelta(seconds=seconds))


def run_slots(_number: int, path: str) -> int:
    """Run the same slots as every other process at the same moment; return how many were this one's."""
    os.environ[PLACE] = path
    mine, app = 0, current_app._get_current_object()  # type: ignore[attr-defined]
    for slot in (f"{number:02d}" for number in range(SLOTS)):
        while _finished() < slot:  # on to the next one together: a slot that was passed over is not made up for
            mine += scheduler.run_job(app, job("write_down"), slot=slot).ran
            time.sleep(0.005)
    return mine


def _finished() -> str:
    session().rollback()
    return session().scalar(select(Lease.slot).where(Lease.job == "race")) or ""


def tick_for_a_while(_number: int, path: str, seconds: float) -> int:
    """Run the real scheduler beside that of other processes; write down which slots this one took."""
    os.environ[PLACE] = path
    take = runner.take_slot

    def noted(job: str, slot: str, seconds: float) -> bool:
        taken = take(job, slot, seconds)
        if taken:
            with Path(f"{path}.slots").open("a") as file:
                file.write(f"{slot}\n")
        return taken

    runner.take_slot = noted
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    scheduler.wire([job("write_down", 1)])
    running = scheduler.start(app)
    time.sleep(seconds)
    running.shutdown()
    return 0


def run_and_hang(_number: int) -> bool:
    """Take the lease and never give it back."""
    app = current_app._get_current_object()  # type: ignore[attr-defined]
    return scheduler.run_job(app, job("hang"), slot="1").ran
