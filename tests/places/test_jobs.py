"""The scheduler's work: what it takes in and what it leaves alone (the runs themselves: test_imports.py)."""

import pytest

from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.places import jobs
from community.places.models import ImportRun
from tests.factories.places import make_run, make_village

pytestmark = [pytest.mark.engine, pytest.mark.usefixtures("app")]


def test_only_confirmed_runs_are_touched(frozen_clock: FrozenClock) -> None:
    with transaction():
        village = make_village()
        states = ("checked", "running", "done", "failed", "dropped")
        made = [make_run(village, state=state) for state in states]
    jobs.import_tables()
    assert [session().get_one(ImportRun, run.id, populate_existing=True).state for run in made] == list(states)
    frozen_clock.tick(days=8)
    jobs.import_tables()
    assert session().get_one(ImportRun, made[0].id, populate_existing=True).state == "dropped"
