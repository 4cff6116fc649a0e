"""Two and more who move one budget at the same moment: nothing is lost, nothing is promised twice."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable

import pytest
from flask import Flask
from sqlalchemy import func, select

from community.core import clock
from community.core.db import session, transaction
from community.points import jobs
from community.points.models import BudgetMove, BudgetSlot, Txn
from community.points.queries.invariants import broken
from tests.factories.access import make_grant
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import accepted, make_rule, open_books, town_of
from tests.harness.processes import together
from tests.points.budget_racers import TAKEN, TURNS
from tests.points.racers import fact_of
from tests.points.services.test_posting import EVENING, YEARS, count, deadlocks

pytestmark = [pytest.mark.engine, pytest.mark.faults, pytest.mark.slow]
RACERS = 3
START = 160


def test_budget_moves_at_once_add_up_and_the_last_piece_is_taken_once(
    race_database: str, make_app: Callable[..., Flask]
) -> None:
    with make_app(database_url=race_database).app_context():
        with transaction():
            village = make_village()
            town = town_of(village)
            open_books(town, make_rule(once_per="", cap_day=None), budget=START, years=YEARS)
            people = [make_member(village) for _one in range(2 * RACERS)]
            for one in people[:RACERS]:
                make_grant(one, "district_office", town)
        # Awards are paid by the year in which they are recorded.
        year = clock.today().year
        said = sum(
            (
                Counter(one)
                for one in together(
                    race_database, "tests.points.budget_racers:move", processes=RACERS, town=town.id, year=year,
                    admins=[one.id for one in people[:RACERS]], members=[one.id for one in people[RACERS:]],
                    fact=fact_of(accepted(people[0], village, used_at=EVENING)),
                )
            ),
            Counter[str](),
        )  # fmt: skip
        session().rollback()
        # 160 and 60 more, of which 60 are earned: between 160 and 220 are left, and 120 can be taken away once.
        assert said == {"done": RACERS * TURNS * 3, "all done": 1, "all budget_spent": RACERS - 1}
        # Awards that met a budget in somebody's hands wait for the next run.
        jobs.post_waiting()
        session().rollback()
        sums = select(func.sum(BudgetSlot.amount), func.sum(BudgetSlot.used)).where(BudgetSlot.year == year)
        assert session().execute(sums).one() == (START + RACERS * TURNS * 5 - TAKEN, count(Txn) * 5)
        assert count(Txn) == RACERS * TURNS
        moves = select(func.sum(BudgetMove.amount), func.count()).where(BudgetMove.year == year)
        assert session().execute(moves).one() == (START + RACERS * TURNS * 5 - TAKEN, 1 + RACERS * TURNS * 2 + 1)
        assert deadlocks() == 0
        assert broken() == {}
