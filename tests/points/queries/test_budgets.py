"""How a budget came about and what a point costs."""

from __future__ import annotations

import pytest

from community.core.authz import system_actor
from community.core.db import transaction
from community.places.models import Area
from community.points.queries import budgets
from community.points.queries.budgets import Year
from community.points.services import budget
from tests.factories.points import town_of

pytestmark = pytest.mark.engine


def test_each_year_is_told_newest_first_and_a_year_without_budget_is_empty(village: Area) -> None:
    town = town_of(village)
    with transaction():
        budget.fund(system_actor("tests"), town.id, 2027, 40, resolution="第5号决议", fen_per_point=9)
    assert budgets.years(town.id) == [Year(2027, 40, 0), Year(2026, 10_000, 0)]
    assert budgets.year_of(town.id, 2030) == Year(2030, 0, 0)
    assert [(one.year, one.amount) for one in budgets.moves(town.id)] == [(2027, 40), (2026, 10_000)]


def test_a_price_holds_until_another_is_decided_and_money_keeps_its_own(village: Area) -> None:
    town, actor = town_of(village), system_actor("tests")
    assert (budgets.price(town.id), budgets.funded(town.id)) == (0, 0)
    with transaction():
        budget.fund(actor, town.id, 2027, 40, resolution="第5号决议", fen_per_point=9)
    with transaction():
        budget.fund(actor, town.id, 2027, 50, resolution="第6号决议")
    assert (budgets.price(town.id), budgets.funded(town.id)) == (9, 450)
