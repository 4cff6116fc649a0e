"""A job's items stand alone: one that fails stops no other, and the job says so at its end."""

import datetime as dt

import pytest
from flask import Flask
from sqlalchemy import select

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.scheduler import Job, Lease, run_job, take_slot
from community.core.scheduler.items import ItemsFailed, for_each
from community.core.scheduler.lease import states

pytestmark = pytest.mark.engine
ITEMS = ("first", "poison", "third")


def write(name: str) -> None:
    """An item's work: write a row, then fail if it is the bad one."""
    take_slot(name, "1", 60)
    if name == "poison":
        raise ZeroDivisionError("with a secret in it")


def work() -> None:
    """A job of three items."""
    for_each(ITEMS, write)


def test_an_item_that_fails_is_undone_and_stops_no_other(app: Flask) -> None:
    assert app
    with pytest.raises(ItemsFailed):
        for_each(ITEMS, write)
    assert set(session().scalars(select(Lease.job))) == {"first", "third"}


def test_the_failure_is_noted_in_the_jobs_row_without_the_words_of_the_error(
    app: Flask, frozen_clock: FrozenClock
) -> None:
    assert frozen_clock
    run_job(app, Job("t", f"{__name__}:work", dt.timedelta(minutes=1)))
    noted = next(state.last_error for state in states() if state.job == "t")
    assert noted == "ItemsFailed: 1 of 3 items failed, first poison (ZeroDivisionError)"


def test_without_a_failure_nothing_is_raised_and_nothing_is_open(app: Flask) -> None:
    assert app
    for_each(("first",), write)
    for_each((), write)
    with transaction():
        assert session().scalars(select(Lease.job)).all() == ["first"]
