"""What the shop shows to whom, and which orders a desk finds."""

from __future__ import annotations

import datetime as dt

import pytest

from community.core import clock
from community.core.db import session, transaction
from community.people.models import Member
from community.places.models import Area
from community.points.models import RewardOrder
from community.points.queries import shop
from tests.factories.access import actor_of, make_grant
from tests.factories.ledger import end_order, give, make_item, make_order, make_supplier
from tests.factories.people import make_member
from tests.factories.places import make_village
from tests.factories.points import open_books, town_of

pytestmark = pytest.mark.engine


@pytest.fixture
def keeper(village: Area) -> Member:
    with transaction():
        keeper = make_member(village)
        make_grant(keeper, "shop_keeper", town_of(village))
    return keeper


def test_the_shelf_holds_what_can_be_had_today_cheapest_first_and_causes_last(
    village: Area, member: Member, leader: Member
) -> None:
    yesterday = clock.today() - dt.timedelta(days=1)
    with transaction():
        give(member, village, 50)
        supplier = make_supplier(town_of(village))
        for name, changes in (
            ("雨伞", {"points": 30}),
            ("公益", {"kind": "cause", "on_hand": 0, "points": 1}),
            ("牙膏", {"points": 8, "supplier_id": supplier.id}),
            ("过了", {"until_on": yesterday}),
            ("没上", {"state": "draft"}),
            ("下了", {"state": "closed"}),
        ):
            make_item(village, leader, name_zh=name, **changes)
        elsewhere = make_village()
        make_item(elsewhere, leader, name_zh="外镇")
    rows = shop.offered(actor_of(member))
    assert [row.RewardItem.name_zh for row in rows] == ["牙膏", "雨伞", "公益"]
    assert rows[0].supplier == supplier.name


def test_a_code_finds_the_open_order_first_and_else_the_last_that_had_it(
    village: Area, member: Member, leader: Member, keeper: Member
) -> None:
    with transaction():
        item = make_item(village, leader)
        old = make_order(member, item, 10, code="123456")
        end_order(old, "cancelled", leader)
    found = shop.by_code(actor_of(keeper), "123456")
    assert found
    assert found.RewardOrder.id == old
    with transaction():
        new = make_order(member, item, 10, code="123456")
    found = shop.by_code(actor_of(keeper), "123456")
    assert found
    assert found.RewardOrder.id == new
    with transaction():
        there = make_village()
        open_books(town_of(there))
        stranger = make_member(there)
        make_grant(stranger, "shop_keeper", town_of(there))
    assert shop.by_code(actor_of(stranger), "123456") is None


def test_the_desk_counts_what_was_handed_over_today(village: Area, member: Member, keeper: Member) -> None:
    with transaction():
        item = make_item(village, keeper)
        make_order(member, item, 10)
        given = make_order(member, item, 10)
        end_order(given, "refused", keeper)
    assert shop.handed_today(actor_of(keeper)) == (0, 0)
    assert [row.RewardOrder.state for row in shop.open_orders(actor_of(keeper))] == ["reserved"]


def test_only_what_its_last_day_has_passed_is_overdue(village: Area, member: Member, leader: Member) -> None:
    with transaction():
        item = make_item(village, leader)
        make_order(member, item, 10)
        late = make_order(member, item, 10, expires_at=clock.now() - dt.timedelta(minutes=1))
    assert shop.overdue() == [late]
    assert session().get_one(RewardOrder, late).state == "reserved"
