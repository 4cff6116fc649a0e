"""Receipts of work at the desk go after a month; the decisions do not."""

import pytest
from sqlalchemy import select

from community.core import clock
from community.core.db import session, transaction
from community.home import jobs
from community.home.models import DeskRun
from tests.factories.people import make_member
from tests.factories.places import make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app", "frozen_clock")]


def test_runs_are_forgotten_after_thirty_days_and_the_job_may_run_twice(frozen_clock) -> None:
    with transaction():
        session().add(DeskRun(member_id=make_member(make_village()).id, act="approve", at=clock.now(), lines=[]))
    frozen_clock.tick(minutes=30 * 24 * 60)
    jobs.forget_runs()
    assert len(session().scalars(select(DeskRun)).all()) == 1
    frozen_clock.tick(minutes=1)
    jobs.forget_runs()
    jobs.forget_runs()
    assert session().scalars(select(DeskRun)).all() == []
