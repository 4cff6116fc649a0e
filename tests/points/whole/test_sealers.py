"""Two sealers, closers and awards at once, in real processes: one chain, no gap, no deadlock, every posting once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core import clock
from community.core.authz import system_actor
from community.core.db import session, transaction
from community.points import policies
from community.points.models import PeriodClose, Seal, Txn
from community.points.queries import months
from community.points.services import closing, sealing
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import make_rule, open_books, town_of
from tests.harness.processes import together
from tests.points.invariants import assert_sound

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.slow]


def test_sealers_closers_and_awards_at_once_leave_one_whole_chain(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    app = make_app(database_url=race_database)
    with app.app_context():
        month_on = policies.add_months(clock.today().replace(day=1), -1)
        with transaction():
            village = make_village()
            years = tuple(range(2020, 2060))
            open_books(town_of(village), make_rule(once_per="", cap_day=None), years=years)
            members = [make_member(village).id for _number in range(3)]
        done = together(
            race_database, "tests.points.sealers:at_once", processes=8,
            village_id=village.id, members=members, month=month_on.isoformat(),
        )  # fmt: skip
        session().rollback()
        assert done[0] == done[4] == 30
        assert done[3] > 0
        posted = session().scalar(select(func.count()).select_from(Txn))
        with transaction():
            while sealing.seal_town(village.town_id):
                pass
        assert session().scalar(select(func.count()).select_from(Seal)) == posted == 60
        assert_sound()
        drafted = session().scalars(select(PeriodClose)).one()
        assert drafted.totals == months.totals(village.town_id, month_on), "what is awarded today is of this month"
        assert not list(months.altered(drafted))
        with clock.frozen(clock.now() + dt.timedelta(days=closing.WINDOW + 1)), transaction():
            closing.publish(system_actor("tests"), village.town_id, month_on)
        assert_sound()
