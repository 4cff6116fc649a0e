"""The gauge: what is owed, what covers it, how long it lasts, what expires."""

from __future__ import annotations

import datetime as dt

import pytest
from sqlalchemy import update

from community.core.authz import system_actor
from community.core.clock import FrozenClock
from community.core.db import session, transaction
from community.core.errors import Conflict
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardItem, StockMove
from community.points.queries import solvency
from community.points.services import budget, expiring, holding, spending
from community.points.services.posting import By
from tests.factories.ledger import end_order, give, make_item, make_order
from tests.factories.points import town_of
from tests.points.invariants import assert_sound

pytestmark = pytest.mark.engine


def priced(village: Area, points: int, fen: int) -> int:
    """Give the town a budget of so many points more at `fen` each; returns the town's id."""
    town = town_of(village)
    with transaction():
        budget.fund(system_actor("tests"), town.id, 2026, 10_000 + points, resolution="第3号决议", fen_per_point=fen)
    return town.id


def deliver(item: RewardItem, pieces: int, by: Member) -> None:
    """Pieces came, and the books say so."""
    item.on_hand += pieces
    session().add(
        StockMove(
            item_id=item.id, seq=1, delta=pieces, on_hand_after=item.on_hand, reason="delivery", by_id=by.id,
            at=item.created_at,
        )
    )  # fmt: skip
    session().flush()


def test_without_a_price_nothing_is_known_and_nothing_is_blocked(village: Area, member: Member) -> None:
    town = town_of(village)
    with transaction():
        give(member, town, 500)
    assert solvency.gauge(town.id).state == "unknown"
    with transaction():
        budget.must_be_solvent(town.id)


def test_what_is_owed_is_what_people_may_still_spend(village: Area, member: Member, frozen_clock: FrozenClock) -> None:
    town_id, town = priced(village, 1000, 10), town_of(village)
    with transaction():
        give(member, town, 30, days=1)
        give(member, town, 70)
        give(member, town, 600, asset="minutes")
    assert (solvency.gauge(town_id).outstanding, solvency.gauge(town_id).liability) == (100, 1000)
    frozen_clock.tick(days=2)
    assert solvency.gauge(town_id).outstanding == 70, "before the job has tidied up"
    with transaction():
        expiring.expire_town(town_id, dt.date(2026, 11, 25))
    assert solvency.gauge(town_id).outstanding == 70
    assert_sound()


def test_buying_goods_changes_the_cover_by_nothing_and_handing_them_over_pays_a_debt(
    village: Area, member: Member, leader: Member
) -> None:
    town_id, town = priced(village, 1000, 10), town_of(village)
    with transaction():
        give(member, town, 100)
        item = make_item(village, leader, points=50, fen=500, on_hand=0)
        deliver(item, 3, leader)
    before = solvency.gauge(town_id)
    assert (before.money, before.stock, before.cover) == (10_000 - 1500, 1500, 10_000)
    assert (before.liability, before.over, before.percent) == (1000, 9000, 1000)
    with transaction():
        order = make_order(member, item, 50)
        holding.hold(town_id, member.id, 50, order_id=order, expires_at=item.created_at)
    assert solvency.gauge(town_id).held == 50
    with transaction():
        txn = holding.post(order, kind="redeem", by=By(leader.id), evidence_ref=f"order:{order}", explain={})
        end_order(order, "collected", leader, txn)
    after = solvency.gauge(town_id)
    assert (after.money, after.stock, after.liability, after.held) == (8500, 1000, 500, 0)
    assert (after.over, after.per_month, after.months) == (9000, 9, round(9500 / 90, 1))


def test_donated_points_leave_the_fund_at_their_price(village: Area, member: Member) -> None:
    town_id, town = priced(village, 1000, 10), town_of(village)
    with transaction():
        give(member, town, 100)
    with transaction():
        spending.spend(town_id, member.id, 40, kind="donate", by=By(member.id), evidence_ref="order:1", explain={})
    gauge = solvency.gauge(town_id)
    assert (gauge.outstanding, gauge.money, gauge.over) == (60, 9600, 9000)


def test_a_dear_shop_counts_more_than_the_price_that_was_decided(village: Area, member: Member, leader: Member) -> None:
    town_id, town = priced(village, 100, 10), town_of(village)
    with transaction():
        give(member, town, 90)
        item = make_item(village, leader, points=100, fen=1001, on_hand=0)
        make_item(village, leader, kind="cause", points=1, fen=900, on_hand=0, name_zh="助学")
        make_item(village, leader, points=1, fen=900, state="draft", on_hand=0, name_zh="还没上架")
    gauge = solvency.gauge(town_id)
    assert (gauge.fen, gauge.shop_fen, gauge.liability, gauge.state) == (11, 11, 990, "amber")
    with transaction():
        session().execute(update(RewardItem).where(RewardItem.id == item.id).values(state="closed"))
    assert solvency.gauge(town_id).fen == 10


@pytest.mark.parametrize(
    ("points", "state"), [(60, "green"), (83, "green"), (84, "amber"), (100, "amber"), (101, "red")]
)
def test_the_colours(village: Area, member: Member, points: int, state: str) -> None:
    town_id, town = priced(village, 100, 10), town_of(village)
    with transaction():
        give(member, town, points)
    assert solvency.gauge(town_id).state == state


def test_a_red_gauge_blocks_new_promises_and_says_how_much_is_missing(village: Area, member: Member) -> None:
    town_id, town = priced(village, 100, 10), town_of(village)
    with transaction():
        give(member, town, 125)
    with pytest.raises(Conflict) as refused:
        budget.must_be_solvent(town_id)
    assert refused.value.code == "insolvent"
    assert "2.50" in str(refused.value.next_step)
    priced(village, 125, 10)
    budget.must_be_solvent(town_id)


def test_what_expires_is_told_month_by_month_for_a_year(village: Area, member: Member) -> None:
    town = town_of(village)
    with transaction():
        for amount, day in ((5, dt.date(2026, 11, 30)), (7, dt.date(2026, 12, 31)), (9, dt.date(2027, 10, 31))):
            give(member, town, amount, days=(day - dt.date(2026, 11, 23)).days)
        give(member, town, 11, days=(dt.date(2027, 11, 1) - dt.date(2026, 11, 23)).days)
        give(member, town, 13, days=None)
    told = solvency.gauge(town.id).expiring
    assert len(told) == 12
    assert told[0] == (dt.date(2026, 11, 1), 5)
    assert told[1] == (dt.date(2026, 12, 1), 7)
    assert told[-1] == (dt.date(2027, 10, 1), 9)
    assert sum(points for _month, points in told) == 21
