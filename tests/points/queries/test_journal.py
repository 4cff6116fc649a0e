"""What other programs are given of a month."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core.clock import FrozenClock
from community.core.db import transaction
from community.people.models import Member
from community.places.models import Area
from community.points import subscribers
from community.points.queries import journal
from community.points.queries.journal import Balance, Side
from tests.factories.ledger import give
from tests.factories.points import accepted, town_of

pytestmark = pytest.mark.engine
NOVEMBER, DECEMBER = dt.date(2026, 11, 1), dt.date(2026, 12, 1)


def test_a_month_is_its_transfers_and_what_stood_before_and_after(
    village: Area, member: Member, frozen_clock: FrozenClock
) -> None:
    town = town_of(village)
    with transaction():
        give(member, town, 7)
        subscribers.award_checkin(accepted(member, village))
    lines = list(journal.lines(town.id, NOVEMBER))
    assert [(line.kind, line.amount, line.debit.kind, line.rule) for line in lines] == [
        ("adjust", 7, "adjustment", ""),
        ("award", 5, "issuance", "P01/1"),
    ]
    (account,) = {line.credit.account_id for line in lines}
    assert journal.count(town.id, NOVEMBER) == 2
    assert journal.balances(town.id, NOVEMBER) == [Balance(Side("resident", account), "points", 0, 12)]
    frozen_clock.tick(days=10)
    assert (journal.count(town.id, DECEMBER), list(journal.lines(town.id, DECEMBER))) == (0, [])
    assert journal.balances(town.id, DECEMBER) == [Balance(Side("resident", account), "points", 12, 12)]


@pytest.mark.usefixtures("app")
def test_a_month_ends_on_its_last_day_in_leap_years_too() -> None:
    assert journal.last_day(dt.date(2028, 2, 1)) == dt.date(2028, 2, 29)
    assert journal.last_day(dt.date(2026, 12, 1)) == dt.date(2026, 12, 31)
